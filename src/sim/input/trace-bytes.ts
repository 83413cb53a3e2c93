import { closeSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { TraceError } from "../../replay/records.ts";

/**
 * Few enough to stay in the processor's cache until they have been taken apart. Records of 8, 12, 16, 20 and 24
 * bytes fill them evenly, so that none of those has to be put together from two pieces.
 */
const CHUNK_BYTES = 192_000;
const CHUNKS_A_TURN = 16;
/** A small file, which may be compressed, comes in smaller ones, so that progress is told in more than a few steps. */
const SMALL_CHUNK_BYTES = 48_000;
const SMALL_FILE_BYTES = 2_000_000;
/**
 * Taken before anything has been compiled: to take it for the first time changes the global object, and all that has
 * been compiled until then is compiled anew.
 */
const { setImmediate } = globalThis;

/** Where a trace's bytes come from, compressed or not. */
export interface TraceBytes {
  /** How many there are; undefined when it is not known. */
  readonly extent: number | undefined;
  readonly isRepeatable: boolean;
  /** The bytes from the beginning. @param taken counts them as they are taken */
  chunks(taken: Taken): Chunks;
}

/** Bytes piece by piece; each piece is valid until the next one is asked for. */
export interface Chunks {
  next(): Promise<IteratorResult<Uint8Array, void>>;
  /** No more of them are wanted. */
  return(value?: undefined): Promise<unknown>;
}

export interface Taken {
  bytes: number;
}

/** A file. @throws TraceError when it cannot be read */
export function fileBytes(path: string): TraceBytes {
  const facts = factsOf(path);
  if (facts.isDirectory()) throw new TraceError(`${path}: this is a directory, not a trace`);
  // Pipes and devices have no length, and give what is in them once.
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
 * What lies in a file is waited for: to have another thread read it would cost more than copying what the system has
 * read ahead. Now and then whatever else there is to do gets its turn, such as showing progress.
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

/** What a pipe or a device has yet to give is waited for by another thread. */
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

/** What comes once, such as standard input. */
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
