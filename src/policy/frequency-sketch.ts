import { mix32 } from "../lib/hash.ts";

/** Four-bit counters, eight to a word, in blocks of sixteen words: one cache line. */
const BLOCK_BITS = 4;
const COUNTER_BITS = 2;
const COUNTER_LIMIT = 15;
const ROWS = 4;
const ROW_WORD_BITS = 2;
/** The lowest bit of every counter in a word. */
const ODD_BITS = 0x1111_1111;

/** The entries that one block serves. */
const LEAST_ENTRIES = 8;

/** Words before the counters: additions, blocks still to be halved, and two for a halving in progress. */
const HEADER_WORDS = 4;
const UNHALVED_BLOCKS = 1;
/** Odd counters that the halving has found so far. */
const ODD_COUNTERS = 2;
/** Additions when the halving began. */
const ADDITIONS_BEFORE = 3;

/** Blocks to halve in one call, if the sketch halves in pieces. */
const BLOCKS_PER_HALVING = 4096;

/**
 * Estimates how often a key hash was seen recently, up to 15 times. A count-min sketch: the four counters of a hash
 * lie in one block, one in each of its four rows. Halving all counters from time to time makes old sightings fade.
 * Zeroed memory has seen nothing. The object holds no state of its own, so several can share one sketch.
 *
 * G. Cormode, S. Muthukrishnan, "An improved data stream summary: the count-min sketch and its applications", Journal
 * of Algorithms 55(1), 2005; four-bit counters and halving as in G. Einziger, R. Friedman, B. Manes, "TinyLFU: a
 * highly efficient cache admission policy", ACM Transactions on Storage 13(4), 2017; the blocks of one cache line
 * follow F. Putze, P. Sanders, J. Singler, "Cache-, hash- and space-efficient Bloom filters", WEA 2007. Size and
 * ageing follow Caffeine's sketch (`policies/w-tinylfu.ts` names the version).
 */
export class FrequencySketch {
  readonly #state: Int32Array;
  readonly #at: number;
  readonly #counters: number;
  readonly #blockMask: number;
  readonly #blocksAtOnce: number;

  /**
   * @param at start of the sketch in `state`; it takes `FrequencySketch.words(maxEntries)`
   * @param halvesInPieces whether a large sketch is halved a piece at a time, so that no call takes long
   */
  constructor(state: Int32Array, at: number, maxEntries: number, halvesInPieces: boolean) {
    this.#state = state;
    this.#at = at;
    this.#counters = at + HEADER_WORDS;
    this.#blockMask = (counterWords(maxEntries) >>> BLOCK_BITS) - 1;
    this.#blocksAtOnce = halvesInPieces ? BLOCKS_PER_HALVING : this.#blockMask + 1;
  }

  /** Words of `state` that a sketch for this many entries takes. */
  static words(maxEntries: number): number {
    return HEADER_WORDS + counterWords(maxEntries);
  }

  /**
   * Additions so far, minus what halvings took away. An addition that found all four counters full does not count.
   */
  additions(): number {
    return this.#state[this.#at]!;
  }

  /**
   * Counts one more sighting of a hash.
   * @returns whether at least one of its counters had room for it
   */
  add(hash: number): boolean {
    const state = this.#state;
    const mixed = mix32(hash);
    const block = this.#counters + ((mixed & this.#blockMask) << BLOCK_BITS);
    let picks = mix32(mixed ^ 0x9e37_79b9);
    let grown = 0;
    for (let row = 0; row < ROWS; row++) {
      const at = block + (row << ROW_WORD_BITS) + (picks & 3);
      const shift = ((picks >>> 2) & 7) << COUNTER_BITS;
      const word = state[at]!;
      if (((word >>> shift) & COUNTER_LIMIT) !== COUNTER_LIMIT) {
        state[at] = (word + (1 << shift)) | 0;
        grown = 1;
      }
      picks >>>= 8;
    }
    state[this.#at]! += grown;
    return grown === 1;
  }

  /** Estimates how often a hash was seen, from 0 to 15. The estimate is more often too high than too low. */
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
   * Halves every counter, rounding down. Corrects the additions: subtracts a quarter of the counters that lose their
   * last bit, because each addition is in four counters, and halves the rest. If the sketch halves in pieces, this
   * call halves the first piece and `ageOn` the others.
   */
  halve(): void {
    const state = this.#state;
    const at = this.#at;
    // If the last halving is not over yet, continue it.
    if (state[at + UNHALVED_BLOCKS] === 0) {
      state[at + UNHALVED_BLOCKS] = this.#blockMask + 1;
      state[at + ODD_COUNTERS] = 0;
      state[at + ADDITIONS_BEFORE] = state[at]!;
    }
    this.ageOn();
  }

  /** Continues a halving in progress. */
  ageOn(): void {
    const unhalved = this.#state[this.#at + UNHALVED_BLOCKS]!;
    if (unhalved !== 0) this.#halveBlocks(unhalved, Math.max(0, unhalved - this.#blocksAtOnce));
  }

  /** Halves blocks from number `unhalved` − 1 down to number `left`. */
  #halveBlocks(unhalved: number, left: number): void {
    const state = this.#state;
    const at = this.#at;
    const end = this.#counters + (unhalved << BLOCK_BITS);
    let odd = 0;
    for (let word = this.#counters + (left << BLOCK_BITS); word < end; word++) {
      const counters = state[word]!;
      odd += nibbleSum(counters & ODD_BITS);
      state[word] = (counters >>> 1) & 0x7777_7777;
    }
    state[at + UNHALVED_BLOCKS] = left;
    odd += state[at + ODD_COUNTERS]!;
    state[at + ODD_COUNTERS] = odd;
    if (left > 0) return;
    const before = state[at + ADDITIONS_BEFORE]!;
    state[at] = state[at]! - before + Math.max(0, (before - (odd >>> 2)) >> 1);
  }
}

/** The sum of a word's eight counters, if it is less than 16. */
function nibbleSum(word: number): number {
  return Math.imul(word, ODD_BITS) >>> 28;
}

/** Sixteen counters an entry, rounded up to a power of two. */
function counterWords(maxEntries: number): number {
  return 2 * sketchEntries(maxEntries);
}

/**
 * The number of entries a sketch is made for: a power of two, at least eight (one block).
 * @param entries at most 2^30
 */
export function sketchEntries(entries: number): number {
  return 1 << (32 - Math.clz32(Math.max(LEAST_ENTRIES, Math.ceil(entries)) - 1));
}
