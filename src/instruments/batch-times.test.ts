import { expect, test } from "bun:test";
import fc from "fast-check";
import { SeededRandom } from "../lib/random.ts";
import { BatchTimes, TIMED_ONE_IN } from "./batch-times.ts";
import { Histogram } from "./histogram.ts";

/** Requests whose batches last as long as the test says. */
class Batches {
  timedCount = 0;
  reads = 0;
  #nowMs = 0;
  readonly times = new Histogram();
  readonly #batchTimes: BatchTimes;

  constructor(seed: number) {
    this.#batchTimes = new BatchTimes(this.times, this, new SeededRandom(seed));
  }

  readonly exactMs = (): number => {
    this.reads++;
    return this.#nowMs;
  };

  add(requests: number, micros: number, areAnswered = true): void {
    const sinceMs = this.#nowMs;
    this.timedCount += requests;
    this.#nowMs += micros / 1000;
    this.#batchTimes.left--;
    if (this.#batchTimes.left <= 1) this.#batchTimes.ended(sinceMs, areAnswered);
    this.#nowMs += 1;
  }
}

test("batches count for those that are not timed, in proportion to their requests", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const batches = new Batches(seed);
      // Slow and fast batches alternate in step with the number of batches that one is timed of.
      for (let batch = 0; batch < 16_000; batch++)
        batches.add(batch % 2 === 0 ? 1 : 3, batch % 2 === 0 ? 200 : 10);
      const { count } = batches.times;
      expect(Math.abs(count / 32_000 - 1)).toBeLessThan(0.15);
      expect(Math.abs(batches.reads / (16_000 / TIMED_ONE_IN) - 1)).toBeLessThan(0.15);
      expect(batches.times.quantile(0.5)).toBe(10);
      const slow = count - batches.times.countsBelow([100])[0]!;
      expect(Math.abs(slow / count - 0.25)).toBeLessThan(0.05);
    }),
    { numRuns: 20 },
  );
});

test("batches without such requests, and those with an open reply, are not timed", () => {
  const batches = new Batches(1);
  for (let batch = 0; batch < 1000; batch++) batches.add(batch % 2, 5, batch % 2 === 0);
  expect([batches.times.count, batches.reads]).toEqual([0, 0]);
});
