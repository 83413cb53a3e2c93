import type { Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import type { PolicyQueue } from "../policy-queue.ts";
import { tableQueue } from "../queue-views.ts";
import { drawBelow } from "../random-draw.ts";
import { SlotTable } from "../slot-table.ts";

const DRAWS = 0;
const TABLE = 1;

/**
 * Random: every resident entry is equally likely to be evicted.
 *
 * L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966.
 */
export const random: PolicyType = {
  name: "random",
  wordsPerSlot: 1,
  sums: 0,
  parameters: {},
  ranges: {},
  stateWords: (maxEntries) => TABLE + SlotTable.words(maxEntries),
  create: (memory) => new RandomChoice(memory),
};

class RandomChoice implements Policy {
  readonly #memory: PolicyMemory;
  readonly #table: SlotTable;

  constructor(memory: PolicyMemory) {
    this.#memory = memory;
    this.#table = new SlotTable(memory.words, memory.stride, memory.offset, memory.state, TABLE);
  }

  miss(_hash: number): void {}

  hit(_slot: number): void {}

  insert(slot: number, _hash: number): void {
    this.#table.add(slot);
  }

  /** Ignores the rank: the order in which entries come decides. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const count = this.#table.count();
    if (count === 0) return 0;
    const victim = this.#table.slotAt(drawBelow(count, this.#memory.seed, this.#memory.state, DRAWS));
    this.#table.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#table.remove(slot);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#table.relocate(to);
  }

  explain(_slot: number): Placement {
    return { queue: "table", detail: {} };
  }

  /** In no particular order. */
  forEach(visit: (slot: number) => void): void {
    this.#table.forEach(visit);
  }

  queues(): PolicyQueue[] {
    const rules = { entrance: "new entries", exit: "drawn at random: out; every entry is equally likely" };
    return [tableQueue(this.#memory, this.#table, { name: "table", ...rules })];
  }

  check(): void {
    this.#table.check(this.#memory.maxEntries);
  }
}
