import { ByteBuffer } from "../lib/byte-buffer.ts";
import { ChunkedBytes } from "../lib/chunked-bytes.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import type { LargeArgument, RequestParser } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";

/** Bytes that a client has sent and that have not been executed. Empty, it takes no buffer. */
export class ReceivedBytes {
  #buffer: ByteBuffer | undefined;
  /** Where the bytes that have not been executed begin. */
  #start = 0;
  /** Large arguments of the request in progress. They are kept outside the buffer. */
  #large: LargeArgument[] | undefined;
  /** Bytes of the last large argument that are still to come. */
  #missingBytes = 0;

  get isEmpty(): boolean {
    return this.#buffer === undefined;
  }

  get length(): number {
    let large = 0;
    if (this.#large !== undefined) for (const { bytes } of this.#large) large += bytes.lengthBytes;
    return this.#buffer === undefined ? 0 : this.#buffer.length - this.#start + large;
  }

  /** Whether the next bytes belong to a large argument; then `gather` takes them. */
  get isGathering(): boolean {
    return this.#missingBytes > 0;
  }

  /** The kept bytes are bytes[start, end). Only while not empty. */
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
   * Appends data[from, …). Makes room at once for all that the request in progress needs, except large arguments.
   * @param certainBytes bytes that the request needs at least, counted from its beginning at `start`
   */
  add(data: Uint8Array, from: number, certainBytes: number): void {
    const neededBytes = Math.min(certainBytes, LARGE_BYTES);
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

  /**
   * Keeps data[from, …). Only while empty. If `data` ends within a large argument, that part of `data` is kept without
   * a copy, so the caller must not use `data` again.
   * @param parser of the request in progress
   */
  begin(data: Uint8Array, from: number, parser: RequestParser | undefined): void {
    const lengthBytes = parser instanceof RespParser ? parser.awaitedBytes : 0;
    if (lengthBytes < LARGE_BYTES) {
      this.add(data, from, parser?.neededBytes ?? 0);
      return;
    }
    const { awaitedAt } = parser as RespParser;
    const start = from + awaitedAt;
    const end = Math.min(start + lengthBytes, data.length);
    const bytes = new ChunkedBytes();
    if (start < end) bytes.take(data, start, end);
    this.#buffer = new ByteBuffer(awaitedAt + LEAST_BYTES);
    this.#buffer.append(data, from, start);
    this.#buffer.append(data, end);
    this.#divert(parser as RespParser, bytes, lengthBytes);
  }

  /** If the parser waits for the rest of a large argument, keeps that argument in chunks from now on. */
  divert(parser: RespParser): void {
    const lengthBytes = parser.awaitedBytes;
    if (lengthBytes < LARGE_BYTES) return;
    const buffer = this.#buffer!;
    const at = this.#start + parser.awaitedAt;
    const count = Math.min(lengthBytes, buffer.length - at);
    const bytes = new ChunkedBytes();
    bytes.append(buffer.bytes, at, at + count);
    // A part of the argument's line end may have come as well.
    buffer.bytes.copyWithin(at, at + count, buffer.length);
    buffer.length -= count;
    this.#divert(parser, bytes, lengthBytes);
  }

  /** @param bytes the received part of the argument that the parser waits for */
  #divert(parser: RespParser, bytes: ChunkedBytes, lengthBytes: number): void {
    this.#missingBytes = lengthBytes - bytes.lengthBytes;
    this.#large ??= [];
    this.#large.push({ index: parser.awaitedIndex, bytes });
    parser.divert();
  }

  /**
   * Takes from `data` the bytes of the large argument in progress. The caller must not use `data` again.
   * @returns how many bytes it took
   */
  gather(data: Uint8Array): number {
    const count = Math.min(this.#missingBytes, data.length);
    this.#large!.at(-1)!.bytes.take(data, 0, count);
    this.#missingBytes -= count;
    return count;
  }

  get hasLarge(): boolean {
    return this.#large !== undefined;
  }

  /** Hands the large arguments of the complete request over to the caller. */
  takeLarge(): LargeArgument[] | undefined {
    const large = this.#large;
    this.#large = undefined;
    return large;
  }

  /** Drops the bytes before `offset`. */
  doneTo(offset: number): void {
    if (this.#buffer === undefined) return;
    this.#start = offset;
    if (offset === this.#buffer.length) this.clear();
  }

  clear(): void {
    this.#buffer = undefined;
    this.#start = 0;
    this.#missingBytes = 0;
    for (const { bytes } of this.takeLarge() ?? []) bytes.clear();
  }
}

const LEAST_BYTES = 64;
