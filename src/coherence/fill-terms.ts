import type { Flight } from "./flight.ts";
import { NO_SUCH_KEY } from "./flight.ts";

/** How reliably an origin tells of changes. */
export interface Tracking {
  /** Whether the origin sends invalidations; undefined while unknown. */
  readonly tracks: boolean | undefined;
  /** The longest time that a value may be served after its invalidation was lost. */
  readonly stalenessBoundMs: number;
  /** The time to live of a value from an origin that sends no invalidations; 0: such a value is not cached. */
  readonly untrackedTtlMs: number;
}

/**
 * Returns the expiry of the value that a flight brings, in milliseconds of the cache's clock; 0: never; undefined:
 * the value must not be cached.
 */
export function expiryOfFill(
  { remainingMs, sentAtMs }: Flight,
  { tracks, untrackedTtlMs }: Tracking,
): number | undefined {
  // The key did not exist when the origin answered PTTL, so the time to live of the value is unknown.
  if (remainingMs === NO_SUCH_KEY) return undefined;
  // Counted from when the question was sent, so that the entry expires no later than the original.
  const expiresAtMs = remainingMs < 0 ? 0 : sentAtMs + remainingMs;
  if (tracks === true) return expiresAtMs;
  if (untrackedTtlMs === 0) return undefined;
  const boundMs = sentAtMs + untrackedTtlMs;
  return expiresAtMs === 0 ? boundMs : Math.min(expiresAtMs, boundMs);
}

/** The greatest age of an origin's answer that may still be shown, in milliseconds since the question was sent. */
export function oldestAnswerMs({ tracks, stalenessBoundMs, untrackedTtlMs }: Tracking): number {
  if (tracks === undefined) return Math.min(stalenessBoundMs, untrackedTtlMs);
  return tracks ? stalenessBoundMs : untrackedTtlMs;
}
