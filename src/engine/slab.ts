/**
 * Hands out byte ranges cut from larger buffers: for many small ranges, a buffer each would cost more than its
 * contents. A buffer is freed with the last range cut from it.
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
