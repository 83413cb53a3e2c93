/** Shorter runs are copied together, so that a client cannot cause a chunk for each byte that it sends. */
const KEPT_BYTES = 16 * 1024;
/** Size of a chunk that short runs are copied into. */
const GATHERED_BYTES = 64 * 1024;

/**
 * A queue of bytes in chunks. Bytes are never moved, nor copied to make room. Memory is freed chunk by chunk, at once
 * instead of by the garbage collector. It holds no more memory than the bytes that have come.
 */
export class ChunkedBytes {
  lengthBytes = 0;
  #chunks: Uint8Array[] = [];
  /** Index of the first chunk left, and how many of its bytes are gone. */
  #first = 0;
  #offset = 0;
  /** Bytes used in the last chunk, while short runs are being copied into it; else 0. */
  #gathered = 0;

  /** Adds data[start, end). Keeps a long run without copying it: the buffer belongs to this object from then on. */
  take(data: Uint8Array, start: number, end: number): void {
    if (end - start < KEPT_BYTES) {
      this.append(data, start, end);
      return;
    }
    this.#closeGathered();
    this.#chunks.push(data.subarray(start, end));
    this.lengthBytes += end - start;
  }

  /** Adds a copy of source[start, end). */
  append(source: Uint8Array, start: number, end: number): void {
    for (let from = start; from < end; ) {
      if (this.#gathered === 0 || this.#gathered === GATHERED_BYTES) {
        this.#chunks.push(new Uint8Array(GATHERED_BYTES));
        this.#gathered = 0;
      }
      const count = Math.min(end - from, GATHERED_BYTES - this.#gathered);
      this.#chunks.at(-1)!.set(source.subarray(from, from + count), this.#gathered);
      this.#gathered += count;
      from += count;
    }
    this.lengthBytes += end - start;
  }

  /** Moves all bytes of `other` to the end of this object. */
  moveFrom(other: ChunkedBytes): void {
    this.#closeGathered();
    other.#closeGathered();
    while (other.lengthBytes > 0) {
      const run = other.front(Number.POSITIVE_INFINITY);
      this.#chunks.push(run);
      this.lengthBytes += run.length;
      other.#forget(run.length);
    }
  }

  /**
   * Returns a view of at most `count` bytes from the front, and of at least one if there are any; valid until `drop`.
   */
  front(count: number): Uint8Array {
    const chunk = this.#chunks[this.#first]!;
    const isLast = this.#first === this.#chunks.length - 1;
    const end = isLast && this.#gathered > 0 ? this.#gathered : chunk.length;
    return chunk.subarray(this.#offset, Math.min(end, this.#offset + count));
  }

  /** Drops the first `count` bytes, which must be part of one `front`. */
  drop(count: number): void {
    const chunk = this.#chunks[this.#first]!;
    if (this.#forget(count)) giveBack(chunk);
  }

  clear(): void {
    while (this.lengthBytes > 0) this.drop(this.front(Number.POSITIVE_INFINITY).length);
  }

  /** Drops bytes. @returns whether the first chunk has no more bytes */
  #forget(count: number): boolean {
    const chunk = this.#chunks[this.#first]!;
    this.lengthBytes -= count;
    this.#offset += count;
    if (this.lengthBytes > 0 && this.#offset < chunk.length) return false;
    this.#offset = 0;
    this.#first++;
    if (this.lengthBytes === 0) {
      this.#chunks = [];
      this.#first = 0;
      this.#gathered = 0;
    } else if (this.#first > 64 && this.#first * 2 > this.#chunks.length) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    } else {
      this.#chunks[this.#first - 1] = NOTHING;
    }
    return true;
  }

  #closeGathered(): void {
    if (this.#gathered === 0) return;
    const last = this.#chunks.length - 1;
    this.#chunks[last] = this.#chunks[last]!.subarray(0, this.#gathered);
    this.#gathered = 0;
  }
}

const NOTHING = new Uint8Array(0);

/** Declares ES2024's `transfer`: the client library is compiled for Node 20, which lacks it. */
interface Transferable extends ArrayBuffer {
  transfer(byteLength: number): ArrayBuffer;
}

/**
 * Frees the memory of received bytes that are no longer referenced. The garbage collector sees only the small object
 * and not the memory behind it, so it would let a hundred times as much pile up.
 */
export function giveBack(chunk: Uint8Array): void {
  (chunk.buffer as Transferable).transfer(0);
}
