/** Runs shorter than this are copied together, so that a client cannot have a chunk made for each byte it sends. */
const KEPT_BYTES = 16 * 1024;
/** What short runs are copied into. */
const GATHERED_BYTES = 64 * 1024;

/**
 * Bytes that come at one end and leave at the other, in chunks: never moved, never copied to make room, and memory is
 * given back chunk by chunk, at once rather than when a collector finds it. Holds no more than has come.
 */
export class ChunkedBytes {
  lengthBytes = 0;
  #chunks: Uint8Array[] = [];
  /** The first chunk that is left, and how much of it is gone. */
  #first = 0;
  #offset = 0;
  /** How much of the last chunk is in use, where short runs are being copied into it; 0 where not. */
  #gathered = 0;

  /** Adds data[start, end). A long run is kept as it is: the buffer belongs to this object from then on. */
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

  /** Moves everything that `other` holds to the end of this. */
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

  /** A view of the first bytes, at most `count` and at least one while there are any; valid until `drop`. */
  front(count: number): Uint8Array {
    const chunk = this.#chunks[this.#first]!;
    const isLast = this.#first === this.#chunks.length - 1;
    const end = isLast && this.#gathered > 0 ? this.#gathered : chunk.length;
    return chunk.subarray(this.#offset, Math.min(end, this.#offset + count));
  }

  /** The first `count` bytes, part of one `front`, are not needed any more. */
  drop(count: number): void {
    const chunk = this.#chunks[this.#first]!;
    if (this.#forget(count)) giveBack(chunk);
  }

  clear(): void {
    while (this.lengthBytes > 0) this.drop(this.front(Number.POSITIVE_INFINITY).length);
  }

  /** @returns whether the first chunk is done with */
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

/** ES2024, which the client library, built for what Node 20 has, sees only as a type. */
interface Transferable extends ArrayBuffer {
  transfer(byteLength: number): ArrayBuffer;
}

/**
 * Frees the memory of received bytes that nobody refers to any more. A collector that does not see how much hangs on so
 * small an object lets a hundred times as much pile up.
 */
export function giveBack(chunk: Uint8Array): void {
  (chunk.buffer as Transferable).transfer(0);
}
