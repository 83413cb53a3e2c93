import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { TraceError } from "../../replay/records.ts";
import type { Chunks } from "./chunks.ts";

const GZIP_MAGIC = [0x1f, 0x8b];
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
/** Formats that no runtime unpacks: the first bytes, and the name. */
const FOREIGN_MAGIC: readonly [number[], string][] = [
  [[0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "xz"],
  [[0x42, 0x5a, 0x68], "bzip2"],
  [[0x04, 0x22, 0x4d, 0x18], "lz4"],
];
/** The first bytes of bzip2 are text; these follow the compression level. */
const BZIP2_BLOCK = [0x31, 0x41, 0x59];
const MAGIC_BYTES = 8;

/**
 * Unpacks what the runtime's `DecompressionStream` does not: xz, bzip2, lz4, and in most browsers zstd.
 * @param name the trace's name, for messages
 * @throws TraceError if it cannot
 */
export type Unpack = (raw: Chunks, kind: string, name: string) => Chunks | Promise<Chunks>;

/**
 * Decompresses a trace if its content shows that it is compressed; passes other bytes on.
 * @param name the trace's name, for messages
 * @throws TraceError if the compressed bytes are cut off or broken
 */
export async function decompressed(chunks: Chunks, name: string, unpack: Unpack): Promise<Chunks> {
  const first = new ByteBuffer(0);
  let isOver = false;
  while (first.length < MAGIC_BYTES && !isOver) {
    const { value, done } = await chunks.next();
    isOver = done === true;
    if (value !== undefined) first.append(value);
  }
  const head = first.view();
  const kind = compressionOf(head) ?? foreignCompressionOf(head);
  const all = isOver && head.length === 0 ? chunks : startingWith(head, chunks);
  if (kind === undefined) return all;
  const stream = streamFor(kind);
  return stream === undefined ? unpack(all, kind, name) : expanded(all, stream, kind, name);
}

/** Returns the runtime's own decompressor; undefined if it has none. */
function streamFor(kind: string): ReadableWritablePair<Uint8Array, Uint8Array> | undefined {
  try {
    return new DecompressionStream(kind as "gzip") as ReadableWritablePair;
  } catch {
    return undefined;
  }
}

/** Not a generator, which would put some promises between the file and the reader of each piece. */
function startingWith(head: Uint8Array, rest: Chunks): Chunks {
  let isBegun = false;
  return {
    next() {
      if (isBegun) return rest.next();
      isBegun = true;
      return Promise.resolve({ done: false, value: head });
    },
    return: () => rest.return(),
  };
}

async function* expanded(
  raw: Chunks,
  stream: ReadableWritablePair<Uint8Array, Uint8Array>,
  kind: string,
  name: string,
): AsyncGenerator<Uint8Array, void, void> {
  // Report a read error as it is, not as a compression error.
  let failure: unknown;
  const source = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { value, done } = await raw.next();
          if (done === true) controller.close();
          else controller.enqueue(new Uint8Array(value));
        } catch (error) {
          failure = error;
          controller.error(error);
        }
      },
      async cancel() {
        await raw.return();
      },
    },
    { highWaterMark: 1 },
  );
  const reader = source.pipeThrough(stream).getReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (failure !== undefined) throw failure;
    const what = error instanceof Error ? error.message : String(error);
    throw new TraceError(
      /unexpected end/i.test(what)
        ? `${name}: the ${kind} data is cut off`
        : `${name}: the ${kind} data is broken: ${what}`,
    );
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function foreignCompressionOf(head: Uint8Array): string | undefined {
  const startsWith = (magic: readonly number[], at: number): boolean =>
    magic.every((byte, i) => head[at + i] === byte);
  const found = FOREIGN_MAGIC.find(([magic]) => startsWith(magic, 0))?.[1];
  return found === "bzip2" && !startsWith(BZIP2_BLOCK, 4) ? undefined : found;
}

/** Detects the compression by its magic number. A zstd file may begin with a skippable frame. */
function compressionOf(head: Uint8Array): "gzip" | "zstd" | undefined {
  if (GZIP_MAGIC.every((byte, i) => head[i] === byte)) return "gzip";
  if (ZSTD_MAGIC.every((byte, i) => head[i] === byte)) return "zstd";
  const isSkippable = (head[0]! & 0xf0) === 0x50 && head[1] === 0x2a && head[2] === 0x4d && head[3] === 0x18;
  return isSkippable ? "zstd" : undefined;
}
