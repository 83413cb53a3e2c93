import { expect, test } from "bun:test";
import { simulatedHits } from "../../lesson/simulator-fixture.ts";
import { outcomesOf } from "../../lesson/staged-run.ts";
import tooSmallBody from "./body.ts";
import { ALL, COUNTED, hitsWith, KEYS, LOOP, LOOP_REQUESTS, loopHits, PLACES, smallRun } from "./run.ts";
import { ANSWERS, because, mostAskedFor, sizeSays, verdict } from "./words.ts";

test("the lesson's figures are those that the simulator counts", async () => {
  const run = await smallRun();
  // The simulator counts up to the end of the requests, the lesson up to that of its stage.
  const [from, to] = [
    await simulatedHits(run.requests, run.caches, run.askAt),
    await simulatedHits(run.requests, run.caches, run.end),
  ];
  expect(outcomesOf(run).map(([row]) => row!.hits)).toEqual(from.map((hits, i) => hits - to[i]!));
  for (const places of [1, PLACES, KEYS.length]) {
    const caches = run.caches.map((cache) => ({ ...cache, size: places }));
    expect(await hitsWith(places)).toEqual(await simulatedHits(run.requests, caches));
  }
});

test("what the text says is what happens", async () => {
  const outcomes = outcomesOf(await smallRun()).map(([row]) => row!);
  expect(outcomes.map(({ hits }) => hits)).toEqual([12, 15, 14]);
  expect(mostAskedFor(outcomes[0]!)).toBe("A");
  const [fifo, lru, clock] = because(outcomes);
  expect(fifo).toContain("A is asked for most of all, and still had to leave");
  expect(fifo).toEndWith("Of these, LRU had C, B and A.");
  expect(lru).toStartWith("Missed: F, E, G, D and K.");
  expect(clock).toContain("So C, which LRU kept, had to leave.");
  const body = await tooSmallBody();
  for (const text of ["FIFO: 12 of 20", "LRU: 15 of 20", "CLOCK: 14 of 20", "The run counts 0 hits"]) {
    expect(body).toContain(text);
  }
  // The figure: A leaves FIFO, B leaves LRU and CLOCK.
  const after = [...body.matchAll(/<b>after<\/b>(.*?)<\/p>/g)].map(([, tiles]) =>
    [...tiles!.matchAll(/>([A-E])</g)]
      .map(([, name]) => name)
      .toSorted()
      .join(""),
  );
  expect(after).toEqual(["BCDE", "ACDE", "ACDE"]);
});

test("a loop of one key too many has no hits, and with one place more all but the first", async () => {
  expect(await loopHits(PLACES)).toEqual([0, 0, 0]);
  expect(await loopHits(LOOP.length)).toEqual(Array(3).fill(LOOP_REQUESTS - LOOP.length));
});

test("the size says what it does", async () => {
  expect(sizeSays(PLACES, await hitsWith(PLACES), await hitsWith(PLACES + 1))).toBe(
    "6 places for 12 keys. Hits of 240 requests: FIFO 139, LRU 149, CLOCK 148. Between the best rule and the worst lie 10 hits; one place more gives LRU 16.",
  );
  expect(sizeSays(1, await hitsWith(1), await hitsWith(2))).toEndWith(
    "With one place there is nothing to choose.",
  );
  const all = ALL - KEYS.length;
  expect(await hitsWith(KEYS.length)).toEqual([all, all, all]);
  expect(sizeSays(KEYS.length, [all, all, all], [all, all, all])).toContain("the rule does not matter");
});

test("a guess is compared, and each wrong answer has its hint", () => {
  expect(verdict("lru", 15, 15)).toBe("LRU: you said 15, it was 15. Exactly.");
  expect(verdict("clock", 10, 14)).toContain("nearly as good as a place at the front");
  expect(verdict("fifo", COUNTED, 12)).toContain("fall off its end");
  expect(verdict("lru", COUNTED, 15)).toContain("The rare keys are many");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
