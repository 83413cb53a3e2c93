import { expect, test } from "bun:test";
import fc from "fast-check";
import { mix32 } from "../../lib/hash.ts";
import { SpaceSaving } from "./space-saving.ts";

/** Adds to an item, as an owner does that gives each key a slot of its own number. @returns the evicted item, or 0 */
function count(summary: SpaceSaving, item: number, amount: number, hash = mix32(item)): number {
  if (summary.holds(item)) {
    summary.add(item, amount, amount);
    return 0;
  }
  if (!summary.admits(hash, amount, amount)) return 0;
  const evicted = summary.makeRoom();
  summary.enter(item, hash, amount, amount);
  return evicted;
}

const ITEMS = 60;
const streams = fc.array(
  fc.record({
    item: fc.integer({ min: 1, max: ITEMS }).map((n) => Math.ceil((n * n) / ITEMS)),
    amount: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 1000 })),
  }),
  { maxLength: 400, size: "max" },
);

test("the bounds hold after every step of every stream, also when all hashes collide", () => {
  fc.assert(
    fc.property(
      streams,
      fc.integer({ min: 1, max: 12 }),
      fc.constantFrom(1, 7, 2 ** 32),
      fc.boolean(),
      (stream, counters, hashes, gives) => {
        const summary = new SpaceSaving(counters, ITEMS);
        const exact = new Float64Array(ITEMS + 1);
        let total = 0;
        for (const { item, amount } of stream) {
          const heir = ITEMS + 1 - item;
          if (gives && amount === 1 && heir !== item && summary.holds(item) && summary.holds(heir)) {
            summary.give(item, heir);
            exact[heir]! += exact[item]!;
            exact[item] = 0;
          } else {
            count(summary, item, amount, mix32(item) % hashes);
            exact[item]! += amount;
          }
          total += amount;
          expect(summary.count).toBeLessThanOrEqual(counters);
          for (let each = 1; each <= ITEMS; each++) {
            if (summary.holds(each)) {
              expect(summary.amountOf(each)).toBeGreaterThanOrEqual(exact[each]!);
              expect(summary.amountOf(each) - summary.errorOf(each)).toBeLessThanOrEqual(exact[each]!);
              expect(summary.varianceOf(each)).toBeGreaterThanOrEqual(
                summary.amountOf(each) - summary.errorOf(each),
              );
            } else if (!gives) expect(exact[each]!).toBeLessThanOrEqual(summary.least());
          }
          if (!gives) expect(summary.least()).toBeLessThanOrEqual(total / counters);
        }
      },
    ),
    { numRuns: 40 },
  );
});

test("the largest come in order, and an item with more than its share of the total is among them", () => {
  fc.assert(
    fc.property(streams, fc.integer({ min: 1, max: 12 }), (stream, counters) => {
      const summary = new SpaceSaving(counters, ITEMS);
      const exact = new Float64Array(ITEMS + 1);
      for (const { item, amount } of stream) {
        count(summary, item, amount);
        exact[item]! += amount;
      }
      const total = exact.reduce((sum, each) => sum + each, 0);
      const largest = summary.largest(ITEMS);
      const amounts = largest.map((item) => summary.amountOf(item));
      expect(amounts).toEqual([...amounts].sort((a, b) => b - a));
      for (let item = 1; item <= ITEMS; item++) {
        if (exact[item]! > total / counters) expect(largest).toContain(item);
      }
      expect(summary.largest(2)).toEqual(largest.slice(0, 2));
    }),
  );
});

test("scaling keeps the bounds and the order", () => {
  const summary = new SpaceSaving(4, ITEMS);
  for (let i = 1; i <= 3000; i++) count(summary, 1 + (mix32(i) % 5) * (mix32(-i) % 9), 1 + (i % 3));
  const before = summary.largest(4);
  const figures = (factor: number): number[] =>
    before.flatMap((item) => [summary.amountOf(item) * factor, summary.errorOf(item) * factor]);
  const halved = figures(0.5);
  const least = summary.least();
  summary.scale(0.5);
  expect(summary.largest(4)).toEqual(before);
  expect(figures(1)).toEqual(halved);
  expect(summary.least()).toBe(least / 2);
});

test("with nothing but new items, most enter only the filter", () => {
  const items = 200_000;
  const summary = new SpaceSaving(64, items);
  let entered = 0;
  for (let item = 1; item <= items; item++) if (count(summary, item, 1) !== 0) entered++;
  expect(summary.count).toBe(64);
  expect(summary.least()).toBeLessThan(items / 64 / 4);
  expect(entered).toBeLessThan(items / 2);
});

test("amounts that are no amounts change nothing", () => {
  const summary = new SpaceSaving(2, 4);
  for (const amount of [0, -1, Number.NaN]) count(summary, 1, amount);
  expect(summary.count).toBe(0);
  count(summary, 1, 5);
  for (const amount of [0, -1, Number.NaN]) count(summary, 1, amount);
  expect(summary.amountOf(1)).toBe(5);
  expect(() => new SpaceSaving(0, 4)).toThrow("0 counters are too few");
});
