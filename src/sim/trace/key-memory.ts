const FIRST_BITS = 10;
/** 2^22 places of 32 bytes, of which 5/8 are used: 128 MiB. Further keys are not remembered. */
const LAST_BITS = 22;
const LOAD_LIMIT = 5 / 8;

/**
 * A place as 32-bit words: the key's halves, its database, its state. After them, as 64-bit numbers: size and expiry.
 */
const WORDS = 8;
const KEY_HIGH = 1;
const DATABASE = 2;
const STATE = 3;
const NUMBERS = 4;
const SIZE = 2;
const EXPIRY = 3;

/** Bits of a key's state: the place is in use; the key exists, it does not (neither: unknown); caches may hold it. */
const IN_USE = 1;
export const NOTHING_KNOWN = IN_USE;
export const EXISTS = 2;
export const ABSENT = 4;
export const MAY_BE_CACHED = 8;

/**
 * Remembers for each key what the commands of a trace have shown: the size of its value, when it expires, whether it
 * exists. A bounded hash table with linear probing; a place lies within one line of the processor's cache. A place is
 * valid until the next call of `placeOf`.
 */
export class KeyMemory {
  #bits = FIRST_BITS;
  #words = new Uint32Array(2 ** FIRST_BITS * WORDS);
  #numbers = new Float64Array(this.#words.buffer);
  #count = 0;

  /** @returns the key's place; -1 if there is no room for another key */
  placeOf(low: number, high: number, database: number): number {
    let place = find(this.#words, this.#bits, low, high, database);
    if (this.#words[place * WORDS + STATE] !== 0) return place;
    if (this.#count >= 2 ** this.#bits * LOAD_LIMIT) {
      if (this.#bits === LAST_BITS) return -1;
      this.#grow();
      place = find(this.#words, this.#bits, low, high, database);
    }
    this.#count++;
    const at = place * WORDS;
    this.#words[at] = low;
    this.#words[at + KEY_HIGH] = high;
    this.#words[at + DATABASE] = database;
    this.#words[at + STATE] = IN_USE;
    this.#numbers[place * NUMBERS + EXPIRY] = Number.POSITIVE_INFINITY;
    return place;
  }

  stateOf(place: number): number {
    return this.#words[place * WORDS + STATE]!;
  }

  /** Clears some bits of a key's state and sets others. */
  changeState(place: number, taken: number, added: number): void {
    const at = place * WORDS + STATE;
    this.#words[at] = (this.#words[at]! & ~taken) | added;
  }

  /** In bytes; 0 if unknown. */
  sizeOf(place: number): number {
    return this.#numbers[place * NUMBERS + SIZE]!;
  }

  setSize(place: number, bytes: number): void {
    this.#numbers[place * NUMBERS + SIZE] = bytes;
  }

  /** On the trace's clock; `Infinity` if it does not expire. */
  expiryOf(place: number): number {
    return this.#numbers[place * NUMBERS + EXPIRY]!;
  }

  setExpiry(place: number, timeMs: number): void {
    this.#numbers[place * NUMBERS + EXPIRY] = timeMs;
  }

  /** Calls `visit` with every key of a database, or of all databases. */
  forEach(database: number | undefined, visit: (place: number, low: number, high: number) => void): void {
    const words = this.#words;
    for (let place = 0; place < 2 ** this.#bits; place++) {
      const at = place * WORDS;
      if (words[at + STATE] === 0 || (database !== undefined && words[at + DATABASE] !== database)) continue;
      visit(place, words[at]!, words[at + KEY_HIGH]!);
    }
  }

  #grow(): void {
    const old = this.#words;
    this.#bits++;
    this.#words = new Uint32Array(2 ** this.#bits * WORDS);
    this.#numbers = new Float64Array(this.#words.buffer);
    for (let from = 0; from < old.length; from += WORDS) {
      if (old[from + STATE] === 0) continue;
      const [low, high, database] = [old[from]!, old[from + KEY_HIGH]!, old[from + DATABASE]!];
      const place = find(this.#words, this.#bits, low, high, database);
      this.#words.set(old.subarray(from, from + WORDS), place * WORDS);
    }
  }
}

/** Returns the place that a key has, or would get. */
function find(words: Uint32Array, bits: number, low: number, high: number, database: number): number {
  const mixed = low ^ Math.imul(high, 0x85eb_ca6b);
  let at = (Math.imul(mixed ^ (mixed >>> 15), 0x9e37_79b1) >>> (32 - bits)) * WORDS;
  while (
    words[at + STATE] !== 0 &&
    (words[at] !== low || words[at + KEY_HIGH] !== high || words[at + DATABASE] !== database)
  ) {
    at = at + WORDS === words.length ? 0 : at + WORDS;
  }
  return at / WORDS;
}
