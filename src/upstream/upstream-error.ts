/**
 * Why the origin did not answer. `code` is the first word of the error a client gets:
 * `ORIGINDOWN`, it cannot be reached; `ORIGINTIMEOUT`, no answer within the time-out; `ORIGINPROTOCOL`, it answered
 * what cannot be understood; `ORIGINAUTH`, it refused the credentials.
 */
export class UpstreamError extends Error {
  override name = "UpstreamError";
  readonly code: UpstreamErrorCode;
  /** Whether the request may have reached the origin: a write may then have happened, or may happen yet. */
  readonly maybeExecuted: boolean;

  constructor(code: UpstreamErrorCode, message: string, maybeExecuted: boolean) {
    super(message);
    this.code = code;
    this.maybeExecuted = maybeExecuted;
  }
}

export type UpstreamErrorCode = "ORIGINDOWN" | "ORIGINTIMEOUT" | "ORIGINPROTOCOL" | "ORIGINAUTH";
