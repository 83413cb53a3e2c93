import { mix32 } from "../lib/hash.ts";

/** Four-bit counters, eight a word, in blocks of sixteen words: one cache line. */
const BLOCK_BITS = 4;
const COUNTER_BITS = 2;
const COUNTER_LIMIT = 15;
const ROWS = 4;
const ROW_WORD_BITS = 2;

/** Words before the counters: additions, halved with them; how many blocks are to be halved. */
const HEADER_WORDS = 2;
const UNHALVED_BLOCKS = 1;
/** No more of them are counted. */
const ADDITIONS_LIMIT = 2 ** 31 - 1;

/** Blocks that are halved at a time: what bounds how long that takes. */
const BLOCKS_PER_HALVING = 4096;

/**
 * Estimates how often a key hash was seen of late, up to 15 times: a count-min sketch whose four counters for a
 * hash lie in one block, one in each of its four rows. Halving all counters now and then makes old times fade.
 * Zeroed memory has seen nothing.
 *
 * G. Cormode, S. Muthukrishnan, "An improved data stream summary: the count-min sketch and its applications",
 * Journal of Algorithms 55(1), 2005; four-bit counters and halving as in G. Einziger, R. Friedman, B. Manes,
 * "TinyLFU: a highly efficient cache admission policy", ACM Transactions on Storage 13(4), 2017; the blocks of
 * one cache line follow F. Putze, P. Sanders, J. Singler, "Cache-, hash- and space-efficient Bloom filters", WEA 2007.
 *
 * The object holds no state of its own: any number of them may stand for one sketch.
 */
export class FrequencySketch {
  readonly #state: Int32Array;
  readonly #at: number;
  readonly #counters: number;
  readonly #blockMask: number;

  /** @param at where the sketch lies in `state`; it takes `FrequencySketch.words(maxEntries)` */
  constructor(state: Int32Array, at: number, maxEntries: number) {
    this.#state = state;
    this.#at = at;
    this.#counters = at + HEADER_WORDS;
    this.#blockMask = (counterWords(maxEntries) >>> BLOCK_BITS) - 1;
  }

  /** Words of `state` taken by a sketch for a cache of so many entries. */
  static words(maxEntries: number): number {
    return HEADER_WORDS + counterWords(maxEntries);
  }

  /** Additions since the beginning, halved whenever the counters are; those that found all counters full count, too. */
  additions(): number {
    return this.#state[this.#at]!;
  }

  /** Counts one more sight of a hash. */
  add(hash: number): void {
    const state = this.#state;
    const mixed = mix32(hash);
    const block = this.#counters + ((mixed & this.#blockMask) << BLOCK_BITS);
    let picks = mix32(mixed ^ 0x9e37_79b9);
    for (let row = 0; row < ROWS; row++) {
      const at = block + (row << ROW_WORD_BITS) + (picks & 3);
      const shift = ((picks >>> 2) & 7) << COUNTER_BITS;
      const word = state[at]!;
      if (((word >>> shift) & COUNTER_LIMIT) !== COUNTER_LIMIT) {
        state[at] = (word + (1 << shift)) | 0;
      }
      picks >>>= 8;
    }
    if (state[this.#at]! < ADDITIONS_LIMIT) state[this.#at]!++;
  }

  /** About how often a hash was seen, from 0 to 15; rather too often than too rarely. */
  estimate(hash: number): number {
    const state = this.#state;
    const mixed = mix32(hash);
    const block = this.#counters + ((mixed & this.#blockMask) << BLOCK_BITS);
    let picks = mix32(mixed ^ 0x9e37_79b9);
    let least = COUNTER_LIMIT;
    for (let row = 0; row < ROWS; row++) {
      const word = state[block + (row << ROW_WORD_BITS) + (picks & 3)]!;
      const count = (word >>> (((picks >>> 2) & 7) << COUNTER_BITS)) & COUNTER_LIMIT;
      if (count < least) least = count;
      picks >>>= 8;
    }
    return least;
  }

  /**
   * Halves every counter once there were so many additions since the last time, half of which are taken to have
   * been before it; else goes on with a halving that has begun. To be called at every addition that matters: however
   * many there were since the last call, counters are halved once.
   */
  ageEvery(additions: number): void {
    if (this.additions() < Math.min(additions, ADDITIONS_LIMIT)) {
      this.ageOn();
      return;
    }
    this.halve();
    this.#state[this.#at] = Math.min(this.additions(), Math.floor(additions / 2));
  }

  /** Halves every counter, rounding down: those of the first blocks now, the others in calls of `ageOn`. */
  halve(): void {
    const state = this.#state;
    // Where the sketch is so large that the last halving is not over yet, it is taken for this one.
    if (state[this.#at + UNHALVED_BLOCKS] === 0) state[this.#at + UNHALVED_BLOCKS] = this.#blockMask + 1;
    state[this.#at]! >>>= 1;
    this.ageOn();
  }

  /** Goes on with a halving that has begun. */
  ageOn(): void {
    const state = this.#state;
    const unhalved = state[this.#at + UNHALVED_BLOCKS]!;
    if (unhalved === 0) return;
    const left = Math.max(0, unhalved - BLOCKS_PER_HALVING);
    const end = this.#counters + (unhalved << BLOCK_BITS);
    for (let at = this.#counters + (left << BLOCK_BITS); at < end; at++) {
      state[at] = (state[at]! >>> 1) & 0x7777_7777;
    }
    state[this.#at + UNHALVED_BLOCKS] = left;
  }
}

/** Sixteen counters an entry, rounded up to a power of two. */
function counterWords(maxEntries: number): number {
  return 2 ** Math.max(BLOCK_BITS, Math.ceil(Math.log2(2 * maxEntries)));
}
