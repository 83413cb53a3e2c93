import type { ParserLimits } from "../protocol/protocol.ts";

/** Bounds of what one listener accepts. Every one has a flag on the command line; 0 switches a time-out off. */
export interface ConnectionLimits {
  /** Connections open at once; one more gets an error and is closed. */
  readonly connections: number;
  readonly parser: ParserLimits;
  /** The same for a client that has not given the password yet. */
  readonly unauthenticatedParser: ParserLimits;
  /** Requests of one connection waiting for their reply; more are not read until some are answered. */
  readonly pipelineDepth: number;
  /** Reply bytes waiting for a client; beyond this none of its further requests are executed until it reads. */
  readonly pausedReplyBytes: number;
  /** Reply bytes waiting for a client; beyond this it is cut off (pushes and large values pile up past the pause). */
  readonly replyBytes: number;
  /** A connection without a request for so long is closed. */
  readonly idleTimeoutMs: number;
  /** A request whose first byte has come must be complete within this time. */
  readonly requestTimeoutMs: number;
  /** A client that has not given the password so long after it connected is closed; only where one is asked for. */
  readonly authTimeoutMs: number;
  /** A text request without a line feed counts as complete after so long a silence (`endingSilenceMs`). */
  readonly textSilenceMs: number;
  /** The same for one that writes, where its second half may still be on its way. */
  readonly textWriteSilenceMs: number;
}

/** Limits that CONFIG SET changes while connections are open: they are read anew each time. */
export type Adjustable<Limits> = { -readonly [Name in keyof Limits]: Limits[Name] };

export const DEFAULT_LIMITS: ConnectionLimits = {
  connections: 20_000,
  parser: { requestBytes: 512 * 1024 ** 2, argumentCount: 1024 * 1024, argumentBytes: 64 * 1024 ** 2 },
  unauthenticatedParser: { requestBytes: 64 * 1024, argumentCount: 10, argumentBytes: 16 * 1024 },
  pipelineDepth: 10_000,
  pausedReplyBytes: 1024 ** 2,
  replyBytes: 256 * 1024 ** 2,
  idleTimeoutMs: 0,
  requestTimeoutMs: 60_000,
  authTimeoutMs: 10_000,
  textSilenceMs: 20,
  textWriteSilenceMs: 250,
};

/** A client that is to end and takes nothing of its last replies for so long is cut off. */
export const LAST_REPLIES_MS = 10_000;
/** How long a client that broke the protocol may go on sending before its connection ends for good. */
export const LINGER_MS = 2_000;
/** Requests received ahead of execution before the socket is not read any more. */
export const PAUSE_READING_BYTES: number = 64 * 1024;
