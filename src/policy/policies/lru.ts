import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { rankIn } from "../queue-rank.ts";
import { listQueue } from "../queue-views.ts";
import { LINK_WORDS, LIST_WORDS, SlotList } from "../slot-list.ts";

/**
 * Least recently used: evicts the entry read longest ago.
 *
 * R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage hierarchies", IBM Systems
 * Journal 9(2), 1970.
 */
export const lru: PolicyType = {
  name: "lru",
  wordsPerSlot: LINK_WORDS,
  sums: 0,
  parameters: {},
  ranges: {},
  stateWords: () => LIST_WORDS,
  create: (memory) => new Lru(memory),
};

class Lru implements Policy {
  readonly #memory: PolicyMemory;
  readonly #queue: SlotList;

  constructor(memory: PolicyMemory) {
    this.#memory = memory;
    this.#queue = new SlotList(memory.words, memory.stride, memory.offset, memory.state, 0);
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    this.#queue.moveToBack(slot);
  }

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
    const entrance = "new entries, and each entry when it is read";
    const rules = { entrance, exit: "out: no other was unread for longer", turn: () => OUT };
    return [listQueue(this.#memory, this.#queue, { name: "queue", ...rules })];
  }

  check(): void {
    this.#queue.check(this.#memory.maxEntries);
  }
}
