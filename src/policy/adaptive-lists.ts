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
import type { PolicyQueue } from "./policy-queue.ts";
import { ghostQueue, listQueue } from "./queue-views.ts";
import { LIST_WORDS, pushBack, unlink } from "./slot-list.ts";
import { checkCount, WeighedList } from "./weighed-list.ts";
import { wordAt } from "./word-at.ts";

/** Offsets in `state`: first the lists, then the ghosts. */
const RECENT = 0;
export const FREQUENT: number = LIST_WORDS;
const GHOSTS = FREQUENT + LIST_WORDS;
/** The first word of a ghost queue is its oldest ghost. */
const RECENT_QUEUE = GHOSTS + GHOST_HEADER_WORDS;
const FREQUENT_QUEUE = RECENT_QUEUE + GHOST_QUEUE_WORDS;
const BUCKETS = FREQUENT_QUEUE + GHOST_QUEUE_WORDS;

/** Queue numbers: the ghosts of T1 (B1 in the papers) and of T2 (B2). */
const RECENT_GHOSTS = 0;
const FREQUENT_GHOSTS = 1;

/** Indices in `sums`: the weights of T1, of T2, of T1 with its ghosts (ARC's L1), of everything; the target. */
export const RECENT_WEIGHT = 0;
const FREQUENT_WEIGHT = 1;
const RECENT_REACH = 2;
const REACH = 3;
export const TARGET = 4;

/** Set in the first word of a slot that is in T2. */
const IN_FREQUENT: number = 1 << 31;

/** Queues in which a key's ghost can be found. */
export const FROM_NOWHERE = 0;
const FROM_RECENT = 1;
export const FROM_FREQUENT = 2;

/** What ARC and CAR say about their queues. */
interface AdaptiveRules {
  readonly recentEntrance: string;
  readonly recentExit: string;
  readonly frequentEntrance: string;
  readonly frequentExit: string;
  /** Tells whether an entry would go to T2, or stay there, if its turn came now. */
  stays(slot: number): boolean;
}

/**
 * What ARC and CAR share: a list of entries requested once (T1), a list of entries requested more often (T2), ghosts
 * of entries evicted from either, and a target for T1's weight, which moves when the key of a ghost is requested. T1
 * and its ghosts weigh at most the capacity; everything together weighs at most twice the capacity.
 *
 * Takes the first two policy words of each slot; the sign bit of the first marks a slot in T2. Insertion and eviction
 * are free functions on bare arrays, below: as methods on nested objects they ran half as long again and took three
 * times as long to compile.
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

  /** Number of sums the lists use: the first ones of `memory.sums`. */
  static readonly sums = 5;

  /** @param memory its `state` begins with the lists, which take `AdaptiveLists.words` */
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

  /** Visits the entries of T1 and T2, beginning with the list that evicts next. */
  protected forEachOf(visit: (slot: number) => void, recentFirst: boolean): void {
    if (recentFirst) this.recent.forEach(visit);
    this.frequent.forEach(visit);
    if (!recentFirst) this.recent.forEach(visit);
  }

  /** Shows T1, T2 and the ghosts of both. */
  protected queuesOf(rules: AdaptiveRules): PolicyQueue[] {
    const { memory, sums, capacity } = this;
    const target = sums[TARGET]!;
    const ghosts = this.#ghosts();
    const again = "asked for again: into frequent, and the target for recent";
    return [
      listQueue(memory, this.recent.list, {
        name: "recent",
        weight: this.recent.weight(),
        share: target,
        entrance: rules.recentEntrance,
        exit: rules.recentExit,
        holds: (slot) => !this.isFrequent(slot),
        turn: (slot) => (rules.stays(slot) ? "frequent" : "recent-ghosts"),
      }),
      listQueue(memory, this.frequent.list, {
        name: "frequent",
        weight: this.frequent.weight(),
        share: capacity - target,
        entrance: rules.frequentEntrance,
        exit: rules.frequentExit,
        holds: (slot) => this.isFrequent(slot),
        turn: (slot) => (rules.stays(slot) ? "frequent" : "frequent-ghosts"),
      }),
      ghostQueue(ghosts, RECENT_GHOSTS, {
        name: "recent-ghosts",
        weight: recentGhostWeight(sums),
        entrance: "keys evicted from recent",
        exit: `${again} rises; else forgotten`,
      }),
      ghostQueue(ghosts, FREQUENT_GHOSTS, {
        name: "frequent-ghosts",
        weight: frequentGhostWeight(sums),
        entrance: "keys evicted from frequent",
        exit: `${again} falls; else forgotten`,
      }),
    ];
  }

  /** @throws AssertionError */
  check(): void {
    const { capacity } = this;
    const count =
      this.recent.check((slot) => !this.isFrequent(slot)) +
      this.frequent.check((slot) => this.isFrequent(slot));
    checkCount(this.memory, count);
    this.#ghosts().check();
    const target = this.sums[TARGET]!;
    assert(target >= 0 && target <= capacity, `the target ${target} is beyond the capacity`);
    assert(this.sums[RECENT_REACH]! <= capacity, "T1 and its ghosts weigh more than the capacity");
    assert(this.sums[REACH]! <= 2 * capacity, "entries and ghosts weigh more than twice the capacity");
  }

  /** For looking at the ghosts: changes would leave the sums as they are. */
  #ghosts(): GhostTable {
    const weights = Float64Array.of(recentGhostWeight(this.sums), frequentGhostWeight(this.sums));
    const shape = ghostShape(this.memory.maxEntries, this.memory.maxGhosts);
    return new GhostTable(this.state, GHOSTS, weights, 0, shape, this.ghostIndex);
  }

  #listOf(slot: number): WeighedList {
    return this.isFrequent(slot) ? this.frequent : this.recent;
  }
}

/** Returns the next victim in T1, 0 when T1 is empty. */
export function frontOfRecent(lists: AdaptiveLists): number {
  return lists.state[RECENT]!;
}

/** Returns the next victim in T2, 0 when T2 is empty. */
export function frontOfFrequent(lists: AdaptiveLists): number {
  return lists.state[FREQUENT]!;
}

/**
 * Removes the ghost of a key, if it has one, and moves the target. A ghost of T1 shows that T1 is too short, a ghost
 * of T2 that T2 is. The target moves further the more ghosts the other list has.
 * @returns the queue in which the ghost was found
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

/** Appends a new entry to T1 or T2, and drops ghosts that no longer fit. */
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
 * Removes the entry at the front of T1 or T2 and keeps a ghost of it. If the entry has grown beyond the bounds, its
 * ghost is dropped at once.
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

/** Drops ghosts until the weights are within their bounds. */
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

/** One ghost more than the limit: between an eviction and the insertion it makes room for, there is one too many. */
function ghostShape(maxEntries: number, maxGhosts: number | undefined): GhostTableShape {
  return { limit: ghostLimit(maxEntries, 1, maxGhosts) + 1, queues: 2, noteWords: 0 };
}
