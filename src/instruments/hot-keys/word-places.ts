/** What a part at a place is, from what else has been seen there. */
export const WORD = 0;
export const ID = 1;
/** An id as of now: the place has just had too many words. */
export const NOW_ID = 2;

export interface WordPlacesOptions {
  /** Places that are remembered. At further ones every part is an id. */
  readonly places: number;
  /** A place with about so many different words has ids. */
  readonly wordsAtPlace: number;
  /** A place where nothing has been seen for so long is forgotten. */
  readonly forgetAfterMs: number;
}

export const WORD_PLACES_DEFAULTS: WordPlacesOptions = {
  places: 1024,
  wordsAtPlace: 100,
  forgetAfterMs: 3_600_000,
};

const NONE = -1;

/**
 * Counts the different words at each place in keys, in fixed memory. A place is what stands before a part in a key, as
 * a hash. The words are counted by linear counting (Whang, Vander-Zanden, Taylor, TODS 1990): a bitmap a place, some
 * 5 % off. Once a place has ids, all its words are ids, but for those that the owner keeps.
 */
export class WordPlaces {
  readonly #options: WordPlacesOptions;
  readonly #bits: number;
  /** So many bits are set when a place has had `wordsAtPlace` words. */
  readonly #bitLimit: number;
  /** Open addressing with linear probing, at most half full: rows, or `NONE`. */
  readonly #table: Int32Array;
  readonly #hashes: Int32Array;
  readonly #bitmaps: Int32Array;
  readonly #bitsSet: Int32Array;
  readonly #seenMs: Float64Array;
  readonly #kept: (readonly number[] | undefined)[] = [];
  #count = 0;
  #sweptMs = Number.NEGATIVE_INFINITY;

  constructor(options: WordPlacesOptions) {
    const { places, wordsAtPlace } = options;
    this.#options = options;
    this.#bits = Math.max(32, 2 ** Math.ceil(Math.log2(2 * wordsAtPlace)));
    this.#bitLimit = this.#bits * (1 - Math.exp(-wordsAtPlace / this.#bits));
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(2 * places))).fill(NONE);
    this.#hashes = new Int32Array(places);
    this.#bitmaps = new Int32Array((places * this.#bits) / 32);
    this.#bitsSet = new Int32Array(places);
    this.#seenMs = new Float64Array(places);
  }

  get count(): number {
    return this.#count;
  }

  /** A word stands at a place; both are hashes. @returns `WORD`, `ID` or `NOW_ID` */
  see(place: number, word: number, nowMs: number): number {
    let row = this.#find(place);
    if (row === NONE) {
      row = this.#add(place, nowMs);
      if (row === NONE) return ID;
    }
    this.#seenMs[row] = nowMs;
    if (this.#bitsSet[row]! > this.#bitLimit) return this.#kept[row]?.includes(word) ? WORD : ID;
    const bit = (Math.imul(word, 0x9e37_79b1) >>> 8) & (this.#bits - 1);
    const at = (row * this.#bits + bit) >>> 5;
    const mask = 1 << (bit & 31);
    if ((this.#bitmaps[at]! & mask) !== 0) return WORD;
    this.#bitmaps[at]! |= mask;
    return ++this.#bitsSet[row]! > this.#bitLimit ? NOW_ID : WORD;
  }

  /** These remain words, though their place has ids. */
  keep(place: number, words: readonly number[]): void {
    const row = this.#find(place);
    if (row !== NONE) this.#kept[row] = words;
  }

  #find(place: number): number {
    const mask = this.#table.length - 1;
    for (let at = place & mask; ; at = (at + 1) & mask) {
      const row = this.#table[at]!;
      if (row === NONE || this.#hashes[row] === (place | 0)) return row;
    }
  }

  #add(place: number, nowMs: number): number {
    if (this.#count === this.#options.places) this.#sweep(nowMs);
    if (this.#count === this.#options.places) return NONE;
    const row = this.#count++;
    this.#clear(row);
    this.#hashes[row] = place;
    this.#link(row);
    return row;
  }

  #link(row: number): void {
    const mask = this.#table.length - 1;
    let at = this.#hashes[row]! & mask;
    while (this.#table[at] !== NONE) at = (at + 1) & mask;
    this.#table[at] = row;
  }

  #clear(row: number): void {
    const words = this.#bits / 32;
    this.#bitmaps.fill(0, row * words, (row + 1) * words);
    this.#bitsSet[row] = 0;
    this.#seenMs[row] = 0;
    this.#kept[row] = undefined;
  }

  /** Forgets places that have not been seen lately, by moving the others together. Not more often than it can help. */
  #sweep(nowMs: number): void {
    const { forgetAfterMs } = this.#options;
    if (nowMs < this.#sweptMs + forgetAfterMs / 60) return;
    this.#sweptMs = nowMs;
    const words = this.#bits / 32;
    let to = 0;
    for (let row = 0; row < this.#count; row++) {
      if (nowMs - this.#seenMs[row]! >= forgetAfterMs) continue;
      this.#hashes[to] = this.#hashes[row]!;
      this.#bitsSet[to] = this.#bitsSet[row]!;
      this.#seenMs[to] = this.#seenMs[row]!;
      this.#kept[to] = this.#kept[row];
      this.#bitmaps.copyWithin(to * words, row * words, (row + 1) * words);
      to++;
    }
    this.#count = to;
    this.#table.fill(NONE);
    for (let row = 0; row < to; row++) this.#link(row);
  }
}
