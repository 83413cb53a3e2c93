import { expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { backoffMs } from "./backoff.ts";

const least = { next: () => 0 };
const most = { next: () => 1 - 2 ** -32 };

test("the whole delay doubles up to its cap", () => {
  const wholes = Array.from({ length: 10 }, (_, index) => Math.ceil(backoffMs(index + 1, most)));
  expect(wholes).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000, 5000]);
  expect(Math.ceil(backoffMs(3, most, 10, 50))).toBe(50);
  expect(Math.ceil(backoffMs(1_000_000, most))).toBe(5000);
});

test("any share of it may come, and equal seeds give equal delays", () => {
  expect(backoffMs(1_000_000, least)).toBe(0);
  const draw = (seed: number): number[] => {
    const random = new SeededRandom(seed);
    return Array.from({ length: 200 }, () => backoffMs(4, random));
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
  const delays = draw(1);
  expect(Math.min(...delays)).toBeLessThan(80);
  expect(Math.max(...delays)).toBeGreaterThan(720);
  expect(Math.max(...delays)).toBeLessThan(800);
});
