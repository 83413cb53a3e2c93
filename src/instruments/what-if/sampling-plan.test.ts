import { expect, test } from "bun:test";
import { FACTORS, FIRST_PLAN, planFor, type SamplingPlan, shapesFor } from "./sampling-plan.ts";

const PRESENT = { policy: "lru", unit: "entries", size: 10_000, entries: 10_000 } as const;

function load(readsPerSecond: number, budget = 0.03) {
  return { readsPerSecond, accessNs: 200, policies: 8, budget };
}

function costOf(plan: SamplingPlan, readsPerSecond: number): number {
  const shapes = shapesFor(PRESENT, plan.miniatureEntries);
  return shapes.reduce(
    (sum, { ratio }, at) => sum + ratio * plan.duties[at]! * readsPerSecond * 8 * 200e-9,
    0,
  );
}

test("at a low load, miniatures are as large as is of use, and run always", () => {
  expect(planFor(PRESENT, load(0), FIRST_PLAN)).toBe(FIRST_PLAN);
  expect(planFor(PRESENT, load(1000), FIRST_PLAN)).toBe(FIRST_PLAN);
});

test("the plan keeps to the budget at any load, and uses a good part of it", () => {
  for (const readsPerSecond of [5000, 20_000, 100_000, 1_000_000, 10_000_000]) {
    const plan = planFor(PRESENT, load(readsPerSecond), FIRST_PLAN);
    const cost = costOf(plan, readsPerSecond);
    expect(cost).toBeLessThanOrEqual(0.03 * 1.000001);
    expect(cost).toBeGreaterThan(0.03 / 4);
  }
});

test("if the budget does not pay for the smallest miniatures, small sizes take turns and large ones run on", () => {
  const { miniatureEntries, duties } = planFor(PRESENT, load(200_000), FIRST_PLAN);
  expect(miniatureEntries).toBe(250);
  expect(duties.at(-1)).toBe(1);
  expect(duties[0]).toBeLessThan(0.2);
  expect([...duties].sort((one, other) => one - other)).toEqual([...duties]);
});

test("a small change of the load changes nothing", () => {
  const plan = planFor(PRESENT, load(20_000), FIRST_PLAN);
  expect(planFor(PRESENT, load(19_000), plan)).toBe(plan);
  expect(planFor(PRESENT, load(10_000), plan)).toBe(plan);
});

test("sizes are multiples of the present one, and each sees as many simulated entries", () => {
  const shapes = shapesFor(PRESENT, 500);
  expect(shapes.map(({ size }) => size / 10_000)).toEqual(
    FACTORS.map((factor) => Math.round(factor * 10_000) / 10_000),
  );
  for (const { size, ratio } of shapes) expect(size * ratio).toBeCloseTo(500, 0);
});
