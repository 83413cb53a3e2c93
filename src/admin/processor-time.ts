import { readFileSync } from "node:fs";

/** The processor time of the present thread, on Linux: nanoseconds on the processor come first. */
const THREAD_STATISTICS = "/proc/thread-self/schedstat";

/**
 * Returns a function that reads the processor time of the present thread in milliseconds. Where the system does not
 * tell, it is the sum of the times given to `spent`, which include waiting for a processor.
 */
export function threadTime(): { readMs(): number; spent(ms: number): void } {
  let sumMs = 0;
  const spent = (ms: number): void => {
    sumMs += ms;
  };
  try {
    readFileSync(THREAD_STATISTICS);
  } catch {
    return { readMs: () => sumMs, spent };
  }
  const readMs = (): number => Number(readFileSync(THREAD_STATISTICS, "latin1").split(" ", 1)[0]) / 1e6;
  return { readMs, spent };
}
