import { assert } from "../../lib/assert.ts";
import { PriorityHeap } from "../../policy/priority-heap.ts";

/** Filter cells for each counter. */
const CELLS_A_COUNTER = 8;

/**
 * Finds the items with the largest sums in a stream of amounts, in fixed memory: Filtered Space-Saving (Homem and
 * Carvalho, "Finding top-k elements in data streams", Information Sciences 180, 2010), which is Space-Saving
 * (Metwally, Agrawal, El Abbadi, ICDT 2005) behind a filter of sums by hash. For every item that has a counter,
 * `amountOf − errorOf ≤ true sum ≤ amountOf`; of every other item the true sum is at most `least()`; and `least()` is
 * at most the sum of all amounts divided by the number of counters.
 *
 * Why this one: the bounds hold for every stream, in both directions, and amounts may be bytes or milliseconds.
 * HeavyKeeper (as in Redis's TOPK and HOTKEYS) has smaller errors for its memory, but holds them only with some
 * probability, counts by ones and forgets at random. Count-min sketches (as in TinyLFU) bound from above alone, and
 * need Space-Saving's list of keys besides. Valkey's HOTKEYS is Space-Saving, in windows of a second. The filter keeps
 * rare keys out: with nothing but new keys, most cost one look at a cell, and no key is copied.
 *
 * The counters are in a heap whose priorities lag: adding to a counter leaves its place, and the top is brought up to
 * date when the least counter is asked for. So an update of a held item takes constant time.
 *
 * Items are slots, small numbers from 1 on, which the owner gives to keys. With each sum goes a variance, which is
 * added up likewise, for amounts that are estimates themselves.
 */
export class SpaceSaving {
  readonly counters: number;
  readonly #heap: PriorityHeap;
  readonly #amounts: Float64Array;
  readonly #errors: Float64Array;
  readonly #variances: Float64Array;
  readonly #cellOf: Int32Array;
  /** 1 for slots with a counter. */
  readonly #held: Uint8Array;
  /** For each cell, at least the true sum of every item of this cell that has no counter; and a variance behind it. */
  readonly #filter: Float64Array;
  readonly #cells: number;
  /** At most the least of all counters, so that most items need no look at the heap. */
  #floor = 0;

