import { expect, test } from "bun:test";
import { simulatedHits } from "../../lesson/simulator-fixture.ts";
import { outcomesOf } from "../../lesson/staged-run.ts";
import coldStartBody from "./body.ts";
import { CACHES, COUNTED, coldRun, firstsIn, KEYS, LONGEST, warmingFetches, warmingUp } from "./run.ts";
import { ANSWERS, because, verdict, warmthSays } from "./words.ts";

test("the lesson's figures are those that the simulator counts", async () => {
  const run = await coldRun();
  expect([outcomesOf(run)[0]![0]!.hits]).toEqual(await simulatedHits(run.requests, CACHES, run.askAt));
  const [hits] = await simulatedHits(run.requests, CACHES);
  expect(await warmingFetches()).toEqual({ cold: run.end - hits!, warm: KEYS.length });
});

test("what the text says is what happens", async () => {
  const run = await coldRun();
  const outcome = outcomesOf(run)[0]![0]!;
  const firsts = firstsIn(run.requests, run.askAt, run.end);
  expect(outcome.requests.filter(({ isHit }) => !isHit).map(({ name }) => name)).toEqual(firsts);
  // Warming saves nothing only if each key is asked for.
  expect(firstsIn(run.requests, 0, run.end).toSorted().join("")).toBe(KEYS);
  expect(because(outcome, run)).toContain("7 were the first for their key: C, A, F, H, J, D and I.");
  expect(because(outcome, run)).toContain("20 − 7 = 13. Even the very last request is a miss");
  const body = await coldStartBody();
  for (const text of ["13 hits of 20", "the store answered 10 requests", "With warming it answers 10"]) {
    expect(body).toContain(text);
  }
});

test("a cache becomes warm, and says so", async () => {
  const warmth = await warmingUp();
  expect(warmth.length).toBe(LONGEST);
  expect(warmth[0]).toEqual({ requests: 1, hits: 0, latestHits: 0, latest: 1 });
  const last = warmth.at(-1)!;
  expect(last.latestHits).toBe(last.latest);
  expect(warmthSays(warmth[0]!)).toBe(
    "After 1 request: 0 hits so far, 0 %. Nearly every request is a first one.",
  );
  expect(warmthSays(last)).toEndWith("The ratio so far is still pulled down by the beginning.");
});

test("a guess is compared, and each wrong answer has its hint", () => {
  expect(verdict("lru", 13, 13)).toBe("You said 13, it was 13. Exactly.");
  expect(verdict("lru", 12, 13)).toEndWith("Nearly.");
  expect(verdict("lru", 5, 13)).toContain("no key misses twice here");
  expect(verdict("lru", COUNTED, 13)).toContain("cannot be a hit");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
