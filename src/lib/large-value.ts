import type { ByteBuffer, LargeValue } from "./byte-buffer.ts";

/** Values from this size on, in bytes, are copied in slices, because one copy would delay all other clients. */
export const LARGE_BYTES: number = 256 * 1024;

/** Bytes of a large value that are copied before other clients are served. */
export const SLICE_BYTES: number = 256 * 1024;

/**
 * After a read of about this many bytes, nearly its largest, the runtime reads again before it handles other events,
 * eleven times in all: 5.5 MB of a large value, unless it is told to pause.
 */
export const FULL_READ_BYTES: number = 480 * 1024;

/** A large value in bytes of its own, which do not change any more. */
export class BytesValue implements LargeValue {
  readonly lengthBytes: number;
  readonly #bytes: Uint8Array;
  readonly #start: number;

  /** @param bytes contain the value from `start` on */
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
