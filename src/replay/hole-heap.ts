/** The positions of a stack's holes, in a binary heap with the greatest on top. */
export class HoleHeap {
  readonly #heap: number[] = [];

  /** The greatest position; undefined if there is none. */
  get greatest(): number | undefined {
    return this.#heap[0];
  }

  push(position: number): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (heap[parent]! >= position) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = position;
  }

  /** Removes the greatest position. */
  pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! > heap[child]!) child++;
      if (heap[child]! <= last) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }

  /** Replaces all positions by new ones in the same order. */
  renumber(rename: (position: number) => number): void {
    for (let i = 0; i < this.#heap.length; i++) this.#heap[i] = rename(this.#heap[i]!);
  }
}
