import { assert } from "../../lib/assert.ts";
import { GhostQueue } from "../ghost-queue.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { LINK_WORDS, LIST_WORDS, SlotList } from "../slot-list.ts";

/** In a slot's first word above the link: whether it stands in `main`, and how often it was read (0 to 3). */
const IN_MAIN = 1 << 29;
const READ_SHIFT = 30;
const ONE_READ = 1 << READ_SHIFT;
const READS = -1 << READ_SHIFT;
const READS_LIMIT = 3;
/** Reads in the small queue that earn a place in the main one. */
const PROMOTING_READS = 2;

const SMALL = 0;
const MAIN = LIST_WORDS;
/** The key hash that was found among the ghosts at the last miss, and whether there was one. */
const RETURNING_HASH = MAIN + LIST_WORDS;
const RETURNING = RETURNING_HASH + 1;
const GHOSTS = RETURNING + 1;

const SMALL_WEIGHT = 0;
const MAIN_WEIGHT = 1;
const GHOST_WEIGHT = 2;

/**
 * S3-FIFO: a small queue through which most entries pass once, a main queue for those read at least twice in the
 * small one, and a queue of ghosts: who returns while its ghost is remembered goes to the main queue directly.
 * Entries of the main queue get another round for every read, three at most.
 *
 * J. Yang, Y. Zhang, Z. Qiu, Y. Yue, K. V. Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023.
 *
 * Choices: shares are of the capacity's weight, rounded down. An entry that gets to the main queue starts there
 * with no reads. The main queue gives way when it is over its share, else the small one; so the small queue may
 * outgrow its share while the main one is below its own. An entry too heavy for the small queue's share passes
 * through it nevertheless.
 */
export const s3Fifo: PolicyType = {
  name: "s3-fifo",
  wordsPerSlot: LINK_WORDS,
  sums: 3,
  parameters: { small: 0.1, ghost: 0.9 },
  ranges: { small: { least: 0, most: 1 }, ghost: { least: 0, most: 10 } },
  stateWords: (maxEntries, parameters) => GHOSTS + GhostQueue.words(ghostLimit(maxEntries, parameters)),
  create: (memory, parameters) => new S3Fifo(memory, parameters),
};

/** Rounded up, so that where every weight is 1 it is the share of weight that bounds the ghosts, not this. */
function ghostLimit(maxEntries: number, parameters: Readonly<Record<string, number>>): number {
  return Math.ceil(maxEntries * parameters["ghost"]!);
}

