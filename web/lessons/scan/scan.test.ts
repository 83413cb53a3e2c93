import { expect, test } from "bun:test";
import { simulatedHits } from "../../lesson/simulator-fixture.ts";
import scanBody from "./body.ts";
import { CACHES, NEWCOMER, SCAN, SLOW_BETWEEN, scanResults, scanRun } from "./run.ts";
import { ANSWERS, verdict } from "./words.ts";

test("the lesson's figures are those that the simulator counts", async () => {
  for (const [scan, between] of [
    [SCAN, 0],
    [7, 0],
    [SCAN, SLOW_BETWEEN],
  ] as const) {
    const made = await scanRun(scan, between);
    expect(scanResults(made).map(({ hits }) => hits)).toEqual(
      await simulatedHits(made.requests, CACHES, made.after),
    );
  }
});

test("what the text says is what happens", async () => {
  const [lru, s3] = scanResults(await scanRun(SCAN));
  const missed = lru!.requests.filter(({ isHit }) => !isHit).map(({ name }) => name);
  // Each lost regular missed once.
  expect(new Set(missed).size).toBe(missed.length);
  expect([lru!.regularsBefore, lru!.regularsLeft]).toEqual([12, 0]);
  expect(s3!.requests.filter(({ isHit }) => !isHit).map(({ name }) => name)).toEqual([NEWCOMER]);
  // A reader could not tell which is which if both were the same.
  expect(missed.length).not.toBe(lru!.hits);
  const slow = scanResults(await scanRun(SCAN, SLOW_BETWEEN));
  expect(slow.map(({ during }) => during)).toEqual([
    [65, 72],
    [72, 72],
  ]);
  const body = await scanBody();
  for (const text of ["LRU: 9 of 20", "S3-FIFO: 19 of 20", "20 − 11 = 9", "answers 65 of the regulars’ 72"]) {
    expect(body).toContain(text);
  }
});

test("a guess is compared, and each wrong answer has its hint", () => {
  expect(verdict("lru", 9, 9)).toBe("LRU: you said 9, it was 9. Exactly.");
  expect(verdict("lru", 2, 9)).toContain("one miss, not all of its requests");
  expect(verdict("lru", 20, 9)).toContain("looks at the last request alone");
  expect(verdict("s3-fifo", 3, 19)).toContain("by being long");
  expect(verdict("s3-fifo", 18, 19)).toEndWith("Nearly.");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
