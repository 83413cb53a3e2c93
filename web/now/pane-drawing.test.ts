import { expect, test } from "bun:test";
import { lanesOf, strokeUnit } from "./pane-drawing.ts";

const figures = (hitsPerSecond: number, coalescedPerSecond: number, missesPerSecond: number) =>
  ({ hitsPerSecond, coalescedPerSecond, readsPerSecond: hitsPerSecond + missesPerSecond }) as Parameters<
    typeof lanesOf
  >[0];

test("lanes are to scale, fill the pane, and show what is rare", () => {
  const even = lanesOf(figures(500, 0, 500));
  expect(even.hits).toBeCloseTo(even.misses, 0);
  for (const lanes of [
    even,
    lanesOf(figures(99_999, 1, 1)),
    lanesOf(figures(0, 5, 900)),
    lanesOf(figures(0, 0, 0)),
  ]) {
    expect(lanes.hits + lanes.waits + lanes.misses).toBeCloseTo(196);
    expect(lanes.hits).toBeGreaterThanOrEqual(14);
    expect(lanes.misses).toBeGreaterThanOrEqual(14);
  }
  expect(lanesOf(figures(99_999, 1, 1)).waits).toBe(3);
});

test.each([
  [10, 1],
  [40, 2],
  [150, 5],
  [1500, 50],
  [250_000, 10_000],
])("%p reads a second: a stroke is %p of them", (perSecond, unit) => {
  const slots = Array.from({ length: 8 }, () => ({ forMs: 250, hits: perSecond / 8, misses: perSecond / 8 }));
  expect(strokeUnit(slots)).toBe(unit);
});
