import type { WhatIfPoint, WhatIfReport } from "../../src/instruments/view.ts";
import { counted, sizeText } from "../parts/text.ts";

/** What a cache of some policy and size would do. */
export interface Outcome {
  readonly missRatio: number;
  /** Half the width of the interval that has the true miss ratio in 9 of 10 cases. */
  readonly error: number;
  readonly originRequestsPerSecond: number;
  readonly meanLatencyMs: number;
  /** Against the present cache. */
  readonly originMsSavedPerSecond: number;
  readonly costSavedPerMonth: number | undefined;
  readonly samplingRatio: number;
}

/**
 * Returns the outcome at a size between the simulated ones: linear over the logarithm of the size.
 * @param points by ascending factor
 * @returns undefined: there are no points
 */
export function outcomeAt(points: readonly WhatIfPoint[], factor: number): Outcome | undefined {
  const after = points.findIndex((point) => point.factor >= factor);
  const right = points[after < 0 ? points.length - 1 : after];
  const left = points[after < 0 ? points.length - 1 : Math.max(0, after - 1)];
  if (left === undefined || right === undefined) return undefined;
  const width = Math.log2(right.factor / left.factor);
  const share = width === 0 ? 1 : Math.min(1, Math.max(0, Math.log2(factor / left.factor) / width));
  const between = (of: (point: WhatIfPoint) => number): number => of(left) + share * (of(right) - of(left));
  return {
    missRatio: between(({ missRatio }) => missRatio),
    error: between(({ error }) => error),
    originRequestsPerSecond: between((point) => point.originRequestsPerSecond),
    meanLatencyMs: between(({ meanLatencyMs }) => meanLatencyMs),
    originMsSavedPerSecond: between((point) => point.originMsSavedPerSecond),
    costSavedPerMonth:
      left.costSavedPerMonth === undefined || right.costSavedPerMonth === undefined
        ? undefined
        : between((point) => point.costSavedPerMonth!),
    samplingRatio: Math.min(left.samplingRatio, right.samplingRatio),
  };
}

export interface Ranked {
  readonly policy: string;
  readonly outcome: Outcome;
}

/** Returns the policies at one size, the one with the fewest misses first. */
export function ranking({ curves }: WhatIfReport, factor: number): Ranked[] {
  return curves
    .flatMap(({ policy, points }) => {
      const outcome = outcomeAt(points, factor);
      return outcome === undefined ? [] : [{ policy, outcome }];
    })
    .sort((a, b) => a.outcome.missRatio - b.outcome.missRatio);
}

/** Returns the present cache as it was simulated, so that it can be compared with the others. */
export function presentOutcome({ curves, present }: WhatIfReport): Outcome | undefined {
  return outcomeAt(curves.find(({ policy }) => policy === present.policy)?.points ?? [], 1);
}

/**
 * Returns what writes a size, by its multiple of the present one.
 * @param memory as users set it; what the policy has of it for entries is somewhat less
 */
export function sizesOf(
  { size, unit }: WhatIfReport["present"],
  memory: number = size,
): (factor: number) => string {
  return (factor) =>
    unit === "bytes" ? sizeText(memory * factor) : counted(Math.round(size * factor), "entry", "entries");
}

/** Returns a round value of at least `value`: 1, 2, 2.5 or 5 times a power of ten. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return power * [1, 2, 2.5, 5, 10].find((step) => step * power >= value * 0.999999)!;
}
