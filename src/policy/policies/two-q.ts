import { assert } from "../../lib/assert.ts";
import { GhostTable, type GhostTableShape, ghostLimit } from "../ghost-table.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { ghostQueue, listQueue } from "../queue-views.ts";
import { LINK_WORDS, LIST_WORDS } from "../slot-list.ts";
import { checkCount, WeighedList } from "../weighed-list.ts";

/** Set in the first word of a slot in the main queue. */
const IN_MAIN = 1 << 31;

const RECENT = 0;
const MAIN = LIST_WORDS;
/** The key hash that the last miss found among the ghosts, and whether it found one. */
const RETURNING_HASH = MAIN + LIST_WORDS;
const RETURNING = RETURNING_HASH + 1;
const GHOSTS = RETURNING + 1;

const RECENT_WEIGHT = 0;
const MAIN_WEIGHT = 1;
const GHOST_WEIGHT = 2;

/**
 * 2Q, the full version: a first-in first-out queue of recent entries (A1in in the paper), an LRU queue of proven
 * entries (Am), and ghosts of entries evicted from the first queue (A1out). A key that returns while its ghost is
 * remembered goes to the LRU queue. Reads in the first queue do not count, because they are taken for correlated.
 *
 * T. Johnson, D. Shasha, "2Q: a low overhead high performance buffer management replacement algorithm", VLDB 1994.
 *
 * Choices: `in` and `out` are the shares of A1in and A1out in the capacity's weight, rounded down; the paper suggests
 * 25 % and 50 %. A returning key's ghost leaves A1out before room is made, so no other ghost is dropped for it. Am
 * evicts whenever A1in is within its share, even while Am is below its own.
 */
export const twoQ: PolicyType = {
  name: "2q",
  wordsPerSlot: LINK_WORDS,
  sums: 3,
  parameters: { in: 0.25, out: 0.5 },
  ranges: { in: { least: 0, most: 1 }, out: { least: 0, most: 10 } },
  stateWords: (maxEntries, parameters, maxGhosts) =>
    GHOSTS + GhostTable.words(ghostShape(maxEntries, parameters, maxGhosts)),
  create: (memory, parameters) => new TwoQ(memory, parameters),
};

function ghostShape(
  maxEntries: number,
  parameters: Readonly<Record<string, number>>,
  maxGhosts: number | undefined,
): GhostTableShape {
  return { limit: ghostLimit(maxEntries, parameters["out"]!, maxGhosts), queues: 1, noteWords: 0 };
}

class TwoQ implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #in: number;
  readonly #recentShare: number;
  readonly #ghostShare: number;
  readonly #recent: WeighedList;
  readonly #main: WeighedList;
  readonly #ghosts: GhostTable;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    const { words, stride, offset, state, sums, capacity, maxEntries, maxGhosts } = memory;
    this.#memory = memory;
    this.#words = words;
    this.#stride = stride;
    this.#offset = offset;
    this.#state = state;
    this.#in = parameters["in"]!;
    this.#recentShare = Math.floor(capacity * parameters["in"]!);
    this.#ghostShare = Math.floor(capacity * parameters["out"]!);
    this.#recent = new WeighedList(memory, RECENT, RECENT_WEIGHT);
    this.#main = new WeighedList(memory, MAIN, MAIN_WEIGHT);
    const shape = ghostShape(maxEntries, parameters, maxGhosts);
    this.#ghosts = new GhostTable(state, GHOSTS, sums, GHOST_WEIGHT, shape, memory.ghostIndex);
  }

  miss(hash: number): void {
    this.#state[RETURNING] = this.#ghosts.take(hash) === 0 ? 1 : 0;
    this.#state[RETURNING_HASH] = hash;
  }

  hit(slot: number): void {
    if (this.#isInMain(slot)) this.#main.moveToBack(slot);
  }

  insert(slot: number, hash: number): void {
    const state = this.#state;
    const returns = state[RETURNING] === 1 && state[RETURNING_HASH] === (hash | 0);
    state[RETURNING] = 0;
    this.#words[slot * this.#stride + this.#offset] = returns ? IN_MAIN : 0;
    if (returns) this.#main.pushBack(slot);
    else this.#recent.pushBack(slot);
  }

  /** The entries last to be evicted fill the main queue; the others go to the queue of recent ones. */
  adopt(slot: number, _hash: number, rank: number): void {
    const isMain = rank > this.#in;
    this.#words[slot * this.#stride + this.#offset] = isMain ? IN_MAIN : 0;
    if (isMain) this.#main.pushBack(slot);
    else this.#recent.pushBack(slot);
  }

  evict(_incoming: number): number {
    const oldest = this.#recent.front();
    const stalest = this.#main.front();
    if (oldest !== 0 && (this.#recent.weight() > this.#recentShare || stalest === 0)) {
      this.#recent.unlink(oldest);
      this.#remember(this.#memory.hashOf(oldest), this.#memory.weigh(oldest));
      return oldest;
    }
    if (stalest !== 0) this.#main.unlink(stalest);
    return stalest;
  }

  remove(slot: number): void {
    this.#queueOf(slot).unlink(slot);
  }

  reweigh(slot: number, oldWeight: number, newWeight: number): void {
    this.#queueOf(slot).reweigh(oldWeight, newWeight);
  }

  move(_from: number, to: number): void {
    this.#queueOf(to).relocate(to);
  }

  explain(slot: number): Placement {
    return { queue: this.#isInMain(slot) ? "main" : "recent", detail: {} };
  }

  /** Begins with the queue that evicts next. */
  forEach(visit: (slot: number) => void): void {
    const recentFirst = this.#recent.weight() > this.#recentShare;
    if (recentFirst) this.#recent.forEach(visit);
    this.#main.forEach(visit);
    if (!recentFirst) this.#recent.forEach(visit);
  }

  queues(): PolicyQueue[] {
    return [
      listQueue(this.#memory, this.#recent.list, {
        name: "recent",
        weight: this.#recent.weight(),
        share: this.#recentShare,
        entrance: "new entries",
        exit: "out, remembered as a ghost; reads here do not count",
        holds: (slot) => !this.#isInMain(slot),
        turn: () => "ghosts",
      }),
      listQueue(this.#memory, this.#main.list, {
        name: "main",
        weight: this.#main.weight(),
        share: this.#memory.capacity - this.#recentShare,
        entrance: "keys that were remembered as ghosts, and each entry of main when it is read",
        exit: "out: no other in main was unread for longer",
        holds: (slot) => this.#isInMain(slot),
        turn: () => OUT,
      }),
      ghostQueue(this.#ghosts, 0, {
        name: "ghosts",
        weight: this.#ghosts.weight(0),
        share: this.#ghostShare,
        entrance: "keys evicted from recent",
        exit: "asked for again: into main; else forgotten",
      }),
    ];
  }

  check(): void {
    const count =
      this.#recent.check((slot) => !this.#isInMain(slot)) + this.#main.check((slot) => this.#isInMain(slot));
    checkCount(this.#memory, count);
    this.#ghosts.check();
    assert(this.#ghosts.weight(0) <= this.#ghostShare, "the ghosts weigh more than their share");
  }

  #remember(hash: number, weight: number): void {
    if (weight > this.#ghostShare) return;
    this.#ghosts.shrinkTo(0, this.#ghostShare - weight);
    this.#ghosts.add(0, hash, weight);
  }

  #queueOf(slot: number): WeighedList {
    return this.#isInMain(slot) ? this.#main : this.#recent;
  }

  #isInMain(slot: number): boolean {
    return this.#words[slot * this.#stride + this.#offset]! < 0;
  }
}
