import { assert } from "../lib/assert.ts";
import { wordAt } from "./word-at.ts";

/** The bits of a link word that hold a slot. The three bits above are free for a policy's flags. */
export const LINK_BITS = 0x1fff_ffff;
const FLAG_BITS = ~LINK_BITS;

/** Policy words that a list takes in each slot: the link towards the front, then the link towards the back. */
export const LINK_WORDS = 2;
/** Words of `state` that a list takes: its front slot and its back slot. */
export const LIST_WORDS = 2;

/**
 * A doubly linked list of slots, threaded through their policy words. By convention of all policies here, the next
 * victim is at the front. Zeroed memory is an empty list. Flags in the upper bits of link words survive every
 * operation; the policy sets a slot's words before the slot enters a list for the first time. The object holds no
 * state of its own, so several can share one list. The most frequent operations exist as functions of the bare
 * arrays, too, for policies that call them in hot paths.
 */
export class SlotList {
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #at: number;

  /**
   * @param offset a slot's two link words, counted from `slot * stride`
   * @param at start of the list's own words in `state`
   */
  constructor(words: Int32Array, stride: number, offset: number, state: Int32Array, at: number) {
    this.#words = words;
    this.#stride = stride;
    this.#offset = offset;
    this.#state = state;
    this.#at = at;
  }

  /** Returns the slot at the front, 0 if the list is empty. */
  front(): number {
    return this.#state[this.#at]!;
  }

  /** Returns the slot at the back, 0 if the list is empty. */
  back(): number {
    return this.#state[this.#at + 1]!;
  }

  /** Returns the neighbour towards the front, 0 at the front. */
  before(slot: number): number {
    return this.#words[wordAt(slot, this.#stride, this.#offset)]! & LINK_BITS;
  }

  /** Returns the neighbour towards the back, 0 at the back. */
  after(slot: number): number {
    return this.#words[wordAt(slot, this.#stride, this.#offset) + 1]! & LINK_BITS;
  }

