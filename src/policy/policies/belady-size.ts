import { assert } from "../../lib/assert.ts";
import type { Future, Placement, Policy, PolicyMemory, PolicyType } from "../policy.ts";
import { OUT, type PolicyQueue } from "../policy-queue.ts";
import { tableQueue } from "../queue-views.ts";
import { drawBelow } from "../random-draw.ts";
import { SlotTable } from "../slot-table.ts";

const DRAWS = 0;
/** Slots whose keys are requested again, and slots whose keys never are, are in separate tables. */
const WANTED = 1;

/** Words of a slot: its index in its table, and which table that is. */
const IS_SPENT = 1;
const WORDS_PER_SLOT = 2;

/**
 * Belady's idea for entries of different weights: draws some entries at random, and evicts the one with the largest
 * product of weight and distance to the next access. Entries never requested again leave before all others, the
 * latest arrival first. This is not the optimum, which is NP-hard to find, but the usual bound to compare policies
 * with.
 *
 * After L. A. Belady, "A study of replacement algorithms for a virtual-storage computer", IBM Systems Journal 5(2),
 * 1966; weight times distance as in D. S. Berger, N. Beckmann, M. Harchol-Balter, "Practical bounds on optimal
 * caching with variable object sizes", SIGMETRICS 2018 (its Belady-Size).
 *
 * Choices: draws `sample` entries with repetition; if there are no more than that, it looks at all of them. Among
 * equals the first one seen leaves.
 */
export const beladySize: PolicyType = {
  name: "belady-size",
  wordsPerSlot: WORDS_PER_SLOT,
  sums: 0,
  parameters: { sample: 128 },
  ranges: { sample: { least: 1, most: 4096, whole: true } },
  offline: true,
  stateWords: (maxEntries) => WANTED + 2 * SlotTable.words(maxEntries),
  create: (memory, parameters) => new BeladySize(memory, parameters),
};

class BeladySize implements Policy {
  readonly #memory: PolicyMemory;
  readonly #future: Future;
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #isSpentWord: number;
  readonly #sample: number;
  readonly #wanted: SlotTable;
  readonly #spent: SlotTable;

  constructor(memory: PolicyMemory, parameters: Readonly<Record<string, number>>) {
    const { words, stride, offset, state, maxEntries, future } = memory;
    assert(future !== undefined, "belady-size needs to know the future");
    this.#memory = memory;
    this.#future = future;
    this.#words = words;
    this.#stride = stride;
    this.#isSpentWord = offset + IS_SPENT;
    this.#sample = parameters["sample"]!;
    this.#wanted = new SlotTable(words, stride, offset, state, WANTED);
    this.#spent = new SlotTable(words, stride, offset, state, WANTED + SlotTable.words(maxEntries));
  }

  miss(_hash: number): void {}

  hit(slot: number): void {
    const isSpent = this.#future.nextAccess(slot) === Number.POSITIVE_INFINITY;
    if (this.#isSpent(slot) !== isSpent) {
      this.#tableOf(slot).remove(slot);
      this.#add(slot);
    }
  }

  insert(slot: number, _hash: number): void {
    this.#add(slot);
  }

  /** Ignores the rank: the order in which entries come decides. */
  adopt(slot: number, hash: number, _rank: number): void {
    this.insert(slot, hash);
  }

  evict(_incoming: number): number {
    const spent = this.#spent.count();
    const victim = spent > 0 ? this.#spent.slotAt(spent - 1) : this.#greediest();
    if (victim !== 0) this.remove(victim);
    return victim;
  }

  remove(slot: number): void {
    this.#tableOf(slot).remove(slot);
  }

  reweigh(_slot: number, _oldWeight: number, _newWeight: number): void {}

  move(_from: number, to: number): void {
    this.#tableOf(to).relocate(to);
  }

  explain(slot: number): Placement {
    const detail = { nextAccess: this.#future.nextAccess(slot) };
    return { queue: this.#isSpent(slot) ? "spent" : "wanted", detail };
  }

  /** Begins with the entries that are never requested again; has no order otherwise. */
  forEach(visit: (slot: number) => void): void {
    this.#spent.forEach(visit);
    this.#wanted.forEach(visit);
  }

  queues(): PolicyQueue[] {
    return [
      tableQueue(this.#memory, this.#wanted, {
        name: "wanted",
        entrance: "entries that are requested again",
        exit: `of ${this.#sample} drawn at random, the one with the largest product of weight and distance: out`,
        holds: (slot) => !this.#isSpent(slot),
      }),
      tableQueue(this.#memory, this.#spent, {
        name: "spent",
        entrance: "entries that are never requested again",
        exit: "out, before all others",
        holds: (slot) => this.#isSpent(slot),
        turn: () => OUT,
      }),
    ];
  }

  check(): void {
    this.#spent.check(this.#memory.maxEntries);
    this.#wanted.check(this.#memory.maxEntries);
    this.forEach((slot) => {
      const isSpent = this.#future.nextAccess(slot) === Number.POSITIVE_INFINITY;
      assert(this.#isSpent(slot) === isSpent, `slot ${slot} is in the other table`);
    });
  }

  #add(slot: number): void {
    const isSpent = this.#future.nextAccess(slot) === Number.POSITIVE_INFINITY;
    this.#words[slot * this.#stride + this.#isSpentWord] = isSpent ? 1 : 0;
    this.#tableOf(slot).add(slot);
  }

  /**
   * Draws some entries that are requested again, and returns the one with the largest product of weight and distance;
   * 0 if there are none.
   */
  #greediest(): number {
    const { seed, state } = this.#memory;
    const now = this.#future.now();
    const count = this.#wanted.count();
    const drawn = count > this.#sample;
    const candidates = drawn ? this.#sample : count;
    let victim = 0;
    let most = -1;
    for (let i = 0; i < candidates; i++) {
      const slot = this.#wanted.slotAt(drawn ? drawBelow(count, seed, state, DRAWS) : i);
      const room = this.#memory.weigh(slot) * (this.#future.nextAccess(slot) - now);
      if (room > most) {
        victim = slot;
        most = room;
      }
    }
    return victim;
  }

  #tableOf(slot: number): SlotTable {
    return this.#isSpent(slot) ? this.#spent : this.#wanted;
  }

  #isSpent(slot: number): boolean {
    return this.#words[slot * this.#stride + this.#isSpentWord] === 1;
  }
}
