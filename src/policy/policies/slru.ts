import { assert } from "../../lib/assert.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { listQueue } from "../queue-views.ts";
import { LINK_WORDS, LIST_WORDS } from "../slot-list.ts";
import { checkCount, WeighedList } from "../weighed-list.ts";

/** Set in the first word of a slot in the protected segment. */
const PROTECTED = 1 << 31;

/**
 * The share of adopted entries that goes to probation. Reads soon promote the entries that deserve it, but an
 * undeserving entry stays long in the protected segment. So only the entries last to be evicted start there.
 */
const ADOPTED_PROBATION_SHARE = 0.95;

const PROBATION_LIST = 0;
const PROTECTED_LIST = LIST_WORDS;

const PROBATION_WEIGHT = 0;
const PROTECTED_WEIGHT = 1;

/**
 * Segmented LRU: entries start in the probation segment; a read there moves them to the protected one. Entries that
 * the protected segment cannot hold go back to the recent end of probation; entries at its old end are evicted.
 *
 * R. Karedla, J. S. Love, B. G. Wherry, "Caching strategies to improve disk system performance", IEEE Computer 27(3),
 * 1994.
 *
 * `protected` is that segment's largest share of the capacity, which the paper leaves open.
 */
export const slru: PolicyType = {
  name: "slru",
  wordsPerSlot: LINK_WORDS,
  sums: 2,
  parameters: { protected: 0.8 },
  ranges: { protected: { least: 0, most: 1 } },
  stateWords: () => 2 * LIST_WORDS,
  create: (memory, parameters) => new SegmentedLru(memory, parameters),
};

class SegmentedLru implements Policy {
  readonly #memory: PolicyMemory;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #protectedShare: number;
  readonly #probation: WeighedList;
  readonly #protected: WeighedList;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    this.#memory = memory;
    this.#words = memory.words;
    this.#stride = memory.stride;
    this.#offset = memory.offset;
    this.#protectedShare = Math.floor(memory.capacity * parameters["protected"]!);
    this.#probation = new WeighedList(memory, PROBATION_LIST, PROBATION_WEIGHT);
    this.#protected = new WeighedList(memory, PROTECTED_LIST, PROTECTED_WEIGHT);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    if (this.#isProtected(slot)) {
      this.#protected.moveToBack(slot);
      return;
    }
    this.#probation.unlink(slot);
    this.#words[slot * this.#stride + this.#offset] = PROTECTED;
    this.#protected.pushBack(slot);
    this.#demote();
  }

  insert(slot: number, _hash: number): void {
    this.#words[slot * this.#stride + this.#offset] = 0;
    this.#probation.pushBack(slot);
  }

  /** The entries last to be evicted start in the protected segment. */
  adopt(slot: number, _hash: number, rank: number): void {
    const isProtected = rank >= ADOPTED_PROBATION_SHARE;
    this.#words[slot * this.#stride + this.#offset] = isProtected ? PROTECTED : 0;
    if (isProtected) this.#protected.pushBack(slot);
    else this.#probation.pushBack(slot);
    this.#demote();
  }

  evict(_incoming: number): number {
    const victim = this.#probation.front() || this.#protected.front();
    if (victim !== 0) this.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#segmentOf(slot).unlink(slot);
  }

  reweigh(slot: number, oldWeight: number, newWeight: number): void {
    this.#segmentOf(slot).reweigh(oldWeight, newWeight);
    this.#demote();
  }

  move(_from: number, to: number): void {
    this.#segmentOf(to).relocate(to);
  }

  explain(slot: number): Placement {
    return { queue: this.#isProtected(slot) ? "protected" : "probation", detail: {} };
  }

  forEach(visit: (slot: number) => void): void {
    this.#probation.forEach(visit);
    this.#protected.forEach(visit);
  }

  queues(): PolicyQueue[] {
    return [
      listQueue(this.#memory, this.#probation.list, {
        name: "probation",
        weight: this.#probation.weight(),
        share: this.#memory.capacity - this.#protectedShare,
        entrance: "new entries, and those that protected has no room for",
        exit: "out; read before that: into protected",
        holds: (slot) => !this.#isProtected(slot),
        turn: () => OUT,
      }),
      listQueue(this.#memory, this.#protected.list, {
        name: "protected",
        weight: this.#protected.weight(),
        share: this.#protectedShare,
        entrance: "entries read in probation, and each entry of protected when it is read",
        exit: "back to probation when there is no room for all",
        holds: (slot) => this.#isProtected(slot),
        turn: () => "probation",
      }),
    ];
  }

  check(): void {
    const count =
      this.#probation.check((slot) => !this.#isProtected(slot)) +
      this.#protected.check((slot) => this.#isProtected(slot));
    checkCount(this.#memory, count);
    assert(this.#protected.weight() <= this.#protectedShare, "the protected segment is over its share");
  }

  #demote(): void {
    while (this.#protected.weight() > this.#protectedShare) {
      const slot = this.#protected.front();
      this.#protected.unlink(slot);
      this.#words[slot * this.#stride + this.#offset] = 0;
      this.#probation.pushBack(slot);
    }
  }

  #segmentOf(slot: number): WeighedList {
    return this.#isProtected(slot) ? this.#protected : this.#probation;
  }

  #isProtected(slot: number): boolean {
    return this.#words[slot * this.#stride + this.#offset]! < 0;
  }
}
