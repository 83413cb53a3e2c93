import type { TraceBytes } from "../../src/sim/input/chunks.ts";

/** As large as a slice that is quickly parsed; a multiple of the lengths that binary records have. */
const SLICE_BYTES = 960_000;

/** A file of the browser as a trace's bytes. Only the slice that is being parsed is in memory. */
export function blobBytes(blob: Blob): TraceBytes {
  return {
    extent: blob.size,
    isRepeatable: true,
    async *chunks(taken) {
      for (let at = 0; at < blob.size; at += SLICE_BYTES) {
        const slice = new Uint8Array(await blob.slice(at, at + SLICE_BYTES).arrayBuffer());
        taken.bytes += slice.length;
        yield slice;
      }
    },
  };
}