  pushBack(slot: number): void {
    pushBack(this.#words, this.#stride, this.#offset, this.#state, this.#at, slot);
  }

  pushFront(slot: number): void {
    pushFront(this.#words, this.#stride, this.#offset, this.#state, this.#at, slot);
  }

  /** Inserts a slot after another one that is in the list. */
  insertAfter(before: number, slot: number): void {
    insertAfter(this.#words, this.#stride, this.#offset, this.#state, this.#at, before, slot);
  }

  /** Removes a slot. Its own words keep their values. */
  unlink(slot: number): void {
    unlink(this.#words, this.#stride, this.#offset, this.#state, this.#at, slot);
  }

  moveToBack(slot: number): void {
    moveToBack(this.#words, this.#stride, this.#offset, this.#state, this.#at, slot);
  }

  /** Repairs the references to a slot whose words have been copied to slot `to`. */
  relocate(to: number): void {
    const words = this.#words;
    const link = wordAt(to, this.#stride, this.#offset);
    const before = words[link]! & LINK_BITS;
    const after = words[link + 1]! & LINK_BITS;
    if (before === 0) {
      this.#state[this.#at] = to;
    } else {
      const beforeLink = wordAt(before, this.#stride, this.#offset) + 1;
      words[beforeLink] = (words[beforeLink]! & FLAG_BITS) | to;
    }
    if (after === 0) {
      this.#state[this.#at + 1] = to;
    } else {
      const afterLink = wordAt(after, this.#stride, this.#offset);
      words[afterLink] = (words[afterLink]! & FLAG_BITS) | to;
    }
  }

  /** Visits the slots from front to back. */
  forEach(visit: (slot: number) => void): void {
    for (let slot = this.front(); slot !== 0; ) {
      const after = this.after(slot);
      visit(slot);
      slot = after;
    }
  }

  /**
   * Counts the slots before this one, towards the front.
   * @returns `limit` if there are as many or more
   */
  countBefore(slot: number, limit: number): number {
    let count = 0;
    for (let other = this.before(slot); other !== 0 && count < limit; other = this.before(other)) count++;
    return count;
  }

  /**
   * Checks that the links of neighbours agree and that the list ends.
   * @param limit how many slots it may hold
   * @returns how many it holds
   * @throws AssertionError
   */
  check(limit: number): number {
    let count = 0;
    let before = 0;
    for (let slot = this.front(); slot !== 0; slot = this.after(slot)) {
      assert(
        this.before(slot) === before,
        `slot ${slot} links back to ${this.before(slot)}, not to ${before}`,
      );
      assert(++count <= limit, `a list holds more than ${limit} slots`);
      before = slot;
    }
    assert(this.back() === before, `a list ends at slot ${before}, but says ${this.back()}`);
    return count;
  }
}

/**
 * See `SlotList.pushBack`.
 * @param at start of the list's own words in `state`; the same in all of these functions
 */
export function pushBack(
  words: Int32Array,
  stride: number,
  offset: number,
  state: Int32Array,
  at: number,
  slot: number,
): void {
  const link = wordAt(slot, stride, offset);
  const back = state[at + 1]!;
  words[link] = (words[link]! & FLAG_BITS) | back;
  words[link + 1]! &= FLAG_BITS;
  if (back === 0) {
    state[at] = slot;
  } else {
    const backLink = wordAt(back, stride, offset) + 1;
    words[backLink] = (words[backLink]! & FLAG_BITS) | slot;
  }
  state[at + 1] = slot;
}

/** See `SlotList.pushFront`. */
export function pushFront(
  words: Int32Array,
  stride: number,
  offset: number,
  state: Int32Array,
  at: number,
  slot: number,
): void {
  const link = wordAt(slot, stride, offset);
  const front = state[at]!;
  words[link]! &= FLAG_BITS;
  words[link + 1] = (words[link + 1]! & FLAG_BITS) | front;
  if (front === 0) {
    state[at + 1] = slot;
  } else {
    const frontLink = wordAt(front, stride, offset);
    words[frontLink] = (words[frontLink]! & FLAG_BITS) | slot;
  }
  state[at] = slot;
}

/** See `SlotList.insertAfter`. */
export function insertAfter(
  words: Int32Array,
  stride: number,
  offset: number,
  state: Int32Array,
  at: number,
  before: number,
  slot: number,
): void {
  const link = wordAt(slot, stride, offset);
  const beforeLink = wordAt(before, stride, offset) + 1;
  const after = words[beforeLink]! & LINK_BITS;
  words[link] = (words[link]! & FLAG_BITS) | before;
  words[link + 1] = (words[link + 1]! & FLAG_BITS) | after;
  words[beforeLink] = (words[beforeLink]! & FLAG_BITS) | slot;
  if (after === 0) {
    state[at + 1] = slot;
  } else {
    const afterLink = wordAt(after, stride, offset);
    words[afterLink] = (words[afterLink]! & FLAG_BITS) | slot;
  }
}

/** See `SlotList.unlink`. */
export function unlink(
  words: Int32Array,
  stride: number,
  offset: number,
  state: Int32Array,
  at: number,
  slot: number,
): void {
  const link = wordAt(slot, stride, offset);
  const before = words[link]! & LINK_BITS;
  const after = words[link + 1]! & LINK_BITS;
  if (before === 0) {
    state[at] = after;
  } else {
    const beforeLink = wordAt(before, stride, offset) + 1;
    words[beforeLink] = (words[beforeLink]! & FLAG_BITS) | after;
  }
  if (after === 0) {
    state[at + 1] = before;
  } else {
    const afterLink = wordAt(after, stride, offset);
    words[afterLink] = (words[afterLink]! & FLAG_BITS) | before;
  }
}

/** Does the work of `unlink` and `pushBack` in one step: most hits of most policies end here. */
export function moveToBack(
  words: Int32Array,
  stride: number,
  offset: number,
  state: Int32Array,
  at: number,
  slot: number,
): void {
  const back = state[at + 1]!;
  if (back === slot) return;
  const link = wordAt(slot, stride, offset);
  const first = words[link]!;
  const second = words[link + 1]!;
  const before = first & LINK_BITS;
  const after = second & LINK_BITS;
  const afterLink = wordAt(after, stride, offset);
  words[afterLink] = (words[afterLink]! & FLAG_BITS) | before;
  if (before === 0) {
    state[at] = after;
  } else {
    const beforeLink = wordAt(before, stride, offset) + 1;
    words[beforeLink] = (words[beforeLink]! & FLAG_BITS) | after;
  }
  words[link] = (first & FLAG_BITS) | back;
  words[link + 1] = second & FLAG_BITS;
  const backLink = wordAt(back, stride, offset) + 1;
  words[backLink] = (words[backLink]! & FLAG_BITS) | slot;
  state[at + 1] = slot;
}
