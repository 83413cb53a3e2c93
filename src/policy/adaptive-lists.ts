import { assert } from "../lib/assert.ts";
import {
  addGhost,
  BEFORE,
  chainGhost,
  FREE,
  FRESH,
  findGhost,
  GHOST_HEADER_WORDS,
  GHOST_QUEUE_WORDS,
  GHOST_WORDS,
  ghostBucket,
  ghostBucketBits,
  HASH,
  QUEUE_SHIFT,
  removeGhost,
  unchainGhost,
} from "./ghost-links.ts";
import { GhostTable, type GhostTableShape, ghostLimit } from "./ghost-table.ts";
import type { GhostIndex, PolicyMemory } from "./policy.ts";
import { LIST_WORDS, pushBack, unlink } from "./slot-list.ts";
import { checkCount, WeighedList } from "./weighed-list.ts";
import { wordAt } from "./word-at.ts";

/** In `state`: the lists, then the ghosts. */
const RECENT = 0;
export const FREQUENT: number = LIST_WORDS;
const GHOSTS = FREQUENT + LIST_WORDS;
/** A queue of ghosts begins with its oldest one. */
const RECENT_QUEUE = GHOSTS + GHOST_HEADER_WORDS;
const FREQUENT_QUEUE = RECENT_QUEUE + GHOST_QUEUE_WORDS;
const BUCKETS = FREQUENT_QUEUE + GHOST_QUEUE_WORDS;

/** Queues of ghosts: those of T1, the papers' B1, and those of T2, their B2. */
const RECENT_GHOSTS = 0;
const FREQUENT_GHOSTS = 1;

/** In `sums`, in this order: what T1 weighs, T2, T1 with its ghosts (ARC's L1), everything; the target. */
export const RECENT_WEIGHT = 0;
const FREQUENT_WEIGHT = 1;
const RECENT_REACH = 2;
const REACH = 3;
export const TARGET = 4;

/** Set in the first word of a slot in T2. */
const IN_FREQUENT: number = 1 << 31;

/** Where the ghost of a key was found. */
export const FROM_NOWHERE = 0;
const FROM_RECENT = 1;
export const FROM_FREQUENT = 2;

/**
 * What ARC and CAR have in common: a list of entries that came once (T1) and one of entries that were asked for
 * more often (T2), ghosts of what left either, and a target for T1's weight that moves when a ghost is asked for.
 * T1 and its ghosts weigh at most the capacity, everything together at most twice that.
 *
 * Takes the first two policy words of each slot; the sign of the first tells that the slot is in T2. What an entry
 * goes through on its way in and out are functions of the bare arrays, below: as objects within objects they took
 * half as long again, and three times as long to compile.
 */
export abstract class AdaptiveLists {
  readonly memory: PolicyMemory;
  readonly words: Int32Array;
  readonly stride: number;
  readonly offset: number;
  readonly state: Int32Array;
  readonly sums: Float64Array;
  readonly capacity: number;
  readonly ghostLimit: number;
  readonly ghostIndex: GhostIndex | undefined;
  readonly bucketShift: number;
  readonly places: number;
  readonly recent: WeighedList;
  readonly frequent: WeighedList;

  /** Sums that it keeps; they are the first ones. */
  static readonly sums = 5;

  /** The lists lie at the beginning of `memory.state`; they take `AdaptiveLists.words`. */
  constructor(memory: PolicyMemory) {
    const { limit } = ghostShape(memory.maxEntries, memory.maxGhosts);
    const bucketBits = ghostBucketBits(limit);
    this.memory = memory;
    this.words = memory.words;
    this.stride = memory.stride;
    this.offset = memory.offset;
    this.state = memory.state;
    this.sums = memory.sums;
    this.capacity = memory.capacity;
    this.ghostLimit = limit;
    this.ghostIndex = memory.ghostIndex;
    this.bucketShift = 32 - bucketBits;
    this.places = BUCKETS + 2 ** bucketBits - GHOST_WORDS;
    this.recent = new WeighedList(memory, RECENT, RECENT_WEIGHT);
    this.frequent = new WeighedList(memory, FREQUENT, FREQUENT_WEIGHT);
  }

  static words(maxEntries: number, maxGhosts: number | undefined): number {
    return GHOSTS + GhostTable.words(ghostShape(maxEntries, maxGhosts));
  }

  isFrequent(slot: number): boolean {
    return this.words[wordAt(slot, this.stride, this.offset)]! < 0;
  }

