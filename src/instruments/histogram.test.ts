import { expect, test } from "bun:test";
import fc from "fast-check";
import { Histogram } from "./histogram.ts";

test("quantiles are those of the sorted values, up to 1/32 above", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.nat(100),
          fc.nat(100_000),
          fc.maxSafeNat().map((n) => n % 2 ** 47),
        ),
        { minLength: 1 },
      ),
      fc.double({ min: 0.001, max: 1, noNaN: true }),
      (values, share) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = [...values].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
        const found = histogram.quantile(share);
        expect(found).toBeGreaterThanOrEqual(exact);
        expect(found).toBeLessThanOrEqual(exact + exact / 32);
        expect(histogram.max).toBe(sorted.at(-1)!);
      },
    ),
  );
});

test("two histograms add up to that of all values", () => {
  const [one, other, all] = [new Histogram(), new Histogram(), new Histogram()];
  for (let i = 0; i < 1000; i++) {
    (i % 3 === 0 ? one : other).record(i * i);
    all.record(i * i);
  }
  one.add(other);
  for (const share of [0.1, 0.5, 0.9, 0.99, 1]) expect(one.quantile(share)).toBe(all.quantile(share));
  expect([one.count, one.sum, one.max, one.mean]).toEqual([all.count, all.sum, all.max, all.mean]);
});

test("counts below bounds, of a sum too, are those of all values, whichever has the largest", () => {
  const values = fc.array(fc.oneof(fc.nat(40), fc.nat(3_000_000)), { maxLength: 30 });
  fc.assert(
    fc.property(values, values, (mine, others) => {
      const [sum, other, all] = [new Histogram(), new Histogram(), new Histogram()];
      for (const value of mine) sum.record(value);
      for (const value of others) other.record(value);
      for (const value of [...mine, ...others]) all.record(value);
      sum.add(other);
      const bounds = [1, 2, 20, 1000, 2 ** 20, 2 ** 22];
      // No bucket has one of these bounds inside, 1,000 excepted.
      const below = bounds.map((bound) => [...mine, ...others].filter((value) => value < bound).length);
      const counts = sum.countsBelow(bounds);
      expect(counts).toEqual(all.countsBelow(bounds));
      expect([counts[0], counts[1], counts[2]]).toEqual([below[0]!, below[1]!, below[2]!]);
      expect(counts[4]).toBe(below[4]!);
      expect(counts[6]).toBe(mine.length + others.length);
    }),
  );
});

test("empty, it answers 0, and again after a reset", () => {
  const histogram = new Histogram();
  expect(histogram.quantile(0.5)).toBe(0);
  histogram.record(17);
  histogram.reset();
  expect([histogram.quantile(1), histogram.count, histogram.max, histogram.mean]).toEqual([0, 0, 0, 0]);
});

test("scaled down, old values count less beside new ones", () => {
  const histogram = new Histogram();
  for (let i = 0; i < 100; i++) histogram.record(1000);
  histogram.scale(0.5);
  expect([histogram.count, histogram.sum, histogram.max]).toEqual([50, 50_000, 1000]);
  for (let i = 0; i < 60; i++) histogram.record(10);
  expect(histogram.quantile(0.5)).toBe(10);
  for (let i = 0; i < 10; i++) histogram.scale(0.1);
  expect([histogram.quantile(0.5), histogram.quantile(0.95)]).toEqual([10, 1000]);
});

test("what a histogram has gained since a copy was taken is the histogram of the new values", () => {
  const values = fc.array(fc.nat(1_000_000), { maxLength: 50 });
  fc.assert(
    fc.property(values, values, fc.double({ min: 0.01, max: 1, noNaN: true }), (before, after, share) => {
      const [all, copy, gained, wanted] = [
        new Histogram(),
        new Histogram(),
        new Histogram(),
        new Histogram(),
      ];
      for (const value of before) all.record(value);
      copy.copyFrom(all);
      for (const value of after) {
        all.record(value);
        wanted.record(value);
      }
      gained.setToGrowth(all, copy);
      expect([gained.count, gained.sum]).toEqual([wanted.count, wanted.sum]);
      const [found, exact] = [gained.quantile(share), wanted.quantile(share)];
      expect(found).toBeGreaterThanOrEqual(exact);
      expect(found).toBeLessThanOrEqual(exact + exact / 32 + 1);
    }),
  );
});

test("a value that stands for several counts as often", () => {
  const [one, other] = [new Histogram(), new Histogram()];
  one.record(40, 8);
  for (let i = 0; i < 8; i++) other.record(40);
  expect([one.count, one.sum, one.quantile(0.9)]).toEqual([other.count, other.sum, other.quantile(0.9)]);
});
