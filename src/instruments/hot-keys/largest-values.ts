import { PriorityHeap } from "../../policy/priority-heap.ts";

/** Values that nobody has seen for so long are looked for this many times in that period. */
const SWEEPS_A_PERIOD = 8;

/**
 * The largest values seen lately, exactly: a bounded heap with the least value at the top. A value that grows or
 * shrinks takes its new place; one that leaves the cache, or that is not seen for a while, is forgotten. Keys are
 * slots, small numbers from 1 on, which the owner gives out.
 */
export class LargestValues {
  readonly limit: number;
  readonly #forgetAfterMs: number;
  readonly #heap: PriorityHeap;
  readonly #seenMs: Float64Array;
  readonly #held: Uint8Array;
  #sweptMs = Number.NEGATIVE_INFINITY;

  /** @param maxSlot the largest slot that will be used */
  constructor(limit: number, maxSlot: number, forgetAfterMs: number) {
    this.limit = limit;
    this.#forgetAfterMs = forgetAfterMs;
    const state = new Int32Array(PriorityHeap.words(limit));
    this.#heap = new PriorityHeap(new Int32Array(maxSlot + 1), 1, 0, state, 0, limit);
    this.#seenMs = new Float64Array(maxSlot + 1);
    this.#held = new Uint8Array(maxSlot + 1);
  }

  holds(slot: number): boolean {
    return this.#held[slot] === 1;
  }

  bytesOf(slot: number): number {
    return this.#heap.priorityOf(slot);
  }

  /** Whether a value of a key that is not held is among the largest. Then the caller makes room and calls `enter`. */
  admits(valueBytes: number): boolean {
    if (!(valueBytes > 0)) return false;
    return this.#heap.count() < this.limit || valueBytes > this.#heap.priorityOf(this.#heap.top());
  }

  /** Takes the place of the smallest value if none is free. @returns its slot, or 0 */
  makeRoom(): number {
    if (this.#heap.count() < this.limit) return 0;
    const slot = this.#heap.top();
    this.remove(slot);
    return slot;
  }

  enter(slot: number, valueBytes: number, nowMs: number): void {
    this.#heap.add(slot, valueBytes, 0);
    this.#held[slot] = 1;
    this.#seenMs[slot] = nowMs;
  }

  /** A held key has a value of another size. */
  resize(slot: number, valueBytes: number, nowMs: number): void {
    this.#heap.update(slot, valueBytes, 0);
    this.#seenMs[slot] = nowMs;
  }

  /** A held key was read. */
  touch(slot: number, nowMs: number): void {
    this.#seenMs[slot] = nowMs;
  }

  remove(slot: number): void {
    this.#heap.remove(slot);
    this.#held[slot] = 0;
  }

  /**
   * Forgets the values that have not been seen for too long. Called often, it seldom does anything.
   * @param forgotten is told each slot
   */
  sweep(nowMs: number, forgotten: (slot: number) => void): void {
    if (nowMs < this.#sweptMs + this.#forgetAfterMs / SWEEPS_A_PERIOD) return;
    this.#sweptMs = nowMs;
    for (const slot of this.largest(this.limit)) {
      if (nowMs - this.#seenMs[slot]! < this.#forgetAfterMs) continue;
      this.remove(slot);
      forgotten(slot);
    }
  }

  /** Returns the slots of the largest values, the largest first. */
  largest(count: number): number[] {
    const slots: number[] = [];
    this.#heap.forEach((slot) => {
      slots.push(slot);
    });
    return slots.reverse().slice(0, Math.max(0, count));
  }
}
