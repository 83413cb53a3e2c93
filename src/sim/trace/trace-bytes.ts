import { open, stat } from "node:fs/promises";
import { TraceError } from "../records.ts";

const CHUNK_BYTES = 64 * 1024;

/** Where a trace's bytes come from, compressed or not. */
export interface TraceBytes {
  /** How many there are; undefined when it is not known. */
  readonly extent: number | undefined;
  readonly isRepeatable: boolean;
  /** The bytes from the beginning, piece by piece; each is valid until the next one is asked for. */
  chunks(): AsyncGenerator<Uint8Array, void, void>;
}

/** A file. @throws TraceError when it cannot be read */
export async function fileBytes(path: string): Promise<TraceBytes> {
  const facts = await stat(path).catch((error: unknown) => fail(path, error));
  if (facts.isDirectory()) throw new TraceError(`${path}: this is a directory, not a trace`);
  return {
    // Pipes and devices have no length, and give what is in them once.
    extent: facts.isFile() ? facts.size : undefined,
    isRepeatable: facts.isFile(),
    chunks: () => readFile(path),
  };
}

async function* readFile(path: string): AsyncGenerator<Uint8Array, void, void> {
  const file = await open(path).catch((error: unknown) => fail(path, error));
  try {
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file
        .read(buffer, 0, CHUNK_BYTES)
        .catch((error: unknown) => fail(path, error));
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** What comes once, such as standard input. */
export function streamBytes(stream: AsyncIterable<Uint8Array>): TraceBytes {
  return {
    extent: undefined,
    isRepeatable: false,
    async *chunks() {
      yield* stream;
    },
  };
}

function fail(path: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") throw new TraceError(`${path}: there is no such file`);
  if (code === "EACCES" || code === "EPERM") throw new TraceError(`${path}: it may not be read`);
  throw new TraceError(`${path}: cannot be read: ${message}`);
}
