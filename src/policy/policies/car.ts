import {
  AdaptiveLists,
  append,
  evictFront,
  FREQUENT,
  FROM_NOWHERE,
  frontOfFrequent,
  frontOfRecent,
  promote,
  RECENT_WEIGHT,
  TARGET,
  takeGhost,
} from "../adaptive-lists.ts";
import { NO_PASS_LIMIT, type Placement, type Policy, type PolicyMemory, type PolicyType } from "../policy.ts";
import type { PolicyQueue } from "../policy-queue.ts";
import { LINK_WORDS, moveToBack } from "../slot-list.ts";
import { wordAt } from "../word-at.ts";

/** Set in a slot's first word if the entry was read since the hand last passed. */
const REFERENCED = 1 << 30;

/**
 * CAR, CLOCK with adaptive replacement: ARC with a clock in place of each LRU list, so that a read only sets a bit.
 * T1 holds entries that have not been read since they were inserted, T2 the others. Ghosts of both move the target
 * for T1's size.
 *
 * S. Bansal, D. S. Modha, "CAR: clock with adaptive replacement", FAST 2004.
 *
 * Choices: the target moves by fractions. Ghosts are dropped after the new entry is inserted rather than before. The
 * result is the same, and it is also right after deletes and with different weights. An empty clock is passed over,
 * whatever the target says.
 */
export const car: PolicyType = {
  name: "car",
  wordsPerSlot: LINK_WORDS,
  sums: AdaptiveLists.sums,
  parameters: {},
  ranges: {},
  stateWords: (maxEntries, _parameters, maxGhosts) => AdaptiveLists.words(maxEntries, maxGhosts),
  create: (memory) => new Car(memory),
};

class Car extends AdaptiveLists implements Policy {
  readonly #passLimit: number;

  constructor(memory: PolicyMemory) {
    super(memory);
    this.#passLimit = memory.passLimit ?? NO_PASS_LIMIT;
  }

  /** The paper looks at the ghosts only after the eviction: see `insert`. */
  miss(_hash: number): void {}

  hit(slot: number): void {
    const { words } = this;
    const link = wordAt(slot, this.stride, this.offset);
    const word = words[link]!;
    if ((word & REFERENCED) === 0) words[link] = word | REFERENCED;
  }

  insert(slot: number, hash: number): void {
    append(this, slot, takeGhost(this, hash) !== FROM_NOWHERE);
  }

  /** Adopts every entry into T2, in order: in T1 they would be evicted before any of them is requested again. */
  adopt(slot: number, _hash: number, _rank: number): void {
    append(this, slot, true);
  }

  /** The paper's replace(): the hands sweep until one finds an entry that was not read. */
  evict(_incoming: number): number {
    const { words, stride, offset, state } = this;
    for (let passed = 0; ; passed++) {
      const fromRecent = this.#recentGivesWay();
      const slot = fromRecent ? frontOfRecent(this) : frontOfFrequent(this);
      const link = wordAt(slot, stride, offset);
      if (slot === 0 || (words[link]! & REFERENCED) === 0 || passed === this.#passLimit) {
        return evictFront(this, fromRecent);
      }
      if (fromRecent) {
        promote(this, slot);
      } else {
        words[link] = words[link]! & ~REFERENCED;
        moveToBack(words, stride, offset, state, FREQUENT, slot);
      }
    }
  }

  explain(slot: number): Placement {
    const referenced = this.words[wordAt(slot, this.stride, this.offset)]! & REFERENCED;
    const detail = {
      referenced: referenced === 0 ? 0 : 1,
      recentWeight: this.sums[RECENT_WEIGHT]!,
      recentTarget: this.sums[TARGET]!,
    };
    return { queue: this.isFrequent(slot) ? "frequent" : "recent", detail };
  }

  /** Begins with the clock that evicts next. */
  forEach(visit: (slot: number) => void): void {
    this.forEachOf(visit, this.#recentGivesWay());
  }

  queues(): PolicyQueue[] {
    const { words, stride, offset } = this;
    return this.queuesOf({
      recentEntrance: "new entries",
      recentExit: "read: into frequent; else out, remembered as a ghost",
      frequentEntrance:
        "entries read in recent, keys remembered as ghosts, and those that go round once more",
      frequentExit: "read since its last round: goes round once more; else out, remembered as a ghost",
      stays: (slot) => (words[wordAt(slot, stride, offset)]! & REFERENCED) !== 0,
    });
  }

  #recentGivesWay(): boolean {
    if (frontOfFrequent(this) === 0) return true;
    if (frontOfRecent(this) === 0) return false;
    return this.sums[RECENT_WEIGHT]! >= this.sums[TARGET]!;
  }
}
