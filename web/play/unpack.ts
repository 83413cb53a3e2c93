import { Decompress, ZstdErrorCode } from "fzstd";
import { TraceError } from "../../src/replay/records.ts";
import type { Chunks } from "../../src/sim/input/chunks.ts";

/**
 * Unpacks what a browser does not by itself: zstd.
 * @throws TraceError for anything else
 */
export function unpack(raw: Chunks, kind: string, name: string): Chunks {
  if (kind === "zstd") return unzstd(raw, name);
  throw new TraceError(
    `${name}: this is ${kind} data, which a browser cannot unpack; unpack it before, or pack it with gzip or zstd`,
  );
}

/** Fed with so little at once that a few repeated bytes cannot fill the memory. */
const FED_BYTES = 4096;

/** Does not check the checksum, which a frame may have; a reader of the trace finds what is broken in it. */
async function* unzstd(raw: Chunks, name: string): AsyncGenerator<Uint8Array, void, void> {
  const unpacked: Uint8Array[] = [];
  const decompress = new Decompress((bytes) => {
    // The decompressor goes on in the same memory.
    if (bytes.length > 0) unpacked.push(bytes.slice());
  });
  const push = (bytes: Uint8Array, isLast: boolean): void => {
    try {
      decompress.push(bytes, isLast);
    } catch (error) {
      const { code, message } = error as Error & { code?: number };
      throw new TraceError(
        code === ZstdErrorCode.UnexpectedEOF
          ? `${name}: the zstd data is cut off`
          : `${name}: the zstd data is broken: ${message}`,
      );
    }
  };
  try {
    for (;;) {
      const { value, done } = await raw.next();
      if (done === true) break;
      for (let at = 0; at < value.length; at += FED_BYTES) {
        push(value.slice(at, at + FED_BYTES), false);
        yield* unpacked.splice(0);
      }
    }
    push(new Uint8Array(0), true);
    yield* unpacked.splice(0);
  } finally {
    await raw.return();
  }
}
