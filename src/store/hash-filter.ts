/** Bits for each hash: of hashes that were not added, about one in `BITS_PER_HASH` seems to be there. */
const BITS_PER_HASH = 32;

/** Remembers hashes, in four bytes each. Sometimes it takes a hash for one that was added; never the other way. */
export class HashFilter {
  readonly #bits: Uint32Array;
  readonly #mask: number;

  /** @param count how many hashes will be added, about */
  constructor(count: number) {
    const bits = 2 ** Math.ceil(Math.log2(Math.max(1, count) * BITS_PER_HASH));
    this.#bits = new Uint32Array(bits / 32);
    this.#mask = bits - 1;
  }

  add(hash: number): void {
    const bit = hash & this.#mask;
    this.#bits[bit >>> 5]! |= 1 << (bit & 31);
  }

  has(hash: number): boolean {
    const bit = hash & this.#mask;
    return (this.#bits[bit >>> 5]! & (1 << (bit & 31))) !== 0;
  }
}
