/** Bits of the filter, for at most 1,000 keys: one other key in 66 passes it, and the reader tells them apart. */
const FILTER_BITS = 2 ** 16;

/**
 * Which keys are watched, by hash, in shared memory. Any thread asks, one thread sets. A key that is not watched passes
 * with a small probability.
 */
export class WatchFilter {
  static readonly BYTES: number = 4 + FILTER_BITS / 8;
  readonly #words: Int32Array;

  constructor(buffer: ArrayBufferLike, at: number) {
    this.#words = new Int32Array(buffer, at, 1 + FILTER_BITS / 32);
  }

  /** Whether a key with this hash may be watched. */
  mayHave(hash: number): boolean {
    const words = this.#words;
    return words[0] !== 0 && (words[1 + (hash & 0x7ff)]! & (1 << (hash >>> 27))) !== 0;
  }

  /** Watches the keys with these hashes, and no others. */
  set(hashes: Iterable<number>): void {
    const words = this.#words;
    words[0] = 0;
    words.fill(0, 1);
    let count = 0;
    for (const hash of hashes) {
      words[1 + (hash & 0x7ff)]! |= 1 << (hash >>> 27);
      count++;
    }
    words[0] = count;
  }
}
