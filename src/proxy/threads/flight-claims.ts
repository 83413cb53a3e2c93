/** What `claim` answers when the flight is this thread's now. */
export const CLAIMED = -1;
/** What `claim` answers when there is nobody to wait for, and nothing was claimed either. */
export const UNCLAIMED = -2;

/** A power of two. So many that two flights seldom want the same word. */
const WORDS = 16_384;
const FINGERPRINT = 0xffff_0000;
const HOLDER = 0xffff;

/**
 * Which thread asks the origin for which key at this moment, in shared memory: a thread that misses what another is
 * asking for already waits for that one. Each word holds the thread (from 1; 0: nobody) and some bits of the key's
 * hash. It may be wrong about a key, as two can have the same hash: who waits must look at what has come of it.
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

  /** A thread has died: nobody shall wait for it. */
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

  /** The flight that claimed it has ended. */
  release(hash: number): void {
    const word = (hash & FINGERPRINT) | this.#holder;
    Atomics.compareExchange(this.#words, hash & (WORDS - 1), word, 0);
  }
}
