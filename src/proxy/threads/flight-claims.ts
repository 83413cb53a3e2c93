/** The result of `claim` if this thread now has the flight. */
export const CLAIMED = -1;
/** The result of `claim` if no other thread can be waited for and nothing was claimed. */
export const UNCLAIMED = -2;

/** A power of two, large enough that two flights seldom use the same word. */
const WORDS = 16_384;
const FINGERPRINT = 0xffff_0000;
const HOLDER = 0xffff;

/**
 * Which thread is asking the origin for which key, in shared memory. A thread that misses a key waits for another
 * thread that is already asking for it. Each word holds the thread (from 1; 0: none) and some bits of the key's hash.
 * Two keys can have the same hash, so a waiting thread must check the result.
 */
export class FlightClaims {
  readonly #words: Int32Array;
  readonly #holder: number;

  /** @param index this thread's number, below 65,535 */
  constructor(buffer: SharedArrayBuffer, index: number) {
    this.#words = new Int32Array(buffer);
    this.#holder = index + 1;
  }

  static createBuffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORDS * 4);
  }

  /** Removes the claims of a dead thread. */
  static forget(buffer: SharedArrayBuffer, index: number): void {
    const words = new Int32Array(buffer);
    for (let at = 0; at < words.length; at++) {
      const word = Atomics.load(words, at);
      if ((word & HOLDER) === index + 1) Atomics.compareExchange(words, at, word, 0);
    }
  }

  /** @returns CLAIMED; the number of another thread that asks for the key; or UNCLAIMED */
  claim(hash: number): number {
    const fingerprint = hash & FINGERPRINT;
    const found = Atomics.compareExchange(this.#words, hash & (WORDS - 1), 0, fingerprint | this.#holder);
    if (found === 0) return CLAIMED;
    const holder = found & HOLDER;
    return holder === this.#holder || (found & FINGERPRINT) !== fingerprint ? UNCLAIMED : holder - 1;
  }

  /** Removes the claim of a flight that has ended. */
  release(hash: number): void {
    const word = (hash & FINGERPRINT) | this.#holder;
    Atomics.compareExchange(this.#words, hash & (WORDS - 1), word, 0);
  }
}
