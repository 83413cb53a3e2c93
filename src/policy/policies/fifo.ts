import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { rankIn } from "../queue-rank.ts";
import { listQueue } from "../queue-views.ts";
import { LINK_WORDS, LIST_WORDS, SlotList } from "../slot-list.ts";

/**
 * First in, first out: evicts the oldest entry, however often it was read.
 *
 * L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966.
 */
export const fifo: PolicyType = {
  name: "fifo",
  wordsPerSlot: LINK_WORDS,
  sums: 0,
  parameters: {},
  ranges: {},
  stateWords: () => LIST_WORDS,
  create: (memory) => new Fifo(memory),
};

class Fifo implements Policy {
  readonly #memory: PolicyMemory;
  readonly #queue: SlotList;

  constructor(memory: PolicyMemory) {
    this.#memory = memory;
    this.#queue = new SlotList(memory.words, memory.stride, memory.offset, memory.state, 0);
  }

  miss(_hash: number): void {}

  hit(_slot: number): void {}

  insert(slot: number, _hash: number): void {
    this.#queue.pushBack(slot);
  }

  /** Ignores the rank: the order in which entries come decides. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const victim = this.#queue.front();
    if (victim !== 0) this.#queue.unlink(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#queue.unlink(slot);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#queue.relocate(to);
  }

  explain(slot: number): Placement {
    return { queue: "queue", detail: rankIn(this.#queue, slot) };
  }

  forEach(visit: (slot: number) => void): void {
    this.#queue.forEach(visit);
  }

  queues(): PolicyQueue[] {
    const rules = { entrance: "new entries", exit: "out, however often it was read", turn: () => OUT };
    return [listQueue(this.#memory, this.#queue, { name: "queue", ...rules })];
  }

  check(): void {
    this.#queue.check(this.#memory.maxEntries);
  }
}
