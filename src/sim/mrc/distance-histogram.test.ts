import { expect, test } from "bun:test";
import fc from "fast-check";
import { DistanceHistogram } from "./distance-histogram.ts";

const distances = fc.array(fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 2 ** 48 })), {
  maxLength: 50,
});

test("counts exactly as long as every distance has a bucket of its own", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4095 })), fc.nat(5000), (all, bound) => {
      const histogram = new DistanceHistogram(12);
      for (const distance of all) histogram.add(distance, 1);
      const count = all.filter((distance) => distance <= bound).length;
      expect(histogram.accumulate().within(bound)).toBe(count);
    }),
    { seed: 1 },
  );
});

test("beyond, only distances within the resolution of the bound are uncertain", () => {
  fc.assert(
    fc.property(distances, fc.integer({ min: 1, max: 2 ** 49 }), (all, bound) => {
      const histogram = new DistanceHistogram(8);
      for (const distance of all) histogram.add(distance, 1);
      const within = histogram.accumulate().within(bound);
      const surely = all.filter((distance) => distance <= bound * (1 - 1 / 256)).length;
      const perhaps = all.filter((distance) => distance <= bound * (1 + 1 / 256)).length;
      expect(within).toBeGreaterThanOrEqual(surely);
      expect(within).toBeLessThanOrEqual(perhaps);
    }),
    { seed: 2 },
  );
});

test("a bucket ends at a power of two minus one", () => {
  const histogram = new DistanceHistogram(4);
  histogram.add(2 ** 40 - 1, 3);
  histogram.add(2 ** 40, 5);
  const distances = histogram.accumulate();
  expect(distances.within(2 ** 40 - 1)).toBe(3);
  expect(distances.total).toBe(8);
});

test("coarsened, it is as if it had always been coarse", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 5000 })),
      fc.integer({ min: 1, max: 6000 }),
      (all, bound) => {
        const coarsened = new DistanceHistogram(30);
        const coarse = new DistanceHistogram(4);
        for (const distance of all) {
          coarsened.add(distance, 1);
          coarse.add(distance, 1);
        }
        coarsened.coarsen(4);
        expect(coarsened.accumulate().within(bound)).toBe(coarse.accumulate().within(bound));
      },
    ),
    { seed: 3 },
  );
});
