import { type Clock, systemClock } from "../../lib/clock.ts";

/**
 * A clock whose monotonic time is the machine's, the same in every thread; `systemClock` counts from when its own
 * thread began.
 */
export function machineClock(): Clock {
  const offsetMs = Number(process.hrtime.bigint()) / 1e6 - systemClock.monotonicMs();
  return { wallMs: systemClock.wallMs, monotonicMs: () => offsetMs + systemClock.monotonicMs() };
}
