import { assert } from "../lib/assert.ts";

/** The bits of a link word that hold a slot. The three above are free for a policy's flags. */
export const LINK_BITS = 0x1fff_ffff;
const FLAG_BITS = ~LINK_BITS;

/** Policy words that a list takes in each slot: the link towards the front, then the link towards the back. */
export const LINK_WORDS = 2;
/** Words of `state` that a list takes: its front and its back slot. */
export const LIST_WORDS = 2;

/**
 * A doubly linked list of slots, threaded through their policy words. The front is where the next victim stands
 * by the habit of all policies here. Zeroed memory is an empty list. Flags in the upper bits of link words survive
 * every operation; a slot that enters a list for the first time has its words set by the policy beforehand.
 *
 * The object holds no state of its own: any number of them may stand for one list.
 */
export class SlotList {
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #state: Int32Array;
  readonly #at: number;

  /**
   * @param offset where the two link words lie, counted from `slot * stride`
   * @param at where the list's own words lie in `state`
   */
  constructor(words: Int32Array, stride: number, offset: number, state: Int32Array, at: number) {
    this.#words = words;
    this.#stride = stride;
    this.#offset = offset;
    this.#state = state;
    this.#at = at;
  }

  /** The slot at the front, 0 when the list is empty. */
  front(): number {
    return this.#state[this.#at]!;
  }

  /** The slot at the back, 0 when the list is empty. */
  back(): number {
    return this.#state[this.#at + 1]!;
  }

  /** The neighbour towards the front, 0 at the front. */
  before(slot: number): number {
    return this.#words[slot * this.#stride + this.#offset]! & LINK_BITS;
  }

  /** The neighbour towards the back, 0 at the back. */
  after(slot: number): number {
    return this.#words[slot * this.#stride + this.#offset + 1]! & LINK_BITS;
  }

  pushBack(slot: number): void {
    const words = this.#words;
    const state = this.#state;
    const at = this.#at;
    const link = slot * this.#stride + this.#offset;
    const back = state[at + 1]!;
    words[link] = (words[link]! & FLAG_BITS) | back;
    words[link + 1]! &= FLAG_BITS;
    if (back === 0) {
      state[at] = slot;
    } else {
      const backLink = back * this.#stride + this.#offset + 1;
      words[backLink] = (words[backLink]! & FLAG_BITS) | slot;
    }
    state[at + 1] = slot;
  }

  pushFront(slot: number): void {
    const words = this.#words;
    const state = this.#state;
    const at = this.#at;
    const link = slot * this.#stride + this.#offset;
    const front = state[at]!;
    words[link]! &= FLAG_BITS;
    words[link + 1] = (words[link + 1]! & FLAG_BITS) | front;
    if (front === 0) {
      state[at + 1] = slot;
    } else {
      const frontLink = front * this.#stride + this.#offset;
      words[frontLink] = (words[frontLink]! & FLAG_BITS) | slot;
    }
    state[at] = slot;
  }

  /** Puts a slot behind another one that is in the list. */
  insertAfter(before: number, slot: number): void {
    const words = this.#words;
    const link = slot * this.#stride + this.#offset;
    const beforeLink = before * this.#stride + this.#offset + 1;
    const after = words[beforeLink]! & LINK_BITS;
    words[link] = (words[link]! & FLAG_BITS) | before;
    words[link + 1] = (words[link + 1]! & FLAG_BITS) | after;
    words[beforeLink] = (words[beforeLink]! & FLAG_BITS) | slot;
    if (after === 0) {
      this.#state[this.#at + 1] = slot;
    } else {
      const afterLink = after * this.#stride + this.#offset;
      words[afterLink] = (words[afterLink]! & FLAG_BITS) | slot;
    }
  }

  /** Takes a slot out; its own words keep what they held. */
  unlink(slot: number): void {
    const link = slot * this.#stride + this.#offset;
    this.#join(this.#words[link]! & LINK_BITS, this.#words[link + 1]! & LINK_BITS);
  }

  /** In one step what `unlink` and `pushBack` would do: most hits of most policies end here. */
  moveToBack(slot: number): void {
    const words = this.#words;
    const state = this.#state;
    const stride = this.#stride;
    const offset = this.#offset;
    const at = this.#at;
    const back = state[at + 1]!;
    if (back === slot) return;
    const link = slot * stride + offset;
    const first = words[link]!;
    const second = words[link + 1]!;
    const before = first & LINK_BITS;
    const afterLink = (second & LINK_BITS) * stride + offset;
    words[afterLink] = (words[afterLink]! & FLAG_BITS) | before;
    if (before === 0) {
      state[at] = second & LINK_BITS;
    } else {
      const beforeLink = before * stride + offset + 1;
      words[beforeLink] = (words[beforeLink]! & FLAG_BITS) | (second & LINK_BITS);
    }
    words[link] = (first & FLAG_BITS) | back;
    words[link + 1] = second & FLAG_BITS;
    const backLink = back * stride + offset + 1;
    words[backLink] = (words[backLink]! & FLAG_BITS) | slot;
    state[at + 1] = slot;
  }

  /** Repairs what refers to `from`, whose words have been copied to slot `to`. */
  relocate(to: number): void {
    const words = this.#words;
    const link = to * this.#stride + this.#offset;
    const before = words[link]! & LINK_BITS;
    const after = words[link + 1]! & LINK_BITS;
    if (before === 0) {
      this.#state[this.#at] = to;
    } else {
      const beforeLink = before * this.#stride + this.#offset + 1;
      words[beforeLink] = (words[beforeLink]! & FLAG_BITS) | to;
    }
    if (after === 0) {
      this.#state[this.#at + 1] = to;
    } else {
      const afterLink = after * this.#stride + this.#offset;
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

  /** Makes two slots neighbours; 0 stands for the list's own end. */
  #join(before: number, after: number): void {
    const words = this.#words;
    const stride = this.#stride;
    if (before === 0) {
      this.#state[this.#at] = after;
    } else {
      const beforeLink = before * stride + this.#offset + 1;
      words[beforeLink] = (words[beforeLink]! & FLAG_BITS) | after;
    }
    if (after === 0) {
      this.#state[this.#at + 1] = before;
    } else {
      const afterLink = after * stride + this.#offset;
      words[afterLink] = (words[afterLink]! & FLAG_BITS) | before;
    }
  }
}
