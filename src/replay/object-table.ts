import { assert } from "../lib/assert.ts";

/** Words of an entry: the object's number (0: free) and the two halves of its key. */
const ENTRY_WORDS = 3;
const KEY_LOW = 1;
const KEY_HIGH = 2;

const FIRST_BITS = 12;
/** The table doubles when more than this share of its entries is in use. */
const LOAD_LIMIT = 5 / 8;

/** Most objects; the two bits above are free for code that stores numbers. */
export const OBJECT_LIMIT = 2 ** 30 - 1;

/**
 * Numbers 64-bit keys from 1 in order of first appearance; simulations index by these numbers. A hash table with
 * linear probing that contains the keys. Takes 19 to 38 bytes per object, and half of that again while it grows.
 */
export class ObjectTable {
  #bits = FIRST_BITS;
  #entries: Uint32Array = new Uint32Array(2 ** FIRST_BITS * ENTRY_WORDS);
  #objects = 0;

  /** The number of keys seen, which is the greatest number. */
  get objects(): number {
    return this.#objects;
  }

  /**
   * Writes the number of each of the first `count` keys to `numbers`.
   * @throws RangeError if there are more than 2^30 − 1 objects
   */
  number(keyLow: Uint32Array, keyHigh: Uint32Array, count: number, numbers: Uint32Array): void {
    assert(count <= numbers.length, "there is no room for the numbers");
    while (this.#objects + count > 2 ** this.#bits * LOAD_LIMIT) this.#grow();
    const shift = 32 - this.#bits;
    this.#objects = numberKeys(this.#entries, shift, this.#objects, keyLow, keyHigh, count, numbers);
    if (this.#objects > OBJECT_LIMIT) {
      throw new RangeError(`the trace has more than ${OBJECT_LIMIT.toLocaleString("en")} objects`);
    }
  }

  #grow(): void {
    const old = this.#entries;
    this.#bits++;
    const entries = new Uint32Array(2 ** this.#bits * ENTRY_WORDS);
    const shift = 32 - this.#bits;
    for (let from = 0; from < old.length; from += ENTRY_WORDS) {
      if (old[from] === 0) continue;
      let at = hashKey(old[from + KEY_LOW]!, old[from + KEY_HIGH]!, shift) * ENTRY_WORDS;
      while (entries[at] !== 0) at = at + ENTRY_WORDS === entries.length ? 0 : at + ENTRY_WORDS;
      entries[at] = old[from]!;
      entries[at + KEY_LOW] = old[from + KEY_LOW]!;
      entries[at + KEY_HIGH] = old[from + KEY_HIGH]!;
    }
    this.#entries = entries;
  }
}

/** @returns the number of objects now */
function numberKeys(
  entries: Uint32Array,
  shift: number,
  objects: number,
  keyLow: Uint32Array,
  keyHigh: Uint32Array,
  count: number,
  numbers: Uint32Array,
): number {
  const end = entries.length;
  for (let i = 0; i < count; i++) {
    const low = keyLow[i]!;
    const high = keyHigh[i]!;
    let at = hashKey(low, high, shift) * ENTRY_WORDS;
    for (;;) {
      const number = entries[at]!;
      if (number === 0) {
        entries[at] = ++objects;
        entries[at + KEY_LOW] = low;
        entries[at + KEY_HIGH] = high;
        numbers[i] = objects;
        break;
      }
      if (entries[at + KEY_LOW] === low && entries[at + KEY_HIGH] === high) {
        numbers[i] = number;
        break;
      }
      at += ENTRY_WORDS;
      if (at === end) at = 0;
    }
  }
  return objects;
}

/** Hashes both halves by multiplication. The upper bits are the best ones. */
function hashKey(low: number, high: number, shift: number): number {
  const mixed = low ^ Math.imul(high, 0x85eb_ca6b);
  return Math.imul(mixed ^ (mixed >>> 15), 0x9e37_79b1) >>> shift;
}
