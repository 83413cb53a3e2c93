import type { ByteBuffer, LargeValue } from "../lib/byte-buffer.ts";
import { PayloadCursor } from "./payload-cursor.ts";
import { serialOf } from "./pin-table.ts";
import { unpin } from "./pins.ts";
import type { Shard } from "./shard.ts";
import { lockShard, unlockShard } from "./shard-lock.ts";

/** A large value in the arena. Its entry is pinned, and each read holds the lock for a short time only. */
export class PinnedValue implements LargeValue {
  readonly lengthBytes: number;
  readonly #shard: Shard;
  readonly #holder: number;
  readonly #row: number;
  readonly #serial: number;
  readonly #offsetBytes: number;
  readonly #cursor: PayloadCursor;

  /**
   * Called with the shard's lock held.
   * @param row the row of the pin table that pins the entry for this object
   * @param offsetBytes where the value begins in the payload
   * @param serial the serial of the row when the entry was pinned
   */
  constructor(
    shard: Shard,
    holder: number,
    row: number,
    slot: number,
    offsetBytes: number,
    lengthBytes: number,
    serial: number,
  ) {
    this.#shard = shard;
    this.#holder = holder;
    this.#row = row;
    this.#serial = serial;
    this.#offsetBytes = offsetBytes;
    this.lengthBytes = lengthBytes;
    this.#cursor = new PayloadCursor(shard.memory, slot);
  }

  read(offset: number, count: number, target: ByteBuffer): boolean {
    target.reserve(count);
    lockShard(this.#shard, this.#holder);
    try {
      if (!this.#holds()) return false;
      this.#cursor.read(this.#offsetBytes + offset, count, target);
      return true;
    } finally {
      unlockShard(this.#shard);
    }
  }

  release(): void {
    lockShard(this.#shard, this.#holder);
    try {
      if (serialOf(this.#shard.memory, this.#row) === this.#serial) unpin(this.#shard, this.#row);
    } finally {
      unlockShard(this.#shard);
    }
  }

  #holds(): boolean {
    return serialOf(this.#shard.memory, this.#row) === this.#serial;
  }
}
