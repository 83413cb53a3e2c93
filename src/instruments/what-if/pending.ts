/** Beyond this many keys, times to live are forgotten. */
const LIMIT = 100_000;

interface Waiting {
  reads: number;
  keyBytes: number;
}

/** Reads of sampled keys that wait for the origin's answer, and until when values live. */
export class Pending {
  readonly #waiting = new Map<number, Waiting>();
  /** Expiry times of keys that have one. */
  readonly #expiries = new Map<number, number>();

  /** Forgets the reads that wait. */
  clear(): void {
    this.#waiting.clear();
  }

  missed(hash: number, keyBytes: number): void {
    const waiting = this.#waiting.get(hash);
    if (waiting !== undefined) {
      waiting.reads++;
      return;
    }
    // A lost record must not let this grow.
    if (this.#waiting.size >= LIMIT) this.#waiting.clear();
    this.#waiting.set(hash, { reads: 1, keyBytes });
  }

  /**
   * A read has its value.
   * @param remainingMs the value's time to live; negative: none
   * @returns the length of the key; −1: no such read is known
   */
  answered(hash: number, atMs: number, remainingMs: number): number {
    if (remainingMs >= 0) {
      if (this.#expiries.size >= LIMIT) this.#expiries.clear();
      this.#expiries.set(hash, atMs + remainingMs);
    } else if (this.#expiries.size > 0) {
      this.#expiries.delete(hash);
    }
    const waiting = this.#waiting.get(hash);
    if (waiting === undefined) return -1;
    if (--waiting.reads === 0) this.#waiting.delete(hash);
    return waiting.keyBytes;
  }

  /** The key has no value. @returns how many reads waited for it */
  absent(hash: number): number {
    const reads = this.#waiting.get(hash)?.reads ?? 0;
    this.#waiting.delete(hash);
    return reads;
  }

  /** Returns the remaining time to live of a key's value; 0: none is known. */
  ttlOf(hash: number, nowMs: number): number {
    if (this.#expiries.size === 0) return 0;
    const expiresAtMs = this.#expiries.get(hash);
    return expiresAtMs === undefined ? 0 : Math.max(1, expiresAtMs - nowMs);
  }
}
