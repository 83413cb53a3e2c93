import { describe, expect, test } from "bun:test";
import type { WhatIfPoint, WhatIfReport } from "../../src/instruments/view.ts";
import { outcomeAt, ranking, roundUp } from "./choice.ts";

function point(factor: number, missRatio: number): WhatIfPoint {
  return {
    ...{
      size: 1000 * factor,
      unit: "bytes",
      factor,
      missRatio,
      error: missRatio / 10,
      samplingRatio: 1 / factor,
    },
    ...{
      originRequestsPerSecond: 100 * missRatio,
      meanLatencyMs: missRatio,
      originMsSavedPerSecond: -missRatio,
    },
  };
}

describe("between simulated sizes", () => {
  const points = [point(0.5, 0.8), point(1, 0.6), point(2, 0.2)];

  test("figures are linear over the logarithm of the size", () => {
    expect(outcomeAt(points, 1)!.missRatio).toBeCloseTo(0.6);
    expect(outcomeAt(points, Math.SQRT2)!.missRatio).toBeCloseTo(0.4);
    expect(outcomeAt(points, Math.SQRT2)!.originRequestsPerSecond).toBeCloseTo(40);
    expect(outcomeAt(points, Math.SQRT1_2)!.error).toBeCloseTo(0.07);
    expect(outcomeAt(points, Math.SQRT2)!.samplingRatio).toBe(0.5);
  });

  test("beyond the ends, the ends", () => {
    expect(outcomeAt(points, 0.1)!.missRatio).toBeCloseTo(0.8);
    expect(outcomeAt(points, 64)!.missRatio).toBeCloseTo(0.2);
    expect(outcomeAt([], 1)).toBeUndefined();
    expect(outcomeAt([point(1, 0.5)], 3)!.missRatio).toBe(0.5);
  });

  test("without prices there is no money", () => {
    expect(outcomeAt(points, 1)!.costSavedPerMonth).toBeUndefined();
    const priced = points.map((one) => ({ ...one, costSavedPerMonth: 10 * one.factor }));
    expect(outcomeAt(priced, Math.SQRT2)!.costSavedPerMonth).toBeCloseTo(15);
  });
});

test("policies are ranked at one size; those without figures are left out", () => {
  const curves = [
    { policy: "a", points: [point(1, 0.5), point(2, 0.4)] },
    { policy: "b", points: [point(1, 0.6), point(2, 0.3)] },
    { policy: "c", points: [] },
  ];
  const names = (factor: number) =>
    ranking({ curves } as unknown as WhatIfReport, factor).map(({ policy }) => policy);
  expect(names(1)).toEqual(["a", "b"]);
  expect(names(2)).toEqual(["b", "a"]);
});

test.each([
  [0, 1],
  [0.011, 0.02],
  [0.2, 0.2],
  [0.21, 0.25],
  [3, 5],
  [51, 100],
])("an axis up to %p ends at %p", (value, end) => expect(roundUp(value)).toBeCloseTo(end));
