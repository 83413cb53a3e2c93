import { expect, test } from "bun:test";
import type { WhatIfPoint, WhatIfReport } from "../../instruments/view.ts";
import { whatIfAdvice } from "./what-if-advice.ts";

function point(missRatio: number, more: Partial<WhatIfPoint> = {}): WhatIfPoint {
  return {
    size: 1000,
    unit: "entries",
    factor: 1,
    missRatio,
    error: 0.01,
    samplingRatio: 0.1,
    originRequestsPerSecond: 1000 * missRatio,
    meanLatencyMs: missRatio,
    originMsSavedPerSecond: 500 * (0.5 - missRatio),
    ...more,
  };
}

function advice(...curves: WhatIfReport["curves"]): string {
  const present = { policy: "fifo", size: 1000, unit: "entries", missRatio: 0.5 } as const;
  return whatIfAdvice({
    present,
    sinceMs: 0,
    requests: 1,
    sampledRequests: 1,
    samplingRatio: 1,
    curves,
    optimum: [],
  });
}

const fifo = { policy: "fifo", points: [point(0.5)] };

test("without prices: the best policy in the same memory, if it is better by more than the error", () => {
  expect(advice(fifo, { policy: "sieve", points: [point(0.4), point(0.1, { factor: 8 })] })).toBe(
    "sieve at the present size would miss 40.0% instead of 50.0%: 100 fewer requests to the origin a second, " +
      "saving 50 ms/s of its time.",
  );
  expect(advice(fifo, { policy: "sieve", points: [point(0.495)] })).toBe(
    "At the present size, no policy is better than fifo by more than the error.",
  );
  expect(advice(fifo, { policy: "lru", points: [point(0.6)] })).toBe(
    "fifo is the best of these policies at the present size.",
  );
});

test("with prices: what saves the most money, at any size", () => {
  const cheap = point(0.6, { factor: 0.5, size: 500, costSavedPerMonth: 12.5 });
  const today = point(0.5, { costSavedPerMonth: 0 });
  expect(advice({ policy: "fifo", points: [cheap, today] })).toBe(
    "fifo at 500 entries would miss 60.0% instead of 50.0%: 100 more requests to the origin a second, " +
      "costing 50 ms/s of its time, and save 12.5 a month.",
  );
  expect(advice({ policy: "fifo", points: [{ ...cheap, costSavedPerMonth: -1 }, today] })).toBe(
    "No cache shown here would cost less than the present one.",
  );
});

test("nothing to compare with", () => {
  expect(advice({ policy: "lru", points: [point(0.5)] })).toBe("Too little has been seen to compare caches.");
});
