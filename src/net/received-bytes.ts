import { ByteBuffer } from "../lib/byte-buffer.ts";
import { ChunkedBytes } from "../lib/chunked-bytes.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import type { LargeArgument, RequestParser } from "../protocol/protocol.ts";
import { RespParser } from "../protocol/resp-parser.ts";

/** Bytes received of one client and not executed yet. Holds no memory while there are none. */
export class ReceivedBytes {
  #buffer: ByteBuffer | undefined;
  /** So many bytes at the beginning are done with. */
  #start = 0;
  /** Large arguments of the request in progress. They do not lie in the buffer, and take no room before they come. */
  #large: LargeArgument[] | undefined;
  /** So many bytes of the last one are still to come. */
  #missingBytes = 0;

  get isEmpty(): boolean {
    return this.#buffer === undefined;
  }

  get length(): number {
    let large = 0;
    if (this.#large !== undefined) for (const { bytes } of this.#large) large += bytes.lengthBytes;
    return this.#buffer === undefined ? 0 : this.#buffer.length - this.#start + large;
  }

  /** Whether what comes next belongs to a large argument: `gather` takes it. */
  get isGathering(): boolean {
    return this.#missingBytes > 0;
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
   * Adds data[from, …), with room at once for what the request in progress is certain to need, large arguments aside.
   * @param certainBytes counted from that request's beginning, which is `start`
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
   * Keeps data[from, …), where nothing was kept before. Where that ends in the midst of a large argument, the bytes of it
   * stay where they are: `data` is not used by anybody else any more.
   * @param parser the one that is in the midst of a request
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

  /** Where the parser waits for the rest of a large argument: keeps that one in chunks from now on. */
  divert(parser: RespParser): void {
    const lengthBytes = parser.awaitedBytes;
    if (lengthBytes < LARGE_BYTES) return;
    const buffer = this.#buffer!;
    const at = this.#start + parser.awaitedAt;
    const count = Math.min(lengthBytes, buffer.length - at);
    const bytes = new ChunkedBytes();
    bytes.append(buffer.bytes, at, at + count);
    // Not only the argument may have come, but a byte of its line end as well.
    buffer.bytes.copyWithin(at, at + count, buffer.length);
    buffer.length -= count;
    this.#divert(parser, bytes, lengthBytes);
  }

  /** @param bytes what has come of the argument that the parser waits for */
  #divert(parser: RespParser, bytes: ChunkedBytes, lengthBytes: number): void {
    this.#missingBytes = lengthBytes - bytes.lengthBytes;
    this.#large ??= [];
    this.#large.push({ index: parser.awaitedIndex, bytes });
    parser.divert();
  }

  /** Takes what belongs to the large argument that is coming in; `data` is not used by anybody else any more. @returns how much that was */
  gather(data: Uint8Array): number {
    const count = Math.min(this.#missingBytes, data.length);
    this.#large!.at(-1)!.bytes.take(data, 0, count);
    this.#missingBytes -= count;
    return count;
  }

  get hasLarge(): boolean {
    return this.#large !== undefined;
  }

  /** The large arguments of the request that has become complete, which are the caller's from now on. */
  takeLarge(): LargeArgument[] | undefined {
    const large = this.#large;
    this.#large = undefined;
    return large;
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
    this.#missingBytes = 0;
    for (const { bytes } of this.takeLarge() ?? []) bytes.clear();
  }
}

const LEAST_BYTES = 64;
