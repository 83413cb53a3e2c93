import type { PolicyQueue } from "../policy/policy-queue.ts";
import { readsOf } from "./entry.ts";
import { HASH, NEXT_IN_BUCKET, READ_LIMIT, SLOT_BITS } from "./entry-layout.ts";
import { bucketWord } from "./index-table.ts";
import type { ShardMemory } from "./shard-memory.ts";

/** Of the places visited last, so many are tried as the one to go on from. */
const MARKS = 8;
const NO_PLACE = -1;

/**
 * Words of a mark: the place, its hash, how often it had been read, the place visited before it, and how many members
 * were recorded up to it.
 */
const MARK_WORDS = 5;

/**
 * A walk through a queue, in steps. Between two steps the lock is released and the queue changes. A step goes on from
 * the last place that was not read meanwhile, and is still behind the one visited before it. (Two neighbours that are
 * read one after the other are neighbours again, elsewhere.) Members that have moved since then are recorded again
 * where the walk meets them, or not at all.
 *
 * `complete`: the end was reached. `full`: as many were recorded as wanted. `lost`: none of the last places is where
 * it was.
 */
export class QueueWalk {
  readonly queue: PolicyQueue;
  /** The members, and their hashes, in the order of the walk. */
  members: Int32Array;
  hashes: Int32Array;
  count = 0;
  /** In a ranking: the members that leave next, in order, as they were when the walk came by. */
  readonly nearest: number[] = [];
  state: "under way" | "complete" | "full" | "lost" = "under way";
  readonly #isBackwards: boolean;
  readonly #near: number;
  /** The places visited last, by the number of the visit. */
  readonly #marks = new Int32Array(MARKS * MARK_WORDS);
  #visits = 0;

  /**
   * @param isBackwards whether to begin at the entrance rather than at the exit
   * @param most how many members to record
   * @param near how many members of a ranking to find that leave next
   */
  constructor(queue: PolicyQueue, isBackwards: boolean, most: number, near = 0) {
    this.queue = queue;
    this.#near = near;
    this.members = new Int32Array(most);
    this.hashes = new Int32Array(most);
    this.#isBackwards = isBackwards;
  }

  /** Lets a walk that is full go on. @param more how many further members to record */
  extend(more: number): void {
    const most = this.members.length + more;
    const { members, hashes } = this;
    this.members = new Int32Array(most);
    this.members.set(members);
    this.hashes = new Int32Array(most);
    this.hashes.set(hashes);
    this.state = "under way";
  }

  /**
   * Walks on. Under the shard's lock.
   * @param visits the most places to visit
   */
  step(memory: ShardMemory, visits: number): void {
    const { queue, members, hashes } = this;
    let place = this.#goOn(memory);
    if (place === NO_PLACE) {
      this.state = "lost";
      return;
    }
    for (let left = visits; left > 0 && this.state === "under way"; left--) {
      const before = place;
      place = this.#isBackwards ? queue.previous(place) : queue.next(place);
      if (place === 0) {
        this.state = "complete";
      } else if (this.count === members.length) {
        this.state = "full";
      } else {
        const hash = queue.hashOf(place);
        if (queue.holds(place, hash)) {
          members[this.count] = place;
          hashes[this.count++] = hash;
          if (queue.isBefore !== undefined) this.#rank(place, queue.isBefore);
        }
        this.#leaveMark(place, hash, readsAt(memory, queue, place), before);
      }
    }
  }

  #leaveMark(place: number, hash: number, reads: number, before: number): void {
    const at = (this.#visits++ % MARKS) * MARK_WORDS;
    this.#marks[at] = place;
    this.#marks[at + 1] = hash;
    this.#marks[at + 2] = reads;
    this.#marks[at + 3] = before;
    this.#marks[at + 4] = this.count;
  }

  #rank(member: number, isBefore: NonNullable<PolicyQueue["isBefore"]>): void {
    const { nearest } = this;
    let rank = nearest.length;
    while (rank > 0 && isBefore(member, nearest[rank - 1]!)) rank--;
    if (rank >= this.#near) return;
    nearest.splice(rank, 0, member);
    nearest.length = Math.min(nearest.length, this.#near);
  }

  /** Returns the place to go on from, and forgets what was recorded behind it; 0: the beginning. */
  #goOn(memory: ShardMemory): number {
    const { queue } = this;
    if (this.#visits === 0) return 0;
    for (const oldest = Math.max(0, this.#visits - MARKS); this.#visits > oldest; this.#visits--) {
      const at = ((this.#visits - 1) % MARKS) * MARK_WORDS;
      const place = this.#marks[at]!;
      if (!isThere(memory, queue, place, this.#marks[at + 1]! >>> 0)) continue;
      const reads = readsAt(memory, queue, place);
      if (reads !== this.#marks[at + 2] || reads === READ_LIMIT) continue;
      const before = this.#isBackwards ? queue.next(place) : queue.previous(place);
      if (before !== this.#marks[at + 3]) continue;
      this.count = this.#marks[at + 4]!;
      return place;
    }
    return NO_PLACE;
  }
}

/** Tells whether a member that was seen earlier is still in the queue. Under the shard's lock. */
export function isMember(memory: ShardMemory, queue: PolicyQueue, member: number, hash: number): boolean {
  return isThere(memory, queue, member, hash) && queue.holds(member, hash);
}

/** Tells whether a place that was seen earlier can be looked at. */
function isThere(memory: ShardMemory, queue: PolicyQueue, place: number, hash: number): boolean {
  if (queue.isPlace?.(place, hash) === true) return true;
  return queue.kind === "ghost" ? queue.holds(place, hash) : isIndexed(memory, place, hash);
}

/** Returns how often the entry at a place was read; 0: it is no entry. */
function readsAt(memory: ShardMemory, queue: PolicyQueue, place: number): number {
  return queue.kind === "ghost" || queue.isPlace?.(place, queue.hashOf(place)) === true
    ? 0
    : readsOf(memory, place);
}

/** Tells whether there is an entry with this hash at a slot, where anything may be by now. */
function isIndexed(memory: ShardMemory, slot: number, hash: number): boolean {
  const { words } = memory;
  let found = words[bucketWord(memory, hash)]!;
  while (found !== 0 && found !== slot) found = words[found * 2 + NEXT_IN_BUCKET]! & SLOT_BITS;
  return found !== 0 && words[found * 2 + HASH] === (hash | 0);
}
