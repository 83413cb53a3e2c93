/**
 * Preloaded into a measured process. It listens on a port that it writes to `BENCH_PROBE_FILE`, and sends each client
 * the counts of the process's heap as one JSON object.
 */

import { heapStats } from "bun:jsc";
import { writeFileSync } from "node:fs";

/** Contents of the heap of a process under the probe. */
export interface HeapCount {
  /** Objects by type: objects in use, and garbage that has not been collected yet. */
  readonly objects: Readonly<Record<string, number>>;
  readonly residentBytes: number;
}

/**
 * The runtime collects a heap that doubles, whatever the options say. This ballast makes the heap look large from the
 * start. The system gives it no memory, because nothing is ever written to it.
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
