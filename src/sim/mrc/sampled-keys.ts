/** The share of the objects that a full sample drops at once: those with the greatest hashes. */
const GIVEN_UP = 1 / 8;

/**
 * The keys of a sample of bounded size. When it is full, it lowers the bound below which hashes belong to it, and
 * drops the objects beyond. Takes 20 to 28 bytes for each object that it has room for.
 */
export class SampledKeys {
  readonly #limit: number;
  readonly #hash: Float64Array;
  readonly #low: Uint32Array;
  readonly #high: Uint32Array;
  /** Open addressing by hash: object numbers; 0 if free. */
  readonly #table: Uint32Array;
  readonly #free: number[] = [];
  #count = 0;

  /** Hashes below this belong to the sample. */
  bound = 2 ** 32;

  /** @param limit the most objects, at least 1 */
  constructor(limit: number) {
    this.#limit = limit;
    this.#hash = new Float64Array(limit + 1).fill(-1);
    this.#low = new Uint32Array(limit + 1);
    this.#high = new Uint32Array(limit + 1);
    this.#table = new Uint32Array(2 ** Math.ceil(Math.log2(2 * (limit + 1))));
    for (let object = limit; object > 0; object--) this.#free.push(object);
  }

  /** The share of all keys that belongs to the sample. */
  get rate(): number {
    return this.bound / 2 ** 32;
  }

  get objects(): number {
    return this.#count;
  }

  /**
   * Returns the number of a key's object, from 1 to the limit; 0 if it does not belong to the sample.
   * @param giveUp called with every object that is dropped; its number is free from then on
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

  /** Uses the lowest bits: the upper ones are all alike after the bound has been lowered. */
  #slotOf(hash: number): number {
    return hash & (this.#table.length - 1);
  }

  #after(at: number): number {
    return (at + 1) & (this.#table.length - 1);
  }
}
