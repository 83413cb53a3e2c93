import { parseDecimal, parseInt64 } from "../lib/bytes.ts";
import type { Request } from "../protocol/protocol.ts";

/**
 * The latest expiry that is kept: the last float before 2^63, up to which Redis takes times. Expiries are floats, so
 * they are exact up to the year 287,396, and within half a second later.
 */
const LATEST_EXPIRY_MS: number = 2 ** 63 - 1024;

/** Seconds up to this bound stay exact when they are converted to milliseconds and added to the present time. */
const EXACT_SECONDS = 4_000_000_000_000;
const INT64_MAX = 9_223_372_036_854_775_807n;

/** Why an expiry time is refused. */
export type TimeProblem = "not-an-integer" | "out-of-range";

/** How a command states an expiry. */
export interface TimeForm {
  readonly inSeconds: boolean;
  /** Whether the time counts from now, rather than since the epoch. */
  readonly isRelative: boolean;
}

export const SECONDS_FROM_NOW: TimeForm = { inSeconds: true, isRelative: true };
export const MS_FROM_NOW: TimeForm = { inSeconds: false, isRelative: true };
export const SECONDS_SINCE_EPOCH: TimeForm = { inSeconds: true, isRelative: false };
export const MS_SINCE_EPOCH: TimeForm = { inSeconds: false, isRelative: false };

/**
 * Reads an expiry argument as Unix milliseconds, also negative ones and times in the past. A time beyond a signed
 * 64-bit integer, before or after conversion, is out of range.
 */
export function expiryTime(
  request: Request,
  index: number,
  form: TimeForm,
  nowMs: number,
): number | TimeProblem {
  const start = request.starts[index]!;
  const end = request.ends[index]!;
  const baseMs = form.isRelative ? nowMs : 0;
  const small = parseDecimal(request.bytes, start, end);
  if (small !== undefined && Math.abs(small) < EXACT_SECONDS) {
    return (form.inSeconds ? small * 1000 : small) + baseMs;
  }
  const large = parseInt64(request.bytes, start, end);
  if (large === undefined) return "not-an-integer";
  const ms = form.inSeconds ? large * 1000n : large;
  if (ms > INT64_MAX - BigInt(baseMs) || ms < -INT64_MAX - 1n) return "out-of-range";
  return Math.min(Number(ms + BigInt(baseMs)), LATEST_EXPIRY_MS);
}

/** Reads the same for commands that refuse times at or before the epoch, and zero or negative distances from now. */
export function positiveExpiryTime(
  request: Request,
  index: number,
  form: TimeForm,
  nowMs: number,
): number | TimeProblem {
  const time = expiryTime(request, index, form, nowMs);
  if (typeof time === "number" && time <= (form.isRelative ? nowMs : 0)) return "out-of-range";
  return time;
}

/** Returns the error for an expiry that is refused. @param command its name in lower case */
export function timeError(problem: TimeProblem, command: string): string {
  return problem === "not-an-integer"
    ? "ERR value is not an integer or out of range"
    : `ERR invalid expire time in '${command}' command`;
}
