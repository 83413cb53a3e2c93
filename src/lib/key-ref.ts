import { equalBytes } from "./bytes.ts";

const NOTHING = new Uint8Array(0);

/**
 * A key where it lies: bytes[start, end), with its hash, which is worked out once a request. One object stands for one
 * key after another, so that to look a key up allocates nothing: a callee that keeps a key longer than the call makes a
 * `copy`.
 */
export class KeyRef {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** 32 bits, without sign. */
  hash = 0;

  /** Stands for this key from now on. */
  refer(bytes: Uint8Array, start: number, end: number, hash: number): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.hash = hash;
    return this;
  }

  /** In bytes. */
  get length(): number {
    return this.end - this.start;
  }

  equals({ bytes, start, end, hash }: KeyRef): boolean {
    if ((this.hash | 0) !== (hash | 0) || this.end - this.start !== end - start) return false;
    return equalBytes(this.bytes, this.start, this.end, bytes, start);
  }

  /** The same key in bytes of its own. */
  copy(): KeyRef {
    // Not `slice`: of a `Buffer` that would be a view.
    const bytes = new Uint8Array(this.bytes.subarray(this.start, this.end));
    return new KeyRef().refer(bytes, 0, bytes.length, this.hash);
  }

  /** Lets go of the bytes. */
  clear(): void {
    this.bytes = NOTHING;
    this.start = 0;
    this.end = 0;
  }
}
