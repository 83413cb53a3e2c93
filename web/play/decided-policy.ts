import type { Placement, Policy, PolicyMemory, PolicyType } from "../../src/policy/policy.ts";
import type { PolicyQueue } from "../../src/policy/policy-queue.ts";
import { listQueue } from "../../src/policy/queue-views.ts";
import { LINK_WORDS, LIST_WORDS, SlotList } from "../../src/policy/slot-list.ts";

/** A word of each slot behind its links: 1 while its entry is resident. */
const RESIDENT = LINK_WORDS;
/** The word of `state` that counts the victims so far. */
const TAKEN = LIST_WORDS;

/**
 * A policy whose decisions were made before, in the sandbox: it repeats them. So it can be stepped back, copied and
 * looked at like any other, and the sandbox is asked for nothing but slots. What it repeats need not be true: an
 * eviction that does not fit fails.
 *
 * Knows the entries in the order in which they came, and nothing of the places that they have for the policy.
 */
export function decidedPolicy(victims: Int32Array): PolicyType {
  return {
    ...{ name: "written", wordsPerSlot: LINK_WORDS + 1, sums: 0, parameters: {}, ranges: {} },
    stateWords: () => LIST_WORDS + 1,
    create: (memory) => new DecidedPolicy(memory, victims),
  };
}

class DecidedPolicy implements Policy {
  readonly #memory: PolicyMemory;
  readonly #victims: Int32Array;
  readonly #arrivals: SlotList;

  constructor(memory: PolicyMemory, victims: Int32Array) {
    this.#memory = memory;
    this.#victims = victims;
    this.#arrivals = new SlotList(memory.words, memory.stride, memory.offset, memory.state, 0);
  }

  miss(_hash: number): void {}

  hit(_slot: number): void {}

  insert(slot: number, _hash: number): void {
    this.#arrivals.pushBack(slot);
    this.#memory.words[this.#residence(slot)] = 1;
  }

  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const { state, words } = this.#memory;
    const victim = this.#victims[state[TAKEN]!++];
    if (victim === undefined || victim < 1 || words[this.#residence(victim)] !== 1) {
      throw new Error("the sandbox's decisions do not fit the requests");
    }
    this.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#arrivals.unlink(slot);
    this.#memory.words[this.#residence(slot)] = 0;
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#arrivals.relocate(to);
  }

  explain(_slot: number): Placement {
    return { queue: "table", detail: {} };
  }

  forEach(visit: (slot: number) => void): void {
    this.#arrivals.forEach(visit);
  }

  queues(): PolicyQueue[] {
    const rules = { entrance: "new entries", exit: "the one that evict chooses leaves" };
    return [listQueue(this.#memory, this.#arrivals, { name: "table", order: "none", ...rules })];
  }

  check(): void {
    this.#arrivals.check(this.#memory.maxEntries);
  }

  #residence(slot: number): number {
    return slot * this.#memory.stride + this.#memory.offset + RESIDENT;
  }
}
