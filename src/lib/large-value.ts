import type { ByteBuffer, LargeValue } from "./byte-buffer.ts";

/** Values from this size on are not copied in one go: everybody else would wait meanwhile. */
export const LARGE_BYTES: number = 256 * 1024;

/** As much of a large value as is copied before others have their turn. */
export const SLICE_BYTES: number = 256 * 1024;

/**
 * Where the runtime has read so much at once, which is nearly as much as it ever does, it reads again before others have
 * their turn, eleven times in all: 5.5 MB of a large value, unless it is told to pause.
 */
export const FULL_READ_BYTES: number = 480 * 1024;

/** A large value in bytes of its own, which do not change any more. */
export class BytesValue implements LargeValue {
  readonly lengthBytes: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  /** @param bytes from `start` on */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#start = start;
    this.lengthBytes = bytes.length - start;
  }

  read(offset: number, count: number, target: ByteBuffer): boolean {
    target.append(this.#bytes, this.#start + offset, this.#start + offset + count);
    return true;
  }

  release(): void {}
}
