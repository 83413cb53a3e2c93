import type { RecordBatch } from "../../replay/records.ts";

const WORDS = 3;
const FIRST_BITS = 10;
/** 2^22 places of 12 bytes, of which 5/8 are used: 48 MiB. Sizes of further keys are not remembered. */
const LAST_BITS = 22;
const LOAD_LIMIT = 5 / 8;

/**
 * Remembers the last size of each object, for traces whose reads do not tell it. A bounded hash table with linear
 * probing; sizes from 1 to 2^32 − 1.
 */
export class SizeMemory {
  #bits = FIRST_BITS;
  #entries: Uint32Array = new Uint32Array(2 ** FIRST_BITS * WORDS);
  #count = 0;

  /** Gives record `i` the last known size of its key if its own is 0 (unknown), else remembers its size. */
  complete(batch: RecordBatch, i: number): void {
    const low = batch.keyLow[i]!;
    const high = batch.keyHigh[i]!;
    const size = batch.size[i]!;
    let at = this.#find(low, high);
    if (size === 0) {
      batch.size[i] = this.#entries[at + 2] === 0 ? 1 : this.#entries[at + 2]!;
      return;
    }
    if (this.#entries[at + 2] === 0) {
      if (this.#count >= 2 ** this.#bits * LOAD_LIMIT) {
        if (this.#bits === LAST_BITS) return;
        this.#grow();
        at = this.#find(low, high);
      }
      this.#count++;
      this.#entries[at] = low;
      this.#entries[at + 1] = high;
    }
    this.#entries[at + 2] = Math.min(size, 2 ** 32 - 1);
  }

  #find(low: number, high: number): number {
    const entries = this.#entries;
    const mixed = low ^ Math.imul(high, 0x85eb_ca6b);
    let at = (Math.imul(mixed ^ (mixed >>> 15), 0x9e37_79b1) >>> (32 - this.#bits)) * WORDS;
    while (entries[at + 2] !== 0 && (entries[at] !== low || entries[at + 1] !== high)) {
      at = at + WORDS === entries.length ? 0 : at + WORDS;
    }
    return at;
  }

  #grow(): void {
    const old = this.#entries;
    this.#bits++;
    this.#entries = new Uint32Array(2 ** this.#bits * WORDS);
    for (let from = 0; from < old.length; from += WORDS) {
      if (old[from + 2] === 0) continue;
      this.#entries.set(old.subarray(from, from + WORDS), this.#find(old[from]!, old[from + 1]!));
    }
  }
}
