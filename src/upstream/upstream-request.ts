import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import type { LargeReplySink } from "./large-reply.ts";
import type { UpstreamError } from "./upstream-error.ts";

/** A connection as its requests see it. */
export interface Upstream {
  /** Requests are written here, each followed by `enqueue`. */
  readonly out: ByteBuffer;
  /** How long a reply may take. */
  readonly timeoutMs: number;
  /**
   * Awaits the reply to the request just written to `out`.
   * @param timeoutMs Infinity for requests that may block
   * @param nowMs by the connection's clock; may be a moment ago
   */
  enqueue(request: UpstreamRequest, timeoutMs?: number, nowMs?: number): void;
}

/** A request whose bytes have been written and whose reply is awaited. */
export abstract class UpstreamRequest {
  /** Monotonic milliseconds; set by the connection. */
  deadlineMs = Number.POSITIVE_INFINITY;
  sentAtMs = 0;
  /** Replies still to come: more than one for what is several requests to the origin. */
  repliesAwaited = 1;
  /** Answered or failed: a reply that still comes is dropped. */
  settled = false;

  /**
   * The reply, the last one awaited, is a byte string of so many bytes, which are going to come in one after the other.
   * @returns who takes them; `failed` is called then where not all of them come. Undefined: the reply is gathered, and
   *   goes to `reply`
   */
  takeLarge(_lengthBytes: number): LargeReplySink | undefined {
    return undefined;
  }

  /**
   * A reply: bytes[start, end); `reader` tells its type and payload. Valid during the call only. It does not count
   * among those awaited any longer.
   */
  abstract reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void;
  abstract failed(error: UpstreamError): void;

  /**
   * The connection is given up in favour of another one: asks again over `to`, from the beginning.
   * @returns false where that must not be, for the request may have changed something: it fails then
   */
  resend(_to: Upstream): boolean {
    return false;
  }
}
