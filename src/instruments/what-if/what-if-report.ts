import type { WhatIfPoint, WhatIfReport } from "../view.ts";
import type { PresentCache } from "./sampling-plan.ts";
import type { WhatIfEstimate } from "./what-if.ts";

/** What requests cost at present, and prices if they are known. */
export interface WhatIfFigures {
  readonly readsPerSecond: number;
  /** Of the present cache, as it has counted. */
  readonly missRatio: number;
  /** Mean time that a hit takes in the proxy, and a miss. */
  readonly hitMs: number;
  readonly missMs: number;
  /** Reads since the last reset. */
  readonly reads: number;
  readonly sinceMs: number;
  /** The price of a million requests to the origin. */
  readonly originCost: number | undefined;
  /** The price of a gigabyte of memory for a month. */
  readonly memoryCost: number | undefined;
}

const SECONDS_PER_MONTH = (365.25 * 86_400) / 12;

/** What the simulations have come to. */
export interface Simulated {
  readonly policies: readonly string[];
  readonly sampledReads: number;
  /** By policy, then by size. */
  readonly estimates: readonly (readonly WhatIfEstimate[])[];
  /** By size; empty if it is not known. */
  readonly optimum: readonly WhatIfEstimate[];
}

/** Tells what the estimates mean in requests, time and money. */
export function whatIfReport(
  { policies, sampledReads, estimates, optimum }: Simulated,
  present: PresentCache,
  figures: WhatIfFigures,
): WhatIfReport {
  const point = (estimate: WhatIfEstimate): WhatIfPoint => pointOf(estimate, present, figures);
  return {
    present: {
      policy: present.policy,
      size: present.size,
      unit: present.unit,
      missRatio: figures.missRatio,
    },
    sinceMs: figures.sinceMs,
    requests: figures.reads,
    sampledRequests: sampledReads,
    samplingRatio: Math.max(0, ...(estimates[0] ?? []).map(({ ratio }) => ratio)),
    curves: policies.map((policy, index) => ({ policy, points: estimates[index]!.map(point) })),
    optimum: optimum.map(point),
  };
}

function pointOf(
  { size, factor, ratio, missRatio, error }: WhatIfEstimate,
  present: PresentCache,
  figures: WhatIfFigures,
): WhatIfPoint {
  const { readsPerSecond, hitMs, missMs, originCost, memoryCost } = figures;
  const sparedPerSecond = readsPerSecond * (figures.missRatio - missRatio);
  const savings =
    originCost === undefined && memoryCost === undefined
      ? undefined
      : (sparedPerSecond * SECONDS_PER_MONTH * (originCost ?? 0)) / 1e6 -
        (present.unit === "bytes" ? ((size - present.size) * (memoryCost ?? 0)) / 1e9 : 0);
  return {
    size,
    unit: present.unit,
    factor,
    missRatio,
    error,
    samplingRatio: ratio,
    originRequestsPerSecond: readsPerSecond * missRatio,
    meanLatencyMs: hitMs * (1 - missRatio) + missMs * missRatio,
    originMsSavedPerSecond: sparedPerSecond * Math.max(0, missMs - hitMs),
    ...(savings !== undefined && { costSavedPerMonth: savings }),
  };
}
