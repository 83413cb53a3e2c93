import { assert } from "../lib/assert.ts";

/**
 * The resident slots in an array without gaps, in no particular order, so that a policy can draw at random. Takes one
 * policy word of each slot: its index in the array. Zeroed memory is an empty table. The object holds no state of its
 * own, so several can share one table.
 */
export class SlotTable {
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #at: number;

  /**
   * @param offset a slot's index word, counted from `slot * stride`
   * @param at start of the table in `state`; it takes `SlotTable.words(maxEntries)`
   */
  constructor(words: Int32Array, stride: number, offset: number, state: Int32Array, at: number) {
    this.#words = words;
    this.#stride = stride;
    this.#offset = offset;
    this.#state = state;
    this.#at = at;
  }

  /** Words of `state` that a table takes. */
  static words(maxEntries: number): number {
    return 1 + maxEntries;
  }

  count(): number {
    return this.#state[this.#at]!;
  }

  /** Returns the slot at an index below `count()`. */
  slotAt(index: number): number {
    return this.#state[this.#at + 1 + index]!;
  }

  indexOf(slot: number): number {
    return this.#words[slot * this.#stride + this.#offset]!;
  }

  /** Adds a slot. Its index is the count before. */
  add(slot: number): void {
    const count = this.#state[this.#at]!;
    this.#state[this.#at] = count + 1;
    this.#put(slot, count);
  }

  /** Removes a slot, and moves the last one, at index `count() - 1`, to its index. */
  remove(slot: number): void {
    const last = this.#state[this.#at]! - 1;
    this.#state[this.#at] = last;
    this.#put(this.slotAt(last), this.indexOf(slot));
  }

  /** Repairs the references to a slot whose words have been copied to slot `to`. */
  relocate(to: number): void {
    this.#state[this.#at + 1 + this.indexOf(to)] = to;
  }

  forEach(visit: (slot: number) => void): void {
    for (let index = 0; index < this.count(); index++) visit(this.slotAt(index));
  }

  /** @throws AssertionError if a slot and its place disagree */
  check(limit: number): void {
    assert(this.count() <= limit, `a table holds ${this.count()} slots, more than ${limit}`);
    for (let index = 0; index < this.count(); index++) {
      const slot = this.slotAt(index);
      assert(this.indexOf(slot) === index, `slot ${slot} has lost its place`);
    }
  }

  #put(slot: number, index: number): void {
    this.#state[this.#at + 1 + index] = slot;
    this.#words[slot * this.#stride + this.#offset] = index;
  }
}
