import type { Clock } from "./clock.ts";

/** How often to read both clocks for one pair of times. */
const SAMPLES = 5;

/**
 * A steady clock and the machine's clock at the same moment, from which another thread derives the same steady clock.
 */
export interface ClockReading {
  readonly steadyMs: number;
  readonly wallMs: number;
}

/** Returns a clock whose monotonic time is whole milliseconds close to Unix time. */
export function steadyClock(clock: Clock): Clock {
  return shifted(clock, wallLeadMs(clock));
}

/** Reads a steady clock for a thread that is about to begin. */
export function readClock(steady: Clock): ClockReading {
  const wallMs = steady.wallMs();
  return { steadyMs: wallMs - wallLeadMs(steady), wallMs };
}

/**
 * Returns the clock that was read, in another thread. The runtime's own time starts anew in each thread
 * (`performance.now`, `process.hrtime` too), so the machine's clock says how much time has passed since the reading.
 * That clock may be set at any time, but hardly in the moment in which a thread begins.
 */
export function steadyClockSince(clock: Clock, reading: ClockReading): Clock {
  return shifted(clock, reading.steadyMs - reading.wallMs + wallLeadMs(clock));
}

function shifted(clock: Clock, byMs: number): Clock {
  const exactMs = (): number => byMs + clock.monotonicMs();
  return { wallMs: () => clock.wallMs(), monotonicMs: () => Math.floor(exactMs()), exactMs };
}

/**
 * Returns by how much wall time is ahead of monotonic time. A pause between the two readings lessens the difference,
 * so the largest one counts.
 */
function wallLeadMs(clock: Clock): number {
  let mostMs = Number.NEGATIVE_INFINITY;
  for (let sample = 0; sample < SAMPLES; sample++) {
    mostMs = Math.max(mostMs, clock.wallMs() - clock.monotonicMs());
  }
  return mostMs;
}
