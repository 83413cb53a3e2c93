import { expect, test } from "bun:test";
import { KeptValue } from "./kept-value.ts";

test("a value is made when it is first asked for, and again after its time or when it is forgotten", () => {
  let made = 0;
  const kept = new KeptValue(100, () => ++made);
  expect(made).toBe(0);
  expect([0, 50, 99, 100, 199, 200].map((nowMs) => kept.get(nowMs))).toEqual([1, 1, 1, 2, 2, 3]);
  kept.forget();
  expect(made).toBe(3);
  expect([201, 300, 301].map((nowMs) => kept.get(nowMs))).toEqual([4, 4, 5]);
});

test("a value that takes long to make is kept for longer", () => {
  let clockMs = 1000;
  let takesMs = 0.5;
  let made = 0;
  const make = () => {
    clockMs += takesMs;
    return ++made;
  };
  const kept = new KeptValue(100, make, { share: 1 / 50, clockMs: () => clockMs });
  expect([0, 99, 100].map((nowMs) => kept.get(nowMs))).toEqual([1, 1, 2]);
  takesMs = 10;
  expect([200, 300, 699, 700].map((nowMs) => kept.get(nowMs))).toEqual([3, 3, 3, 4]);
  kept.forget();
  expect(kept.get(701)).toBe(5);
});
