import type { Random } from "../lib/random.ts";

/**
 * Returns the delay before the next attempt: exponential, with full jitter (a random share of the whole delay), so
 * that the many clients of an origin that comes back do not all arrive at once.
 * @param attempt failed attempts so far, from 1
 * @returns milliseconds
 */
export function backoffMs(attempt: number, random: Random, baseMs = 50, capMs = 5000): number {
  return random.next() * Math.min(capMs, baseMs * 2 ** Math.min(attempt, 30));
}
