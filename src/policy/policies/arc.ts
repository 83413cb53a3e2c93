import {
  AdaptiveLists,
  append,
  evictFront,
  FREQUENT,
  FROM_FREQUENT,
  FROM_NOWHERE,
  frontOfFrequent,
  frontOfRecent,
  promote,
  RECENT_WEIGHT,
  TARGET,
  takeGhost,
} from "../adaptive-lists.ts";
import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import type { PolicyQueue } from "../policy-queue.ts";
import { LINK_WORDS, moveToBack } from "../slot-list.ts";
import { wordAt } from "../word-at.ts";

/** Words of `state` behind the lists: the key hash of the last miss, and the queue in which its ghost was found. */
const RETURNING_HASH = 0;
const RETURNING_FROM = 1;
const RETURNING_WORDS = 2;

/**
 * ARC, adaptive replacement cache: an LRU list of entries requested once (T1), an LRU list of entries requested more
 * often (T2), and ghosts of both. Entries and ghosts together make twice the capacity. A miss on a ghost shows which
 * list is too short, and moves the target for T1's size.
 *
 * N. Megiddo, D. S. Modha, "ARC: a self-tuning, low overhead replacement cache", FAST 2003.
 *
 * Choices: the target moves by fractions. Ghosts are dropped after the new entry is inserted rather than before. The
 * result is the same, and it is also right after deletes and with different weights.
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

class Arc extends AdaptiveLists implements Policy {
  readonly #returning: number;

  constructor(memory: PolicyMemory) {
    super(memory);
    this.#returning = AdaptiveLists.words(memory.maxEntries, memory.maxGhosts);
  }

  miss(hash: number): void {
    this.state[this.#returning + RETURNING_HASH] = hash;
    this.state[this.#returning + RETURNING_FROM] = takeGhost(this, hash);
  }

  hit(slot: number): void {
    const { words, stride, offset } = this;
    if (words[wordAt(slot, stride, offset)]! < 0) {
      moveToBack(words, stride, offset, this.state, FREQUENT, slot);
    } else {
      promote(this, slot);
    }
  }

  insert(slot: number, hash: number): void {
    const returns = this.#returnsFrom(hash) !== FROM_NOWHERE;
    this.state[this.#returning + RETURNING_FROM] = FROM_NOWHERE;
    append(this, slot, returns);
  }

  /** Adopts every entry into T2, in order: in T1 they would be evicted before any of them is requested again. */
  adopt(slot: number, _hash: number, _rank: number): void {
    append(this, slot, true);
  }

  /** The paper's REPLACE. */
  evict(incoming: number): number {
    return evictFront(this, this.#recentGivesWay(incoming));
  }

  explain(slot: number): Placement {
    const detail = { recentWeight: this.sums[RECENT_WEIGHT]!, recentTarget: this.sums[TARGET]! };
    return { queue: this.isFrequent(slot) ? "frequent" : "recent", detail };
  }

  /** Begins with the list that evicts next. */
  forEach(visit: (slot: number) => void): void {
    this.forEachOf(visit, this.#recentGivesWay(0));
  }

  queues(): PolicyQueue[] {
    return this.queuesOf({
      recentEntrance: "new entries",
      recentExit: "out, remembered as a ghost; read before that: into frequent",
      frequentEntrance: "entries that are read, and keys that were remembered as ghosts",
      frequentExit: "out, remembered as a ghost: no other in frequent was unread for longer",
      stays: () => false,
    });
  }

  #recentGivesWay(incoming: number): boolean {
    if (frontOfFrequent(this) === 0) return true;
    if (frontOfRecent(this) === 0) return false;
    const weight = this.sums[RECENT_WEIGHT]!;
    const target = this.sums[TARGET]!;
    return weight > target || (weight === target && this.#returnsFrom(incoming) === FROM_FREQUENT);
  }

  /** The queue in which the last miss found this key's ghost; `FROM_NOWHERE` if the last miss was for another key. */
  #returnsFrom(hash: number): number {
    if (this.state[this.#returning + RETURNING_HASH] !== (hash | 0)) return FROM_NOWHERE;
    return this.state[this.#returning + RETURNING_FROM]!;
  }
}
