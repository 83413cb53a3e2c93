import { expect, test } from "bun:test";
import { simulatedHits } from "../../lesson/simulator-fixture.ts";
import { cachesOf, outcomesOf } from "../../lesson/staged-run.ts";
import { openRequests } from "../../play/requests.ts";
import popularityBody from "./body.ts";
import {
  AFTER,
  CACHES,
  COMPARED,
  hitsAtPace,
  LONG,
  LONG_PLACES,
  leftovers,
  longWorkload,
  moveRun,
  OLD,
  PACES,
} from "./run.ts";
import { ANSWERS, because, paceSays, verdict } from "./words.ts";

test("the lesson's figures are those that the simulator counts", async () => {
  const run = await moveRun();
  const today = await simulatedHits(run.requests, CACHES, run.askAt);
  const both = await simulatedHits(run.requests, CACHES, run.from);
  expect(outcomesOf(run).map((rows) => rows.map(({ hits }) => hits))).toEqual(
    today.map((hits, i) => [both[i]! - hits, hits]),
  );
  const requests = await openRequests({ workload: longWorkload(50), seed: 1 });
  const caches = cachesOf(COMPARED, LONG_PLACES);
  expect(await hitsAtPace(50)).toEqual(
    (await simulatedHits(requests, caches)).map((hits) => (100 * hits) / LONG),
  );
});

test("what the text says is what happens", async () => {
  const run = await moveRun();
  const outcomes = outcomesOf(run);
  expect(outcomes.map((rows) => rows.map(({ hits }) => hits))).toEqual([
    [17, 12],
    [17, 22],
    [12, 29],
  ]);
  const left = leftovers(run);
  expect(left.map((each) => each.length)).toEqual([OLD.length, 3, 0]);
  const [lfu, aging, lru] = because(
    outcomes.map(([row]) => row!),
    outcomes.map(([, row]) => row!),
    left,
  );
  expect(lfu).toContain("A, B, C, D, E and F were still there at the end");
  expect(lfu).toContain("there were 2 places, in which");
  expect(aging).toContain("3 of the old favourites were left. 10 hits more than LFU.");
  expect(lru).toContain("everything old had left");
  const body = await popularityBody();
  expect(body).toContain("Yesterday 17 of 20. A, B, C");
  // The figure: LFU keeps A and B, LFU-DA lets A go.
  const [one, two] = [...body.matchAll(/<b>after<\/b>(.*?)<\/p>/g)].map(([, tiles]) =>
    [...tiles!.matchAll(/>([A-Z])</g)]
      .map(([, name]) => name)
      .toSorted()
      .join(""),
  );
  expect(one).toContain("AB");
  expect(two).not.toContain("A");
});

test("no rule is the best at all paces", async () => {
  const best = (hits: readonly number[]): string => COMPARED[hits.indexOf(Math.max(...hits))]!;
  const fast = await hitsAtPace(PACES[0]);
  const still = await hitsAtPace(PACES.at(-1)!);
  expect(best(fast)).toBe("lru");
  expect(best(still)).toStartWith("w-tinylfu");
  // Of the three that the question is about, the best and the worst change places.
  expect(fast[1]!).toBeLessThan(Math.min(fast[0]!, fast[2]!));
  expect(still[1]!).toBeGreaterThan(Math.max(still[0]!, still[2]!));
  // Climbing finds a larger window where it is needed.
  expect(fast[4]!).toBeGreaterThan(2 * fast[3]!);
  expect(paceSays(PACES[0], fast)).toContain("Without climbing it would have 5.6. The best is LRU.");
  expect(paceSays(PACES.at(-1)!, still)).toStartWith("Popularity stays as it is");
});

test("a guess is compared, and each wrong answer has its hint", () => {
  expect(verdict("lfu", 12, 12)).toBe("LFU: you said 12, it was 12. Exactly.");
  expect(verdict("lfu", AFTER, 12)).toContain("more often than yesterday’s were");
  expect(verdict("lfu-da", 10, 22)).toContain("Its counts age");
  expect(verdict("lru", 10, 29)).toContain("at the front with its first request");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
