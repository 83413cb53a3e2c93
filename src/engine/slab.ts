/**
 * Hands out runs of bytes cut from larger buffers: a buffer of its own for each of many small runs would cost
 * more than the run. A buffer is given back when the last run cut from it is.
 */
export class Slab {
  #buffer = new Uint8Array(0);
  #used = 0;

  take(length: number): Uint8Array {
    if (length > LARGE_BYTES) return new Uint8Array(length);
    if (this.#used + length > this.#buffer.length) {
      this.#buffer = new Uint8Array(SLAB_BYTES);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += length;
    return this.#buffer.subarray(start, this.#used);
  }
}

const SLAB_BYTES = 64 * 1024;
const LARGE_BYTES = 8 * 1024;
