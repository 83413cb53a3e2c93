import { expect, test } from "bun:test";
import { binsOf, markUnit } from "./latency-marks.ts";

const histogram = (buckets: Record<string, number>) => ({
  count: Math.max(...Object.values(buckets)),
  sum: 0,
  buckets,
});

test("cumulative buckets become rates by range", () => {
  const hits = histogram({ "0.00001": 10, "0.00002": 30, "0.001": 30 });
  const misses = histogram({ "0.00001": 0, "0.00002": 0, "0.001": 5 });
  expect(binsOf(hits, misses, 10)).toEqual([
    { from: 0.000005, to: 0.00001, hits: 1, misses: 0 },
    { from: 0.00001, to: 0.00002, hits: 2, misses: 0 },
    { from: 0.00002, to: 0.001, hits: 0, misses: 0.5 },
  ]);
  expect(binsOf(undefined, misses, 10).at(-1)).toMatchObject({ hits: 0, misses: 0.5 });
  expect(binsOf(undefined, undefined, 1)).toEqual([]);
});

test.each([
  [0.3, 100, 0.1],
  [99, 100, 1],
  [101, 100, 2],
  [2500, 500, 5],
  [123_456, 700, 200],
])("%p a second in at most %p marks: one mark is %p", (rate, most, unit) => {
  expect(markUnit([{ from: 1, to: 2, hits: rate / 2, misses: rate / 2 }], most)).toBeCloseTo(unit);
});