  /** @param maxSlot the largest slot that will be used */
  constructor(counters: number, maxSlot: number) {
    assert(counters >= 1, `${counters} counters are too few`);
    this.counters = counters;
    this.#heap = new PriorityHeap(
      new Int32Array(maxSlot + 1),
      1,
      0,
      new Int32Array(PriorityHeap.words(counters)),
      0,
      counters,
    );
    this.#amounts = new Float64Array(maxSlot + 1);
    this.#errors = new Float64Array(maxSlot + 1);
    this.#variances = new Float64Array(maxSlot + 1);
    this.#cellOf = new Int32Array(maxSlot + 1);
    this.#held = new Uint8Array(maxSlot + 1);
    this.#cells = 2 ** Math.ceil(Math.log2(CELLS_A_COUNTER * counters));
    this.#filter = new Float64Array(2 * this.#cells);
  }

  get count(): number {
    return this.#heap.count();
  }

  /** Whether the slot has a counter. */
  holds(slot: number): boolean {
    return this.#held[slot] === 1;
  }

  amountOf(slot: number): number {
    return this.#amounts[slot]!;
  }

  errorOf(slot: number): number {
    return this.#errors[slot]!;
  }

  varianceOf(slot: number): number {
    return this.#variances[slot]!;
  }

  /** Adds to an item that has a counter. */
  add(slot: number, amount: number, variance: number): void {
    if (!(amount > 0)) return;
    this.#amounts[slot]! += amount;
    this.#variances[slot]! += variance;
  }

  /**
   * Adds to an item that has no counter, unless it now deserves one.
   * @returns true if it does: then the caller makes room and calls `enter`. False: the filter has the amount.
   */
  admits(hash: number, amount: number, variance: number): boolean {
    if (!(amount > 0)) return false;
    if (this.#heap.count() < this.counters) return true;
    const at = 2 * (hash & (this.#cells - 1));
    const sum = this.#filter[at]! + amount;
    if (sum > this.#floor && sum > this.least()) return true;
    this.#filter[at] = sum;
    this.#filter[at + 1]! += variance;
    return false;
  }

  /** Takes the counter of the item with the least sum if none is free. @returns that item's slot, or 0 */
  makeRoom(): number {
    if (this.#heap.count() < this.counters) return 0;
    this.#refreshTop();
    const slot = this.#heap.top();
    const at = 2 * this.#cellOf[slot]!;
    const least = this.#amounts[slot]!;
    this.#filter[at] = Math.max(this.#filter[at]!, least);
    this.#filter[at + 1] = Math.max(this.#filter[at + 1]!, this.#variances[slot]!);
    this.#remove(slot);
    this.#floor = least;
    return slot;
  }

  /** Gives a counter to an item that `admits` let in. */
  enter(slot: number, hash: number, amount: number, variance: number): void {
    const cell = hash & (this.#cells - 1);
    const error = this.#filter[2 * cell]!;
    this.#cellOf[slot] = cell;
    this.#amounts[slot] = error + amount;
    this.#errors[slot] = error;
    this.#variances[slot] = this.#filter[2 * cell + 1]! + variance;
    this.#held[slot] = 1;
    this.#heap.add(slot, error + amount, 0);
  }

  /**
   * Adds an item's sum to that of another one, of which it turns out to be a part, and frees its counter. The bounds of
   * items with a counter hold on; `least` may be too low for a while.
   */
  give(from: number, to: number): void {
    this.#amounts[to]! += this.#amounts[from]!;
    this.#errors[to]! += this.#errors[from]!;
    this.#variances[to]! += this.#variances[from]!;
    this.#remove(from);
  }

  /** The largest true sum that an item without a counter can have: the least of all counters, 0 if one is free. */
  least(): number {
    if (this.#heap.count() < this.counters) return 0;
    this.#refreshTop();
    this.#floor = this.#amounts[this.#heap.top()]!;
    return this.#floor;
  }

  /** Returns the slots with the largest sums, the largest first. */
  largest(count: number): number[] {
    const slots: number[] = [];
    this.#heap.forEach((slot) => {
      slots.push(slot);
    });
    slots.sort((a, b) => this.#amounts[b]! - this.#amounts[a]! || a - b);
    return slots.slice(0, Math.max(0, count));
  }

  /** Multiplies all sums. */
  scale(factor: number): void {
    const slots = this.largest(this.counters).reverse();
    for (const slot of slots) this.#heap.remove(slot);
    scaleAll(this.#amounts, factor);
    scaleAll(this.#errors, factor);
    scaleAll(this.#variances, factor * factor);
    for (let at = 0; at < this.#filter.length; at += 2) {
      this.#filter[at]! *= factor;
      this.#filter[at + 1]! *= factor * factor;
    }
    this.#floor = 0;
    for (const slot of slots) this.#heap.add(slot, this.#amounts[slot]!, 0);
  }

  #remove(slot: number): void {
    this.#heap.remove(slot);
    this.#held[slot] = 0;
    this.#floor = 0;
  }

  /** Brings the top's priority up to date, until the top is the least. */
  #refreshTop(): void {
    for (;;) {
      const top = this.#heap.top();
      const amount = this.#amounts[top]!;
      if (this.#heap.priorityOf(top) === amount) return;
      this.#heap.update(top, amount, 0);
    }
  }
}

/** Multiplies numbers in place. */
export function scaleAll(numbers: Float64Array, factor: number): void {
  for (let i = 0; i < numbers.length; i++) numbers[i]! *= factor;
}
