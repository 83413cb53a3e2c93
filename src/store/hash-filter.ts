import { mix32 } from "../lib/hash.ts";

const BITS_PER_HASH = 32;
const LEAST_BITS = 8192;
/** With so many bits set for each hash, one of 5,000 hashes that were not added seems to be there. */
const PROBES = 4;

/**
 * Remembers hashes, in four bytes each: a Bloom filter (Bloom, CACM 1970). Sometimes it takes a hash for one that was
 * added; never the other way.
 */
export class HashFilter {
  readonly #bits: Uint32Array;
  readonly #mask: number;

  /** @param count how many hashes will be added, about */
  constructor(count: number) {
    const bits = 2 ** Math.ceil(Math.log2(Math.max(LEAST_BITS, count * BITS_PER_HASH)));
    this.#bits = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
  }

  add(hash: number): void {
    const step = mix32(hash) | 1;
    for (let probe = 0, at = hash; probe < PROBES; probe++, at += step) {
      const bit = at & this.#mask;
      this.#bits[bit >>> 5]! |= 1 << (bit & 31);
    }
  }

  has(hash: number): boolean {
    const step = mix32(hash) | 1;
    for (let probe = 0, at = hash; probe < PROBES; probe++, at += step) {
      const bit = at & this.#mask;
      if ((this.#bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}
