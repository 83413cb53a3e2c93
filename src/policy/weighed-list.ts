import { assert } from "../lib/assert.ts";
import type { PolicyMemory } from "./policy.ts";
import { SlotList } from "./slot-list.ts";

/**
 * A list of slots that knows what they weigh together. Takes the first two policy words of each slot.
 *
 * The object holds no state of its own: any number of them may stand for one list.
 */
export class WeighedList {
  readonly #memory: PolicyMemory;
  readonly #sums: Float64Array;
  readonly #sum: number;
  readonly #list: SlotList;

  /**
   * @param at where the list lies in `memory.state`; it takes `LIST_WORDS`
   * @param sum which of `memory.sums` holds the weight
   */
  constructor(memory: PolicyMemory, at: number, sum: number) {
    this.#memory = memory;
    this.#sums = memory.sums;
    this.#sum = sum;
    this.#list = new SlotList(memory.words, memory.stride, memory.offset, memory.state, at);
  }

  /** What the listed entries weigh together. */
  weight(): number {
    return this.#sums[this.#sum]!;
  }

  front(): number {
    return this.#list.front();
  }

  /** @param weight what the slot weighs, in this method and the next two: for callers that know already */
  pushBack(slot: number, weight: number = this.#memory.weigh(slot)): void {
    this.#list.pushBack(slot);
    this.#sums[this.#sum]! += weight;
  }

  pushFront(slot: number, weight: number = this.#memory.weigh(slot)): void {
    this.#list.pushFront(slot);
    this.#sums[this.#sum]! += weight;
  }

  unlink(slot: number, weight: number = this.#memory.weigh(slot)): void {
    this.#list.unlink(slot);
    this.#sums[this.#sum]! -= weight;
  }

  moveToBack(slot: number): void {
    this.#list.moveToBack(slot);
  }

  /** A listed entry weighs more or less than before. */
  reweigh(oldWeight: number, newWeight: number): void {
    this.#sums[this.#sum]! += newWeight - oldWeight;
  }

  /** Repairs what refers to a slot whose words have been copied to slot `to`. */
  relocate(to: number): void {
    this.#list.relocate(to);
  }

  forEach(visit: (slot: number) => void): void {
    this.#list.forEach(visit);
  }

  /**
   * Checks links, weight, and that the slots say of themselves that they are in this list.
   * @returns how many slots there are
   * @throws AssertionError
   */
  check(saysSo: (slot: number) => boolean): number {
    const count = this.#list.check(this.#memory.maxEntries);
    let weight = 0;
    this.#list.forEach((slot) => {
      assert(saysSo(slot), `slot ${slot} is in a list of which it does not know`);
      weight += this.#memory.weigh(slot);
    });
    assert(weight === this.weight(), `listed slots weigh ${weight}, summed up as ${this.weight()}`);
    return count;
  }
}

/** @throws AssertionError where lists hold more entries together than may be resident */
export function checkCount(memory: PolicyMemory, count: number): void {
  assert(count <= memory.maxEntries, `${count} entries, but at most ${memory.maxEntries} may be resident`);
}
