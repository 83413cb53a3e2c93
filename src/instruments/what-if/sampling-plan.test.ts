import { expect, test } from "bun:test";
import { FACTORS, planFor, type SamplingPlan, shapesFor } from "./sampling-plan.ts";

const PRESENT = { policy: "lru", unit: "entries", size: 10_000, entries: 10_000 } as const;

function load(readsPerSecond: number, budget = 0.03, peakReadsPerSecond = readsPerSecond) {
  const common = { accessNs: 200, policies: 8, otherShare: 0, isBeginning: false };
  return { ...common, readsPerSecond, peakReadsPerSecond, budget };
}

function costOf(plan: SamplingPlan, readsPerSecond: number): number {
  const shapes = shapesFor(PRESENT, plan.miniatureEntries);
  return shapes.reduce(
    (sum, { ratio }, at) => sum + ratio * plan.duties[at]! * readsPerSecond * 8 * 200e-9,
    0,
  );
}

test("with a large budget, miniatures are as large as is of use, and run always", () => {
  const { miniatureEntries, duties } = planFor(PRESENT, load(0, 1));
  expect(miniatureEntries).toBe(2000);
  expect(new Set(duties)).toEqual(new Set([1]));
});

test("miniatures have the entries of a load that may come all at once, but run always while there is little", () => {
  const tiny = { policy: "lru", unit: "entries", size: 1000, entries: 1000 } as const;
  const [idle, busy] = [planFor(tiny, load(10)), planFor(tiny, load(20_000))];
  expect(idle.miniatureEntries).toBe(busy.miniatureEntries);
  expect(new Set(idle.duties)).toEqual(new Set([1]));
  expect(busy.duties[0]).toBeLessThan(1);
});

test("the plan keeps to the budget at any load, and uses a good part of it", () => {
  for (const readsPerSecond of [20_000, 100_000, 1_000_000, 10_000_000]) {
    const plan = planFor(PRESENT, load(readsPerSecond));
    const cost = costOf(plan, readsPerSecond);
    expect(cost).toBeLessThanOrEqual(0.03 * 1.000001);
    expect(cost).toBeGreaterThan(0.03 / 8);
  }
});

test("if the budget does not pay for the smallest miniatures, small sizes take turns and large ones run on", () => {
  const { miniatureEntries, duties } = planFor(PRESENT, load(200_000));
  expect(miniatureEntries).toBe(250);
  expect(duties.at(-1)).toBe(1);
  expect(duties[0]).toBeLessThan(0.2);
  expect([...duties].sort((one, other) => one - other)).toEqual([...duties]);
});

test("whatever else the instruments do is paid for first, but miniatures have half of the budget at least", () => {
  const costWith = (otherShare: number): number =>
    costOf(planFor(PRESENT, { ...load(200_000), otherShare }), 200_000);
  expect(costWith(0.01)).toBeLessThanOrEqual(0.02);
  expect(costWith(0.01)).toBeGreaterThan(0.01);
  expect(costWith(0.3)).toBeLessThanOrEqual(0.015);
  expect(costWith(0.3)).toBeGreaterThan(0.0075);
});

test("at the beginning sizes run always that later take turns, within a larger budget", () => {
  const tiny = { policy: "lru", unit: "entries", size: 1000, entries: 1000 } as const;
  const plan = planFor(tiny, { ...load(20_000), isBeginning: true });
  expect(new Set(plan.duties)).toEqual(new Set([1]));
  const flooded = planFor(tiny, { ...load(1_000_000), isBeginning: true });
  expect(flooded.duties[0]).toBeLessThan(0.1);
});

test("the reuse sample is as large as its part of the budget pays for, and as is of use", () => {
  expect(planFor(PRESENT, load(0)).reuseRatio).toBe(0.4096);
  expect(planFor(PRESENT, load(200_000)).reuseRatio).toBe(1 / 32);
  const large = { policy: "lru", unit: "entries", size: 1_000_000, entries: 1_000_000 } as const;
  expect(planFor(large, load(0)).reuseRatio).toBeCloseTo(2 ** 15 / 8e6, 5);
  // A load that looks larger for a moment changes nothing; one that has grown does.
  const plan = planFor(PRESENT, load(20_000));
  expect(planFor(PRESENT, load(40_000), plan).reuseRatio).toBe(0.4096);
  expect(planFor(PRESENT, load(200_000), plan).reuseRatio).toBe(1 / 32);
});

test("samples stay small while a load is gone that may come back, and all sizes run meanwhile", () => {
  const at = (readsPerSecond: number, peak: number) => ({ ...load(readsPerSecond, 0.03, peak), policies: 1 });
  const busy = planFor(PRESENT, at(1_000_000, 1_000_000));
  const quiet = planFor(PRESENT, at(0, 900_000), busy);
  expect(quiet.miniatureEntries).toBe(busy.miniatureEntries);
  expect(quiet.reuseRatio).toBe(busy.reuseRatio);
  expect(new Set(quiet.duties)).toEqual(new Set([1]));
  const forgotten = planFor(PRESENT, at(0, 0), busy);
  expect(forgotten.miniatureEntries).toBeGreaterThan(busy.miniatureEntries);
  expect(forgotten.reuseRatio).toBeGreaterThan(busy.reuseRatio);
});

test("a small change of the load changes nothing", () => {
  const plan = planFor(PRESENT, load(60_000));
  expect(planFor(PRESENT, load(58_000), plan)).toEqual(plan);
  expect(planFor(PRESENT, load(40_000), plan).miniatureEntries).toBe(plan.miniatureEntries);
});

test("sizes are multiples of the present one, and each sees as many simulated entries", () => {
  const shapes = shapesFor(PRESENT, 500);
  expect(shapes.map(({ size }) => size / 10_000)).toEqual(
    FACTORS.map((factor) => Math.round(factor * 10_000) / 10_000),
  );
  for (const { size, ratio } of shapes) expect(size * ratio).toBeCloseTo(500, 0);
});
