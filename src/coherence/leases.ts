/** The largest share of a small budget that lease tokens and counts of open fills may take. */
const SMALL_SHARE = 1 / 64;
/** Enough for thousands of fills at once. Above it, the tables grow with `LARGE_SHARE` of the budget. */
const ENOUGH_BYTES = 256 * 1024;
const LARGE_SHARE = 1 / 128;
const TOKENS_LIMIT = 2 ** 20;
/** Each token has two counts of open fills, of half its size. */
const COUNTS_PER_TOKEN = 2;
const BYTES_PER_TOKEN = 4 + COUNTS_PER_TOKEN * 2;
/** 2^32 divided by the golden ratio: spreads a hash by other bits than those that pick its token. */
const SPREAD = 0x9e37_79b1;

/** The lease and epoch of its key that a fill saw when it began. Its value may be stored only while both still hold. */
export interface Fill {
  /** The key's lease token. */
  readonly lease: number;
  /** The epoch of its key. */
  readonly epoch: number;
}

/**
 * Lease tokens in shared memory (after Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013). A fill presents
 * the token that its key had when the fill began, and is refused if the token has changed since. Several keys share a
 * token, picked by their hash, so a change may refuse the fill of another key. That costs a request and breaks
 * nothing.
 *
 * Storing a fill changes the token too: of two fills open at once, nobody can tell which value is newer. To keep
 * fills of different keys from refusing each other, the token changes only when another fill may be open. A count of
 * open fills tells; keys share counts by other bits of their hash.
 *
 * 1. A begins (count 1) and is stored. No other fill is open, so the token stays.
 * 2. B of the same key begins after that. It is sent to the origin behind A's reply, so its value is newer.
 * 3. Or B begins before A is stored (count 2). A changes the token, and B is refused.
 *
 * The open fills of a dead thread stay counted. A fill then changes its token once too often.
 */
export class Leases {
  readonly #tokens: Int32Array;
  readonly #counts: Int16Array;
  readonly #countShift: number;

  /** @param count the number of tokens, from `leaseCountFor` */
  constructor(buffer: ArrayBufferLike, at: number, count: number) {
    this.#tokens = new Int32Array(buffer, at, count);
    this.#counts = new Int16Array(buffer, at + count * 4, count * COUNTS_PER_TOKEN);
    this.#countShift = 32 - Math.log2(count * COUNTS_PER_TOKEN);
  }

  /** Returns the token of the keys with this hash. */
  of(hash: number): number {
    return Atomics.load(this.#tokens, this.#tokenAt(hash));
  }

  /**
   * Whether a fill's value may be stored: the keys with this hash have not been invalidated since it began, and the
   * epoch of the key is still the fill's.
   */
  holds(hash: number, { lease, epoch }: Fill, epochNow: number): boolean {
    return this.of(hash) === lease && epoch === epochNow;
  }

  /** Refuses all open fills of the keys with this hash. */
  change(hash: number): void {
    Atomics.add(this.#tokens, this.#tokenAt(hash), 1);
  }

  /** Counts a fill that begins. @returns the token that it must present */
  begin(hash: number): number {
    // Counts first, so that every fill stored from here on sees this one.
    Atomics.add(this.#counts, this.#countAt(hash), 1);
    return this.of(hash);
  }

  /** Ends a fill that `begin` counted, stored or not. */
  end(hash: number): void {
    Atomics.sub(this.#counts, this.#countAt(hash), 1);
  }

  /** Notes that a fill was stored. A fill that was never counted is treated as if another were open. */
  stored(hash: number): void {
    if (Atomics.load(this.#counts, this.#countAt(hash)) !== 1) this.change(hash);
  }

  #tokenAt(hash: number): number {
    return hash & (this.#tokens.length - 1);
  }

  #countAt(hash: number): number {
    return Math.imul(hash, SPREAD) >>> this.#countShift;
  }
}

/** Returns the number of tokens for a budget: a power of two, so that the low bits of a hash pick a token. */
export function leaseCountFor(budgetBytes: number): number {
  const bytes = Math.max(Math.min(budgetBytes * SMALL_SHARE, ENOUGH_BYTES), budgetBytes * LARGE_SHARE);
  let count = TOKENS_LIMIT;
  while (count * BYTES_PER_TOKEN > bytes) count /= 2;
  return count;
}

export function leaseBytes(budgetBytes: number): number {
  return leaseCountFor(budgetBytes) * BYTES_PER_TOKEN;
}
