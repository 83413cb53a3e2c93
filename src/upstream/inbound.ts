import { ByteBuffer } from "../lib/byte-buffer.ts";
import { giveBack } from "../lib/chunked-bytes.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import { PUSH } from "../protocol/reply-types.ts";
import type { LargeReply } from "./large-reply.ts";
import type { OutstandingRequests } from "./outstanding-requests.ts";

/**
 * Received buffers of this size and more are freed when they are done with, rather than left to the garbage
 * collector.
 */
const GIVEN_BACK_BYTES = 16 * 1024;

/** Takes what is not a reply to a request. */
export interface UnaskedSink {
  /** Delivers a push message. */
  pushed(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void;
  /** Delivers a reply that answers no request. @throws ProtocolError if there must be none */
  stray(bytes: Uint8Array, start: number, end: number): void;
}

/** Splits the bytes from the origin into replies, and hands each to its request. */
export class Inbound {
  readonly #requests: OutstandingRequests;
  readonly #unasked: UnaskedSink;
  readonly #reader = new ReplyReader();
  /** The beginning of a reply that is not complete. */
  #partial: ByteBuffer | undefined;
  /** The large reply that is arriving for the first request. */
  #large: LargeReply | undefined;
  /** Whether the arriving reply is gathered, however large it is. */
  #gathers = false;
  #isClosed = false;

  constructor(requests: OutstandingRequests, unasked: UnaskedSink) {
    this.#requests = requests;
    this.#unasked = unasked;
  }

  /** Whether a large value is arriving and not complete yet. */
  get isReceivingLarge(): boolean {
    return this.#large !== undefined;
  }

  /** Takes received bytes. The caller hands the buffer over. @throws ProtocolError */
  receive(data: Uint8Array): void {
    if (this.#partial !== undefined) this.#readWith(this.#partial, data);
    else if (!this.#readAlone(data)) giveBack(data);
  }

  /** Delivers nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#partial = undefined;
    this.#large = undefined;
  }

  /** Reads bytes that follow no partial reply. @returns whether `data` stays in use */
  #readAlone(data: Uint8Array): boolean {
    const consumed = this.#read(data, 0, data.length);
    if (consumed < data.length && !this.#isClosed) {
      const partial = new ByteBuffer(Math.max(this.#reader.neededBytes, data.length - consumed));
      partial.append(data, consumed);
      this.#partial = partial;
    }
    return this.#large?.keepsBytes === true || data.length < GIVEN_BACK_BYTES;
  }

  /** Reads bytes that continue the partial reply `before`. */
  #readWith(before: ByteBuffer, data: Uint8Array): void {
    let partial = before;
    if (this.#reader.neededBytes > partial.bytes.length) {
      const roomy = new ByteBuffer(this.#reader.neededBytes);
      roomy.append(partial.bytes, 0, partial.length);
      partial = roomy;
      this.#partial = partial;
    }
    partial.append(data);
    const consumed = this.#read(partial.bytes, 0, partial.length);
    if (consumed === partial.length) this.#partial = undefined;
    else if (consumed > 0) partial.discard(consumed);
  }

  /**
   * Delivers the complete replies in bytes[from, end), and the part of a large one.
   * @returns the offset behind them
   */
  #read(bytes: Uint8Array, from: number, end: number): number {
    const reader = this.#reader;
    let start = from;
    while (start < end && !this.#isClosed) {
      if (this.#large !== undefined) {
        start = this.#readLarge(this.#large, bytes, start, end);
        continue;
      }
      const next = reader.next(bytes, start, end);
      if (next < 0) {
        if (reader.awaitedBytes < LARGE_BYTES || !this.#beginLarge(reader.awaitedBytes)) break;
        start += reader.awaitedAt;
        reader.divert();
        continue;
      }
      this.#gathers = false;
      if (reader.type === PUSH) this.#unasked.pushed(bytes, start, next, reader);
      else if (!this.#requests.answer(bytes, start, next, reader)) this.#unasked.stray(bytes, start, next);
      start = next;
    }
    return start;
  }

  /** @returns whether the large byte string that begins here is handed on as it arrives; otherwise it is gathered */
  #beginLarge(lengthBytes: number): boolean {
    if (this.#gathers) return false;
    this.#large = this.#requests.takeLarge(lengthBytes);
    this.#gathers = this.#large === undefined;
    return !this.#gathers;
  }

  #readLarge(large: LargeReply, bytes: Uint8Array, start: number, end: number): number {
    const behind = large.take(bytes, start, end);
    if (!large.isComplete) return behind;
    this.#large = undefined;
    this.#requests.completeLarge(large);
    return behind;
  }
}
