import { assert } from "../../lib/assert.ts";
import { GhostTable, type GhostTableShape, ghostLimit } from "../ghost-table.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import type { PolicyQueue } from "../policy-queue.ts";
import { PriorityHeap } from "../priority-heap.ts";
import { ghostQueue, heapQueue } from "../queue-views.ts";

/** The key hash that the last miss found among the ghosts, and whether it found one. */
const RETURNING_HASH = 0;
const RETURNING = 1;
const HEAP = 2;

const GHOST_WEIGHT = 0;
/** Number of requests so far: this policy's clock. */
const NOW = 1;
/** When the returning key was last requested. */
const RETURNING_TIME = 2;

/** The time of a request that did not happen: before the first one. */
const NEVER = 0;

/**
 * LRU-K: evicts the entry with the oldest K-th last request. Entries with fewer than K requests leave before all
 * others; among equals the entry requested longest ago leaves first. A ghost keeps the history of an evicted entry,
 * so that its next request counts together with those before.
 *
 * E. J. O'Neil, P. E. O'Neil, G. Weikum, "The LRU-K page replacement algorithm for database disk buffering", SIGMOD
 * 1993.
 *
 * Choices: K is 2, as the paper recommends, or 1, which is LRU. Requests in quick succession count like any others (a
 * correlated reference period of zero). Ghosts are limited by a share of the capacity's weight, rounded down, oldest
 * dropped first, and not by time (the retained information period).
 */
export const lruK: PolicyType = {
  name: "lru-k",
  wordsPerSlot: 1,
  sums: 3,
  parameters: { k: 2, ghost: 1 },
  ranges: { k: { least: 1, most: 2, whole: true }, ghost: { least: 0, most: 10 } },
  stateWords: (maxEntries, parameters, maxGhosts) =>
    HEAP + PriorityHeap.words(maxEntries) + GhostTable.words(ghostShape(maxEntries, parameters, maxGhosts)),
  create: (memory, parameters) => new LruK(memory, parameters),
};

/** A ghost's note is the time of its key's last request, modulo 2^32. */
function ghostShape(
  maxEntries: number,
  parameters: Readonly<Record<string, number>>,
  maxGhosts: number | undefined,
): GhostTableShape {
  return { limit: ghostLimit(maxEntries, parameters["ghost"]!, maxGhosts), queues: 1, noteWords: 1 };
}

/** In the heap, the priority is the time of the K-th last request, the tick the time of the last one. */
class LruK implements Policy {
  readonly #memory: PolicyMemory;
  readonly #state: Int32Array;
  readonly #sums: Float64Array;
  readonly #isLru: boolean;
  readonly #ghostShare: number;
  readonly #heap: PriorityHeap;
  readonly #ghosts: GhostTable;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    const { words, stride, offset, state, sums, capacity, maxEntries, maxGhosts } = memory;
    this.#memory = memory;
    this.#state = state;
    this.#sums = sums;
    this.#isLru = parameters["k"] === 1;
    this.#ghostShare = Math.floor(capacity * parameters["ghost"]!);
    this.#heap = new PriorityHeap(words, stride, offset, state, HEAP, maxEntries);
    const ghosts = HEAP + PriorityHeap.words(maxEntries);
    this.#ghosts = new GhostTable(
      state,
      ghosts,
      sums,
      GHOST_WEIGHT,
      ghostShape(maxEntries, parameters, maxGhosts),
      memory.ghostIndex,
    );
  }

  miss(hash: number): void {
    const ghost = this.#ghosts.find(hash);
    this.#state[RETURNING_HASH] = hash;
    this.#state[RETURNING] = ghost === 0 ? 0 : 1;
    if (ghost === 0) return;
    this.#sums[RETURNING_TIME] = this.#lastTime(this.#ghosts.note(ghost, 0));
    this.#ghosts.remove(ghost);
  }

  hit(slot: number): void {
    const now = this.#nextTime();
    this.#heap.update(slot, this.#isLru ? now : this.#heap.tickOf(slot), now);
  }

  insert(slot: number, hash: number): void {
    const state = this.#state;
    const now = this.#nextTime();
    const returns = state[RETURNING] === 1 && state[RETURNING_HASH] === (hash | 0);
    state[RETURNING] = 0;
    const before = returns ? this.#sums[RETURNING_TIME]! : NEVER;
    this.#heap.add(slot, this.#isLru ? now : before, now);
  }

  /** Ignores the rank: a place far from eviction says little about whether the entry is requested again. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const victim = this.#heap.top();
    if (victim === 0) return 0;
    const weight = this.#memory.weigh(victim);
    if (weight <= this.#ghostShare) {
      this.#ghosts.shrinkTo(0, this.#ghostShare - weight);
      const ghost = this.#ghosts.add(0, this.#memory.hashOf(victim), weight);
      if (ghost !== 0) this.#ghosts.setNote(ghost, 0, this.#heap.tickOf(victim));
    }
    this.#heap.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#heap.remove(slot);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#heap.relocate(to);
  }

  explain(slot: number): Placement {
    const now = this.#sums[NOW]!;
    const before = this.#heap.priorityOf(slot);
    const detail: Record<string, number> = { requestsSinceLast: now - this.#heap.tickOf(slot) };
    if (before !== NEVER) detail["requestsSinceKthLast"] = now - before;
    return { queue: before === NEVER ? "unranked" : "ranking", detail };
  }

  forEach(visit: (slot: number) => void): void {
    this.#heap.forEach(visit);
  }

  /** One heap holds both queues of resident entries. */
  queues(): PolicyQueue[] {
    const isUnranked = (slot: number) => this.#heap.priorityOf(slot) === NEVER;
    const turn = () => "ghosts";
    return [
      heapQueue(this.#memory, this.#heap, {
        name: "unranked",
        entrance: "keys with a single request that is remembered",
        exit: "out, before all ranked ones: asked for longest ago; remembered as a ghost",
        holds: isUnranked,
        turn,
      }),
      heapQueue(this.#memory, this.#heap, {
        name: "ranking",
        entrance: this.#isLru
          ? "new entries, and each entry when it is read"
          : "keys with two requests that are remembered; each read gives an entry its next place",
        exit: `out: its ${this.#isLru ? "last" : "second last"} request is the oldest; remembered as a ghost`,
        holds: (slot) => !isUnranked(slot),
        turn,
      }),
      ghostQueue(this.#ghosts, 0, {
        name: "ghosts",
        weight: this.#ghosts.weight(0),
        share: this.#ghostShare,
        entrance: "evicted keys, with the time of their last request",
        exit: "asked for again: both requests count; else forgotten",
      }),
    ];
  }

  check(): void {
    this.#heap.check(this.#memory.maxEntries);
    this.#ghosts.check();
    assert(this.#ghosts.weight(0) <= this.#ghostShare, "the ghosts weigh more than their share");
  }

  #nextTime(): number {
    const now = this.#sums[NOW]! + 1;
    this.#sums[NOW] = now;
    return now;
  }

  /** Returns the latest time with this remainder modulo 2^32. */
  #lastTime(remainder: number): number {
    const now = this.#sums[NOW]!;
    return now - (((now % 2 ** 32) - remainder) >>> 0);
  }
}
