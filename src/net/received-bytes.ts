import { ByteBuffer } from "../lib/byte-buffer.ts";

/** Bytes received of one client and not executed yet. Holds no memory while there are none. */
export class ReceivedBytes {
  #buffer: ByteBuffer | undefined;
  /** So many bytes at the beginning are done with. */
  #start = 0;

  get isEmpty(): boolean {
    return this.#buffer === undefined;
  }

  get length(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.length - this.#start;
  }

  /** What is there: bytes[start, end). Only while not empty. */
  get bytes(): Uint8Array {
    return this.#buffer!.bytes;
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#buffer!.length;
  }

  /**
   * Adds data[from, …), with room at once for all that the request in progress is certain to need.
   * @param neededBytes counted from that request's beginning, which is `start`
   */
  add(data: Uint8Array, from: number, neededBytes: number): void {
    const added = data.length - from;
    if (this.#start > 0) {
      this.#buffer!.discard(this.#start);
      this.#start = 0;
    }
    const length = this.#buffer?.length ?? 0;
    if (
      this.#buffer === undefined ||
      (neededBytes > this.#buffer.bytes.length && neededBytes > length + added)
    ) {
      const roomy = new ByteBuffer(Math.max(neededBytes, length + added, LEAST_BYTES));
      if (this.#buffer !== undefined) roomy.append(this.#buffer.bytes, 0, length);
      this.#buffer = roomy;
    }
    this.#buffer.append(data, from);
  }

  /** Everything before `offset` is done with. */
  doneTo(offset: number): void {
    if (this.#buffer === undefined) return;
    this.#start = offset;
    if (offset === this.#buffer.length) this.clear();
  }

  clear(): void {
    this.#buffer = undefined;
    this.#start = 0;
  }
}

const LEAST_BYTES = 64;
