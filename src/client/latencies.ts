/** Durations of calls. Percentiles are at most 6 % too high. */
export interface LatencySummary {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/** From 1 µs on, 16 buckets per doubling, up to 12 days. */
const BUCKETS_PER_DOUBLING = 16;
const DOUBLINGS = 40;
const SMALLEST_MS = 0.001;

/** A histogram of logarithmic buckets; adding to it allocates nothing. */
export class Latencies {
  readonly #buckets = new Uint32Array(BUCKETS_PER_DOUBLING * DOUBLINGS);
  #count = 0;
  #sumMs = 0;
  #maxMs = 0;

  add(ms: number): void {
    this.#buckets[bucketOf(ms)]!++;
    this.#count++;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  summary(): LatencySummary {
    const count = this.#count;
    return {
      count,
      meanMs: count === 0 ? 0 : this.#sumMs / count,
      p50Ms: this.#percentileMs(0.5),
      p90Ms: this.#percentileMs(0.9),
      p99Ms: this.#percentileMs(0.99),
      maxMs: this.#maxMs,
    };
  }

  #percentileMs(share: number): number {
    const rank = Math.ceil(this.#count * share);
    let seen = 0;
    for (const [bucket, count] of this.#buckets.entries()) {
      seen += count;
      if (count > 0 && seen >= rank) return Math.min(this.#maxMs, upperBoundMs(bucket));
    }
    return 0;
  }
}

function bucketOf(ms: number): number {
  if (!(ms > SMALLEST_MS)) return 0;
  const bucket = Math.floor(Math.log2(ms / SMALLEST_MS) * BUCKETS_PER_DOUBLING);
  return Math.min(bucket, BUCKETS_PER_DOUBLING * DOUBLINGS - 1);
}

function upperBoundMs(bucket: number): number {
  return SMALLEST_MS * 2 ** ((bucket + 1) / BUCKETS_PER_DOUBLING);
}
