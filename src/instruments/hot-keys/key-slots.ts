import { copyBytes } from "../../lib/byte-buffer.ts";
import { equalBytes } from "../../lib/bytes.ts";

const EMPTY = 0;

/**
 * Numbers a bounded number of keys, from 1 on, and finds them by their bytes. All memory is allocated at the start. Of
 * longer keys only the beginning is kept, with the length: two keys that agree in these and in their hash count as
 * one.
 */
export class KeySlots {
  readonly capacity: number;
  readonly #keptBytes: number;
  readonly #bytes: Uint8Array;
  readonly #hashes: Int32Array;
  readonly #lengths: Int32Array;
  /** Open addressing with linear probing, at most half full: slots, or `EMPTY`. */
  readonly #table: Int32Array;
  readonly #mask: number;
  readonly #free: Int32Array;
  #freeCount: number;

  /** @param keptBytes how much of a key is kept */
  constructor(capacity: number, keptBytes: number) {
    this.capacity = capacity;
    this.#keptBytes = keptBytes;
    this.#bytes = new Uint8Array((capacity + 1) * keptBytes);
    this.#hashes = new Int32Array(capacity + 1);
    this.#lengths = new Int32Array(capacity + 1);
    const places = 2 ** Math.ceil(Math.log2(2 * capacity));
    this.#table = new Int32Array(places);
    this.#mask = places - 1;
    this.#free = Int32Array.from({ length: capacity }, (_, i) => capacity - i);
    this.#freeCount = capacity;
  }

  get count(): number {
    return this.capacity - this.#freeCount;
  }

  /** Returns the slot of the key bytes[start, end), 0 if it has none. */
  find(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const wanted = hash | 0;
    const length = end - start;
    for (let place = hash & this.#mask; ; place = (place + 1) & this.#mask) {
      const slot = this.#table[place]!;
      if (slot === EMPTY) return 0;
      if (this.#hashes[slot] === wanted && this.#lengths[slot] === length) {
        const compared = length < this.#keptBytes ? end : start + this.#keptBytes;
        if (equalBytes(bytes, start, compared, this.#bytes, slot * this.#keptBytes)) return slot;
      }
    }
  }

  /** Visits the slots of all keys with this hash. */
  forEachOf(hash: number, visit: (slot: number) => void): void {
    const found: number[] = [];
    for (let place = hash & this.#mask; this.#table[place] !== EMPTY; place = (place + 1) & this.#mask) {
      if (this.#hashes[this.#table[place]!] === (hash | 0)) found.push(this.#table[place]!);
    }
    for (const slot of found) visit(slot);
  }

  /** Gives a slot to a key that has none. @returns 0 if all slots are taken */
  add(hash: number, bytes: Uint8Array, start: number, end: number): number {
    if (this.#freeCount === 0) return 0;
    const slot = this.#free[--this.#freeCount]!;
    this.#put(slot, hash, bytes, start, end);
    return slot;
  }

  remove(slot: number): void {
    this.#unlink(slot);
    this.#free[this.#freeCount++] = slot;
  }

  /** Gives a slot to another key instead, which has none. */
  rename(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): void {
    this.#unlink(slot);
    this.#put(slot, hash, bytes, start, end);
  }

  /** Visits all slots that are taken. */
  forEach(visit: (slot: number) => void): void {
    for (const slot of this.#table) if (slot !== EMPTY) visit(slot);
  }

  /** Length of the whole key in bytes. */
  lengthOf(slot: number): number {
    return this.#lengths[slot]!;
  }

  /** Returns the kept bytes of a key, valid while it has its slot. */
  bytesOf(slot: number): Uint8Array {
    const start = slot * this.#keptBytes;
    return this.#bytes.subarray(start, start + Math.min(this.#keptBytes, this.#lengths[slot]!));
  }

  #put(slot: number, hash: number, bytes: Uint8Array, start: number, end: number): void {
    this.#hashes[slot] = hash;
    this.#lengths[slot] = end - start;
    copyBytes(bytes, start, Math.min(end, start + this.#keptBytes), this.#bytes, slot * this.#keptBytes);
    let place = hash & this.#mask;
    while (this.#table[place] !== EMPTY) place = (place + 1) & this.#mask;
    this.#table[place] = slot;
  }

  /** Removes a slot from the table, and closes the gap that it leaves in its run. */
  #unlink(slot: number): void {
    const mask = this.#mask;
    let gap = this.#hashes[slot]! & mask;
    while (this.#table[gap] !== slot) gap = (gap + 1) & mask;
    for (let place = (gap + 1) & mask; this.#table[place] !== EMPTY; place = (place + 1) & mask) {
      const home = this.#hashes[this.#table[place]!]! & mask;
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      this.#table[gap] = this.#table[place]!;
      gap = place;
    }
    this.#table[gap] = EMPTY;
  }
}
