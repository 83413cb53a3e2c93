import { copyBytes } from "../../lib/byte-buffer.ts";

/** Longer keys are not remembered. */
const LONGEST_KEY_BYTES = 512;

/**
 * The keys of the latest misses by their hashes, in fixed memory: a miss is told with its key, what follows from it
 * (`answered`, `filled`) with the hash alone. A key is forgotten when another one takes its place.
 */
export class RecentKeys {
  /** The key found last is bytes[start, end); valid until the next `remember`. */
  readonly bytes: Uint8Array;
  start = 0;
  end = 0;
  readonly #hashes: Int32Array;
  /** −1: none. */
  readonly #lengths: Int32Array;
  readonly #mask: number;

  /** @param places a power of two */
  constructor(places = 2048) {
    this.bytes = new Uint8Array(places * LONGEST_KEY_BYTES);
    this.#hashes = new Int32Array(places);
    this.#lengths = new Int32Array(places).fill(-1);
    this.#mask = places - 1;
  }

  /** Remembers the key source[start, end). */
  remember(hash: number, source: Uint8Array, start: number, end: number): void {
    const place = hash & this.#mask;
    const length = end - start;
    this.#hashes[place] = hash;
    this.#lengths[place] = length <= LONGEST_KEY_BYTES ? length : -1;
    if (length <= LONGEST_KEY_BYTES) copyBytes(source, start, end, this.bytes, place * LONGEST_KEY_BYTES);
  }

  /** Finds the latest key with this hash. @returns false if it has been forgotten */
  find(hash: number): boolean {
    const place = hash & this.#mask;
    const length = this.#lengths[place]!;
    if (length < 0 || this.#hashes[place] !== (hash | 0)) return false;
    this.start = place * LONGEST_KEY_BYTES;
    this.end = this.start + length;
    return true;
  }
}
