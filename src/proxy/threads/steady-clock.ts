import type { Clock } from "../../lib/clock.ts";

/** A clock whose monotonic time is whole milliseconds near the Unix epoch's. */
export function steadyClock(clock: Clock): Clock {
  const baseMs = clock.wallMs() - clock.monotonicMs();
  return steadyClockFrom(clock, baseMs);
}

/** @param baseMs what to add to the clock's monotonic time */
export function steadyClockFrom(clock: Clock, baseMs: number): Clock {
  return { wallMs: () => clock.wallMs(), monotonicMs: () => Math.floor(baseMs + clock.monotonicMs()) };
}
