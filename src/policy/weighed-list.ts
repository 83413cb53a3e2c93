import { assert } from "../lib/assert.ts";
import type { PolicyMemory } from "./policy.ts";
import { SlotList } from "./slot-list.ts";

/**
 * A list of slots that keeps their total weight. Takes the first two policy words of each slot. The object holds no
 * state of its own, so several can share one list.
 */
export class WeighedList {
  readonly #memory: PolicyMemory;
  readonly #sums: Float64Array;
  readonly #sum: number;
  readonly #list: SlotList;

  /**
   * @param at start of the list in `memory.state`; it takes `LIST_WORDS`
   * @param sum index of the weight in `memory.sums`
   */
  constructor(memory: PolicyMemory, at: number, sum: number) {
    this.#memory = memory;
    this.#sums = memory.sums;
    this.#sum = sum;
    this.#list = new SlotList(memory.words, memory.stride, memory.offset, memory.state, at);
  }

  /** The total weight of the listed entries. */
  weight(): number {
    return this.#sums[this.#sum]!;
  }

  front(): number {
    return this.#list.front();
  }

  /** The list itself, for looking at it: changes past this object would leave the weight wrong. */
  get list(): SlotList {
    return this.#list;
  }

  /** @param weight the slot's weight, in this method and the next two; for callers that know it already */
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

  /** Accounts for the new weight of a listed entry. */
  reweigh(oldWeight: number, newWeight: number): void {
    this.#sums[this.#sum]! += newWeight - oldWeight;
  }

  /** Repairs the references to a slot whose words have been copied to slot `to`. */
  relocate(to: number): void {
    this.#list.relocate(to);
  }

  forEach(visit: (slot: number) => void): void {
    this.#list.forEach(visit);
  }

  /**
   * Checks links and weight, and that `saysSo` is true of every slot.
   * @param saysSo tells whether a slot's own words place it in this list
   * @returns the number of slots
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

/** @throws AssertionError if lists together hold more entries than may be resident */
export function checkCount(memory: PolicyMemory, count: number): void {
  assert(count <= memory.maxEntries, `${count} entries, but at most ${memory.maxEntries} may be resident`);
}
