/** The largest distance. Whole numbers up to this are exact in a float, whatever the resolution. */
const LARGEST = 2 ** 52;

/**
 * Counts references by reuse distance. Up to 2^resolutionBits each distance has a bucket of its own; beyond, a bucket
 * is at most 1/2^resolutionBits of the distance wide, and references within it count as evenly spread. Grows with the
 * largest distance: 8 bytes per bucket, at most 2^resolutionBits buckets per doubling.
 */
export class DistanceHistogram {
  #bits: number;
  #counts = new Float64Array(1024);

  /** @param resolutionBits from 1 to 30 */
  constructor(resolutionBits: number) {
    this.#bits = resolutionBits;
  }

  /** @param distance at least 1; rounded up to a whole number */
  add(distance: number, count: number): void {
    const bucket = bucketOf(Math.min(LARGEST, Math.ceil(distance)), this.#bits);
    if (bucket >= this.#counts.length) {
      const counts = new Float64Array(Math.max(bucket + 1, 2 * this.#counts.length));
      counts.set(this.#counts);
      this.#counts = counts;
    }
    this.#counts[bucket]! += count;
  }

  /**
   * Lowers the resolution; does nothing if it would not be lower. No distance above 2^30 may have been added before.
   */
  coarsen(resolutionBits: number): void {
    if (resolutionBits >= this.#bits) return;
    const counts = this.#counts;
    this.#bits = resolutionBits;
    this.#counts = new Float64Array(1024);
    for (let distance = 1; distance < counts.length; distance++) {
      if (counts[distance] !== 0) this.add(distance, counts[distance]!);
    }
  }

  /** Returns the present counts in a form that can be looked up by distance. */
  accumulate(): CumulativeDistances {
    const upTo = this.#counts.slice();
    for (let bucket = 1; bucket < upTo.length; bucket++) upTo[bucket]! += upTo[bucket - 1]!;
    return new CumulativeDistances(upTo, this.#bits);
  }
}

/** The number of references up to any distance. */
export class CumulativeDistances {
  /** For each bucket, the references in it and in all before it. */
  readonly #upTo: Float64Array;
  readonly #bits: number;

  constructor(upTo: Float64Array, bits: number) {
    this.#upTo = upTo;
    this.#bits = bits;
  }

  /** The number of all references. */
  get total(): number {
    return this.#upTo.at(-1)!;
  }

  /** Returns the number of references whose distance is at most this. */
  within(distance: number): number {
    const whole = Math.floor(Math.min(LARGEST, distance));
    if (whole < 1) return 0;
    const bucket = bucketOf(whole, this.#bits);
    if (bucket >= this.#upTo.length) return this.total;
    const before = this.#upTo[bucket - 1]!;
    const width = widthOf(bucket, this.#bits);
    if (width === 1) return this.#upTo[bucket]!;
    const share = (whole - startOf(bucket, this.#bits) + 1) / width;
    return before + share * (this.#upTo[bucket]! - before);
  }
}

/** As in a floating-point number: the number of doublings, and the bits after the leading one. */
function bucketOf(value: number, bits: number): number {
  if (value < 2 ** bits) return value;
  const length = value < 2 ** 32 ? 32 - Math.clz32(value) : 64 - Math.clz32(Math.floor(value / 2 ** 32));
  const shift = length - 1 - bits;
  return shift * 2 ** bits + Math.floor(value / 2 ** shift);
}

function shiftOf(bucket: number, bits: number): number {
  return Math.max(0, Math.floor(bucket / 2 ** bits) - 1);
}

function widthOf(bucket: number, bits: number): number {
  return 2 ** shiftOf(bucket, bits);
}

function startOf(bucket: number, bits: number): number {
  const shift = shiftOf(bucket, bits);
  return (bucket - shift * 2 ** bits) * 2 ** shift;
}
