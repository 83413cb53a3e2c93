const SUB_BUCKET_BITS = 5;
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
const BUCKETS = 48 * SUB_BUCKETS;

/**
 * Counts whole numbers (microseconds, bytes, …) from 0 to 2^48 in buckets whose width is at most 1/32 of their
 * value, in fixed memory: the scheme of HdrHistogram (Gil Tene), with two significant digits.
 */
export class Histogram {
  count = 0;
  sum = 0;
  max = 0;
  readonly #buckets = new Float64Array(BUCKETS);

  record(value: number): void {
    const whole = value < 0 ? 0 : Math.floor(value);
    this.#buckets[bucketOf(whole)]!++;
    this.count++;
    this.sum += whole;
    if (whole > this.max) this.max = whole;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }

  /**
   * The value that a share of all values does not exceed (the upper end of its bucket, at most the maximum).
   * @param share from 0 to 1, such as 0.99; 0 when nothing has been recorded
   */
  quantile(share: number): number {
    let remaining = Math.ceil(share * this.count);
    if (this.count === 0) return 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      remaining -= this.#buckets[bucket]!;
      if (remaining <= 0 && this.#buckets[bucket]! > 0) return Math.min(this.max, upperEndOf(bucket));
    }
    return this.max;
  }

  add(other: Histogram): void {
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#buckets[bucket]! += other.#buckets[bucket]!;
    this.count += other.count;
    this.sum += other.sum;
    this.max = Math.max(this.max, other.max);
  }

  reset(): void {
    this.#buckets.fill(0);
    this.count = 0;
    this.sum = 0;
    this.max = 0;
  }
}

/** Values below 32 have a bucket each; then every power of two is cut into 32. */
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
