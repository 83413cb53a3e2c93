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
    // A cache in bytes may hold more entries than it does at present, of smaller values.
    const most = present.unit === "entries" ? size : entries * 4;
    return { size, unit: present.unit, entries: most, ratio: Math.min(1, miniatureEntries / entries) };
  });
}

/** How much there is to measure, and what that may cost. */
export interface Demand {
  /** Reads per second at present, and at the busiest time of the last minutes. */
  readonly readsPerSecond: number;
  readonly peakReadsPerSecond: number;
  /** The share of one processor that the instruments may take, and that of everything but miniatures at present. */
  readonly budget: number;
  readonly otherShare: number;
}

/** What the plan goes by. */
export interface Load extends Demand {
  /** Processor time of one simulated access. */
  readonly accessNs: number;
  /** Policies that are simulated by miniatures: all but LRU. */
  readonly policies: number;
  /** Whether miniatures run for longer than the budget pays for, for now. */
  readonly isBeginning: boolean;
}

/** Miniatures have this share of the budget at least, whatever the rest takes. */
const LEAST_SHARE = 1 / 2;
/** What they may take at the beginning. */
const BEGINNING_BUDGET = 1 / 4;

/** How many entries miniatures have, and what share of the time each size runs. */
export interface SamplingPlan {
  readonly miniatureEntries: number;
  /** By size. Below 1 the size runs in stretches. */
  readonly duties: readonly number[];
  /** The share of the keys whose reuse distances are measured, which tells LRU at all sizes. */
  readonly reuseRatio: number;
}

/** The most entries that the reuse sample keeps, for the largest size. */
const REUSE_ENTRIES = 2 ** 15;
/** What a sampled read costs besides the miniatures: its record in the ring, and its reuse distance. */
const REUSE_NS = 700;
/** The share of the budget that it may take. */
const REUSE_SHARE = 1 / 4;
/**
 * As long as its ratio is not wrong by more than this factor, it stays. A load may look larger for a moment, and keys that
 * come to a sample look new for a while.
 */
const NEAR = 4;

/**
 * Samples are as large as can be paid for at this load, in reads per second, or at the peak of the last minutes: a load
 * may come all at once, and to have fewer entries then means to begin anew with smaller samples.
 */
const LEAST_LOAD = 20_000;

/**
 * Fits the plan to the load: the most entries that the budget pays for. If it does not even pay for the fewest, small
 * sizes, whose samples are large, run in stretches. Large ones always run: they would take too long to fill. Keeps
 * the number of entries as long as it is within the budget and not far below.
 */
export function planFor(present: PresentCache, load: Load, plan?: SamplingPlan): SamplingPlan {
  const reuseRatio = reuseRatioFor(present, load, plan?.reuseRatio);
  const budget = Math.max(load.budget * LEAST_SHARE, load.budget - load.otherShare);
  const expected = { ...load, readsPerSecond: expectedReads(load) };
  const affordable = STEPS.filter((step) => total(costsOf(present, expected, step)) <= budget);
  const best = affordable.at(-1) ?? STEPS[0]!;
  const miniatureEntries =
    plan !== undefined && isGood(plan, best, present, { ...expected, budget }) ? plan.miniatureEntries : best;
  const costs = costsOf(present, load, miniatureEntries);
  const most = level(costs, load.isBeginning ? Math.max(BEGINNING_BUDGET, budget) : budget);
  return { miniatureEntries, duties: costs.map((cost) => dutyFor(most / cost)), reuseRatio };
}

function expectedReads({ peakReadsPerSecond }: Load): number {
  return Math.max(LEAST_LOAD, peakReadsPerSecond);
}

/** Steps of two, and the present ratio as long as it is affordable and not far too small. */
function reuseRatioFor(present: PresentCache, load: Load, before: number | undefined): number {
  const affordable = (load.budget * REUSE_SHARE) / (expectedReads(load) * REUSE_NS * 1e-9);
  const largest = Math.min(1, REUSE_ENTRIES / (present.entries * FACTORS[FACTORS.length - 1]!));
  const best = Math.min(largest, affordable);
  const isNear =
    before !== undefined && before <= Math.min(largest, NEAR * affordable) && before * NEAR >= best;
  if (isNear) return before;
  return Math.min(largest, affordable >= 1 ? 1 : 2 ** Math.floor(Math.log2(affordable)));
}

/** Whether a plan's number of entries may stay as it is. */
function isGood(
  { miniatureEntries }: SamplingPlan,
  best: number,
  present: PresentCache,
  load: Load,
): boolean {
  const cost = total(costsOf(present, load, miniatureEntries));
  return miniatureEntries === best || (cost <= load.budget && cost >= load.budget * TOO_CHEAP);
}

/** Steps of √2, so that small changes of the load change nothing. */
function dutyFor(affordable: number): number {
  return affordable >= 1 ? 1 : 2 ** (Math.floor(2 * Math.log2(affordable)) / 2);
}

/** Returns the greatest cost that a size may have, so that together they keep to the budget. */
function level(costs: readonly number[], budget: number): number {
  const ascending = [...costs].sort((one, other) => one - other);
  let left = budget;
  for (let index = 0; index < ascending.length; index++) {
    const share = left / (ascending.length - index);
    if (ascending[index]! > share) return share;
    left -= ascending[index]!;
  }
  return Number.POSITIVE_INFINITY;
}

/** Returns the share of one processor that each size takes while it runs. */
function costsOf(present: PresentCache, load: Load, miniatureEntries: number): number[] {
  const perRead = (load.readsPerSecond * load.policies * load.accessNs) / 1e9;
  return shapesFor(present, miniatureEntries).map(({ ratio }) => ratio * perRead);
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
