import { assert } from "../lib/assert.ts";

/** Words of a ghost: its key hash, its weight, the ghost before and after it in the queue, the next in its bucket. */
const GHOST_WORDS = 5;
const HASH = 0;
const WEIGHT = 1;
const BEFORE = 2;
const AFTER = 3;
const CHAIN = 4;

const OLDEST = 0;
const NEWEST = 1;
/** Head of the list of ghosts given back, linked by `AFTER`. */
const FREE = 2;
/** Ghosts handed out so far that never came back. */
const FRESH = 3;
const COUNT = 4;
const HEADER_WORDS = 5;

/**
 * Remembers the key hashes of evicted entries, oldest first, within a number of ghosts that is fixed beforehand:
 * a first-in first-out queue whose members can be found and taken out by their hash. Zeroed memory is empty.
 * Two entries of equal hash are two ghosts; the younger is found first.
 *
 * The object holds no state of its own: any number of them may stand for one queue.
 */
export class GhostQueue {
  readonly limit: number;
  readonly #state: Int32Array;
  readonly #sums: Float64Array;
  readonly #sum: number;
  readonly #header: number;
  readonly #buckets: number;
  readonly #bucketShift: number;
  /** Where ghost 0 would lie: ghosts count from 1. */
  readonly #ghosts: number;

  /**
   * @param at where the queue's words lie in `state`; it takes `GhostQueue.words(limit)`
   * @param sum which of `sums` holds the weight of all ghosts
   * @param limit how many ghosts there may be
   */
  constructor(state: Int32Array, at: number, sums: Float64Array, sum: number, limit: number) {
    const bucketBits = bucketBitsFor(limit);
    this.limit = limit;
    this.#state = state;
    this.#sums = sums;
    this.#sum = sum;
    this.#header = at;
    this.#buckets = at + HEADER_WORDS;
    this.#bucketShift = 32 - bucketBits;
    this.#ghosts = this.#buckets + 2 ** bucketBits - GHOST_WORDS;
  }

  /** Words of `state` taken by a queue of at most `limit` ghosts. */
  static words(limit: number): number {
    return HEADER_WORDS + 2 ** bucketBitsFor(limit) + limit * GHOST_WORDS;
  }

  count(): number {
    return this.#state[this.#header + COUNT]!;
  }

  /** The weight of all ghosts together. */
  weight(): number {
    return this.#sums[this.#sum]!;
  }

