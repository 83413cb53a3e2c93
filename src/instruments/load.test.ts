import { expect, test } from "bun:test";
import { Load } from "./load.ts";

test("measures the rate of reads, the thread's share of a processor, and what a simulated access costs", () => {
  const load = new Load(1000, 500, 10);
  for (let second = 1; second <= 200; second++) {
    load.measure(1000 + second * 1000, 500 + second * 20_000, 10 + second * 30, second * 100_000);
  }
  expect(load.readsPerSecond).toBeCloseTo(20_000, 0);
  expect(load.share).toBeCloseTo(0.03, 5);
  expect(load.accessNs).toBeCloseTo(300, 0);
});

test("few accesses tell nothing about the cost of one, and odd measurements are bounded", () => {
  const load = new Load(0, 0, 0);
  const before = load.accessNs;
  load.measure(1000, 1, 500, 10);
  expect(load.accessNs).toBe(before);
  for (let second = 2; second < 40; second++) load.measure(second * 1000, 1, 1e6 * second, 20_000 * second);
  expect(load.accessNs).toBeLessThanOrEqual(1000);
  // New simulations count their accesses from the start.
  load.measure(41_000, 1, 4.1e7, 0);
  expect(load.accessNs).toBeLessThanOrEqual(1000);
});
