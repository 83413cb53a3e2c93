import { RuleBroken } from "./rule-broken.ts";

/** Takes the slots that are evicted, in order. */
export interface VictimSink {
  push(slot: number): void;
}

/** Writes them down. */
export class VictimLog implements VictimSink {
  #slots = new Int32Array(1024);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(slot: number): void {
    if (this.#count === this.#slots.length) {
      const larger = new Int32Array(2 * this.#count);
      larger.set(this.#slots);
      this.#slots = larger;
    }
    this.#slots[this.#count++] = slot;
  }

  at(index: number): number | undefined {
    return index < this.#count ? this.#slots[index] : undefined;
  }

  /** Returns a copy of those from a number on. */
  since(from: number): Int32Array {
    return this.#slots.slice(from, this.#count);
  }
}

/** Compares them with those of the first time. */
export class VictimComparison implements VictimSink {
  readonly #first: VictimLog;
  #at = 0;

  constructor(first: VictimLog) {
    this.#first = first;
  }

  push(slot: number): void {
    expectSame(this.#first.at(this.#at++), slot);
  }
}

/** @throws RuleBroken */
export function expectSame(first: number | undefined, second: number): void {
  if (first === second) return;
  throw new RuleBroken(
    `evict returned ${first} the first time and ${second} when the same was repeated: equal requests must lead to equal decisions`,
  );
}
