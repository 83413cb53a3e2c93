import { DensitySearch } from "./density-search.ts";
import {
  climbByHitRatio,
  DENSITY_LEAST_CAPACITY,
  newSearch,
  SEARCH_FIELDS,
  type SearchState,
  sampleRequests,
} from "./window-search.ts";

/**
 * Indices of the climber's sums. First the counts of the running sample: hits by segment number, and requests. Then
 * the length of the sample in requests, the change still pending, and the number of requests at which there is work
 * to do: at once if a change is pending, else at the end of the sample.
 */
const WINDOW_HITS = 0;
const PROBATION_HITS = 1;
const PROTECTED_HITS = 2;
const REQUESTS = 3;
const SAMPLE_REQUESTS = 4;
const PENDING = 5;
const NEXT_ACTION = 6;
/** Whether the search has begun, and everything that it remembers. */
const HAS_BEGUN = 7;
const SEARCH = 8;

/**
 * Counts requests, and decides after each sample of them by how much the window should grow or shrink. A change that
 * cannot be made at once stays pending. Zeroed sums are a search that has not begun. The object holds no state of its
 * own, so several can share one search.
 */
export class WindowClimber {
  readonly #sums: Float64Array;
  readonly #at: number;
  readonly #capacity: number;

  static readonly sums: number = SEARCH + SEARCH_FIELDS.length;

  /** @param at index of the first of its `WindowClimber.sums` sums */
  constructor(sums: Float64Array, at: number, capacity: number) {
    this.#sums = sums;
    this.#at = at;
    this.#capacity = capacity;
  }

  countMiss(): void {
    this.#sums[this.#at + REQUESTS]!++;
  }

  /** @param segment 0 for the window, 1 for probation, 2 for the protected segment */
  countHit(segment: number): void {
    const sums = this.#sums;
    sums[this.#at + REQUESTS]!++;
    sums[this.#at + segment]!++;
  }

  /** Whether there is no work to do: the sample goes on, and no change is pending. */
  isIdle(): boolean {
    return this.#sums[this.#at + REQUESTS]! < this.#sums[this.#at + NEXT_ACTION]!;
  }

  /** By how much the window has yet to grow or, if negative, to shrink. */
  pending(): number {
    return this.#sums[this.#at + PENDING]!;
  }

  keepPending(change: number): void {
    const sums = this.#sums;
    sums[this.#at + PENDING] = change;
    sums[this.#at + NEXT_ACTION] = change === 0 ? sums[this.#at + SAMPLE_REQUESTS]! : 0;
  }

  /**
   * Ends the sample if it is over. Its result replaces the pending change.
   * @param window size of the window, in units of the capacity
   * @param protectedSegment size of the protected segment, in the same units
   * @param sketchSample requests between two halvings of the sketch
   */
  endSample(window: number, protectedSegment: number, sketchSample: number): void {
    const sums = this.#sums;
    const at = this.#at;
    const capacity = this.#capacity;
    const requests = sums[at + REQUESTS]!;
    if (requests < sums[at + SAMPLE_REQUESTS]!) return;
    const state = this.#load();
    const wanted = sampleRequests(state, capacity, sketchSample);
    // The wanted number may have changed with the sketch.
    sums[at + SAMPLE_REQUESTS] = wanted;
    if (requests < wanted) {
      this.keepPending(this.pending());
      return;
    }
    const windowHits = sums[at + WINDOW_HITS]!;
    const probationHits = sums[at + PROBATION_HITS]!;
    const sample = {
      requests,
      hits: windowHits + probationHits + sums[at + PROTECTED_HITS]!,
      windowHits,
      probationHits,
      capacity,
      window,
      protectedSegment,
    };
    const byDensity = capacity > DENSITY_LEAST_CAPACITY;
    const step = byDensity ? new DensitySearch(state, sample).climb() : climbByHitRatio(state, sample);
    sums[at + SAMPLE_REQUESTS] = sampleRequests(state, capacity, sketchSample);
    sums.fill(0, at, at + REQUESTS + 1);
    this.keepPending(Math.trunc(step));
    this.#save(state);
  }

  #load(): SearchState {
    const sums = this.#sums;
    const state = newSearch(this.#capacity);
    if (sums[this.#at + HAS_BEGUN] === 0) return state;
    SEARCH_FIELDS.forEach((name, i) => {
      state[name] = sums[this.#at + SEARCH + i]!;
    });
    return state;
  }

  #save(state: SearchState): void {
    this.#sums[this.#at + HAS_BEGUN] = 1;
    SEARCH_FIELDS.forEach((name, i) => {
      this.#sums[this.#at + SEARCH + i] = state[name];
    });
  }
}
