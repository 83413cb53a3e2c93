import type { ByteSlab } from "./byte-slab.ts";
import { equalBytes } from "./bytes.ts";
import { KeyBytes } from "./key-bytes.ts";

/**
 * Refers to the key bytes[start, end), with its hash, which is computed once per request. One object refers to one
 * key after another, so that a lookup allocates nothing. A function that keeps a key longer than the call must `copy`
 * it.
 */
export class KeyRef extends KeyBytes {
  /** An unsigned 32-bit integer. */
  hash = 0;

  /** Makes this object refer to another key. */
  refer(bytes: Uint8Array, start: number, end: number, hash: number): this {
    this.hash = hash;
    return this.at(bytes, start, end);
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

  /** Returns the same key, copied into the slab. */
  copyInto(slab: ByteSlab): KeyRef {
    slab.keep(this.bytes, this.start, this.end);
    const copy = new KeyRef().refer(slab.bytes, slab.start, slab.start + this.length, this.hash);
    copy.slot = this.slot;
    return copy;
  }
}
