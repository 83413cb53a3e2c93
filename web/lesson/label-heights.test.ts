import { expect, test } from "bun:test";
import fc from "fast-check";
import { labelHeights } from "./label-heights.ts";

const ROOM = { top: 10, bottom: 190, gap: 15 };

test("labels with room around them stay where they are", () => {
  expect(labelHeights([40, 100, 70], ROOM)).toEqual([40, 100, 70]);
});

test("labels at one height are pushed up from the bottom, and down from the top", () => {
  expect(labelHeights([190, 190], ROOM)).toEqual([175, 190].toReversed());
  expect(labelHeights([12, 12, 12], ROOM).toSorted((a, b) => a - b)).toEqual([10, 25, 40]);
});

test("none lies over another or outside, and their order stays", () => {
  const places = fc.uniqueArray(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(places, fc.constantFrom(0, 10), (heights, top) => {
      const placed = labelHeights(heights, { ...ROOM, top });
      const order = heights.map((_, i) => i).toSorted((a, b) => heights[a]! - heights[b]!);
      for (const [at, i] of order.entries()) {
        expect(placed[i]!).toBeGreaterThanOrEqual(top);
        expect(placed[i]!).toBeLessThanOrEqual(ROOM.bottom);
        if (at > 0) expect(placed[i]! - placed[order[at - 1]!]!).toBeGreaterThanOrEqual(ROOM.gap);
      }
    }),
  );
});
