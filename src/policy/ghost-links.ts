import { wordAt } from "./word-at.ts";

/**
 * Ghosts as numbers in an array: what policies remember of evicted entries. Every ghost is in a first-in first-out
 * queue. It is also in the chain of its key hash, youngest first, unless the owner has an index for ghosts
 * (`GhostIndex`). `GhostTable` is built on these functions; policies call them directly in hot paths.
 *
 * In all of them `places` is where ghost 0 would lie (ghosts count from 1, 0 means none), `at` is where this ghost
 * lies, and `ghostWords` is the number of words that each takes.
 */

/** Words of a ghost before its notes: queue and previous ghost, next ghost, key hash, weight, next in its bucket. */
export const GHOST_WORDS = 5;
export const BEFORE = 0;
export const AFTER = 1;
export const HASH = 2;
export const WEIGHT = 3;
export const CHAIN = 4;
export const NOTES = 5;

/** `BEFORE` holds the queue's number in the bits above the link. */
export const QUEUE_SHIFT = 29;
export const GHOST_BITS = 0x1fff_ffff;

/** Words of a queue. */
export const GHOST_QUEUE_WORDS = 2;
export const OLDEST = 0;
export const NEWEST = 1;

/**
 * Words before the queues: the head of the free list, linked by `AFTER`, and the number of ghosts ever handed out.
 */
export const GHOST_HEADER_WORDS = 2;
export const FREE = 0;
export const FRESH = 1;

/** At least one bucket per ghost, and at least two buckets, so that the shift that picks one stays below 32. */
export function ghostBucketBits(limit: number): number {
  return Math.max(1, Math.ceil(Math.log2(Math.max(1, limit))));
}

/** Where the chain of a hash begins. */
export function ghostBucket(hash: number, buckets: number, bucketShift: number): number {
  return (buckets + (Math.imul(hash, 0x9e37_79b1) >>> bucketShift)) | 0;
}

/**
 * Adds a ghost as the youngest of a queue. There must be a place for it: one given back, or one never used. The ghost
 * can be found only once it is in a chain or an index.
 * @param header start of the table in `state`
 * @param queueAt start of the queue's own words
 */
export function addGhost(
  state: Int32Array,
  header: number,
  places: number,
  ghostWords: number,
  queueAt: number,
  queue: number,
  hash: number,
  weight: number,
): number {
  let ghost = state[header + FREE]!;
  const isFresh = ghost === 0;
  if (isFresh) {
    ghost = (state[header + FRESH]! + 1) | 0;
    state[header + FRESH] = ghost;
  }
  const at = wordAt(ghost, ghostWords, places);
  if (!isFresh) state[header + FREE] = state[at + AFTER]!;
  state[at + HASH] = hash;
  enqueueGhost(state, places, ghostWords, queueAt, queue, ghost, at, weight);
  return ghost;
}

/**
 * Puts a ghost at the head of its hash's chain.
 * @param bucket `ghostBucket` of the ghost's hash
 */
export function chainGhost(
  state: Int32Array,
  places: number,
  ghostWords: number,
  bucket: number,
  ghost: number,
): void {
  state[wordAt(ghost, ghostWords, places) + CHAIN] = state[bucket]!;
  state[bucket] = ghost;
}

export function unchainGhost(
  state: Int32Array,
  places: number,
  ghostWords: number,
  bucket: number,
  ghost: number,
): void {
  let link = bucket;
  for (let other = state[link]!; other !== ghost; other = state[link]!) {
    link = (wordAt(other, ghostWords, places) + CHAIN) | 0;
  }
  state[link] = state[wordAt(ghost, ghostWords, places) + CHAIN]!;
}

/**
 * Removes a ghost from its queue and its chain, and gives its place back.
 * @returns its weight
 */
export function removeGhost(
  state: Int32Array,
  header: number,
  places: number,
  ghostWords: number,
  queueAt: number,
  ghost: number,
): number {
  const at = wordAt(ghost, ghostWords, places);
  const weight = dequeueGhost(state, places, ghostWords, queueAt, at);
  state[at + AFTER] = state[header + FREE]!;
  state[header + FREE] = ghost;
  return weight;
}

/** Returns the youngest ghost of a hash, 0 if there is none. */
export function findGhost(
  state: Int32Array,
  places: number,
  ghostWords: number,
  bucket: number,
  hash: number,
): number {
  let ghost = state[bucket]!;
  while (ghost !== 0) {
    const at = wordAt(ghost, ghostWords, places);
    if (state[at + HASH] === (hash | 0)) break;
    ghost = state[at + CHAIN]!;
  }
  return ghost;
}

/** Makes a ghost the youngest of a queue. */
export function enqueueGhost(
  state: Int32Array,
  places: number,
  ghostWords: number,
  queueAt: number,
  queue: number,
  ghost: number,
  at: number,
  weight: number,
): void {
  const newest = state[queueAt + NEWEST]!;
  state[at + BEFORE] = newest | (queue << QUEUE_SHIFT);
  state[at + AFTER] = 0;
  state[at + WEIGHT] = weight;
  if (newest === 0) state[queueAt + OLDEST] = ghost;
  else state[wordAt(newest, ghostWords, places) + AFTER] = ghost;
  state[queueAt + NEWEST] = ghost;
}

/**
 * Takes a ghost out of its queue.
 * @returns its weight
 */
export function dequeueGhost(
  state: Int32Array,
  places: number,
  ghostWords: number,
  queueAt: number,
  at: number,
): number {
  const first = state[at + BEFORE]!;
  const before = first & GHOST_BITS;
  const after = state[at + AFTER]!;
  if (before === 0) state[queueAt + OLDEST] = after;
  else state[wordAt(before, ghostWords, places) + AFTER] = after;
  if (after === 0) state[queueAt + NEWEST] = before;
  else state[wordAt(after, ghostWords, places) + BEFORE] = first;
  return state[at + WEIGHT]! >>> 0;
}
