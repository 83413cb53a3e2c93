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
