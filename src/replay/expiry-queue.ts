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
  /** 1 for each number that is in the heap. */
  #isIn: Uint8Array;

  /** @param greatest the greatest number for now; see `cover` */
  constructor(greatest: number) {
    this.#greatest = greatest;
    this.#heap = heapFor(greatest);
    this.#isIn = new Uint8Array(greatest + 1);
  }

  /** Makes room for greater numbers than before. */
  cover(greatest: number): void {
    if (greatest <= this.#greatest) return;
    const old = this.#heap;
    this.#greatest = Math.max(greatest, 2 * this.#greatest);
    const heap = heapFor(this.#greatest);
    old.forEach((entry) => {
      heap.add(entry, old.priorityOf(entry), 0);
    });
    this.#heap = heap;
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

  #lookAtFirst(): void {
    const first = this.#heap.top();
    this.nextMs = first === 0 ? Number.POSITIVE_INFINITY : this.#heap.priorityOf(first);
  }
}

function heapFor(greatest: number): PriorityHeap {
  const state = new Int32Array(PriorityHeap.words(greatest));
  return new PriorityHeap(new Int32Array(greatest + 1), 1, 0, state, 0, greatest);
}
