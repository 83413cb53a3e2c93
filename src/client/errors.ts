/** What a call of the client can fail with, besides `ReplyError` (the server's own errors) and a signal's reason. */

/** There is no connection, and none could be made. `code` is the system's where it has one, such as `ECONNREFUSED`. */
export class ConnectError extends Error {
  override name = "ConnectError";
  readonly code: string;

  constructor(message: string, code = "", cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The server wants a password and got none, or a wrong one. */
export class AuthenticationError extends ConnectError {
  override name = "AuthenticationError";
}

/** The connection was lost before the reply came. Nothing was changed by this call: it only read. */
export class ConnectionLostError extends Error {
  override name = "ConnectionLostError";
}

/**
 * The connection was lost after a write was sent and before its reply came: it may or may not have taken effect.
 * It is never sent again by itself.
 */
export class UnknownOutcomeError extends ConnectionLostError {
  override name = "UnknownOutcomeError";
}

/** No reply within the call's time. */
export class TimeoutError extends Error {
  override name = "TimeoutError";
  /** True for a write that was sent: it may have taken effect, or may yet. */
  readonly outcomeUnknown: boolean;

  constructor(message: string, outcomeUnknown: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.outcomeUnknown = outcomeUnknown;
  }
}

/** Too many calls wait already; nothing was sent. */
export class QueueFullError extends Error {
  override name = "QueueFullError";
}

/** The client was closed; nothing was sent. */
export class ClosedError extends Error {
  override name = "ClosedError";
}

/** A stored value is not of the form it was to be read as. */
export class DecodeError extends Error {
  override name = "DecodeError";
}