  /** Adds the youngest ghost. The oldest one makes room where the number of ghosts is reached. */
  add(hash: number, weight: number): void {
    if (this.limit === 0) return;
    const state = this.#state;
    const header = this.#header;
    if (state[header + COUNT] === this.limit) this.dropOldest();
    let ghost = state[header + FREE]!;
    let at: number;
    if (ghost === 0) {
      ghost = state[header + FRESH]! + 1;
      state[header + FRESH] = ghost;
      at = this.#ghosts + ghost * GHOST_WORDS;
    } else {
      at = this.#ghosts + ghost * GHOST_WORDS;
      state[header + FREE] = state[at + AFTER]!;
    }
    const newest = state[header + NEWEST]!;
    const bucket = this.#bucketOf(hash);
    state[at + HASH] = hash;
    state[at + WEIGHT] = weight;
    state[at + BEFORE] = newest;
    state[at + AFTER] = 0;
    state[at + CHAIN] = state[bucket]!;
    state[bucket] = ghost;
    if (newest === 0) state[header + OLDEST] = ghost;
    else state[this.#ghosts + newest * GHOST_WORDS + AFTER] = ghost;
    state[header + NEWEST] = ghost;
    state[header + COUNT]!++;
    this.#sums[this.#sum]! += weight;
  }

  /** Whether a ghost has this hash. */
  has(hash: number): boolean {
    const state = this.#state;
    for (let ghost = state[this.#bucketOf(hash)]!; ghost !== 0; ) {
      const at = this.#ghosts + ghost * GHOST_WORDS;
      if (state[at + HASH] === (hash | 0)) return true;
      ghost = state[at + CHAIN]!;
    }
    return false;
  }

  /** Takes the youngest ghost of this hash out. @returns whether there was one */
  take(hash: number): boolean {
    const state = this.#state;
    let link = this.#bucketOf(hash);
    for (let ghost = state[link]!; ghost !== 0; ghost = state[link]!) {
      const at = this.#ghosts + ghost * GHOST_WORDS;
      if (state[at + HASH] === (hash | 0)) {
        this.#release(ghost, at, link);
        return true;
      }
      link = at + CHAIN;
    }
    return false;
  }

  /** Forgets the oldest ghost, if there is any. */
  dropOldest(): void {
    const state = this.#state;
    const ghost = state[this.#header + OLDEST]!;
    if (ghost === 0) return;
    const at = this.#ghosts + ghost * GHOST_WORDS;
    let link = this.#bucketOf(state[at + HASH]!);
    while (state[link] !== ghost) link = this.#ghosts + state[link]! * GHOST_WORDS + CHAIN;
    this.#release(ghost, at, link);
  }

  /** Forgets the oldest ghosts until all together weigh at most `weight`. */
  shrinkTo(weight: number): void {
    while (this.#sums[this.#sum]! > weight) this.dropOldest();
  }

  /** Visits the hashes, oldest first. */
  forEach(visit: (hash: number, weight: number) => void): void {
    const state = this.#state;
    for (let ghost = state[this.#header + OLDEST]!; ghost !== 0; ) {
      const at = this.#ghosts + ghost * GHOST_WORDS;
      visit(state[at + HASH]! >>> 0, state[at + WEIGHT]! >>> 0);
      ghost = state[at + AFTER]!;
    }
  }

  /** @throws AssertionError where queue, buckets and sums disagree */
  check(): void {
    const state = this.#state;
    let count = 0;
    let weight = 0;
    let before = 0;
    for (let ghost = state[this.#header + OLDEST]!; ghost !== 0; ) {
      const at = this.#ghosts + ghost * GHOST_WORDS;
      assert(state[at + BEFORE] === before, `ghost ${ghost} links back to ${state[at + BEFORE]}`);
      assert(++count <= this.limit, `more than ${this.limit} ghosts`);
      assert(this.has(state[at + HASH]!), `ghost ${ghost} is not found by its hash`);
      weight += state[at + WEIGHT]! >>> 0;
      before = ghost;
      ghost = state[at + AFTER]!;
    }
    assert(state[this.#header + NEWEST] === before, "the ghost queue's end is wrong");
    assert(this.count() === count, `${count} ghosts, counted as ${this.count()}`);
    assert(this.weight() === weight, `ghosts weigh ${weight}, summed up as ${this.weight()}`);
    let free = 0;
    for (let ghost = state[this.#header + FREE]!; ghost !== 0; free++) {
      ghost = state[this.#ghosts + ghost * GHOST_WORDS + AFTER]!;
    }
    assert(count + free === state[this.#header + FRESH], "a ghost's place was lost");
  }

  /** Gives a ghost's place back. `link` is the word of its bucket's chain that refers to it. */
  #release(ghost: number, at: number, link: number): void {
    const state = this.#state;
    const header = this.#header;
    state[link] = state[at + CHAIN]!;
    const before = state[at + BEFORE]!;
    const after = state[at + AFTER]!;
    if (before === 0) state[header + OLDEST] = after;
    else state[this.#ghosts + before * GHOST_WORDS + AFTER] = after;
    if (after === 0) state[header + NEWEST] = before;
    else state[this.#ghosts + after * GHOST_WORDS + BEFORE] = before;
    this.#sums[this.#sum]! -= state[at + WEIGHT]! >>> 0;
    state[at + AFTER] = state[header + FREE]!;
    state[header + FREE] = ghost;
    state[header + COUNT]!--;
  }

  #bucketOf(hash: number): number {
    return this.#buckets + (Math.imul(hash, 0x9e37_79b1) >>> this.#bucketShift);
  }
}

/** At least one bucket a ghost, and two at all, so that the shift that picks one stays below 32. */
function bucketBitsFor(limit: number): number {
  return Math.max(1, Math.ceil(Math.log2(Math.max(1, limit))));
}
