/**
 * Why the origin did not answer. `code` is the first word of the error that the client gets: `ORIGINDOWN`, the origin
 * cannot be reached; `ORIGINTIMEOUT`, it did not answer in time; `ORIGINPROTOCOL`, its answer cannot be understood;
 * `ORIGINAUTH`, it refused the credentials; `ORIGINDB`, it refused the database. If the origin is busy or not ready
 * yet, the code is the origin's: `BUSY`, `LOADING` and so on.
 */
export class UpstreamError extends Error {
  override name = "UpstreamError";
  readonly code: UpstreamErrorCode;
  /** Whether the request may have reached the origin. If so, a write may have happened, or may still happen. */
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

/** The codes of errors that a Redis answers to any request while it is in a passing state. */
const PASSING_CODES = ["BUSY", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF"] as const;
type PassingErrorCode = (typeof PASSING_CODES)[number];

/** Whether an error with this code means that the origin is there but cannot answer just now. */
export function isPassingCode(code: string): code is PassingErrorCode {
  return (PASSING_CODES as readonly string[]).includes(code);
}

/** Why a connection ends whose requests have all been answered. */
export function notNeeded(): UpstreamError {
  return new UpstreamError("ORIGINDOWN", "not needed any more", false);
}
