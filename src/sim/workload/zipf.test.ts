import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../lib/random.ts";
import { ZipfSampler } from "./zipf.ts";

describe("ZipfSampler", () => {
  for (const alpha of [0, 0.5, 0.99, 1, 1.2, 2.5]) {
    test(`draws each rank as often as its probability says, alpha = ${alpha}`, () => {
      const n = 50;
      const draws = 200_000;
      const sampler = new ZipfSampler(n, alpha, new SeededRandom(7));
      const counts = new Array<number>(n + 1).fill(0);
      for (let i = 0; i < draws; i++) {
        const rank = sampler.next();
        expect(rank >= 1 && rank <= n && Number.isInteger(rank)).toBe(true);
        counts[rank]!++;
      }
      let norm = 0;
      for (let k = 1; k <= n; k++) norm += k ** -alpha;
      // Pearson's chi-squared with 49 degrees of freedom exceeds 94 with probability 0.0001.
      let chiSquared = 0;
      for (let k = 1; k <= n; k++) {
        const expected = (draws * k ** -alpha) / norm;
        chiSquared += (counts[k]! - expected) ** 2 / expected;
      }
      expect(chiSquared).toBeLessThan(94);
    });
  }

  test("works for one object and for ranks beyond 32 bits", () => {
    const one = new ZipfSampler(1, 1, new SeededRandom(1));
    for (let i = 0; i < 100; i++) expect(one.next()).toBe(1);
    const many = new ZipfSampler(1e12, 0.8, new SeededRandom(1));
    let largest = 0;
    for (let i = 0; i < 1000; i++) largest = Math.max(largest, many.next());
    expect(largest).toBeGreaterThan(2 ** 32);
    expect(largest).toBeLessThanOrEqual(1e12);
  });

  test("refuses parameters that are no distribution", () => {
    expect(() => new ZipfSampler(0, 1, new SeededRandom(1))).toThrow(RangeError);
    expect(() => new ZipfSampler(10, -1, new SeededRandom(1))).toThrow(RangeError);
    expect(() => new ZipfSampler(10, Number.NaN, new SeededRandom(1))).toThrow(RangeError);
  });
});
