import { assert } from "../lib/assert.ts";

/** Words of a ghost, its notes aside: queue and ghost before it, ghost after it, key hash, weight, next in its bucket. */
const GHOST_WORDS = 5;
const BEFORE = 0;
const AFTER = 1;
const HASH = 2;
const WEIGHT = 3;
const CHAIN = 4;
const NOTES = 5;

/** `BEFORE` holds the number of the queue above the link. */
const QUEUE_SHIFT = 29;
const LINK_BITS = 0x1fff_ffff;

/** Words of a queue. */
const QUEUE_WORDS = 3;
const OLDEST = 0;
const NEWEST = 1;
const COUNT = 2;

/** Words before the queues: head of the list of ghosts given back, linked by `AFTER`; ghosts ever handed out. */
const HEADER_WORDS = 2;
const FREE = 0;
const FRESH = 1;

/** How a table is cut. */
export interface GhostTableShape {
  /** How many ghosts there may be in all queues together. Below 2^29. */
  readonly limit: number;
  /** How many queues there are; at most 8. */
  readonly queues: number;
  /** Words that the policy may note down for each ghost. */
  readonly noteWords: number;
}

/**
 * Remembers evicted entries by their key hashes: first-in first-out queues of ghosts, whose members are found and
 * taken out by hash, within a number of ghosts fixed beforehand. Zeroed memory is empty. Two entries of equal hash
 * are two ghosts; the younger is found first.
 *
 * A ghost is a number ≥ 1, 0 means none. The object holds no state of its own: any number of them may stand for
 * one table.
 */
export class GhostTable {
  readonly limit: number;
  readonly #queueCount: number;
  readonly #state: Int32Array;
  readonly #sums: Float64Array;
  readonly #sum: number;
  readonly #header: number;
  readonly #buckets: number;
  readonly #bucketShift: number;
  readonly #ghostWords: number;
  /** Where ghost 0 would lie: ghosts count from 1. */
  readonly #ghosts: number;

  /**
   * @param at where the table lies in `state`; it takes `GhostTable.words(shape)`
   * @param sum where the weights of the queues lie in `sums`, one for each
   */
  constructor(state: Int32Array, at: number, sums: Float64Array, sum: number, shape: GhostTableShape) {
    const bucketBits = bucketBitsFor(shape.limit);
    this.limit = shape.limit;
    this.#queueCount = shape.queues;
    this.#state = state;
    this.#sums = sums;
    this.#sum = sum;
    this.#header = at;
    this.#buckets = at + HEADER_WORDS + shape.queues * QUEUE_WORDS;
    this.#bucketShift = 32 - bucketBits;
    this.#ghostWords = GHOST_WORDS + shape.noteWords;
    this.#ghosts = this.#buckets + 2 ** bucketBits - this.#ghostWords;
  }

  /** Words of `state` taken by a table. */
  static words(shape: GhostTableShape): number {
    const header = HEADER_WORDS + shape.queues * QUEUE_WORDS;
    return header + 2 ** bucketBitsFor(shape.limit) + shape.limit * (GHOST_WORDS + shape.noteWords);
  }

  /** How many ghosts a queue holds. */
  count(queue: number): number {
    return this.#state[this.#queueAt(queue) + COUNT]!;
  }

  /** The weight of a queue's ghosts together. */
  weight(queue: number): number {
    return this.#sums[this.#sum + queue]!;
  }

