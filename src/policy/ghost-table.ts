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
  readonly #index: GhostIndex | undefined;
  /** Where ghost 0 would lie: ghosts count from 1. */
  readonly #places: number;

  /**
   * @param at where the table lies in `state`; it takes `GhostTable.words(shape)`
   * @param sum where the weights of the queues lie in `sums`, one for each
   * @param index where ghosts are found instead of in the table's own chains, if there is one: not for ghosts of
   *   resident keys
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

  /** Words of `state` taken by a table. */
  static words(shape: GhostTableShape): number {
    const header = GHOST_HEADER_WORDS + shape.queues * GHOST_QUEUE_WORDS;
    return header + 2 ** ghostBucketBits(shape.limit) + shape.limit * (GHOST_WORDS + shape.noteWords);
  }

  /** How many ghosts a queue holds. Walks it: for checks. */
  count(queue: number): number {
    let count = 0;
    for (let ghost = this.oldest(queue); ghost !== 0; count++) {
      ghost = this.#state[wordAt(ghost, this.#ghostWords, this.#places) + AFTER]!;
    }
    return count;
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

  /** The youngest ghost of this hash, 0 when there is none. */
  find(hash: number): number {
    if (this.#index !== undefined) return this.#index.findGhost(hash);
    return findGhost(this.#state, this.#places, this.#ghostWords, this.#bucketOf(hash), hash);
  }

  /** The next older ghost of the same hash, 0 when there is none. */
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

  /** The oldest ghost of a queue, 0 when it is empty. */
  oldest(queue: number): number {
    return this.#state[this.#queueAt(queue) + OLDEST]!;
  }

  /** Whether the next one to be added costs another one its place. */
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

  /** Takes a ghost out. */
  release(ghost: number): void {
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

  /** Makes a ghost the youngest of a queue, with another weight. */
  requeue(ghost: number, queue: number, weight: number): void {
    const state = this.#state;
    const at = wordAt(ghost, this.#ghostWords, this.#places);
    const from = state[at + BEFORE]! >>> QUEUE_SHIFT;
    const before = dequeueGhost(state, this.#places, this.#ghostWords, this.#queueAt(from), at);
    enqueueGhost(state, this.#places, this.#ghostWords, this.#queueAt(queue), queue, ghost, at, weight);
    this.#sums[this.#sum + from]! -= before;
    this.#sums[this.#sum + queue]! += weight;
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
 * How many ghosts a policy keeps whose parameters allow a share of the capacity's weight. Rounded up, so that where
 * every weight is 1 it is that share which bounds the ghosts, not their number.
 * @param maxGhosts the bound that memory sets, if any
 */
export function ghostLimit(maxEntries: number, share: number, maxGhosts: number | undefined): number {
  return Math.min(Math.ceil(maxEntries * share), maxGhosts ?? Number.POSITIVE_INFINITY);
}
