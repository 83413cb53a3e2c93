import { assert } from "../../lib/assert.ts";
import { GhostTable, type GhostTableShape, ghostLimit } from "../ghost-table.ts";
import { NO_PASS_LIMIT, type Placement, type Policy, type PolicyMemory, type PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { ghostQueue, listQueue } from "../queue-views.ts";
import { LINK_WORDS, LIST_WORDS } from "../slot-list.ts";
import { checkCount, WeighedList } from "../weighed-list.ts";

/** Bits of a slot's first word above the link: whether it is in `main`, and how often it was read (0 to 3). */
const IN_MAIN = 1 << 29;
const READ_SHIFT = 30;
const ONE_READ = 1 << READ_SHIFT;
const READS = -1 << READ_SHIFT;
const READS_LIMIT = 3;
/** Reads in the small queue that promote an entry to the main one. */
const PROMOTING_READS = 2;

const SMALL = 0;
const MAIN = LIST_WORDS;
/** The key hash that the last miss found among the ghosts, and whether it found one. */
const RETURNING_HASH = MAIN + LIST_WORDS;
const RETURNING = RETURNING_HASH + 1;
const GHOSTS = RETURNING + 1;

const SMALL_WEIGHT = 0;
const MAIN_WEIGHT = 1;
const GHOST_WEIGHT = 2;

/**
 * S3-FIFO: a small queue that most entries pass through once, a main queue for entries read at least twice in the
 * small one, and a queue of ghosts. A key that returns while its ghost is remembered goes directly to the main queue.
 * Entries of the main queue get another round for every read, three at most.
 *
 * J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023.
 *
 * Choices: shares are of the capacity's weight, rounded down. An entry enters the main queue with no reads. The main
 * queue evicts if it is over its share, else the small one; so the small queue may outgrow its share while the main
 * one is below its own. The authors' libCacheSim does the same; the paper's algorithm asks whether the small queue
 * has its share. An entry too heavy for the small queue's share passes through it nevertheless.
 */
export const s3Fifo: PolicyType = {
  name: "s3-fifo",
  wordsPerSlot: LINK_WORDS,
  sums: 3,
  parameters: { small: 0.1, ghost: 0.9 },
  ranges: { small: { least: 0, most: 1 }, ghost: { least: 0, most: 10 } },
  stateWords: (maxEntries, parameters, maxGhosts) =>
    GHOSTS + GhostTable.words(ghostShape(maxEntries, parameters, maxGhosts)),
  create: (memory, parameters) => new S3Fifo(memory, parameters),
};

function ghostShape(
  maxEntries: number,
  parameters: Readonly<Record<string, number>>,
  maxGhosts: number | undefined,
): GhostTableShape {
  return { limit: ghostLimit(maxEntries, parameters["ghost"]!, maxGhosts), queues: 1, noteWords: 0 };
}

class S3Fifo implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #passLimit: number;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  /** A share of 1; the other two are weights. */
  readonly #smallShare: number;
  readonly #mainShare: number;
  readonly #ghostShare: number;
  readonly #small: WeighedList;
  readonly #main: WeighedList;
  readonly #ghosts: GhostTable;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    const { words, stride, offset, state, sums, capacity, maxEntries, maxGhosts } = memory;
    this.#memory = memory;
    this.#words = words;
    this.#passLimit = memory.passLimit ?? NO_PASS_LIMIT;
    this.#stride = stride;
    this.#offset = offset;
    this.#state = state;
    this.#smallShare = parameters["small"]!;
    this.#mainShare = capacity - Math.floor(capacity * parameters["small"]!);
    this.#ghostShare = Math.floor(capacity * parameters["ghost"]!);
    this.#small = new WeighedList(memory, SMALL, SMALL_WEIGHT);
    this.#main = new WeighedList(memory, MAIN, MAIN_WEIGHT);
    const shape = ghostShape(maxEntries, parameters, maxGhosts);
    this.#ghosts = new GhostTable(state, GHOSTS, sums, GHOST_WEIGHT, shape, memory.ghostIndex);
  }

  miss(hash: number): void {
    this.#state[RETURNING] = this.#ghosts.take(hash) === 0 ? 1 : 0;
    this.#state[RETURNING_HASH] = hash;
  }

  hit(slot: number): void {
    const at = slot * this.#stride + this.#offset;
    const word = this.#words[at]!;
    if (word >>> READ_SHIFT < READS_LIMIT) this.#words[at] = (word + ONE_READ) | 0;
  }

  insert(slot: number, hash: number): void {
    const state = this.#state;
    const returns = state[RETURNING] === 1 && state[RETURNING_HASH] === (hash | 0);
    state[RETURNING] = 0;
    this.#words[slot * this.#stride + this.#offset] = returns ? IN_MAIN : 0;
    if (returns) this.#main.pushBack(slot);
    else this.#small.pushBack(slot);
  }

  /** The entries last to be evicted fill the main queue; the others go to the small one. */
  adopt(slot: number, _hash: number, rank: number): void {
    const isMain = rank > this.#smallShare;
    this.#words[slot * this.#stride + this.#offset] = isMain ? IN_MAIN : 0;
    if (isMain) this.#main.pushBack(slot);
    else this.#small.pushBack(slot);
  }

  evict(_incoming: number): number {
    const mainGivesWay = this.#main.weight() > this.#mainShare;
    const victim = mainGivesWay ? 0 : this.#evictFromSmall();
    return victim !== 0 ? victim : this.#evictFromMain() || this.#evictFromSmall();
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
    const reads = this.#words[slot * this.#stride + this.#offset]! >>> READ_SHIFT;
    return { queue: this.#isInMain(slot) ? "main" : "small", detail: { reads } };
  }

  /** Begins with the queue that evicts next. */
  forEach(visit: (slot: number) => void): void {
    const mainFirst = this.#main.weight() > this.#mainShare;
    if (mainFirst) this.#main.forEach(visit);
    this.#small.forEach(visit);
    if (!mainFirst) this.#main.forEach(visit);
  }

  queues(): PolicyQueue[] {
    const readsOf = (slot: number) => this.#words[slot * this.#stride + this.#offset]! >>> READ_SHIFT;
    return [
      listQueue(this.#memory, this.#small.list, {
        name: "small",
        weight: this.#small.weight(),
        share: this.#memory.capacity - this.#mainShare,
        entrance: "new entries",
        exit: "read twice: into main; else out, remembered as a ghost",
        holds: (slot) => !this.#isInMain(slot),
        turn: (slot) => (readsOf(slot) >= PROMOTING_READS ? "main" : "ghosts"),
      }),
      listQueue(this.#memory, this.#main.list, {
        name: "main",
        weight: this.#main.weight(),
        share: this.#mainShare,
        entrance: "entries read twice in small, and keys that were remembered as ghosts",
        exit: "read since its last round: goes round once more for each read, three times at most; else out",
        holds: (slot) => this.#isInMain(slot),
        turn: (slot) => (readsOf(slot) > 0 ? "main" : OUT),
      }),
      ghostQueue(this.#ghosts, 0, {
        name: "ghosts",
        weight: this.#ghosts.weight(0),
        share: this.#ghostShare,
        entrance: "keys evicted from small",
        exit: "asked for again: straight into main; else forgotten",
      }),
    ];
  }

  check(): void {
    const count =
      this.#small.check((slot) => !this.#isInMain(slot)) + this.#main.check((slot) => this.#isInMain(slot));
    checkCount(this.#memory, count);
    this.#ghosts.check();
    assert(this.#ghosts.weight(0) <= this.#ghostShare, "the ghosts weigh more than their share");
  }

  /**
   * Moves entries that were read often enough to the main queue, and evicts the first other one.
   * @returns the victim; 0 if there is none
   */
  #evictFromSmall(): number {
    const words = this.#words;
    let passed = 0;
    for (let slot = this.#small.front(); slot !== 0; slot = this.#small.front()) {
      const at = slot * this.#stride + this.#offset;
      this.#small.unlink(slot);
      if (words[at]! >>> READ_SHIFT < PROMOTING_READS || passed++ === this.#passLimit) {
        this.#remember(this.#memory.hashOf(slot), this.#memory.weigh(slot));
        return slot;
      }
      words[at] = IN_MAIN;
      this.#main.pushBack(slot);
    }
    return 0;
  }

  /**
   * Sends entries that were read round once more, for one of their reads, and evicts the first other one.
   * @returns the victim; 0 if there is none
   */
  #evictFromMain(): number {
    const words = this.#words;
    let passed = 0;
    for (let slot = this.#main.front(); slot !== 0; slot = this.#main.front()) {
      const at = slot * this.#stride + this.#offset;
      const word = words[at]!;
      if ((word & READS) === 0 || passed++ === this.#passLimit) {
        this.#main.unlink(slot);
        return slot;
      }
      words[at] = (word - ONE_READ) | 0;
      this.#main.moveToBack(slot);
    }
    return 0;
  }

  #remember(hash: number, weight: number): void {
    if (weight > this.#ghostShare) return;
    this.#ghosts.shrinkTo(0, this.#ghostShare - weight);
    this.#ghosts.add(0, hash, weight);
  }

  #queueOf(slot: number): WeighedList {
    return this.#isInMain(slot) ? this.#main : this.#small;
  }

  #isInMain(slot: number): boolean {
    return (this.#words[slot * this.#stride + this.#offset]! & IN_MAIN) !== 0;
  }
}
