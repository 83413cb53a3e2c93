import type { Clock } from "../../lib/clock.ts";

/** How often both clocks are read for one pair of times. */
const SAMPLES = 5;

/** What a steady clock showed at some moment, and the machine's clock with it: lets another thread have the same. */
export interface ClockReading {
  readonly steadyMs: number;
  readonly wallMs: number;
}

/** A clock whose monotonic time is whole milliseconds near the Unix epoch's. */
export function steadyClock(clock: Clock): Clock {
  return shifted(clock, wallLeadMs(clock));
}

/** Shows the time to a thread that is about to begin. */
export function readClock(steady: Clock): ClockReading {
  const wallMs = steady.wallMs();
  return { steadyMs: wallMs - wallLeadMs(steady), wallMs };
}

/**
 * The clock that was read, in another thread. Whatever the runtime counts by itself begins anew in each of its threads
 * (`performance.now`, and `process.hrtime` as well), so the machine's clock tells how much time has passed between
 * that reading and this call: it may be set at any time, but hardly in the moment in which a thread begins.
 */
export function steadyClockSince(clock: Clock, reading: ClockReading): Clock {
  return shifted(clock, reading.steadyMs - reading.wallMs + wallLeadMs(clock));
}

function shifted(clock: Clock, byMs: number): Clock {
  return { wallMs: () => clock.wallMs(), monotonicMs: () => Math.floor(byMs + clock.monotonicMs()) };
}

/** By how much wall time is ahead of monotonic time. A pause between the two readings makes it less: the most counts. */
function wallLeadMs(clock: Clock): number {
  let mostMs = Number.NEGATIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample++) {
    mostMs = Math.max(mostMs, clock.wallMs() - clock.monotonicMs());
  }
  return mostMs;
}
