/** All lease tokens and counts of open fills take at most this share of a small budget. */
const SMALL_SHARE = 1 / 64;
/** Enough for thousands of fills at once; beyond it, they grow with this share of the budget. */
const ENOUGH_BYTES = 256 * 1024;
const LARGE_SHARE = 1 / 128;
const TOKENS_LIMIT = 2 ** 20;
/** Counts of open fills for each token, at half the size. */
const COUNTS_PER_TOKEN = 2;
const BYTES_PER_TOKEN = 4 + COUNTS_PER_TOKEN * 2;
/** 2^32 divided by the golden ratio: spreads a hash by other bits than those that pick its token. */
const SPREAD = 0x9e37_79b1;

/** What a fill noted when it began: its value may be stored while both still hold. */
export interface Fill {
  /** The key's lease token. */
  readonly lease: number;
  /** The cache's epoch. */
  readonly epoch: number;
}

/**
 * Lease tokens, in shared memory (after Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013): a fill presents the
 * token that its key had when it was begun, and is refused where that has changed since. Keys share tokens by their
 * hash, so a change may refuse the fill of another key; that costs a request and breaks nothing.
 *
 * A fill that was stored changes the token too, for of two that are open at once nobody can tell which value is the
 * newer. So that many fills of different keys do not refuse each other, it does so only where another one may be open.
 * That is told by a count of open fills, which keys share by other bits of their hash:
 *
 * 1. A begins (count 1), and is stored: no other is open, the token stays.
 * 2. B of the same key begins after that. It is sent to the origin behind A's reply, so it is the newer one.
 * 3. Or B begins before A is stored (count 2): A changes the token, and B is refused.
 *
 * A thread that dies leaves its open fills counted. Then a fill changes its token once too often.
 */
export class Leases {
  readonly #tokens: Int32Array;
  readonly #counts: Int16Array;
  readonly #countShift: number;

  /** @param count of tokens, a power of two, as `leaseCountFor` gives it */
  constructor(buffer: ArrayBufferLike, at: number, count: number) {
    this.#tokens = new Int32Array(buffer, at, count);
    this.#counts = new Int16Array(buffer, at + count * 4, count * COUNTS_PER_TOKEN);
    this.#countShift = 32 - Math.log2(count * COUNTS_PER_TOKEN);
  }

  /** The token of the keys with this hash. */
  of(hash: number): number {
    return Atomics.load(this.#tokens, this.#tokenAt(hash));
  }

  /** Refuses all fills of these keys that are open. */
  change(hash: number): void {
    Atomics.add(this.#tokens, this.#tokenAt(hash), 1);
  }

  /** A fill begins. @returns the token that it must present */
  begin(hash: number): number {
    // Counted first: whoever stores a value after this is known to have seen it.
    Atomics.add(this.#counts, this.#countAt(hash), 1);
    return this.of(hash);
  }

  /** A fill that `begin` has begun is over, whatever came of it. */
  end(hash: number): void {
    Atomics.sub(this.#counts, this.#countAt(hash), 1);
  }

  /** A fill has been stored. Fills that were not counted count as open, too. */
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

/** A power of two, so that a token is picked by the low bits of a hash. */
export function leaseCountFor(budgetBytes: number): number {
  const bytes = Math.max(Math.min(budgetBytes * SMALL_SHARE, ENOUGH_BYTES), budgetBytes * LARGE_SHARE);
  let count = TOKENS_LIMIT;
  while (count * BYTES_PER_TOKEN > bytes) count /= 2;
  return count;
}

export function leaseBytes(budgetBytes: number): number {
  return leaseCountFor(budgetBytes) * BYTES_PER_TOKEN;
}
