/** What the instruments thread tells the threads that write events, and how many requests they have seen. */

const BOUND = 0;
const COUNT_EVERY = 1;
const WORDS = 16;

/** Multiplied by this, a hash becomes a position in samples. Odd, so no two hashes share a position. */
const SPREAD = 0x9e37_79b1;
const LEAST = -(2 ** 31);

/**
 * Returns a hash's position in samples, from −2^31 to 2^31 − 1. Low bits of the hash count, too: its upper bits alone
 * choose the shard, and a sample should come from all shards.
 */
export function samplePosition(hash: number): number {
  return Math.imul(hash, SPREAD);
}

/** Returns the bound below which the positions of this share of all hashes lie. */
export function boundOf(ratio: number): number {
  return Math.min(2 ** 31 - 1, Math.round(LEAST + ratio * 2 ** 32));
}

/** Returns the share of all hashes whose positions lie below the bound. */
export function ratioOf(bound: number): number {
  return bound === 2 ** 31 - 1 ? 1 : (bound - LEAST) / 2 ** 32;
}

export class EventControl {
  readonly words: Int32Array;

  constructor(buffer: ArrayBufferLike, at: number) {
    this.words = new Int32Array(buffer, at, WORDS);
  }

  static readonly BYTES: number = WORDS * 4;

  /** Keys whose position lies below this are sampled. */
  get bound(): number {
    return this.words[BOUND]!;
  }

  set bound(bound: number) {
    this.words[BOUND] = bound;
  }

  /** One hit in so many is counted for hot keys and families. */
  get countEvery(): number {
    return this.words[COUNT_EVERY]!;
  }

  set countEvery(every: number) {
    this.words[COUNT_EVERY] = every;
  }
}
