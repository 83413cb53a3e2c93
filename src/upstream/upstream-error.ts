/**
 * Why the origin did not answer. `code` is the first word of the error a client gets:
 * `ORIGINDOWN`, it cannot be reached; `ORIGINTIMEOUT`, no answer within the time-out; `ORIGINPROTOCOL`, it answered
 * what cannot be understood; `ORIGINAUTH`, it refused the credentials; `ORIGINDB`, it refused the database. Where it is
 * busy or not ready yet, the code is its own: `BUSY`, `LOADING` and their like.
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

export type UpstreamErrorCode =
  | "ORIGINDOWN"
  | "ORIGINTIMEOUT"
  | "ORIGINPROTOCOL"
  | "ORIGINAUTH"
  | "ORIGINDB"
  | PassingErrorCode;

/** Errors with which a Redis answers anything while it is in some state that passes. */
const PASSING_CODES = ["BUSY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF"] as const;
type PassingErrorCode = (typeof PASSING_CODES)[number];

/** Whether an error with this code tells that the origin is there and cannot answer just now. */
export function isPassingCode(code: string): code is PassingErrorCode {
  return (PASSING_CODES as readonly string[]).includes(code);
}
