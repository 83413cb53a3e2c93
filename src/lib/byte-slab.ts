import { copyBytes } from "./byte-buffer.ts";

const PIECE_BYTES = 16 * 1024;
/** Longer runs get an array of their own. */
const LONG_BYTES = 1024;

/**
 * Copies short runs of bytes one behind the other into larger blocks, because an array for each would cost several
 * times as much. A block is freed when no copy in it is referenced any more.
 */
export class ByteSlab {
  /** Where the latest copy lies: bytes[start, …). */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  #piece = this.bytes;
  /** How many bytes of the block have been given out. */
  #used = 0;

  /** Copies source[start, end). Nothing changes the copy. */
  keep(source: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (length > LONG_BYTES) {
      this.bytes = new Uint8Array(length);
      this.start = 0;
    } else {
      if (this.#used + length > this.#piece.length) {
        this.#piece = new Uint8Array(PIECE_BYTES);
        this.#used = 0;
      }
      this.bytes = this.#piece;
      this.start = this.#used;
      this.#used += length;
    }
    copyBytes(source, start, end, this.bytes, this.start);
  }
}
