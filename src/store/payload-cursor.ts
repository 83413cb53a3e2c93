import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { endOfChunk, payloadOffset } from "./entry.ts";
import { EXTENT_AFTER, EXTENT_HEADER_BYTES, FIRST_EXTENT } from "./entry-layout.ts";
import { classOf, type ShardMemory } from "./shard-memory.ts";

/**
 * A position in the payload of a pinned entry with extents, for reading or writing it little by little. The cursor
 * remembers a chunk that fills a page, which never moves; the smaller chunks at the end of the chain may.
 */
export class PayloadCursor {
  readonly #memory: ShardMemory;
  readonly #first: number;
  #slot: number;
  /** The offset in the payload of the first byte in chunk #slot. */
  #base = 0;
  readonly #place = { at: 0, end: 0 };

  constructor(memory: ShardMemory, first: number) {
    this.#memory = memory;
    this.#first = first;
    this.#slot = first;
  }

  /** Writes source[start, end) at `offset`. The chunks have been taken. */
  write(offset: number, source: Uint8Array, start: number, end: number): void {
    const { bytes } = this.#memory;
    for (let from = start; from < end; ) {
      const place = this.#seek(offset + from - start);
      const count = Math.min(end - from, place.end - place.at);
      Buffer.prototype.copy.call(source as Buffer, bytes, place.at, from, from + count);
      from += count;
    }
  }

  /** Appends `count` bytes from `offset` to `target`, which has room for them. */
  read(offset: number, count: number, target: ByteBuffer): void {
    const { bytes } = this.#memory;
    for (let done = 0; done < count; ) {
      const { at, end } = this.#seek(offset + done);
      const run = Math.min(count - done, end - at);
      bytes.copy(target.bytes, target.length, at, at + run);
      target.length += run;
      done += run;
    }
  }

  /**
   * Returns the address of the byte at `offset`, and the end of its chunk. An offset before the last one starts from
   * the beginning of the chain.
   */
  #seek(offset: number): { at: number; end: number } {
    const memory = this.#memory;
    const pageClass = memory.sizes.count - 1;
    if (offset < this.#base) {
      this.#slot = this.#first;
      this.#base = 0;
    }
    let slot = this.#slot;
    let base = this.#base;
    for (;;) {
      const start = slot * 8 + (slot === this.#first ? payloadOffset(memory, slot) : EXTENT_HEADER_BYTES);
      const end = endOfChunk(memory, slot);
      if (offset - base < end - start) {
        this.#place.at = start + offset - base;
        this.#place.end = end;
        return this.#place;
      }
      base += end - start;
      slot = this.#after(slot);
      if (classOf(memory, slot) === pageClass) {
        this.#slot = slot;
        this.#base = base;
      }
    }
  }

  #after(slot: number): number {
    return this.#memory.words[slot * 2 + (slot === this.#first ? FIRST_EXTENT : EXTENT_AFTER)]!;
  }
}
