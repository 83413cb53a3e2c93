import { assert } from "../lib/assert.ts";

/** Words before the entries: their number, and one that keeps the priorities aligned. */
const HEADER_WORDS = 2;
/** Words of an entry: its priority and its tick, two 64-bit floating-point numbers, and its slot. */
const ENTRY_WORDS = 5;

/**
 * The resident slots in a binary heap. The top has the least priority, and among equals the least tick. Takes one
 * policy word of each slot: its place in the heap. Zeroed memory is an empty heap. The object holds no state of its
 * own, so several can share one heap.
 *
 * J. W. J. Williams, "Algorithm 232: Heapsort", Communications of the ACM 7(6), 1964.
 */
export class PriorityHeap {
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #at: number;
  /** Priority and tick of each place, side by side. */
  readonly #ranks: Float64Array;
  readonly #slots: number;

  /**
   * @param offset a slot's place word, counted from `slot * stride`
   * @param state begins at a multiple of eight bytes
   * @param at start of the heap in `state`, an even number; it takes `PriorityHeap.words(maxEntries)`
   */
  constructor(
    words: Int32Array,
    stride: number,
    offset: number,
    state: Int32Array,
    at: number,
    maxEntries: number,
  ) {
    assert(state.byteOffset % 8 === 0 && at % 2 === 0, "a heap's priorities are not aligned");
    this.#words = words;
    this.#stride = stride;
    this.#offset = offset;
    this.#state = state;
    this.#at = at;
    this.#ranks = new Float64Array(state.buffer, state.byteOffset + (at + HEADER_WORDS) * 4, 2 * maxEntries);
    this.#slots = at + HEADER_WORDS + 4 * maxEntries;
  }

  /** Words of `state` that a heap takes; an even number. */
  static words(maxEntries: number): number {
    return HEADER_WORDS + ENTRY_WORDS * maxEntries + (maxEntries % 2);
  }

  count(): number {
    return this.#state[this.#at]!;
  }

  /** Returns the slot of least priority, 0 if the heap is empty. */
  top(): number {
    return this.#state[this.#at] === 0 ? 0 : this.#state[this.#slots]!;
  }

  /** Returns the slot at a place; the top is at place 0. 0: there is no such place. */
  slotAt(place: number): number {
    return place >= 0 && place < this.count() ? this.#state[this.#slots + place]! : 0;
  }

  placeOf(slot: number): number {
    return this.#place(slot);
  }

  /** Tells whether a slot ranks below another one. */
  isBefore(one: number, other: number): boolean {
    return this.#isBelow(this.#place(one), this.priorityOf(other), this.tickOf(other));
  }

  priorityOf(slot: number): number {
    return this.#ranks[2 * this.#place(slot)]!;
  }

  tickOf(slot: number): number {
    return this.#ranks[2 * this.#place(slot) + 1]!;
  }

  add(slot: number, priority: number, tick: number): void {
    const place = this.#state[this.#at]!;
    this.#state[this.#at] = place + 1;
    this.#rise(place, slot, priority, tick);
  }

  update(slot: number, priority: number, tick: number): void {
    this.#sift(this.#place(slot), slot, priority, tick);
  }

  remove(slot: number): void {
    const place = this.#place(slot);
    const last = this.#state[this.#at]! - 1;
    this.#state[this.#at] = last;
    if (place === last) return;
    this.#sift(place, this.#state[this.#slots + last]!, this.#ranks[2 * last]!, this.#ranks[2 * last + 1]!);
  }

  /** Repairs the references to a slot whose words have been copied to slot `to`. */
  relocate(to: number): void {
    this.#state[this.#slots + this.#place(to)] = to;
  }

  /** Visits the slots by rising priority, by sorting a copy of the heap. */
  forEach(visit: (slot: number) => void): void {
    const ranks = this.#ranks;
    const places = Array.from({ length: this.count() }, (_, place) => place);
    places.sort((a, b) => compare(ranks[2 * a]!, ranks[2 * b]!) || ranks[2 * a + 1]! - ranks[2 * b + 1]!);
    const slots = places.map((place) => this.#state[this.#slots + place]!);
    for (const slot of slots) visit(slot);
  }

  /** @throws AssertionError if the heap's order is broken, or if a slot and its place disagree */
  check(limit: number): void {
    assert(this.count() <= limit, `a heap holds ${this.count()} slots, more than ${limit}`);
    for (let place = 0; place < this.count(); place++) {
      const slot = this.#state[this.#slots + place]!;
      assert(this.#place(slot) === place, `slot ${slot} has lost its place in the heap`);
      if (place === 0) continue;
      const parent = (place - 1) >>> 1;
      const inOrder = !this.#isBelow(place, this.#ranks[2 * parent]!, this.#ranks[2 * parent + 1]!);
      assert(inOrder, `slot ${slot} stands below one of higher priority`);
    }
  }

  /** Moves a slot up or down from `place` to where it belongs. */
  #sift(place: number, slot: number, priority: number, tick: number): void {
    if (place > 0) {
      const parent = (place - 1) >>> 1;
      const parentPriority = this.#ranks[2 * parent]!;
      if (priority < parentPriority || (priority === parentPriority && tick < this.#ranks[2 * parent + 1]!)) {
        this.#rise(place, slot, priority, tick);
        return;
      }
    }
    this.#sink(place, slot, priority, tick);
  }

  #rise(start: number, slot: number, priority: number, tick: number): void {
    const ranks = this.#ranks;
    let place = start;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      const parentPriority = ranks[2 * parent]!;
      if (parentPriority < priority || (parentPriority === priority && ranks[2 * parent + 1]! <= tick)) break;
      this.#put(place, this.#state[this.#slots + parent]!, parentPriority, ranks[2 * parent + 1]!);
      place = parent;
    }
    this.#put(place, slot, priority, tick);
  }

  #sink(start: number, slot: number, priority: number, tick: number): void {
    const ranks = this.#ranks;
    const count = this.#state[this.#at]!;
    let place = start;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= count) break;
      if (child + 1 < count && this.#isBelow(child + 1, ranks[2 * child]!, ranks[2 * child + 1]!)) child++;
      if (!this.#isBelow(child, priority, tick)) break;
      this.#put(place, this.#state[this.#slots + child]!, ranks[2 * child]!, ranks[2 * child + 1]!);
      place = child;
    }
    this.#put(place, slot, priority, tick);
  }

  #isBelow(place: number, priority: number, tick: number): boolean {
    const other = this.#ranks[2 * place]!;
    return other < priority || (other === priority && this.#ranks[2 * place + 1]! < tick);
  }

  #put(place: number, slot: number, priority: number, tick: number): void {
    this.#ranks[2 * place] = priority;
    this.#ranks[2 * place + 1] = tick;
    this.#state[this.#slots + place] = slot;
    this.#words[slot * this.#stride + this.#offset] = place;
  }

  #place(slot: number): number {
    return this.#words[slot * this.#stride + this.#offset]!;
  }
}

/** Compares numbers that may both be infinite, whose difference would be NaN. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
