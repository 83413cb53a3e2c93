import type { Flight } from "./flight.ts";
import { NO_SUCH_KEY } from "./flight.ts";

/** What is known of an origin's invalidations. */
export interface Tracking {
  /** Whether it sends them; undefined: that is not known yet. */
  readonly tracks: boolean | undefined;
  /** How long a value may be served after an invalidation of it was lost. */
  readonly stalenessBoundMs: number;
  /** How long a value may be kept whose changes nobody tells of; 0: not at all. */
  readonly untrackedTtlMs: number;
}

/**
 * When the value that a flight brings is to go from the cache, in milliseconds of the cache's clock; 0: never;
 * undefined: it is not to be kept at all.
 */
export function expiryOfFill(
  { remainingMs, sentAtMs }: Flight,
  { tracks, untrackedTtlMs }: Tracking,
): number | undefined {
  // The key was not there when its time to live was asked for, so nothing is known about it.
  if (remainingMs === NO_SUCH_KEY) return undefined;
  // Counted from when the question was sent: the entry goes at the latest when the original does.
  const expiresAtMs = remainingMs < 0 ? 0 : sentAtMs + remainingMs;
  if (tracks === true) return expiresAtMs;
  if (untrackedTtlMs === 0) return undefined;
  const boundMs = sentAtMs + untrackedTtlMs;
  return expiresAtMs === 0 ? boundMs : Math.min(expiresAtMs, boundMs);
}

/** How old an answer of the origin may be when it is shown, in milliseconds since the question. */
export function oldestAnswerMs({ tracks, stalenessBoundMs, untrackedTtlMs }: Tracking): number {
  if (tracks === undefined) return Math.min(stalenessBoundMs, untrackedTtlMs);
  return tracks ? stalenessBoundMs : untrackedTtlMs;
}
