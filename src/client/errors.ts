/** Errors of the client's calls, besides `ReplyError` (the server's own errors) and a signal's reason. */

/** There is no connection, and none could be made. `code` is the system's if it has one, such as `ECONNREFUSED`. */
export class ConnectError extends Error {
  override name = "ConnectError";
  readonly code: string;

  constructor(message: string, code = "", cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** The server requires a password, and none or a wrong one was given. */
export class AuthenticationError extends ConnectError {
  override name = "AuthenticationError";
}

/** The connection was lost before the reply arrived. The call has changed nothing: it only read. */
export class ConnectionLostError extends Error {
  override name = "ConnectionLostError";
}

/**
 * The connection was lost after a write was sent and before its reply arrived, so it may or may not have taken
 * effect. The client never repeats it by itself.
 */
export class UnknownOutcomeError extends ConnectionLostError {
  override name = "UnknownOutcomeError";
}

/** There was no reply within the call's time limit. */
export class TimeoutError extends Error {
  override name = "TimeoutError";
  /** True for a write that was sent: it may have taken effect, or may still do so. */
  readonly outcomeUnknown: boolean;

  constructor(message: string, outcomeUnknown: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.outcomeUnknown = outcomeUnknown;
  }
}

/** Too many calls are waiting already; nothing was sent. */
export class QueueFullError extends Error {
  override name = "QueueFullError";
}

/** The client was closed; nothing was sent. */
export class ClosedError extends Error {
  override name = "ClosedError";
}

/** A stored value does not have the requested type. */
export class DecodeError extends Error {
  override name = "DecodeError";
}
