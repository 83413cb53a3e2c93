import { FAMILIES, familyOf, OTHER } from "../commands/families.ts";
import type { Histogram } from "../instruments/histogram.ts";
import { COALESCED, FORWARDED, HIT, MISS, RESULTS } from "./request-results.ts";

const RESULT_COUNT = RESULTS.length;
/** The families that have commands answered from the cache. */
const CACHED_FAMILIES = (["string", "glasscache", "text"] as const).map(familyOf);

/** What requests took, in microseconds, by their results. */
export interface RequestTimes {
  readonly miss: Histogram;
  readonly coalesced: Histogram;
  readonly forwarded: Histogram;
}

/** Counts the requests of one thread by family and result, and times those that asked the origin. */
export class RequestMeter {
  /** The family (`FAMILIES`) of the request that is being executed. A request that is answered later keeps it. */
  family: number = OTHER;
  /** A count for each result of each family. */
  readonly counts = new Float64Array(FAMILIES.length * RESULTS.length);
  /** Milliseconds of the connections' clock, with their fraction. */
  readonly exactMs: () => number;
  readonly #times: RequestTimes;

  constructor(times: RequestTimes, exactMs: () => number) {
    this.#times = times;
    this.exactMs = exactMs;
  }

  /** Requests answered from the cache: `BatchTimes` times them. */
  get timedCount(): number {
    let hits = 0;
    for (const family of CACHED_FAMILIES) hits += this.counts[family * RESULT_COUNT + HIT]!;
    return hits;
  }

  /** The request being executed was answered from the cache. */
  hit(): void {
    this.counts[this.family * RESULT_COUNT + HIT]!++;
  }

  count(result: number, family: number = this.family): void {
    this.counts[family * RESULT_COUNT + result]!++;
  }

  /**
   * Counts a request that asked the origin and has been answered now.
   * @param family its family
   * @param sinceMs when it came
   * @returns how long it took, in milliseconds
   */
  answered(result: number, family: number, sinceMs: number): number {
    const durationMs = this.exactMs() - sinceMs;
    this.counts[family * RESULT_COUNT + result]!++;
    if (result === MISS) this.#times.miss.record(durationMs * 1000);
    else if (result === FORWARDED) this.#times.forwarded.record(durationMs * 1000);
    else if (result === COALESCED) this.#times.coalesced.record(durationMs * 1000);
    return durationMs;
  }
}
