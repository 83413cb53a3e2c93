import { assert } from "../lib/assert.ts";
import { GhostTable, type GhostTableShape, ghostLimit } from "./ghost-table.ts";
import type { PolicyMemory } from "./policy.ts";
import { LIST_WORDS } from "./slot-list.ts";
import { checkCount, WeighedList } from "./weighed-list.ts";

const RECENT = 0;
const FREQUENT = LIST_WORDS;
const GHOSTS = FREQUENT + LIST_WORDS;

/** Queues of ghosts: those of T1, the papers' B1, and those of T2, their B2. */
const RECENT_GHOSTS = 0;
const FREQUENT_GHOSTS = 1;

const RECENT_WEIGHT = 0;
const FREQUENT_WEIGHT = 1;
const GHOST_WEIGHTS = 2;
const TARGET = 4;

/** Where the ghost of a key was found. */
export type GhostFound = "none" | "recent" | "frequent";

/**
 * What ARC and CAR have in common: a list of entries that came once (T1) and one of entries that were asked for
 * more often (T2), ghosts of what left either, and a target for T1's weight that moves when a ghost is asked for.
 * T1 and its ghosts weigh at most the capacity, everything together at most twice that.
 *
 * Takes the first two policy words of each slot; the sign of the first tells that the slot is in T2. The object
 * holds no state of its own: any number of them may stand for the same lists.
 */
export class AdaptiveLists {
  readonly recent: WeighedList;
  readonly frequent: WeighedList;
  readonly #memory: PolicyMemory;
  readonly #sums: Float64Array;
  readonly #ghosts: GhostTable;

  /** Sums of weights that it keeps; they are the first ones. */
  static readonly sums = 5;
  /** Set in the first word of a slot in T2. */
  static readonly frequentFlag: number = 1 << 31;

  /** The lists lie at the beginning of `memory.state`; they take `AdaptiveLists.words`. */
  constructor(memory: PolicyMemory) {
    this.#memory = memory;
    this.#sums = memory.sums;
    this.recent = new WeighedList(memory, RECENT, RECENT_WEIGHT);
    this.frequent = new WeighedList(memory, FREQUENT, FREQUENT_WEIGHT);
    this.#ghosts = new GhostTable(
      memory.state,
      GHOSTS,
      memory.sums,
      GHOST_WEIGHTS,
      ghostShape(memory.maxEntries, memory.maxGhosts),
    );
  }

  static words(maxEntries: number, maxGhosts: number | undefined): number {
    return GHOSTS + GhostTable.words(ghostShape(maxEntries, maxGhosts));
  }

  /** The weight that T1 should have, the papers' p. A fraction moves it too. */
  target(): number {
    return this.#sums[TARGET]!;
  }

  isFrequent(slot: number): boolean {
    return this.#memory.words[slot * this.#memory.stride + this.#memory.offset]! < 0;
  }

  listOf(slot: number): WeighedList {
    return this.isFrequent(slot) ? this.frequent : this.recent;
  }

  /**
   * Takes the ghost of a key out, if there is one, and moves the target: a ghost of T1 shows that T1 was cut too
   * short, one of T2 that T2 was, and more so the more ghosts of the other kind there are.
   */
  takeGhost(hash: number): GhostFound {
    const recent = this.#ghosts.weight(RECENT_GHOSTS);
    const frequent = this.#ghosts.weight(FREQUENT_GHOSTS);
    const target = this.#sums[TARGET]!;
    switch (this.#ghosts.take(hash)) {
      case RECENT_GHOSTS:
        this.#sums[TARGET] = Math.min(target + Math.max(frequent / recent, 1), this.#memory.capacity);
        return "recent";
      case FREQUENT_GHOSTS:
        this.#sums[TARGET] = Math.max(target - Math.max(recent / frequent, 1), 0);
        return "frequent";
      default:
        return "none";
    }
  }

  /** Remembers an entry that was just taken out of T1 or T2. */
  addGhost(slot: number, fromRecent: boolean): void {
    const queue = fromRecent ? RECENT_GHOSTS : FREQUENT_GHOSTS;
    this.#ghosts.add(queue, this.#memory.hashOf(slot), this.#memory.weigh(slot));
    this.dropGhosts();
  }

  /** Forgets ghosts until the weights are within their bounds again. */
  dropGhosts(): void {
    const { capacity } = this.#memory;
    while (this.#recentReach() > capacity && this.#ghosts.count(RECENT_GHOSTS) > 0) {
      this.#ghosts.dropOldest(RECENT_GHOSTS);
    }
    while (this.#reach() > 2 * capacity && this.#ghosts.count(FREQUENT_GHOSTS) > 0) {
      this.#ghosts.dropOldest(FREQUENT_GHOSTS);
    }
  }

  forEach(visit: (slot: number) => void, recentFirst: boolean): void {
    if (recentFirst) this.recent.forEach(visit);
    this.frequent.forEach(visit);
    if (!recentFirst) this.recent.forEach(visit);
  }

  /** @throws AssertionError */
  check(): void {
    const { capacity } = this.#memory;
    const count =
      this.recent.check((slot) => !this.isFrequent(slot)) +
      this.frequent.check((slot) => this.isFrequent(slot));
    checkCount(this.#memory, count);
    this.#ghosts.check();
    const target = this.target();
    assert(target >= 0 && target <= capacity, `the target ${target} is beyond the capacity`);
    assert(this.#recentReach() <= capacity, "T1 and its ghosts weigh more than the capacity");
    assert(this.#reach() <= 2 * capacity, "entries and ghosts weigh more than twice the capacity");
  }

  /** The weight of T1 and its ghosts, ARC's L1. */
  #recentReach(): number {
    return this.recent.weight() + this.#ghosts.weight(RECENT_GHOSTS);
  }

  #reach(): number {
    return this.#recentReach() + this.frequent.weight() + this.#ghosts.weight(FREQUENT_GHOSTS);
  }
}

/** One more than may stay: between an eviction and the insertion it is for, there is one too many. */
function ghostShape(maxEntries: number, maxGhosts: number | undefined): GhostTableShape {
  return { limit: ghostLimit(maxEntries, 1, maxGhosts) + 1, queues: 2, noteWords: 0 };
}
