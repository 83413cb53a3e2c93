import { expect, test } from "bun:test";
import { Load } from "./load.ts";

test("measures the rate of reads, the thread's share of a processor, and that of everything but simulations", () => {
  const load = new Load(1000, 500, 10);
  for (let second = 1; second <= 200; second++) {
    load.measure(1000 + second * 1000, 500 + second * 20_000, 10 + second * 30, second * 100_000, 200);
  }
  expect(load.readsPerSecond).toBeCloseTo(20_000, 0);
  expect(load.share).toBeCloseTo(0.03, 5);
  expect(load.otherShare).toBeCloseTo(0.01, 5);
});

test("simulations take no less than nothing, whatever an access is thought to cost", () => {
  const load = new Load(0, 0, 0);
  load.measure(1000, 1, 10, 100_000, 500);
  expect(load.otherShare).toBe(0);
  // New simulations count their accesses from the start.
  load.measure(2000, 1, 20, 0, 500);
  expect(load.otherShare).toBeCloseTo(0.01, 5);
});
