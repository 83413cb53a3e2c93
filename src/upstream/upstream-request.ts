import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import type { Fenced } from "./fenced.ts";
import type { LargeReplySink } from "./large-reply.ts";
import type { UpstreamError } from "./upstream-error.ts";

/** A connection as seen by its requests. */
export interface Upstream {
  /** Requests are written here. Call `enqueue` after each. */
  readonly out: ByteBuffer;
  /** The time-out of a reply. */
  readonly timeoutMs: number;
  /**
   * Awaits the reply to the request just written to `out`.
   * @param timeoutMs Infinity for a request that may block
   * @param nowMs by the connection's clock; may be slightly in the past
   */
  enqueue(request: UpstreamRequest, timeoutMs?: number, nowMs?: number): void;
}

/** A node that took a request over, and a connection to it. */
export interface Redirected {
  readonly to: Upstream;
  readonly node: Fenced;
  /** Closes the connection, if it is the request's own. The request calls it when it has ended. */
  readonly end: (() => void) | undefined;
  /** Whether the node answers such a request only by way of exception, because the key is on its way to it. */
  readonly isAsking: boolean;
}

/**
 * The kind of connection that a request needs: the main one, a side connection of this RESP version, or one for this
 * request alone.
 */
export type ConnectionKind = "main" | 2 | 3 | { readonly alone: 2 | 3 };

/** A request whose bytes have been written and whose reply is awaited. */
export abstract class UpstreamRequest {
  /** Monotonic milliseconds. Set by the connection. */
  deadlineMs = Number.POSITIVE_INFINITY;
  sentAtMs = 0;
  /** When its bytes were handed to the system: monotonic, with its fraction. Set by the connection. */
  handedOverMs = 0;
  /** From then until its first reply began to arrive. -1: no reply has come. Set by the connection. */
  roundTripMs = -1;
  /** When its latest reply arrived: monotonic, with its fraction. Set by the connection. */
  answeredMs = 0;
  /** Replies still to come: several if the request consists of several commands. */
  repliesAwaited = 1;
  /** Whether it has been answered or has failed. Later replies are dropped. */
  isDone = false;
  /** How often other nodes were asked, because one had sent the request on or put it off. */
  redirections = 0;
  /** Until when it may be put off: its first deadline. Set when it is redirected for the first time. */
  giveUpAtMs = 0;

  /**
   * Called when the last reply is a byte string of this length, which will arrive piece by piece.
   * @returns its receiver, or undefined to have the reply gathered and passed to `reply`. If the string is not
   * completed, `failed` is called.
   */
  takeLarge(_lengthBytes: number): LargeReplySink | undefined {
    return undefined;
  }

  /**
   * Delivers a reply, bytes[start, end); `reader` knows its type and payload. Valid during the call only. The reply
   * no longer counts in `repliesAwaited`.
   */
  abstract reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void;
  abstract failed(error: UpstreamError): void;

  /** The kind of connection that it can be redirected to; undefined: it cannot be redirected. */
  get redirectsTo(): ConnectionKind | undefined {
    return undefined;
  }

  /**
   * Sends the request, from the beginning, to the node that it is for: the one that was asked has not executed it.
   * Called only if `redirectsTo` says that it can be.
   */
  redirect(_redirected: Redirected): void {
    throw new Error("not to be redirected");
  }

  /**
   * Sends the request again, from the beginning, over another connection: its own is given up.
   * @returns false if it must not be sent again because it may have changed something; it then fails
   */
  resend(_to: Upstream): boolean {
    return false;
  }
}
