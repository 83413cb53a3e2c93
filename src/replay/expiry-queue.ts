import { PriorityHeap } from "../policy/priority-heap.ts";

/**
 * The expiry times of entries, in a heap whose first entry expires next. Entries are numbered from 1. Takes 25 bytes
 * for every possible number.
 */
export class ExpiryQueue {
  /** When the next entry expires; `Infinity` if none does. */
  nextMs = Number.POSITIVE_INFINITY;
  #greatest: number;
  #heap: PriorityHeap;
  /** The heap's memory. */
  #words: Int32Array;
  #state: Int32Array;
  /** 1 for each number that is in the heap. */
  #isIn: Uint8Array;

  /** @param greatest the greatest number for now; see `cover` */
  constructor(greatest: number) {
    this.#greatest = greatest;
    [this.#heap, this.#words, this.#state] = heapFor(greatest);
    this.#isIn = new Uint8Array(greatest + 1);
  }

  /** Makes room for greater numbers than before. */
  cover(greatest: number): void {
    if (greatest <= this.#greatest) return;
    const old = this.#heap;
    this.#greatest = Math.max(greatest, 2 * this.#greatest);
    [this.#heap, this.#words, this.#state] = heapFor(this.#greatest);
    old.forEach((entry) => {
      this.#heap.add(entry, old.priorityOf(entry), 0);
    });
    const isIn = new Uint8Array(this.#greatest + 1);
    isIn.set(this.#isIn);
    this.#isIn = isIn;
  }

  /**
   * Sets or replaces an entry's expiry time.
   * @param expiresAtMs `Infinity`: the entry does not expire
   */
  set(entry: number, expiresAtMs: number): void {
    if (expiresAtMs === Number.POSITIVE_INFINITY) {
      this.delete(entry);
      return;
    }
    if (this.#isIn[entry] === 1) this.#heap.update(entry, expiresAtMs, 0);
    else this.#heap.add(entry, expiresAtMs, 0);
    this.#isIn[entry] = 1;
    this.#lookAtFirst();
  }

  /** Returns an entry's expiry time; `Infinity` if it has none. */
  of(entry: number): number {
    return this.#isIn[entry] === 1 ? this.#heap.priorityOf(entry) : Number.POSITIVE_INFINITY;
  }

  delete(entry: number): void {
    if (this.#isIn[entry] !== 1) return;
    this.#isIn[entry] = 0;
    this.#heap.remove(entry);
    this.#lookAtFirst();
  }

  /**
   * Removes the entry that expires next, at `nextMs`.
   * @returns 0 if there is none
   */
  take(): number {
    const entry = this.#heap.top();
    this.delete(entry);
    return entry;
  }

  /** Copies the queue. */
  image(): ExpiryImage {
    return {
      words: this.#words.slice(),
      state: this.#state.slice(),
      isIn: this.#isIn.slice(),
      nextMs: this.nextMs,
    };
  }

  /** Makes the queue what it was when the image was made, with the same greatest number. */
  restore({ words, state, isIn, nextMs }: ExpiryImage): void {
    this.#words.set(words);
    this.#state.set(state);
    this.#isIn.set(isIn);
    this.nextMs = nextMs;
  }

  #lookAtFirst(): void {
    const first = this.#heap.top();
    this.nextMs = first === 0 ? Number.POSITIVE_INFINITY : this.#heap.priorityOf(first);
  }
}

/** A copy of a queue. */
export interface ExpiryImage {
  readonly words: Int32Array;
  readonly state: Int32Array;
  readonly isIn: Uint8Array;
  readonly nextMs: number;
}

function heapFor(greatest: number): [PriorityHeap, words: Int32Array, state: Int32Array] {
  const words = new Int32Array(greatest + 1);
  const state = new Int32Array(PriorityHeap.words(greatest));
  return [new PriorityHeap(words, 1, 0, state, 0, greatest), words, state];
}
