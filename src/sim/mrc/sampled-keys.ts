/** Of a full sample, this share of its objects is given up at once: those of the greatest hashes. */
const GIVEN_UP = 1 / 8;

/**
 * The keys of a sample that has room for so many and no more. When it is full, the bound below which hashes belong
 * to it is lowered, and objects beyond the bound are given up. Takes 20 to 28 bytes for each object there is room for.
 */
export class SampledKeys {
  readonly #limit: number;
  readonly #hash: Float64Array;
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  /** Open addressing by hash: object numbers, 0: free. */
  readonly #table: Uint32Array;
  readonly #free: number[] = [];
  #count = 0;

  /** Hashes below it belong to the sample. */
  bound = 2 ** 32;

  /** @param limit how many objects at most, at least 1 */
  constructor(limit: number) {
    this.#limit = limit;
    this.#hash = new Float64Array(limit + 1).fill(-1);
    this.#low = new Uint32Array(limit + 1);
    this.#high = new Uint32Array(limit + 1);
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * (limit + 1))));
    for (let object = limit; object > 0; object--) this.#free.push(object);
  }

  /** What share of all keys belongs to it. */
  get rate(): number {
    return this.bound / 2 ** 32;
  }

  get objects(): number {
    return this.#count;
  }

  /**
   * The number of a key's object, from 1 to the limit; 0 if it does not belong to the sample.
   * @param giveUp told of every object whose number is free from now on
   */
  numberOf(low: number, high: number, hash: number, giveUp: (object: number) => void): number {
    if (hash >= this.bound) return 0;
    let at = this.#slotOf(hash);
    for (; this.#table[at] !== 0; at = this.#after(at)) {
      const object = this.#table[at]!;
      if (this.#low[object] === low && this.#high[object] === high) return object;
    }
    if (this.#count === this.#limit) {
      this.#lower(giveUp);
      return this.numberOf(low, high, hash, giveUp);
    }
    const object = this.#free.pop()!;
    this.#count++;
    this.#hash[object] = hash;
    this.#low[object] = low;
    this.#high[object] = high;
    this.#table[at] = object;
    return object;
  }

  #lower(giveUp: (object: number) => void): void {
    const hashes = this.#hash.slice(1).sort();
    this.bound = hashes[Math.min(this.#limit - 1, Math.floor(this.#limit * (1 - GIVEN_UP)))]!;
    this.#table.fill(0);
    for (let object = 1; object <= this.#limit; object++) {
      const hash = this.#hash[object]!;
      if (hash >= this.bound) {
        this.#free.push(object);
        this.#count--;
        giveUp(object);
        continue;
      }
      let at = this.#slotOf(hash);
      while (this.#table[at] !== 0) at = this.#after(at);
      this.#table[at] = object;
    }
  }

  /** The lowest bits: the upper ones are alike in what is left of a sample. */
  #slotOf(hash: number): number {
    return hash & (this.#table.length - 1);
  }

  #after(at: number): number {
    return (at + 1) & (this.#table.length - 1);
  }
}
