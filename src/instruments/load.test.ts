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

test("remembers the peak of the last minutes, and forgets it by and by", () => {
  const load = new Load(0, 0, 0);
  load.measure(1000, 100_000, 0, 0, 200);
  load.measure(61_000, 100_000, 0, 0, 200);
  load.measure(121_000, 100_000, 0, 0, 200);
  expect(load.lastReadsPerSecond).toBe(0);
  expect(load.peakReadsPerSecond).toBeCloseTo(50_000, 5);
  load.measure(122_000, 300_000, 0, 0, 200);
  expect(load.peakReadsPerSecond).toBe(200_000);
});

test("a short measurement weighs less than a long one", () => {
  const [long, short] = [new Load(0, 0, 0), new Load(0, 0, 0)];
  for (const load of [long, short]) load.measure(1000, 1000, 0, 0, 200);
  long.measure(1250, 3500, 0, 0, 200);
  short.measure(1025, 1250, 0, 0, 200);
  expect(long.readsPerSecond).toBeCloseTo(1900, 5);
  expect(short.readsPerSecond).toBeGreaterThan(1000);
  expect(short.readsPerSecond).toBeLessThan(1100);
});

test("tells the rate since the last measurement without making one", () => {
  const load = new Load(0, 0, 0);
  load.measure(1000, 1000, 0, 0, 200);
  expect(load.rateSince(1020, 1500)).toBe(25_000);
  expect(load.lastReadsPerSecond).toBe(1000);
});
