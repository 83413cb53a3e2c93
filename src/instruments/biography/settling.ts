/** Kinds of what is settled; those of one millisecond come in this order. */
const RANKS = 3;

/** What is held back. `rank`: 0 to 2; `a`, `b`, `c`: anything. */
export type Settle = (rank: number, hash: number, atMs: number, a: number, b: number, c: number) => void;

/** Numbers of an item. */
const NUMBERS = 3;

/**
 * Puts what comes late in the order of time: each thread's events come together, and after those of others that are
 * newer. It holds everything back until something is `windowMs` newer. What comes later than that is passed on at
 * once.
 */
export class Settling {
  readonly #windowMs: number;
  readonly #capacity: number;
  readonly #settle: Settle;
  /** Of each millisecond and rank, the first and the last item, from 1; 0: none. */
  readonly #firsts: Int32Array;
  readonly #lasts: Int32Array;
  /** Of each item. Free ones are linked by `#nexts`, too. */
  readonly #nexts: Int32Array;
  readonly #hashes: Uint32Array;
  readonly #numbers: Float64Array;
  #free = 1;
  /** The time before which everything has been passed on. */
  #settledMs = 0;
  #held = 0;

  /** @param windowMs a power of two @param capacity items that are held back at most */
  constructor(windowMs: number, capacity: number, settle: Settle) {
    this.#windowMs = windowMs;
    this.#capacity = capacity;
    this.#settle = settle;
    this.#firsts = new Int32Array(windowMs * RANKS);
    this.#lasts = new Int32Array(windowMs * RANKS);
    this.#nexts = Int32Array.from({ length: capacity + 1 }, (_, item) => (item < capacity ? item + 1 : 0));
    this.#hashes = new Uint32Array(capacity + 1);
    this.#numbers = new Float64Array((capacity + 1) * NUMBERS);
  }

  add(rank: number, hash: number, timeMs: number, a: number, b: number, c: number): void {
    const atMs = Math.floor(timeMs);
    if (atMs >= this.#settledMs + this.#windowMs) this.settleBefore(atMs - this.#windowMs + 1);
    while (this.#held === this.#capacity) this.settleBefore(this.#settledMs + 1);
    if (atMs < this.#settledMs) {
      this.#settle(rank, hash, atMs, a, b, c);
      return;
    }
    const item = this.#free;
    this.#free = this.#nexts[item]!;
    this.#held++;
    this.#nexts[item] = 0;
    this.#hashes[item] = hash;
    this.#numbers[item * NUMBERS] = a;
    this.#numbers[item * NUMBERS + 1] = b;
    this.#numbers[item * NUMBERS + 2] = c;
    const list = this.#listOf(atMs, rank);
    if (this.#firsts[list] === 0) this.#firsts[list] = item;
    else this.#nexts[this.#lasts[list]!] = item;
    this.#lasts[list] = item;
  }

  /** Passes on everything from before a time. */
  settleBefore(timeMs: number): void {
    let ms = this.#held === 0 ? timeMs : this.#settledMs;
    for (; ms < timeMs && this.#held > 0; ms++) {
      for (let rank = 0; rank < RANKS; rank++) this.#pass(ms, rank);
    }
    this.#settledMs = Math.max(this.#settledMs, timeMs);
  }

  #pass(ms: number, rank: number): void {
    const list = this.#listOf(ms, rank);
    for (let item = this.#firsts[list]!; item !== 0; ) {
      const next = this.#nexts[item]!;
      const at = item * NUMBERS;
      this.#settle(
        rank,
        this.#hashes[item]!,
        ms,
        this.#numbers[at]!,
        this.#numbers[at + 1]!,
        this.#numbers[at + 2]!,
      );
      this.#nexts[item] = this.#free;
      this.#free = item;
      this.#held--;
      item = next;
    }
    this.#firsts[list] = 0;
    this.#lasts[list] = 0;
  }

  #listOf(ms: number, rank: number): number {
    return (ms % this.#windowMs) * RANKS + rank;
  }
}
