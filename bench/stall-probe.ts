/**
 * Preloaded into a measured process: a timer that is due every millisecond. Whenever it is late, it writes a line to
 * `BENCH_PROBE_FILE`, with the delay and the processor time that the process had meanwhile. The rest of the delay is
 * the machine's, not the program's.
 */
import { appendFileSync } from "node:fs";

/** A delay of the event loop. */
export interface Stall {
  /** Unix milliseconds of its end. */
  readonly atMs: number;
  readonly ms: number;
  /** Processor time of all threads of the process meanwhile. */
  readonly cpuMs: number;
}

const INTERVAL_MS = 1;
/** Shorter delays are not recorded. */
export const LEAST_STALL_MS = 2;

const file = process.env["BENCH_PROBE_FILE"];
if (file !== undefined) {
  let lastMs = performance.now();
  let lastCpu = process.cpuUsage();
  setInterval(() => {
    const nowMs = performance.now();
    const ms = nowMs - lastMs - INTERVAL_MS;
    const { user, system } = process.cpuUsage(lastCpu);
    if (ms >= LEAST_STALL_MS) {
      const stall: Stall = { atMs: Date.now(), ms, cpuMs: (user + system) / 1000 };
      appendFileSync(file, `${JSON.stringify(stall)}\n`);
    }
    lastMs = performance.now();
    lastCpu = process.cpuUsage();
  }, INTERVAL_MS).unref();
}
