import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { endOfChunk, payloadOffset } from "./entry.ts";
import { EXTENT_AFTER, EXTENT_HEADER_BYTES, FIRST_EXTENT } from "./entry-layout.ts";
import { classOf, type ShardMemory } from "./shard-memory.ts";

/**
 * A place in the payload (key and value together) of an entry with extents that is pinned, for going through it little
 * by little. Remembered is a chunk that fills a page: it does not move; smaller ones, at the chain's end, may.
 */
export class PayloadCursor {
  readonly #memory: ShardMemory;
  readonly #first: number;
  #slot: number;
  /** Where in the payload the bytes of chunk #slot begin. */
  #base = 0;
  readonly #place = { at: 0, end: 0 };

  constructor(memory: ShardMemory, first: number) {
    this.#memory = memory;
    this.#first = first;
    this.#slot = first;
  }

  /** Writes source[start, end) at `offset`; the chunks are there. */
  write(offset: number, source: Uint8Array, start: number, end: number): void {
    const { bytes } = this.#memory;
    for (let from = start; from < end; ) {
      const place = this.#seek(offset + from - start);
      const count = Math.min(end - from, place.end - place.at);
      Buffer.prototype.copy.call(source as Buffer, bytes, place.at, from, from + count);
      from += count;
    }
  }

  /** Appends `count` bytes from `offset` on to `target`, which has room for them. */
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

  /** Where the byte at `offset` lies, and where its chunk ends. Offsets before the last one cost a walk from the start. */
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