  /**
   * Adds the youngest ghost of a queue. Where the number of ghosts is reached, the oldest of the same queue makes
   * room, or one of another queue if that one is empty.
   * @returns the ghost; 0 when there is room for none at all
   */
  add(queue: number, hash: number, weight: number): number {
    const state = this.#state;
    const header = this.#header;
    if (this.isFull()) {
      if (this.limit === 0) return 0;
      this.dropOldest(this.#crowdedQueue(queue));
    }
    let ghost = state[header + FREE]!;
    let at: number;
    if (ghost === 0) {
      ghost = state[header + FRESH]! + 1;
      state[header + FRESH] = ghost;
      at = this.#ghosts + ghost * this.#ghostWords;
    } else {
      at = this.#ghosts + ghost * this.#ghostWords;
      state[header + FREE] = state[at + AFTER]!;
    }
    const bucket = this.#bucketOf(hash);
    state[at + HASH] = hash;
    state[at + CHAIN] = state[bucket]!;
    state[bucket] = ghost;
    this.#enqueue(ghost, at, queue, weight);
    return ghost;
  }

  /** The youngest ghost of this hash, 0 when there is none. */
  find(hash: number): number {
    const state = this.#state;
    let ghost = state[this.#bucketOf(hash)]!;
    while (ghost !== 0) {
      const at = this.#ghosts + ghost * this.#ghostWords;
      if (state[at + HASH] === (hash | 0)) break;
      ghost = state[at + CHAIN]!;
    }
    return ghost;
  }

  /** The next older ghost of the same hash, 0 when there is none. */
  findOlder(ghost: number): number {
    const state = this.#state;
    const at = this.#ghosts + ghost * this.#ghostWords;
    const hash = state[at + HASH]!;
    let older = state[at + CHAIN]!;
    while (older !== 0 && state[this.#ghosts + older * this.#ghostWords + HASH] !== hash) {
      older = state[this.#ghosts + older * this.#ghostWords + CHAIN]!;
    }
    return older;
  }

  /** The oldest ghost of a queue, 0 when it is empty. */
  oldest(queue: number): number {
    return this.#state[this.#queueAt(queue) + OLDEST]!;
  }

  /** Whether the next one to be added costs another one its place. */
  isFull(): boolean {
    return this.#state[this.#header + FREE] === 0 && this.#state[this.#header + FRESH] === this.limit;
  }

  queueOf(ghost: number): number {
    return this.#state[this.#ghosts + ghost * this.#ghostWords + BEFORE]! >>> QUEUE_SHIFT;
  }

  note(ghost: number, index: number): number {
    return this.#state[this.#ghosts + ghost * this.#ghostWords + NOTES + index]!;
  }

  setNote(ghost: number, index: number, value: number): void {
    this.#state[this.#ghosts + ghost * this.#ghostWords + NOTES + index] = value;
  }

  /** Takes a ghost out. */
  release(ghost: number): void {
    const state = this.#state;
    const at = this.#ghosts + ghost * this.#ghostWords;
    let link = this.#bucketOf(state[at + HASH]!);
    while (state[link] !== ghost) link = this.#ghosts + state[link]! * this.#ghostWords + CHAIN;
    state[link] = state[at + CHAIN]!;
    this.#dequeue(at);
    state[at + AFTER] = state[this.#header + FREE]!;
    state[this.#header + FREE] = ghost;
  }

  /** Makes a ghost the youngest of a queue, with another weight. */
  requeue(ghost: number, queue: number, weight: number): void {
    const at = this.#ghosts + ghost * this.#ghostWords;
    this.#dequeue(at);
    this.#enqueue(ghost, at, queue, weight);
  }

  /** Takes the youngest ghost of this hash out. @returns the queue it stood in, −1 when there was none */
  take(hash: number): number {
    const ghost = this.find(hash);
    if (ghost === 0) return -1;
    const queue = this.queueOf(ghost);
    this.release(ghost);
    return queue;
  }

  /** Forgets the oldest ghost of a queue, if there is any. */
  dropOldest(queue: number): void {
    const oldest = this.#state[this.#queueAt(queue) + OLDEST]!;
    if (oldest !== 0) this.release(oldest);
  }

  /** Forgets the oldest ghosts of a queue until they weigh at most `weight` together. */
  shrinkTo(queue: number, weight: number): void {
    while (this.#sums[this.#sum + queue]! > weight) this.dropOldest(queue);
  }

  /** @throws AssertionError where queues, buckets and sums disagree */
  check(): void {
    const state = this.#state;
    let all = 0;
    for (let queue = 0; queue < this.#queueCount; queue++) all += this.#checkQueue(queue);
    let free = 0;
    for (let ghost = state[this.#header + FREE]!; ghost !== 0; free++) {
      ghost = state[this.#ghosts + ghost * this.#ghostWords + AFTER]!;
    }
    assert(all + free === state[this.#header + FRESH], "a ghost's place was lost");
  }

  #enqueue(ghost: number, at: number, queue: number, weight: number): void {
    const state = this.#state;
    const queueAt = this.#queueAt(queue);
    const newest = state[queueAt + NEWEST]!;
    state[at + BEFORE] = newest | (queue << QUEUE_SHIFT);
    state[at + AFTER] = 0;
    state[at + WEIGHT] = weight;
    if (newest === 0) state[queueAt + OLDEST] = ghost;
    else state[this.#ghosts + newest * this.#ghostWords + AFTER] = ghost;
    state[queueAt + NEWEST] = ghost;
    state[queueAt + COUNT]!++;
    this.#sums[this.#sum + queue]! += weight;
  }

  #dequeue(at: number): void {
    const state = this.#state;
    const queue = state[at + BEFORE]! >>> QUEUE_SHIFT;
    const queueAt = this.#queueAt(queue);
    const before = state[at + BEFORE]! & LINK_BITS;
    const after = state[at + AFTER]!;
    if (before === 0) state[queueAt + OLDEST] = after;
    else state[this.#ghosts + before * this.#ghostWords + AFTER] = after;
    if (after === 0) state[queueAt + NEWEST] = before;
    else state[this.#ghosts + after * this.#ghostWords + BEFORE] = before | (queue << QUEUE_SHIFT);
    state[queueAt + COUNT]!--;
    this.#sums[this.#sum + queue]! -= state[at + WEIGHT]! >>> 0;
  }

  #checkQueue(queue: number): number {
    const state = this.#state;
    const queueAt = this.#queueAt(queue);
    let count = 0;
    let weight = 0;
    let before = 0;
    for (let ghost = state[queueAt + OLDEST]!; ghost !== 0; ) {
      const at = this.#ghosts + ghost * this.#ghostWords;
      assert((state[at + BEFORE]! & LINK_BITS) === before, `ghost ${ghost} does not link back to ${before}`);
      assert(this.queueOf(ghost) === queue, `ghost ${ghost} is in queue ${queue}, but says otherwise`);
      assert(++count <= this.limit, `more than ${this.limit} ghosts`);
      assert(this.find(state[at + HASH]!) !== 0, `ghost ${ghost} is not found by its hash`);
      weight += state[at + WEIGHT]! >>> 0;
      before = ghost;
      ghost = state[at + AFTER]!;
    }
    assert(state[queueAt + NEWEST] === before, `the end of ghost queue ${queue} is wrong`);
    assert(this.count(queue) === count, `${count} ghosts, counted as ${this.count(queue)}`);
    assert(this.weight(queue) === weight, `ghosts weigh ${weight}, summed up as ${this.weight(queue)}`);
    return count;
  }

  #crowdedQueue(preferred: number): number {
    let queue = preferred;
    while (this.count(queue) === 0) queue = (queue + 1) % this.#queueCount;
    return queue;
  }

  #queueAt(queue: number): number {
    return this.#header + HEADER_WORDS + queue * QUEUE_WORDS;
  }

  #bucketOf(hash: number): number {
    return this.#buckets + (Math.imul(hash, 0x9e37_79b1) >>> this.#bucketShift);
  }
}

/**
 * How many ghosts a policy keeps whose parameters allow a share of the capacity's weight. Rounded up, so that where
 * every weight is 1 it is that share which bounds the ghosts, not their number.
 * @param maxGhosts the bound that memory sets, if any
 */
export function ghostLimit(maxEntries: number, share: number, maxGhosts: number | undefined): number {
  return Math.min(Math.ceil(maxEntries * share), maxGhosts ?? Number.POSITIVE_INFINITY);
}

/** At least one bucket a ghost, and two at all, so that the shift that picks one stays below 32. */
function bucketBitsFor(limit: number): number {
  return Math.max(1, Math.ceil(Math.log2(Math.max(1, limit))));
}
