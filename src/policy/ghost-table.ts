import { assert } from "../lib/assert.ts";
import {
  AFTER,
  addGhost,
  BEFORE,
  CHAIN,
  chainGhost,
  dequeueGhost,
  enqueueGhost,
  FREE,
  FRESH,
  findGhost,
  GHOST_BITS,
  GHOST_HEADER_WORDS,
  GHOST_QUEUE_WORDS,
  GHOST_WORDS,
  ghostBucket,
  ghostBucketBits,
  HASH,
  NEWEST,
  NOTES,
  OLDEST,
  QUEUE_SHIFT,
  removeGhost,
  unchainGhost,
  WEIGHT,
} from "./ghost-links.ts";
import type { GhostIndex } from "./policy.ts";
import { wordAt } from "./word-at.ts";

/** The dimensions of a table. */
export interface GhostTableShape {
  /** Most ghosts in all queues together; below 2^29. */
  readonly limit: number;
  /** Number of queues; at most 8. */
  readonly queues: number;
  /** Words in which the policy may keep notes on each ghost. */
  readonly noteWords: number;
}

/**
 * Remembers evicted entries by their key hashes, in first-in first-out queues of ghosts that can be found and removed
 * by hash. The number of ghosts is fixed in advance. Two entries with equal hashes are two ghosts; the younger is
 * found first. A ghost is a number ≥ 1, 0 means none. Zeroed memory is an empty table. The object holds no state of
 * its own, so several can share one table.
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
  readonly #index: GhostIndex | undefined;
  /** Where ghost 0 would lie: ghosts count from 1. */
  readonly #places: number;

  /**
   * @param at start of the table in `state`; it takes `GhostTable.words(shape)`
   * @param sum start of the queues' weights in `sums`, one for each queue
   * @param index finds ghosts in place of the table's own chains; only if no resident key has a ghost
   */
  constructor(
    state: Int32Array,
    at: number,
    sums: Float64Array,
    sum: number,
    shape: GhostTableShape,
    index?: GhostIndex,
  ) {
    const bucketBits = ghostBucketBits(shape.limit);
    this.limit = shape.limit;
    this.#queueCount = shape.queues;
    this.#state = state;
    this.#index = index;
    this.#sums = sums;
    this.#sum = sum;
    this.#header = at;
    this.#buckets = at + GHOST_HEADER_WORDS + shape.queues * GHOST_QUEUE_WORDS;
    this.#bucketShift = 32 - bucketBits;
    this.#ghostWords = GHOST_WORDS + shape.noteWords;
    this.#places = this.#buckets + 2 ** bucketBits - this.#ghostWords;
  }

  /** Words of `state` that a table takes. */
  static words(shape: GhostTableShape): number {
    const header = GHOST_HEADER_WORDS + shape.queues * GHOST_QUEUE_WORDS;
    return header + 2 ** ghostBucketBits(shape.limit) + shape.limit * (GHOST_WORDS + shape.noteWords);
  }

  /** Counts the ghosts of a queue by walking it; for checks. */
  count(queue: number): number {
    let count = 0;
    for (let ghost = this.oldest(queue); ghost !== 0; count++) {
      ghost = this.#state[wordAt(ghost, this.#ghostWords, this.#places) + AFTER]!;
    }
    return count;
  }

  /** The total weight of a queue's ghosts. */
  weight(queue: number): number {
    return this.#sums[this.#sum + queue]!;
  }

  /**
   * Adds a ghost as the youngest of a queue. If the table is full, it first drops the oldest ghost of the same queue,
   * or of another queue if that one is empty.
   * @returns the ghost; 0 if the table has no room for any
   */
  add(queue: number, hash: number, weight: number): number {
    const state = this.#state;
    if (this.isFull()) {
      if (this.limit === 0) return 0;
      this.dropOldest(this.#crowdedQueue(queue));
    }
    this.#sums[this.#sum + queue]! += weight;
    const ghost = addGhost(
      state,
      this.#header,
      this.#places,
      this.#ghostWords,
      this.#queueAt(queue),
      queue,
      hash,
      weight,
    );
    if (this.#index !== undefined) this.#index.putGhost(hash, ghost);
    else chainGhost(state, this.#places, this.#ghostWords, this.#bucketOf(hash), ghost);
    return ghost;
  }

  /** Returns the youngest ghost of a hash, 0 if there is none. */
  find(hash: number): number {
    if (this.#index !== undefined) return this.#index.findGhost(hash);
    return findGhost(this.#state, this.#places, this.#ghostWords, this.#bucketOf(hash), hash);
  }

  /** Returns the next older ghost of the same hash, 0 if there is none. */
  findOlder(ghost: number): number {
    if (this.#index !== undefined) return 0;
    const state = this.#state;
    const places = this.#places;
    const ghostWords = this.#ghostWords;
    const at = wordAt(ghost, ghostWords, places);
    const hash = state[at + HASH]!;
    let older = state[at + CHAIN]!;
    while (older !== 0 && state[wordAt(older, ghostWords, places) + HASH] !== hash) {
      older = state[wordAt(older, ghostWords, places) + CHAIN]!;
    }
    return older;
  }

  /** Returns the oldest ghost of a queue, 0 if it is empty. */
  oldest(queue: number): number {
    return this.#state[this.#queueAt(queue) + OLDEST]!;
  }

  /** Returns the youngest ghost of a queue, 0 if it is empty. */
  newest(queue: number): number {
    return this.#state[this.#queueAt(queue) + NEWEST]!;
  }

  /** Returns the next younger ghost of the same queue, 0 if there is none. */
  younger(ghost: number): number {
    return this.#state[wordAt(ghost, this.#ghostWords, this.#places) + AFTER]!;
  }

  /** Returns the next older ghost of the same queue, 0 if there is none. */
  older(ghost: number): number {
    return this.#state[wordAt(ghost, this.#ghostWords, this.#places) + BEFORE]! & GHOST_BITS;
  }

  hashOf(ghost: number): number {
    return this.#state[wordAt(ghost, this.#ghostWords, this.#places) + HASH]! >>> 0;
  }

  /** Tells whether adding a ghost would drop another. */
  isFull(): boolean {
    return this.#state[this.#header + FREE] === 0 && this.#state[this.#header + FRESH] === this.limit;
  }

  queueOf(ghost: number): number {
    return this.#state[wordAt(ghost, this.#ghostWords, this.#places) + BEFORE]! >>> QUEUE_SHIFT;
  }

  note(ghost: number, index: number): number {
    return this.#state[wordAt(ghost, this.#ghostWords, this.#places) + NOTES + index]!;
  }

  setNote(ghost: number, index: number, value: number): void {
    this.#state[wordAt(ghost, this.#ghostWords, this.#places) + NOTES + index] = value;
  }

  /** Removes a ghost and gives its place back. */
  remove(ghost: number): void {
    const state = this.#state;
    const at = wordAt(ghost, this.#ghostWords, this.#places);
    const hash = state[at + HASH]!;
    const queue = state[at + BEFORE]! >>> QUEUE_SHIFT;
    if (this.#index !== undefined) this.#index.putGhost(hash, 0);
    else unchainGhost(state, this.#places, this.#ghostWords, this.#bucketOf(hash), ghost);
    this.#sums[this.#sum + queue]! -= removeGhost(
      state,
      this.#header,
      this.#places,
      this.#ghostWords,
      this.#queueAt(queue),
      ghost,
    );
  }

  /** Makes a ghost the youngest of a queue, and changes its weight. */
  requeue(ghost: number, queue: number, weight: number): void {
    const state = this.#state;
    const at = wordAt(ghost, this.#ghostWords, this.#places);
    const from = state[at + BEFORE]! >>> QUEUE_SHIFT;
    const before = dequeueGhost(state, this.#places, this.#ghostWords, this.#queueAt(from), at);
    enqueueGhost(state, this.#places, this.#ghostWords, this.#queueAt(queue), queue, ghost, at, weight);
    this.#sums[this.#sum + from]! -= before;
    this.#sums[this.#sum + queue]! += weight;
  }

  /**
   * Removes the youngest ghost of a hash.
   * @returns the queue it was in, −1 if there was none
   */
  take(hash: number): number {
    const ghost = this.find(hash);
    if (ghost === 0) return -1;
    const queue = this.queueOf(ghost);
    this.remove(ghost);
    return queue;
  }

  /** Drops the oldest ghost of a queue, if there is one. */
  dropOldest(queue: number): void {
    const oldest = this.#state[this.#queueAt(queue) + OLDEST]!;
    if (oldest !== 0) this.remove(oldest);
  }

  /** Drops the oldest ghosts of a queue until their total weight is at most `weight`. */
  shrinkTo(queue: number, weight: number): void {
    while (this.#sums[this.#sum + queue]! > weight) this.dropOldest(queue);
  }

  /** @throws AssertionError if queues, buckets and sums disagree */
  check(): void {
    const state = this.#state;
    let all = 0;
    for (let queue = 0; queue < this.#queueCount; queue++) all += this.#checkQueue(queue);
    let free = 0;
    for (let ghost = state[this.#header + FREE]!; ghost !== 0; free++) {
      ghost = state[wordAt(ghost, this.#ghostWords, this.#places) + AFTER]!;
    }
    assert(all + free === state[this.#header + FRESH], "a ghost's place was lost");
  }

  #checkQueue(queue: number): number {
    const state = this.#state;
    const queueAt = this.#queueAt(queue);
    let count = 0;
    let weight = 0;
    let before = 0;
    for (let ghost = state[queueAt + OLDEST]!; ghost !== 0; ) {
      const at = wordAt(ghost, this.#ghostWords, this.#places);
      assert((state[at + BEFORE]! & GHOST_BITS) === before, `ghost ${ghost} does not link back to ${before}`);
      assert(this.queueOf(ghost) === queue, `ghost ${ghost} is in queue ${queue}, but says otherwise`);
      assert(++count <= this.limit, `more than ${this.limit} ghosts`);
      assert(this.find(state[at + HASH]!) !== 0, `ghost ${ghost} is not found by its hash`);
      weight += state[at + WEIGHT]! >>> 0;
      before = ghost;
      ghost = state[at + AFTER]!;
    }
    assert(state[queueAt + NEWEST] === before, `the end of ghost queue ${queue} is wrong`);
    assert(this.weight(queue) === weight, `ghosts weigh ${weight}, summed up as ${this.weight(queue)}`);
    return count;
  }

  #crowdedQueue(preferred: number): number {
    let queue = preferred;
    while (this.oldest(queue) === 0) queue = (queue + 1) % this.#queueCount;
    return queue;
  }

  #queueAt(queue: number): number {
    return (this.#header + GHOST_HEADER_WORDS + Math.imul(queue, GHOST_QUEUE_WORDS)) | 0;
  }

  #bucketOf(hash: number): number {
    return ghostBucket(hash, this.#buckets, this.#bucketShift);
  }
}

/**
 * How many ghosts a policy keeps when its parameters allow them a share of the capacity's weight. Rounded up, so that
 * with all weights 1 the share limits the ghosts, and not their number.
 * @param maxGhosts the limit set by memory, if any
 */
export function ghostLimit(maxEntries: number, share: number, maxGhosts: number | undefined): number {
  return Math.min(Math.ceil(maxEntries * share), maxGhosts ?? Number.POSITIVE_INFINITY);
}
