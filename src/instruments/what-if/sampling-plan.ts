import type { SizeUnit } from "../../replay/simulated-cache.ts";
import type { SizeShape } from "./simulated-size.ts";

/** The present cache, to which the simulated sizes are relative. */
export interface PresentCache {
  readonly policy: string;
  readonly size: number;
  readonly unit: SizeUnit;
  /** Entries that it holds when it is full, about. */
  readonly entries: number;
}

/** The simulated sizes, as multiples of the present one. */
export const FACTORS: readonly number[] = [1 / 8, 1 / 4, 1 / 2, Math.SQRT1_2, 1, Math.SQRT2, 2, 4, 8];

/**
 * How many entries a miniature has: fewer do not behave like the full cache, and more gain little. Steps of √2, so that
 * small changes of the load change nothing.
 */
const STEPS: readonly number[] = [250, 350, 500, 700, 1000, 1400, 2000];
/** The plan changes when its cost is above the budget, or below this share of it. */
const TOO_CHEAP = 1 / 4;

/** Returns the shapes of all sizes, for miniatures of this many entries. */
export function shapesFor(present: PresentCache, miniatureEntries: number): SizeShape[] {
  return FACTORS.map((factor) => {
    const size = Math.max(1, Math.round(present.size * factor));
    const entries = Math.max(1, Math.round(present.entries * factor));
    // A cache in bytes may hold more entries than on the average.
    const most = present.unit === "entries" ? size : entries * 8;
    return { size, unit: present.unit, entries: most, ratio: Math.min(1, miniatureEntries / entries) };
  });
}

/** What the plan goes by. */
export interface Load {
  /** Reads per second. */
  readonly readsPerSecond: number;
  /** Processor time of one simulated access. */
  readonly accessNs: number;
  readonly policies: number;
  /** The share of one processor that simulations may take. */
  readonly budget: number;
}

/** How many entries miniatures have, and what share of the time they run. */
export interface SamplingPlan {
  readonly miniatureEntries: number;
  /** Below 1 the simulations run in stretches. */
  readonly duty: number;
}

export const FIRST_PLAN: SamplingPlan = { miniatureEntries: STEPS.at(-1)!, duty: 1 };

/**
 * Fits the plan to the load: the most entries that the budget pays for. Keeps the present plan as long as it is within
 * the budget and not far below.
 */
export function planFor(present: PresentCache, load: Load, plan: SamplingPlan): SamplingPlan {
  const now = costOf(present, load, plan.miniatureEntries);
  const isFine = now * plan.duty <= load.budget && now * plan.duty >= load.budget * TOO_CHEAP;
  const isBest = now <= load.budget && plan.miniatureEntries === STEPS.at(-1) && plan.duty === 1;
  if (isFine || isBest) return plan;
  const affordable = STEPS.filter((step) => costOf(present, load, step) <= load.budget);
  const miniatureEntries = affordable.at(-1) ?? STEPS[0]!;
  const cost = costOf(present, load, miniatureEntries);
  return { miniatureEntries, duty: cost <= load.budget ? 1 : load.budget / cost };
}

/** Returns the share of one processor that all sizes take. */
function costOf(present: PresentCache, load: Load, miniatureEntries: number): number {
  const ratios = shapesFor(present, miniatureEntries).reduce((sum, { ratio }) => sum + ratio, 0);
  return (load.readsPerSecond * ratios * load.policies * load.accessNs) / 1e9;
}