class S3Fifo implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #sums: Float64Array;
  readonly #mainShare: number;
  readonly #ghostShare: number;
  readonly #small: SlotList;
  readonly #main: SlotList;
  readonly #ghosts: GhostQueue;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    const { words, stride, offset, state, sums, capacity, maxEntries } = memory;
    this.#memory = memory;
    this.#words = words;
    this.#stride = stride;
    this.#offset = offset;
    this.#state = state;
    this.#sums = sums;
    this.#mainShare = capacity - Math.floor(capacity * parameters["small"]!);
    this.#ghostShare = Math.floor(capacity * parameters["ghost"]!);
    this.#small = new SlotList(words, stride, offset, state, SMALL);
    this.#main = new SlotList(words, stride, offset, state, MAIN);
    this.#ghosts = new GhostQueue(state, GHOSTS, sums, GHOST_WEIGHT, ghostLimit(maxEntries, parameters));
  }

  miss(hash: number): void {
    this.#state[RETURNING] = this.#ghosts.take(hash) ? 1 : 0;
    this.#state[RETURNING_HASH] = hash;
  }

  hit(slot: number): void {
    const at = slot * this.#stride + this.#offset;
    const word = this.#words[at]!;
    if (word >>> READ_SHIFT < READS_LIMIT) this.#words[at] = (word + ONE_READ) | 0;
  }

  insert(slot: number, hash: number): void {
    const state = this.#state;
    const at = slot * this.#stride + this.#offset;
    const weight = this.#memory.weigh(slot);
    if (state[RETURNING] === 1 && state[RETURNING_HASH] === (hash | 0)) {
      this.#words[at] = IN_MAIN;
      this.#main.pushBack(slot);
      this.#sums[MAIN_WEIGHT]! += weight;
    } else {
      this.#words[at] = 0;
      this.#small.pushBack(slot);
      this.#sums[SMALL_WEIGHT]! += weight;
    }
    state[RETURNING] = 0;
  }

  evict(_incoming: number): number {
    if (this.#sums[MAIN_WEIGHT]! <= this.#mainShare) {
      const victim = this.#evictFromSmall();
      if (victim !== 0) return victim;
    }
    const victim = this.#evictFromMain();
    return victim !== 0 ? victim : this.#evictFromSmall();
  }

  remove(slot: number): void {
    this.#leave(slot, this.#memory.weigh(slot));
  }

  reweigh(slot: number, oldWeight: number, newWeight: number): void {
    this.#sums[this.#isInMain(slot) ? MAIN_WEIGHT : SMALL_WEIGHT]! += newWeight - oldWeight;
  }

  move(_from: number, to: number): void {
    if (this.#isInMain(to)) this.#main.relocate(to);
    else this.#small.relocate(to);
  }

  explain(slot: number): Placement {
    const reads = this.#words[slot * this.#stride + this.#offset]! >>> READ_SHIFT;
    return { queue: this.#isInMain(slot) ? "main" : "small", detail: { reads } };
  }

  /** The queue that gives way now comes first. */
  forEach(visit: (slot: number) => void): void {
    if (this.#sums[MAIN_WEIGHT]! > this.#mainShare) {
      this.#main.forEach(visit);
      this.#small.forEach(visit);
    } else {
      this.#small.forEach(visit);
      this.#main.forEach(visit);
    }
  }

  check(): void {
    const { maxEntries } = this.#memory;
    const count = this.#small.check(maxEntries) + this.#main.check(maxEntries);
    assert(count <= maxEntries, `${count} entries, but at most ${maxEntries} may be resident`);
    this.#checkQueue(this.#small, false, SMALL_WEIGHT);
    this.#checkQueue(this.#main, true, MAIN_WEIGHT);
    this.#ghosts.check();
    assert(this.#ghosts.weight() <= this.#ghostShare, "the ghosts weigh more than their share");
  }

  #checkQueue(queue: SlotList, isMain: boolean, sum: number): void {
    let weight = 0;
    queue.forEach((slot) => {
      assert(this.#isInMain(slot) === isMain, `slot ${slot} is in the other queue`);
      weight += this.#memory.weigh(slot);
    });
    assert(weight === this.#sums[sum], `a queue weighs ${weight}, summed up as ${this.#sums[sum]}`);
  }

  /** Entries read often enough go to the main queue, the first other one leaves. 0 when none is left. */
  #evictFromSmall(): number {
    const words = this.#words;
    for (let slot = this.#small.front(); slot !== 0; slot = this.#small.front()) {
      const at = slot * this.#stride + this.#offset;
      const weight = this.#memory.weigh(slot);
      this.#small.unlink(slot);
      this.#sums[SMALL_WEIGHT]! -= weight;
      if (words[at]! >>> READ_SHIFT < PROMOTING_READS) {
        this.#remember(this.#memory.hashOf(slot), weight);
        return slot;
      }
      words[at] = IN_MAIN;
      this.#main.pushBack(slot);
      this.#sums[MAIN_WEIGHT]! += weight;
    }
    return 0;
  }

  /** Entries that were read go round once more for one read, the first other one leaves. 0 when there is none. */
  #evictFromMain(): number {
    const words = this.#words;
    for (let slot = this.#main.front(); slot !== 0; slot = this.#main.front()) {
      const at = slot * this.#stride + this.#offset;
      if ((words[at]! & READS) === 0) {
        this.#leave(slot, this.#memory.weigh(slot));
        return slot;
      }
      words[at] = (words[at]! - ONE_READ) | 0;
      this.#main.moveToBack(slot);
    }
    return 0;
  }

  #leave(slot: number, weight: number): void {
    if (this.#isInMain(slot)) {
      this.#main.unlink(slot);
      this.#sums[MAIN_WEIGHT]! -= weight;
    } else {
      this.#small.unlink(slot);
      this.#sums[SMALL_WEIGHT]! -= weight;
    }
  }

  #remember(hash: number, weight: number): void {
    if (weight > this.#ghostShare) return;
    this.#ghosts.shrinkTo(this.#ghostShare - weight);
    this.#ghosts.add(hash, weight);
  }

  #isInMain(slot: number): boolean {
    return (this.#words[slot * this.#stride + this.#offset]! & IN_MAIN) !== 0;
  }
}