  remove(slot: number): void {
    const weight = this.memory.weigh(slot);
    this.#listOf(slot).unlink(slot);
    if (!this.isFrequent(slot)) this.sums[RECENT_REACH]! -= weight;
    this.sums[REACH]! -= weight;
  }

  reweigh(slot: number, oldWeight: number, newWeight: number): void {
    this.#listOf(slot).reweigh(oldWeight, newWeight);
    if (!this.isFrequent(slot)) this.sums[RECENT_REACH]! += newWeight - oldWeight;
    this.sums[REACH]! += newWeight - oldWeight;
    dropGhosts(this);
  }

  move(_from: number, to: number): void {
    this.#listOf(to).relocate(to);
  }

  /** Visits the entries of the list that gives way first, then those of the other one. */
  protected forEachOf(visit: (slot: number) => void, recentFirst: boolean): void {
    if (recentFirst) this.recent.forEach(visit);
    this.frequent.forEach(visit);
    if (!recentFirst) this.recent.forEach(visit);
  }

  /** @throws AssertionError */
  check(): void {
    const { capacity } = this;
    const count =
      this.recent.check((slot) => !this.isFrequent(slot)) +
      this.frequent.check((slot) => this.isFrequent(slot));
    checkCount(this.memory, count);
    const weights = Float64Array.of(recentGhostWeight(this.sums), frequentGhostWeight(this.sums));
    const shape = ghostShape(this.memory.maxEntries, this.memory.maxGhosts);
    new GhostTable(this.state, GHOSTS, weights, 0, shape, this.ghostIndex).check();
    const target = this.sums[TARGET]!;
    assert(target >= 0 && target <= capacity, `the target ${target} is beyond the capacity`);
    assert(this.sums[RECENT_REACH]! <= capacity, "T1 and its ghosts weigh more than the capacity");
    assert(this.sums[REACH]! <= 2 * capacity, "entries and ghosts weigh more than twice the capacity");
  }

  #listOf(slot: number): WeighedList {
    return this.isFrequent(slot) ? this.frequent : this.recent;
  }
}

/** The slot that would leave T1 next, 0 when it is empty. */
export function frontOfRecent(lists: AdaptiveLists): number {
  return lists.state[RECENT]!;
}

/** The slot that would leave T2 next, 0 when it is empty. */
export function frontOfFrequent(lists: AdaptiveLists): number {
  return lists.state[FREQUENT]!;
}

/**
 * Takes the ghost of a key out, if there is one, and moves the target: a ghost of T1 shows that T1 was cut too
 * short, one of T2 that T2 was, and more so the more ghosts of the other kind there are.
 * @returns where it was found
 */
export function takeGhost(lists: AdaptiveLists, hash: number): number {
  const { state, places, ghostIndex } = lists;
  const ghost =
    ghostIndex !== undefined
      ? ghostIndex.findGhost(hash)
      : findGhost(state, places, GHOST_WORDS, ghostBucket(hash, BUCKETS, lists.bucketShift), hash);
  if (ghost === 0) return FROM_NOWHERE;
  const isRecent = state[wordAt(ghost, GHOST_WORDS, places) + BEFORE]! >>> QUEUE_SHIFT === RECENT_GHOSTS;
  adaptTarget(lists.sums, isRecent, lists.capacity);
  forget(lists, ghost, isRecent);
  return isRecent ? FROM_RECENT : FROM_FREQUENT;
}

/** Puts an entry that came in at the back of T1 or T2, and forgets the ghosts that this is too much for. */
export function append(lists: AdaptiveLists, slot: number, isFrequent: boolean): void {
  const { words, stride, offset, state, sums } = lists;
  const weight = lists.memory.weigh(slot);
  words[wordAt(slot, stride, offset)] = isFrequent ? IN_FREQUENT : 0;
  pushBack(words, stride, offset, state, isFrequent ? FREQUENT : RECENT, slot);
  if (isFrequent) {
    sums[FREQUENT_WEIGHT]! += weight;
  } else {
    sums[RECENT_WEIGHT]! += weight;
    sums[RECENT_REACH]! += weight;
  }
  sums[REACH]! += weight;
  dropGhosts(lists);
}

