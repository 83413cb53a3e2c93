import { equalBytes } from "./bytes.ts";
import { hashSlotOf } from "./hash-slot.ts";

const NOTHING = new Uint8Array(0);

/**
 * Refers to the key bytes[start, end), with its hash, which is computed once per request. One object refers to one
 * key after another, so that a lookup allocates nothing. A function that keeps a key longer than the call must `copy`
 * it.
 */
export class KeyRef {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** An unsigned 32-bit integer. */
  hash = 0;
  /** −1: not computed. */
  #hashSlot = -1;

  /** Makes this object refer to another key. */
  refer(bytes: Uint8Array, start: number, end: number, hash: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.hash = hash;
    this.#hashSlot = -1;
    return this;
  }

  /** Length in bytes. */
  get length(): number {
    return this.end - this.start;
  }

  /** The key's hash slot in a cluster, from 0 to 16,383. Computed when it is asked for first. */
  get hashSlot(): number {
    if (this.#hashSlot < 0) this.#hashSlot = hashSlotOf(this.bytes, this.start, this.end);
    return this.#hashSlot;
  }

  equals({ bytes, start, end, hash }: KeyRef): boolean {
    if ((this.hash | 0) !== (hash | 0) || this.end - this.start !== end - start) return false;
    return equalBytes(this.bytes, this.start, this.end, bytes, start);
  }

  /** Returns the same key in bytes of its own. */
  copy(): KeyRef {
    // Not `slice`, which makes a view of a `Buffer`.
    const bytes = new Uint8Array(this.bytes.subarray(this.start, this.end));
    return new KeyRef().refer(bytes, 0, bytes.length, this.hash);
  }

  /** Drops the reference to the bytes. */
  clear(): void {
    this.bytes = NOTHING;
    this.start = 0;
    this.end = 0;
    this.#hashSlot = -1;
  }
}
