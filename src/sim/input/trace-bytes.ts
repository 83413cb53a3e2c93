import { closeSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { TraceError } from "../../replay/records.ts";
import type { Taken, TraceBytes } from "./chunks.ts";

/**
 * Small enough to stay in the processor's cache until parsed. A multiple of 8, 12, 16, 20 and 24 bytes, so that
 * records of these lengths never span two pieces.
 */
const CHUNK_BYTES = 192_000;
const CHUNKS_A_TURN = 16;
/** A small file, which may be compressed, is read in smaller pieces, so that progress has more than a few steps. */
const SMALL_CHUNK_BYTES = 48_000;
const SMALL_FILE_BYTES = 2_000_000;
/**
 * Read before anything is compiled: the first access changes the global object, after which all code compiled so far
 * is compiled again.
 */
const { setImmediate } = globalThis;

/**
 * Opens a file.
 * @throws TraceError if it cannot be read
 */
export function fileBytes(path: string): TraceBytes {
  const facts = factsOf(path);
  if (facts.isDirectory()) throw new TraceError(`${path}: this is a directory, not a trace`);
  // Pipes and devices have no length, and can be read once.
  if (!facts.isFile())
    return { extent: undefined, isRepeatable: false, chunks: (taken) => readDevice(path, taken) };
  return { extent: facts.size, isRepeatable: true, chunks: (taken) => readFile(path, facts.size, taken) };
}

function factsOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    fail(path, error);
  }
}

/**
 * Reads a file synchronously: to read on another thread would cost more than to copy what the system has read ahead.
 * Lets other work run now and then, such as showing progress.
 */
async function* readFile(path: string, size: number, taken: Taken): AsyncGenerator<Uint8Array, void, void> {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const buffer = new Uint8Array(size > SMALL_FILE_BYTES ? CHUNK_BYTES : SMALL_CHUNK_BYTES);
    for (let chunks = 1; ; chunks++) {
      const bytesRead = readSync(file, buffer);
      if (bytesRead === 0) return;
      taken.bytes += bytesRead;
      yield buffer.subarray(0, bytesRead);
      if (chunks % CHUNKS_A_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  } catch (error) {
    fail(path, error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Reads a pipe or a device on another thread, which waits for bytes that have yet to come. */
async function* readDevice(path: string, taken: Taken): AsyncGenerator<Uint8Array, void, void> {
  const { open } = await import("node:fs/promises");
  const file = await open(path).catch((error: unknown) => fail(path, error));
  try {
    const buffer = new Uint8Array(CHUNK_BYTES);
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES);
      if (bytesRead === 0) return;
      taken.bytes += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    fail(path, error);
  } finally {
    await file.close();
  }
}

/** Wraps a stream that can be read once, such as standard input. */
export function streamBytes(stream: AsyncIterable<Uint8Array>): TraceBytes {
  return {
    extent: undefined,
    isRepeatable: false,
    async *chunks(taken) {
      for await (const chunk of stream) {
        taken.bytes += chunk.length;
        yield chunk;
      }
    },
  };
}

function fail(path: string, error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR") throw new TraceError(`${path}: there is no such file`);
  if (code === "EACCES" || code === "EPERM") throw new TraceError(`${path}: it may not be read`);
  throw new TraceError(`${path}: cannot be read: ${message}`);
}
