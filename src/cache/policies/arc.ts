import { AdaptiveLists } from "../adaptive-lists.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { LINK_WORDS } from "../slot-list.ts";

/** Behind the lists in `state`: the key hash of the last miss, and where its ghost was found. */
const RETURNING_HASH = 0;
const RETURNING_FROM = 1;
const RETURNING_WORDS = 2;
const FROM_NOWHERE = 0;
const FROM_RECENT = 1;
const FROM_FREQUENT = 2;

/**
 * ARC, adaptive replacement: an LRU list of entries read once (T1) and one of those read more often (T2), with as
 * many ghosts of either as make twice the capacity altogether. A miss on a ghost shows which list was cut too
 * short, and moves the target for T1's size.
 *
 * N. Megiddo, D. S. Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003.
 *
 * Choices: the target moves by fractions. Ghosts are dropped after the entry came in rather than before, which
 * comes to the same, and is also right after deletes and with different weights.
 */
export const arc: PolicyType = {
  name: "arc",
  wordsPerSlot: LINK_WORDS,
  sums: AdaptiveLists.sums,
  parameters: {},
  ranges: {},
  stateWords: (maxEntries, _parameters, maxGhosts) =>
    AdaptiveLists.words(maxEntries, maxGhosts) + RETURNING_WORDS,
  create: (memory) => new Arc(memory),
};

class Arc implements Policy {
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #returning: number;
  readonly #lists: AdaptiveLists;

  constructor(memory: PolicyMemory) {
    this.#words = memory.words;
    this.#stride = memory.stride;
    this.#offset = memory.offset;
    this.#state = memory.state;
    this.#returning = AdaptiveLists.words(memory.maxEntries, memory.maxGhosts);
    this.#lists = new AdaptiveLists(memory);
  }

  miss(hash: number): void {
    const found = this.#lists.takeGhost(hash);
    const from = found === "none" ? FROM_NOWHERE : found === "recent" ? FROM_RECENT : FROM_FREQUENT;
    this.#state[this.#returning + RETURNING_HASH] = hash;
    this.#state[this.#returning + RETURNING_FROM] = from;
  }

  hit(slot: number): void {
    const { recent, frequent } = this.#lists;
    if (this.#lists.isFrequent(slot)) {
      frequent.moveToBack(slot);
      return;
    }
    recent.unlink(slot);
    this.#words[slot * this.#stride + this.#offset] = AdaptiveLists.frequentFlag;
    frequent.pushBack(slot);
  }

  insert(slot: number, hash: number): void {
    const { recent, frequent } = this.#lists;
    const returns = this.#returnsFrom(hash) !== FROM_NOWHERE;
    this.#state[this.#returning + RETURNING_FROM] = FROM_NOWHERE;
    this.#words[slot * this.#stride + this.#offset] = returns ? AdaptiveLists.frequentFlag : 0;
    if (returns) frequent.pushBack(slot);
    else recent.pushBack(slot);
    this.#lists.dropGhosts();
  }

  /** The paper's REPLACE. */
  evict(incoming: number): number {
    const fromRecent = this.#recentGivesWay(incoming);
    const list = fromRecent ? this.#lists.recent : this.#lists.frequent;
    const victim = list.front();
    if (victim === 0) return 0;
    list.unlink(victim);
    this.#lists.addGhost(victim, fromRecent);
    return victim;
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
    const detail = { recentWeight: this.#lists.recent.weight(), recentTarget: this.#lists.target() };
    return { queue: this.#lists.isFrequent(slot) ? "frequent" : "recent", detail };
  }

  /** The list that gives way now comes first. */
  forEach(visit: (slot: number) => void): void {
    this.#lists.forEach(visit, this.#recentGivesWay(0));
  }

  check(): void {
    this.#lists.check();
  }

  #recentGivesWay(incoming: number): boolean {
    const { recent, frequent } = this.#lists;
    if (frequent.front() === 0) return true;
    if (recent.front() === 0) return false;
    const weight = recent.weight();
    const target = this.#lists.target();
    return weight > target || (weight === target && this.#returnsFrom(incoming) === FROM_FREQUENT);
  }

  /** Where the last miss found this key's ghost; nowhere, if the last miss was for another key. */
  #returnsFrom(hash: number): number {
    if (this.#state[this.#returning + RETURNING_HASH] !== (hash | 0)) return FROM_NOWHERE;
    return this.#state[this.#returning + RETURNING_FROM]!;
  }
}
