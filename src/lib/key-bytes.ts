import { hashSlotOf } from "./hash-slot.ts";

const NOTHING = new Uint8Array(0);

/** Refers to the key, or the name of a channel, bytes[start, end). One object refers to one after another. */
export class KeyBytes {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /** −1: not computed. */
  protected slot = -1;

  /** Makes this object refer to other bytes. */
  at(bytes: Uint8Array, start = 0, end: number = bytes.length): this {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.slot = -1;
    return this;
  }

  /** Length in bytes. */
  get length(): number {
    return this.end - this.start;
  }

  /** The hash slot in a cluster, from 0 to 16,383. Computed when it is asked for first. */
  get hashSlot(): number {
    if (this.slot < 0) this.slot = hashSlotOf(this.bytes, this.start, this.end);
    return this.slot;
  }

  /** Drops the reference to the bytes. */
  clear(): void {
    this.at(NOTHING);
  }
}
