/**
 * How a window is sized after each sample of requests, as pure functions over what the search remembers. Small caches
 * climb by the hit ratio, those above `DENSITY_LEAST_CAPACITY` by hit density (`density-search.ts`).
 * `policies/w-tinylfu-climb.ts` names the source.
 */

/** Above this capacity the window's size follows the hit densities of window and main segments. */
export const DENSITY_LEAST_CAPACITY = 4096;
/** A change of the hit ratio between two samples that means another workload. */
export const SHIFT_CHANGE = 0.05;
/** The first step and every one taken anew, as a share of the capacity, and the least such step. */
const FIRST_STEP_SHARE = 0.0625;
export const LEAST_STEP = 2;
/** What a sample leaves of a step. */
export const STEP_DECAY = 0.98;

/** Up to this capacity a search starts by growing, its steps decay slowly, and its samples grow as they do. */
const TINY_CAPACITY = 512;
const TINY_STEP_DECAY = 0.995;
const TINY_SAMPLE_GROWTH = 4;

/** Requests in a sample by density, for each unit of capacity; never more than in the sketch's sample. */
const DENSITY_SAMPLE_REQUESTS = 4;

/** What happened during one sample. Sizes are in units of the capacity. */
export interface Sample {
  readonly requests: number;
  readonly hits: number;
  readonly windowHits: number;
  readonly probationHits: number;
  readonly capacity: number;
  readonly window: number;
  readonly protectedSegment: number;
}

/** What a search remembers between samples: numbers only, so that it can be kept in shared memory. Flags are 0 or 1. */
export const SEARCH_FIELDS = [
  /** The last step, with its direction. */
  "step",
  "hitRatio",
  /** The hit ratio smoothed over some five samples, and its smoothed mean deviation. NaN: none yet. */
  "smoothed",
  "deviation",
  /** A walk away from where the window stood: its kind and direction, where it began, and how it goes. */
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
  /** How much of the way back from a failed walk is left. */
  "wayBack",
  /** Samples to wait before the next probe. */
  "probeWait",
  /** How often probes and audits failed of late: the wait that this earns, and crashes in a row. */
  "probeRung",
  "probeCrashes",
  "auditRung",
  "auditCrashes",
  /** For how many samples the window has stood still, how many make an audit due, and where it stood last; −1: nowhere. */
  "still",
  "auditWait",
  "stoodAt",
  "auditDown",
  /** The anchor, a size known to do well: −1, none. The hit ratio it claims, and whether the window is kept there. */
  "anchor",
  "anchorHitRatio",
  "held",
  /** Samples for which a hold outlasts shifts of the workload. */
  "shield",
  "shortfalls",
  "returning",
  "returnSamples",
] as const;

export type SearchState = Record<(typeof SEARCH_FIELDS)[number], number>;

/** The first wait of probes and audits. */
export const FIRST_RUNG = 16;
/** The deviation before any was seen: wide, so that a cold cache condemns no size. */
export const FIRST_DEVIATION = 0.05;
/** Still samples before the first audit. */
const FIRST_AUDIT_WAIT = 4;

/** What a search over a cache of this capacity begins with. */
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

/** How many requests the next sample has. @param sketchSample requests between two halvings of the sketch */
export function sampleRequests(state: SearchState, capacity: number, sketchSample: number): number {
  if (capacity > DENSITY_LEAST_CAPACITY) return Math.min(DENSITY_SAMPLE_REQUESTS * capacity, sketchSample);
  if (capacity > TINY_CAPACITY) return sketchSample;
  const first = FIRST_STEP_SHARE * capacity;
  const step = Math.max(Math.abs(state.step), first / TINY_SAMPLE_GROWTH);
  return Math.trunc(sketchSample * Math.min(TINY_SAMPLE_GROWTH, Math.max(1, first / step)));
}

/**
 * Goes on while the hit ratio does not fall, else turns round, and takes ever smaller steps until the workload changes.
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

/** As C's `copysign`: zero has a sign, too. */
export function withSignOf(magnitude: number, sign: number): number {
  return sign < 0 || Object.is(sign, -0) ? -Math.abs(magnitude) : Math.abs(magnitude);
}
