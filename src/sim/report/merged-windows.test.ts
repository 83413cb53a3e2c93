import { expect, test } from "bun:test";
import fc from "fast-check";
import { mergeWindows, windowsPerPoint } from "./merged-windows.ts";

test("no more points than there is room for, in round steps", () => {
  expect([1, 120, 121, 5000].map((windows) => windowsPerPoint(windows, 120))).toEqual([1, 1, 2, 50]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e7 }), fc.integer({ min: 1, max: 200 }), (windows, most) => {
      const perPoint = windowsPerPoint(windows, most);
      expect(Math.ceil(windows / perPoint)).toBeLessThanOrEqual(most);
      expect(String(perPoint)).toMatch(/^[125]0*$/);
    }),
    { seed: 1 },
  );
});

function window(from: number, requests: number, misses: number) {
  return { from, requests, misses, missRatio: requests === 0 ? 0 : misses / requests, byteMissRatio: 0 };
}

test("merged windows have their common miss ratio, and the best and the worst of them", () => {
  const windows = [window(100, 10, 1), window(110, 10, 10), window(120, 4, 1), window(130, 2, 1)];
  expect(mergeWindows(windows, 2)).toEqual([
    { from: 100, missRatio: 11 / 20, lowest: 0.1, highest: 1 },
    { from: 120, missRatio: 2 / 6, lowest: 0.25, highest: 0.5 },
  ]);
});

test("windows without reads have no miss ratio", () => {
  const windows = [window(0, 0, 0), window(10, 0, 0), window(20, 0, 0), window(30, 5, 4)];
  expect(mergeWindows(windows, 2)).toEqual([{ from: 20, missRatio: 0.8, lowest: 0.8, highest: 0.8 }]);
});
