/**
 * Sizes the window after each sample of requests: pure functions over the state of a search. Small caches climb by
 * the hit ratio, caches above `DENSITY_LEAST_CAPACITY` by hit density (`density-search.ts`).
 * `policies/w-tinylfu-climb.ts` names the source.
 */

/** Above this capacity the window's size follows the hit densities of window and main segments. */
export const DENSITY_LEAST_CAPACITY = 4096;
/** A change of the hit ratio between two samples that indicates another workload. */
export const SHIFT_CHANGE = 0.05;
/** The first step, and the first one after each restart, as a share of the capacity; and its least size. */
const FIRST_STEP_SHARE = 0.0625;
export const LEAST_STEP = 2;
/** A step's size relative to the step of the sample before. */
export const STEP_DECAY = 0.98;

/**
 * Up to this capacity, a search starts by growing the window, its steps decay slowly, and its samples grow as they
 * do.
 */
const TINY_CAPACITY = 512;
const TINY_STEP_DECAY = 0.995;
const TINY_SAMPLE_GROWTH = 4;

/** Requests per unit of capacity in a sample that is judged by density. Never more than in the sketch's sample. */
const DENSITY_SAMPLE_REQUESTS = 4;

/** The events of one sample. Sizes are in units of the capacity. */
export interface Sample {
  readonly requests: number;
  readonly hits: number;
  readonly windowHits: number;
  readonly probationHits: number;
  readonly capacity: number;
  readonly window: number;
  readonly protectedSegment: number;
}

/** The state of a search between samples: numbers only, so that it can be in shared memory. Flags are 0 or 1. */
export const SEARCH_FIELDS = [
  /** The last step, with its direction. */
  "step",
  "hitRatio",
  /** The hit ratio smoothed over about five samples, and its smoothed mean deviation. NaN before the first sample. */
  "smoothed",
  "deviation",
  /** A walk away from the window's former size: its kind and direction, where it began, and how it goes. */
  "walk",
  "walkDown",
  "walkFrom",
  "walkHitRatio",
  "walkClaim",
  "walkProbationDensity",
  "walkSamples",
  "walkAbove",
  "walkBelow",
  "walkMatched",
  /** The distance still to go back after a failed walk. */
  "wayBack",
  /** Samples to wait before the next probe. */
  "probeWait",
  /** How often probes and audits failed recently: the wait that follows from it, and crashes in a row. */
  "probeRung",
  "probeCrashes",
  "auditRung",
  "auditCrashes",
  /** Samples without a step, how many of them make an audit due, and the window's size at the last one (−1: none). */
  "still",
  "auditWait",
  "stoodAt",
  "auditDown",
  /**
   * The anchor, a size known to do well (−1: none), the hit ratio noted for it, and whether the window is kept there.
   */
  "anchor",
  "anchorHitRatio",
  "anchored",
  /** Samples for which the window is kept at the anchor even if the workload shifts. */
  "shield",
  "shortfalls",
  "returning",
  "returnSamples",
] as const;

export type SearchState = Record<(typeof SEARCH_FIELDS)[number], number>;

/** The first wait of probes and audits. */
export const FIRST_RUNG = 16;
/** The deviation before any has been measured: wide, so that a cold cache rules out no size. */
export const FIRST_DEVIATION = 0.05;
/** Samples without a step before the first audit. */
const FIRST_AUDIT_WAIT = 4;

/** Returns the initial state of a search over a cache of this capacity. */
export function newSearch(capacity: number): SearchState {
  const state = Object.fromEntries(SEARCH_FIELDS.map((name) => [name, 0])) as SearchState;
  state.step = capacity <= TINY_CAPACITY ? firstStep(capacity) : -firstStep(capacity);
  state.smoothed = Number.NaN;
  state.deviation = FIRST_DEVIATION;
  state.probeRung = FIRST_RUNG;
  state.auditRung = FIRST_RUNG;
  state.auditWait = FIRST_AUDIT_WAIT;
  state.stoodAt = -1;
  state.anchor = -1;
  return state;
}

export function firstStep(capacity: number): number {
  return Math.max(FIRST_STEP_SHARE * capacity, LEAST_STEP);
}

/**
 * Returns the number of requests in the next sample.
 * @param sketchSample requests between two halvings of the sketch
 */
export function sampleRequests(state: SearchState, capacity: number, sketchSample: number): number {
  if (capacity > DENSITY_LEAST_CAPACITY) return Math.min(DENSITY_SAMPLE_REQUESTS * capacity, sketchSample);
  if (capacity > TINY_CAPACITY) return sketchSample;
  const first = FIRST_STEP_SHARE * capacity;
  const step = Math.max(Math.abs(state.step), first / TINY_SAMPLE_GROWTH);
  return Math.trunc(sketchSample * Math.min(TINY_SAMPLE_GROWTH, Math.max(1, first / step)));
}

/**
 * Goes on in the same direction while the hit ratio does not fall, else reverses. Takes ever smaller steps until the
 * workload changes.
 * @returns by how much the window should grow
 */
export function climbByHitRatio(state: SearchState, sample: Sample): number {
  const { capacity } = sample;
  const hitRatio = sample.hits / sample.requests;
  const change = hitRatio - state.hitRatio;
  const step = change >= 0 ? state.step : -state.step;
  const decay = capacity <= TINY_CAPACITY ? TINY_STEP_DECAY : STEP_DECAY;
  state.step = Math.abs(change) >= SHIFT_CHANGE ? withSignOf(firstStep(capacity), step) : step * decay;
  state.hitRatio = hitRatio;
  return step;
}

/** C's `copysign`: the sign of zero counts, too. */
export function withSignOf(magnitude: number, sign: number): number {
  return sign < 0 || Object.is(sign, -0) ? -Math.abs(magnitude) : Math.abs(magnitude);
}
