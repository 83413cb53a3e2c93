const SUB_BUCKET_BITS = 5;
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
const BUCKETS = 48 * SUB_BUCKETS;

const COUNT = 0;
const SUM = 1;
const MAX = 2;
const FIRST_BUCKET = 3;

/**
 * Counts whole numbers (microseconds, bytes, …) from 0 to 2^48 in buckets whose width is at most 1/32 of their value,
 * in fixed memory: the scheme of HdrHistogram (Gil Tene), with two significant digits. The object holds no state of
 * its own, so a histogram can lie in memory that another thread reads.
 */
export class Histogram {
  /** Length of `words`. */
  static readonly WORDS: number = FIRST_BUCKET + BUCKETS;
  readonly #words: Float64Array;

  /** @param words zeroed memory, or the memory of another histogram, to read that one */
  constructor(words: Float64Array = new Float64Array(Histogram.WORDS)) {
    this.#words = words;
  }

  get count(): number {
    return this.#words[COUNT]!;
  }

  get sum(): number {
    return this.#words[SUM]!;
  }

  get max(): number {
    return this.#words[MAX]!;
  }

  /** @param times how many values this one stands for */
  record(value: number, times = 1): void {
    const words = this.#words;
    const whole = value < 0 ? 0 : Math.floor(value);
    // First: readers look at no bucket above the maximum's.
    if (whole > words[MAX]!) words[MAX] = whole;
    words[FIRST_BUCKET + bucketOf(whole)]! += times;
    words[COUNT]! += times;
    words[SUM]! += whole * times;
  }

  /** The highest bucket that may count something: few values are far above the others, so most buckets are empty. */
  get #highest(): number {
    return bucketOf(this.#words[MAX]!);
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /**
   * Returns a value that this share of all values does not exceed (the upper end of its bucket, at most the maximum);
   * 0 if nothing has been recorded.
   * @param share from 0 to 1, such as 0.99
   */
  quantile(share: number): number {
    if (this.count === 0) return 0;
    let remaining = share * this.count;
    const highest = this.#highest;
    for (let bucket = 0; bucket <= highest; bucket++) {
      const inBucket = this.#words[FIRST_BUCKET + bucket]!;
      remaining -= inBucket;
      if (remaining <= 0 && inBucket > 0) return Math.min(this.max, upperEndOf(bucket));
    }
    return this.max;
  }

  /**
   * Returns how many values are below each bound, and behind them the number of all values. The bucket that a bound
   * lies in counts as above it.
   * @param bounds ascending
   */
  countsBelow(bounds: readonly number[]): number[] {
    const counts: number[] = [];
    let count = 0;
    const highest = this.#highest;
    for (let bucket = 0; bucket <= highest; bucket++) {
      const inBucket = this.#words[FIRST_BUCKET + bucket]!;
      if (inBucket === 0) continue;
      while (counts.length < bounds.length && upperEndOf(bucket) >= bounds[counts.length]!)
        counts.push(count);
      count += inBucket;
    }
    while (counts.length <= bounds.length) counts.push(count);
    return counts;
  }

  /** Replaces the content by the values that `later` has and `earlier`, an older copy of it, has not. */
  setToGrowth(later: Histogram, earlier: Histogram): void {
    const words = this.#words;
    let highest = -1;
    let count = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const word = FIRST_BUCKET + bucket;
      const grown = Math.max(0, later.#words[word]! - earlier.#words[word]!);
      words[word] = grown;
      count += grown;
      if (grown > 0) highest = bucket;
    }
    words[COUNT] = count;
    words[SUM] = Math.max(0, later.sum - earlier.sum);
    words[MAX] = highest < 0 ? 0 : Math.min(later.max, upperEndOf(highest));
  }

  copyFrom(other: Histogram): void {
    this.#words.set(other.#words);
  }

  add(other: Histogram): void {
    if (other.count === 0) return;
    const words = this.#words;
    const added = other.#words;
    const last = FIRST_BUCKET + other.#highest;
    words[MAX] = Math.max(this.max, other.max);
    words[COUNT]! += added[COUNT]!;
    words[SUM]! += added[SUM]!;
    for (let word = FIRST_BUCKET; word <= last; word++) words[word]! += added[word]!;
  }

  /** Makes each value recorded so far count as `factor` values, a fraction too. The maximum stays. */
  scale(factor: number): void {
    const { max } = this;
    for (let word = 0; word < Histogram.WORDS; word++) this.#words[word]! *= factor;
    this.#words[MAX] = max;
  }

  reset(): void {
    this.#words.fill(0);
  }
}

/** Values below 32 have a bucket each. Above, every power of two is divided into 32 buckets. */
function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return value;
  const exponent = Math.min(47, Math.floor(Math.log2(value)));
  const shift = exponent - SUB_BUCKET_BITS;
  const sub = Math.min(SUB_BUCKETS - 1, Math.floor(value / 2 ** shift) - SUB_BUCKETS);
  return (shift + 1) * SUB_BUCKETS + sub;
}

function upperEndOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return ((bucket % SUB_BUCKETS) + SUB_BUCKETS + 1) * 2 ** shift - 1;
}
