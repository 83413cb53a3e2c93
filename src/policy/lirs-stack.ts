import { assert } from "../lib/assert.ts";
import type { GhostTable } from "./ghost-table.ts";
import { LINK_BITS } from "./slot-list.ts";

/** Marks a reference to a marker; without it, the reference is a slot. */
const MARKER = 1 << 29;
const REFERENCE_BITS = LINK_BITS | MARKER;
/** The bits of a slot's words above a reference. */
const FLAG_BITS = ~REFERENCE_BITS;

/**
 * Notes of a ghost that is a marker: the previous member, the next member, and its slot while its key is resident.
 */
const BEFORE_NOTE = 0;
const AFTER_NOTE = 1;
const SLOT_NOTE = 2;
export const MARKER_NOTE_WORDS = 3;

/** Words of `state` that a stack takes: its bottom and its top. */
export const STACK_WORDS = 2;

/**
 * The stack of LIRS: slots and markers in the order in which their keys were last requested. A slot is linked through
 * its first two policy words, a marker through the notes of a ghost, so an evicted key keeps its place in the stack.
 * A reference to a member is a slot, or a ghost with `MARKER` set; 0 means none. Zeroed memory is an empty stack. The
 * object holds no state of its own, so several can share one stack.
 */
export class LirsStack {
  readonly #words: Int32Array;
  readonly #stride: number;
  readonly #offset: number;
  readonly #markers: GhostTable;
  readonly #state: Int32Array;
  readonly #at: number;

  /**
   * @param offset a slot's link words, counted from `slot * stride`
   * @param markers ghosts with `MARKER_NOTE_WORDS` notes
   * @param at start of the stack's own words in `state`
   */
  constructor(
    words: Int32Array,
    stride: number,
    offset: number,
    markers: GhostTable,
    state: Int32Array,
    at: number,
  ) {
    this.#words = words;
    this.#stride = stride;
    this.#offset = offset;
    this.#markers = markers;
    this.#state = state;
    this.#at = at;
  }

  static isMarker(reference: number): boolean {
    return (reference & MARKER) !== 0;
  }

  static markerOf(reference: number): number {
    return reference & LINK_BITS;
  }

  static referenceTo(marker: number): number {
    return marker | MARKER;
  }

  bottom(): number {
    return this.#state[this.#at]!;
  }

  top(): number {
    return this.#state[this.#at + 1]!;
  }

  /** The member towards the top, 0 at the top. */
  above(reference: number): number {
    return this.#link(reference, AFTER_NOTE);
  }

  /** The member towards the bottom, 0 at the bottom. */
  below(reference: number): number {
    return this.#link(reference, BEFORE_NOTE);
  }

  pushTop(reference: number): void {
    const top = this.top();
    this.#setLink(reference, BEFORE_NOTE, top);
    this.#setLink(reference, AFTER_NOTE, 0);
    this.#setAfter(top, reference);
    this.#state[this.#at + 1] = reference;
  }

  unlink(reference: number): void {
    const before = this.#link(reference, BEFORE_NOTE);
    const after = this.#link(reference, AFTER_NOTE);
    this.#setAfter(before, after);
    this.#setBefore(after, before);
  }

  /** Repairs the references to a slot whose words have been copied to slot `to`. */
  relocate(to: number): void {
    this.#setAfter(this.#link(to, BEFORE_NOTE), to);
    this.#setBefore(this.#link(to, AFTER_NOTE), to);
  }

  /** The slot of a marker whose key is resident. */
  slotOf(marker: number): number {
    return this.#markers.note(marker, SLOT_NOTE);
  }

  setSlot(marker: number, slot: number): void {
    this.#markers.setNote(marker, SLOT_NOTE, slot);
  }

  /** Visits the members from bottom to top. */
  forEach(visit: (reference: number) => void): void {
    for (let reference = this.bottom(); reference !== 0; ) {
      const above = this.above(reference);
      visit(reference);
      reference = above;
    }
  }

  /**
   * @returns the number of members
   * @throws AssertionError if links of neighbours disagree
   */
  check(limit: number): number {
    let count = 0;
    let before = 0;
    this.forEach((reference) => {
      assert(this.#link(reference, BEFORE_NOTE) === before, `member ${reference} does not link back`);
      assert(++count <= limit, `the stack has more than ${limit} members`);
      before = reference;
    });
    assert(this.top() === before, "the stack's top is wrong");
    return count;
  }

  #setAfter(reference: number, after: number): void {
    if (reference === 0) this.#state[this.#at] = after;
    else this.#setLink(reference, AFTER_NOTE, after);
  }

  #setBefore(reference: number, before: number): void {
    if (reference === 0) this.#state[this.#at + 1] = before;
    else this.#setLink(reference, BEFORE_NOTE, before);
  }

  /** A slot's link words are in the same order as a marker's notes. */
  #link(reference: number, note: number): number {
    if ((reference & MARKER) !== 0) return this.#markers.note(reference & LINK_BITS, note);
    return this.#words[reference * this.#stride + this.#offset + note]! & REFERENCE_BITS;
  }

  #setLink(reference: number, note: number, value: number): void {
    if ((reference & MARKER) !== 0) {
      this.#markers.setNote(reference & LINK_BITS, note, value);
    } else {
      const at = reference * this.#stride + this.#offset + note;
      this.#words[at] = (this.#words[at]! & FLAG_BITS) | value;
    }
  }
}
