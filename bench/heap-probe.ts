/**
 * Preloaded into a process under measurement: tells its heap to whoever connects to the port written to
 * `BENCH_PROBE_FILE`, as one JSON object.
 */

import { heapStats } from "bun:jsc";
import { writeFileSync } from "node:fs";

/** What a process that runs under the probe is made of. */
export interface HeapCount {
  /** Objects by type: those in use, and those not in use any more that no collection has taken yet. */
  readonly objects: Readonly<Record<string, number>>;
  readonly residentBytes: number;
}

/**
 * A heap that grows to twice its size is collected whatever the options say. This one looks large from the start; the
 * system gives it no memory, as nothing is ever written to it.
 */
const BALLAST_BYTES = 2 * 1024 ** 3;

const file = process.env["BENCH_PROBE_FILE"];
if (file !== undefined) {
  Object.assign(globalThis, { ballast: new Uint8Array(BALLAST_BYTES) });
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const count: HeapCount = {
          objects: heapStats().objectTypeCounts,
          residentBytes: process.memoryUsage.rss(),
        };
        socket.end(JSON.stringify(count));
      },
      data() {},
    },
  });
  writeFileSync(file, String(listener.port));
}