/** Moves an entry from T1 to the back of T2. */
export function promote(lists: AdaptiveLists, slot: number): void {
  const { words, stride, offset, state, sums } = lists;
  const weight = lists.memory.weigh(slot);
  unlink(words, stride, offset, state, RECENT, slot);
  words[wordAt(slot, stride, offset)] = IN_FREQUENT;
  pushBack(words, stride, offset, state, FREQUENT, slot);
  sums[RECENT_WEIGHT]! -= weight;
  sums[RECENT_REACH]! -= weight;
  sums[FREQUENT_WEIGHT]! += weight;
}

/**
 * Takes the entry at the front of T1 or T2 out and remembers it. (An entry that has grown may have gone beyond the
 * bounds, and its ghost then does, too.)
 * @returns its slot; 0 when the list is empty
 */
export function evictFront(lists: AdaptiveLists, fromRecent: boolean): number {
  const { words, stride, offset, state, sums, places, memory, capacity, ghostIndex } = lists;
  const list = fromRecent ? RECENT : FREQUENT;
  const victim = state[list]!;
  if (victim === 0) return 0;
  unlink(words, stride, offset, state, list, victim);
  const weight = memory.weigh(victim);
  sums[fromRecent ? RECENT_WEIGHT : FREQUENT_WEIGHT]! -= weight;
  const queueAt = fromRecent ? RECENT_QUEUE : FREQUENT_QUEUE;
  if (state[GHOSTS + FREE] === 0 && state[GHOSTS + FRESH] === lists.ghostLimit) {
    forgetOldest(lists, state[queueAt] === 0 ? !fromRecent : fromRecent);
  }
  const hash = memory.hashOf(victim);
  const queue = fromRecent ? RECENT_GHOSTS : FREQUENT_GHOSTS;
  const ghost = addGhost(state, GHOSTS, places, GHOST_WORDS, queueAt, queue, hash, weight);
  if (ghostIndex !== undefined) ghostIndex.putGhost(hash, ghost);
  else chainGhost(state, places, GHOST_WORDS, ghostBucket(hash, BUCKETS, lists.bucketShift), ghost);
  if (sums[RECENT_REACH]! > capacity || sums[REACH]! > 2 * capacity) dropGhosts(lists);
  return victim;
}

/** Forgets ghosts until the weights are within their bounds again. */
function dropGhosts(lists: AdaptiveLists): void {
  const { state, sums, capacity } = lists;
  while (sums[RECENT_REACH]! > capacity && state[RECENT_QUEUE] !== 0) forgetOldest(lists, true);
  while (sums[REACH]! > 2 * capacity && state[FREQUENT_QUEUE] !== 0) forgetOldest(lists, false);
}

function forgetOldest(lists: AdaptiveLists, isRecent: boolean): void {
  forget(lists, lists.state[isRecent ? RECENT_QUEUE : FREQUENT_QUEUE]!, isRecent);
}

function forget(lists: AdaptiveLists, ghost: number, isRecent: boolean): void {
  const { state, sums, places, ghostIndex } = lists;
  const hash = state[wordAt(ghost, GHOST_WORDS, places) + HASH]!;
  if (ghostIndex !== undefined) ghostIndex.putGhost(hash, 0);
  else unchainGhost(state, places, GHOST_WORDS, ghostBucket(hash, BUCKETS, lists.bucketShift), ghost);
  const queueAt = isRecent ? RECENT_QUEUE : FREQUENT_QUEUE;
  const weight = removeGhost(state, GHOSTS, places, GHOST_WORDS, queueAt, ghost);
  if (isRecent) sums[RECENT_REACH]! -= weight;
  sums[REACH]! -= weight;
}

function adaptTarget(sums: Float64Array, isRecent: boolean, capacity: number): void {
  const target = sums[TARGET]!;
  const recent = recentGhostWeight(sums);
  const frequent = frequentGhostWeight(sums);
  sums[TARGET] = isRecent
    ? Math.min(target + Math.max(frequent / recent, 1), capacity)
    : Math.max(target - Math.max(recent / frequent, 1), 0);
}

function recentGhostWeight(sums: Float64Array): number {
  return sums[RECENT_REACH]! - sums[RECENT_WEIGHT]!;
}

function frequentGhostWeight(sums: Float64Array): number {
  return sums[REACH]! - sums[RECENT_REACH]! - sums[FREQUENT_WEIGHT]!;
}

/** One more than may stay: between an eviction and the insertion it is for, there is one too many. */
function ghostShape(maxEntries: number, maxGhosts: number | undefined): GhostTableShape {
  return { limit: ghostLimit(maxEntries, 1, maxGhosts) + 1, queues: 2, noteWords: 0 };
}
