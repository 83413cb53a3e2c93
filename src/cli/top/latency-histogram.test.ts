import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { histogramLines, quantileMs } from "./latency-histogram.ts";
import { PLAIN } from "./top-style.ts";

const BOUNDS = [1e-5, 1e-4, 1e-3, Number.POSITIVE_INFINITY];

function buckets(...counts: number[]) {
  return BOUNDS.map((le, at) => ({ le, count: counts[at]! }));
}

function drawn(hits: number[], misses: number[], columns = 8, rows = 5): string[] {
  return histogramLines({ hits: buckets(...hits), misses: buckets(...misses) }, columns, rows, PLAIN);
}

describe("bars", () => {
  test("misses stand on hits", () => {
    expect(drawn([8, 2, 0, 0], [0, 2, 4, 0])).toEqual(["||", "||", "||####", "||||##", "--^10µs-"]);
  });
  test("what occurred has a mark, however rare", () => {
    expect(drawn([1_000_000, 1, 0, 0], [1, 0, 0, 1])).toEqual(["##", "||", "||", "||||  ##", "--^10µs-"]);
  });
  test("nothing has none", () => {
    expect(drawn([0, 0, 0, 0], [0, 0, 0, 0])).toEqual(["", "", "", "", "--^10µs-"]);
    expect(histogramLines({ hits: [], misses: [] }, 80, 9, PLAIN)).toEqual([]);
  });
  test("powers of ten stand where their buckets end", () => {
    expect(drawn([1, 1, 1, 1], [0, 0, 0, 0], 40, 2)).toEqual([
      "|".repeat(32),
      "--------^10µs---^100µs--^1ms----",
    ]);
    // No room for every label.
    expect(drawn([1, 1, 1, 1], [0, 0, 0, 0], 16, 2)[1]).toBe("----^10µs---^1ms");
  });
  test("fit, and both kinds are seen where there is room", () => {
    const counts = fc.array(fc.nat(10_000), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(
        counts,
        counts,
        fc.integer({ min: 4, max: 50 }),
        fc.integer({ min: 3, max: 9 }),
        (hits, misses, columns, rows) => {
          const lines = drawn(hits, misses, columns, rows);
          expect(lines).toHaveLength(rows);
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
          const all = lines.join("");
          expect(all.includes("|")).toBe(hits.some((count) => count > 0));
          expect(all.includes("#")).toBe(misses.some((count) => count > 0));
        },
      ),
      { seed: 4, numRuns: 500 },
    );
  });
});

test("quantiles are upper bounds", () => {
  expect(quantileMs(buckets(50, 49, 1, 0), 0.5)).toBe(0.01);
  expect(quantileMs(buckets(50, 49, 1, 0), 0.99)).toBe(0.1);
  expect(quantileMs(buckets(0, 0, 0, 1), 0.99)).toBe(Number.POSITIVE_INFINITY);
  expect(quantileMs(buckets(0, 0, 0, 0), 0.5)).toBeUndefined();
});
