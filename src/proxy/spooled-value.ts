import type { ByteBuffer, LargeValue } from "../lib/byte-buffer.ts";
import { giveBack } from "../lib/chunked-bytes.ts";

/** Bytes that arrived together. */
interface Piece {
  readonly bytes: Uint8Array;
  /** Where the bytes begin in the value. */
  readonly at: number;
}

/** Pieces shorter than this are copied, since keeping the buffer of each would cost more. */
const KEPT_BYTES = 16 * 1024;

/**
 * A large value that is not cached, on its way to its readers. What has arrived is kept until all of them have read
 * it.
 */
export class SpooledValue {
  readonly #lengthBytes: number;
  #pieces: Piece[] = [];
  #receivedBytes = 0;
  readonly #readers = new Set<SpoolReader>();

  constructor(lengthBytes: number) {
    this.#lengthBytes = lengthBytes;
  }

  /** @returns whether `bytes` is kept; only if the piece reaches to its end */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.#receivedBytes;
    this.#receivedBytes += end - start;
    if (this.#readers.size === 0) return false;
    const isKept = end === bytes.length && end - start >= KEPT_BYTES;
    const piece = bytes.subarray(start, end);
    this.#pieces.push({ bytes: isKept ? piece : new Uint8Array(piece), at });
    return isKept;
  }

  /** Returns a reader from the beginning. Call this before anything has arrived. */
  reader(): LargeValue {
    const reader = new SpoolReader(this, this.#lengthBytes);
    this.#readers.add(reader);
    return reader;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  read(reader: SpoolReader, offset: number, count: number, target: ByteBuffer): void {
    if (offset > reader.offset) {
      reader.offset = offset;
      this.#dropRead();
    }
    target.reserve(count);
    let from = offset;
    for (const { bytes, at } of this.#pieces) {
      const skip = from - at;
      const take = Math.min(bytes.length - skip, offset + count - from);
      if (take <= 0) {
        if (skip < bytes.length) break;
        continue;
      }
      target.append(bytes, skip, skip + take);
      from += take;
    }
  }

  forget(reader: SpoolReader): void {
    if (this.#readers.delete(reader)) this.#dropRead();
  }

  #dropRead(): void {
    let neededFrom = this.#receivedBytes;
    for (const { offset } of this.#readers) neededFrom = Math.min(neededFrom, offset);
    let count = 0;
    for (const { bytes, at } of this.#pieces) {
      if (at + bytes.length > neededFrom) break;
      giveBack(bytes);
      count++;
    }
    if (count > 0) this.#pieces.splice(0, count);
  }
}

class SpoolReader implements LargeValue {
  readonly lengthBytes: number;
  /** The reader needs nothing before this offset. */
  offset = 0;
  readonly #value: SpooledValue;

  constructor(value: SpooledValue, lengthBytes: number) {
    this.#value = value;
    this.lengthBytes = lengthBytes;
  }

  get heldBytes(): number {
    return this.#value.receivedBytes - this.offset;
  }

  read(offset: number, count: number, target: ByteBuffer): boolean {
    this.#value.read(this, offset, count, target);
    return true;
  }

  release(): void {
    this.#value.forget(this);
  }
}
