import { describe, expect, test } from "bun:test";
import { laneBox, laneLine, MARGIN, tileAt, tileName } from "./snake.ts";

describe("the tiles of a lane", () => {
  test("lie side by side at every width, and each step leads to a neighbour", () => {
    for (let width = 60; width < 2600; width += 7) {
      for (const isGhost of [false, true]) {
        const count = 130;
        const box = laneBox({ count, isGhost }, width);
        const places = Array.from({ length: count }, (_, at) => tileAt(box, at));
        for (const [x, y] of places) {
          expect(x).toBeGreaterThanOrEqual(MARGIN - 0.01);
          if (width > 100) expect(x + box.tileWidth).toBeLessThanOrEqual(width - MARGIN + 0.01);
          expect(y + box.tileHeight).toBeLessThanOrEqual(box.height);
        }
        // No smaller thing can be pressed.
        expect(Math.min(box.tileWidth, box.tileHeight)).toBeGreaterThanOrEqual(24);
        for (let at = 1; at < count; at++) {
          const [[x, y], [fromX, fromY]] = [places[at]!, places[at - 1]!];
          const [along, down] = [Math.abs(x - fromX), y - fromY];
          const isNeighbour =
            down === 0 ? Math.abs(along - box.stepX) < 0.01 : along === 0 && down === box.stepY;
          if (!isNeighbour) throw new Error(`place ${at} of width ${width} is no neighbour`);
        }
      }
    }
  });

  test("are on a line that ends in an arrow behind the last one", () => {
    const box = laneBox({ count: 3, isGhost: false }, 400);
    const line = laneLine(box, 3);
    const [x] = tileAt(box, 2);
    expect([line.way, line.x > x + box.tileWidth]).toEqual([1, true]);
    const turned = laneBox({ count: 9, isGhost: false }, 400);
    expect(turned.perRow).toBeLessThan(9);
    const back = laneLine(turned, turned.perRow + 1);
    expect([back.way, back.x < tileAt(turned, turned.perRow)[0]]).toEqual([-1, true]);
    expect(laneLine(box, 0).path).toBe("");
  });
});

test.each([
  ["product:8123", "8123"],
  ["user:17:cart", "17"],
  ["search:oak+table", "oa…ble"],
  ["session:54cda2", "54cda2"],
  ["plain", "plain"],
  ["a-very-long-name", "a-…ame"],
  ["page:home", "home"],
  [":", ":"],
  ["", ""],
])("a tile calls %s %s", (key, name) => {
  expect(tileName(key, 6)).toBe(name);
});
