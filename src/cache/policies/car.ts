import { AdaptiveLists } from "../adaptive-lists.ts";
import { NO_PASS_LIMIT, type Placement, type Policy, type PolicyMemory, type PolicyType } from "../policy.ts";
import { LINK_WORDS } from "../slot-list.ts";

/** Set in a slot's first word when it was read since the hand passed. */
const REFERENCED = 1 << 30;

/**
 * CAR, CLOCK with adaptive replacement: ARC with a clock in place of each LRU list, so that a read only sets a bit.
 * T1 holds entries that were not read again since they came, T2 the others; ghosts of both move the target for
 * T1's size.
 *
 * S. Bansal, D. S. Modha, "CAR: clock with adaptive replacement", FAST 2004.
 *
 * Choices: the target moves by fractions. Ghosts are dropped after the entry came in rather than before, which
 * comes to the same, and is also right after deletes and with different weights. A clock that is empty is passed
 * over, whatever the target says.
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

class Car implements Policy {
  readonly #words: Int32Array;
  readonly #passLimit: number;
  readonly #stride: number;
  readonly #offset: number;
  readonly #lists: AdaptiveLists;

  constructor(memory: PolicyMemory) {
    this.#words = memory.words;
    this.#passLimit = memory.passLimit ?? NO_PASS_LIMIT;
    this.#stride = memory.stride;
    this.#offset = memory.offset;
    this.#lists = new AdaptiveLists(memory);
  }

  /** The paper looks at the ghosts only after it has replaced an entry: see `insert`. */
  miss(_hash: number): void {}

  hit(slot: number): void {
    const at = slot * this.#stride + this.#offset;
    const word = this.#words[at]!;
    if ((word & REFERENCED) === 0) this.#words[at] = word | REFERENCED;
  }

  insert(slot: number, hash: number): void {
    const returns = this.#lists.takeGhost(hash) !== "none";
    this.#words[slot * this.#stride + this.#offset] = returns ? AdaptiveLists.frequentFlag : 0;
    if (returns) this.#lists.frequent.pushBack(slot);
    else this.#lists.recent.pushBack(slot);
    this.#lists.dropGhosts();
  }

  /** The paper's replace: the hands sweep until one finds an entry that was not read. */
  evict(_incoming: number): number {
    const words = this.#words;
    const { recent, frequent } = this.#lists;
    for (let passed = 0; ; passed++) {
      const fromRecent = this.#recentGivesWay();
      const clock = fromRecent ? recent : frequent;
      const slot = clock.front();
      if (slot === 0) return 0;
      clock.unlink(slot);
      const at = slot * this.#stride + this.#offset;
      if ((words[at]! & REFERENCED) === 0 || passed === this.#passLimit) {
        this.#lists.addGhost(slot, fromRecent);
        return slot;
      }
      words[at] = AdaptiveLists.frequentFlag;
      frequent.pushBack(slot);
    }
  }

  remove(slot: number): void {
    this.#lists.listOf(slot).unlink(slot);
  }

  reweigh(slot: number, oldWeight: number, newWeight: number): void {
    this.#lists.listOf(slot).reweigh(oldWeight, newWeight);
    this.#lists.dropGhosts();
  }

  move(_from: number, to: number): void {
    this.#lists.listOf(to).relocate(to);
  }

  explain(slot: number): Placement {
    const referenced = this.#words[slot * this.#stride + this.#offset]! & REFERENCED;
    const detail = {
      referenced: referenced === 0 ? 0 : 1,
      recentWeight: this.#lists.recent.weight(),
      recentTarget: this.#lists.target(),
    };
    return { queue: this.#lists.isFrequent(slot) ? "frequent" : "recent", detail };
  }

  /** The clock that gives way now comes first. */
  forEach(visit: (slot: number) => void): void {
    this.#lists.forEach(visit, this.#recentGivesWay());
  }

  check(): void {
    this.#lists.check();
  }

  #recentGivesWay(): boolean {
    const { recent, frequent } = this.#lists;
    if (frequent.front() === 0) return true;
    if (recent.front() === 0) return false;
    return recent.weight() >= this.#lists.target();
  }
}
