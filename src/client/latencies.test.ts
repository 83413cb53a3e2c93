import { expect, test } from "bun:test";
import fc from "fast-check";
import { Latencies } from "./latencies.ts";

test("nothing measured", () => {
  expect(new Latencies().summary()).toEqual({ count: 0, meanMs: 0, p50Ms: 0, p90Ms: 0, p99Ms: 0, maxMs: 0 });
});

test("percentiles are those of the sorted times, at most 6 % too high", () => {
  const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(times, (times) => {
      const latencies = new Latencies();
      for (const ms of times) latencies.add(ms);
      const sorted = times.toSorted((a, b) => a - b);
      const summary = latencies.summary();
      expect(summary.count).toBe(times.length);
      expect(summary.maxMs).toBe(sorted.at(-1)!);
      for (const [share, found] of [
        [0.5, summary.p50Ms],
        [0.9, summary.p90Ms],
        [0.99, summary.p99Ms],
      ] as const) {
        const exact = sorted[Math.ceil(times.length * share) - 1]!;
        expect(found).toBeLessThanOrEqual(Math.max(exact * 1.06, 0.0011));
        expect(found).toBeGreaterThanOrEqual(exact * 0.999_999);
      }
    }),
  );
});
