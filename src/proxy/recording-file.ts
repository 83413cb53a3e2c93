import { closeSync, fchmodSync, fstatSync, openSync, write, writeSync } from "node:fs";
import { recordingHeader } from "../instruments/recording.ts";

/** A recording that threads append to; can be sent to a worker. */
export interface RecordingSettings {
  readonly path: string;
  /** The file gets no longer. */
  readonly limitBytes: number;
  /** Keys are recorded themselves, not as hashes. */
  readonly holdsKeys: boolean;
  /** How many bytes are in the file or on their way into it, one 64-bit number that all threads share. */
  readonly usedBytes: SharedArrayBuffer;
}

export interface CreateRecordingOptions {
  readonly path: string;
  readonly limitBytes: number;
  readonly holdsKeys: boolean;
  /** Replace what is there under that name. */
  readonly overwrite: boolean;
}

/** The recording's file cannot be made. The message is for people. */
export class RecordingError extends Error {
  override name = "RecordingError";
  /** There is a file already. */
  readonly exists: boolean;

  constructor(message: string, exists: boolean) {
    super(message);
    this.exists = exists;
  }
}

/** A recording says who asks for what: it is its owner's alone, as the data is. */
const FILE_MODE = 0o600;

/** Makes the file, with nothing recorded in it. @throws RecordingError: it is there already, or cannot be made */
export function createRecording(options: CreateRecordingOptions): RecordingSettings {
  const { path, limitBytes, holdsKeys, overwrite } = options;
  const header = recordingHeader(holdsKeys);
  try {
    const file = openSync(path, overwrite ? "w" : "wx", FILE_MODE);
    try {
      // One that was there keeps its mode; a pipe or a device is not ours.
      if (fstatSync(file).isFile()) fchmodSync(file, FILE_MODE);
      writeSync(file, header);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const exists = code === "EEXIST";
    const problem = exists ? "there is such a file already" : `it cannot be written: ${message}`;
    throw new RecordingError(`${path}: ${problem}`, exists);
  }
  const usedBytes = new SharedArrayBuffer(8);
  new BigInt64Array(usedBytes)[0] = BigInt(header.length);
  return { path, limitBytes, holdsKeys, usedBytes };
}

/** Where one thread appends its blocks. */
export interface BlockSink {
  /** Appends a whole block, which is not changed until the promise is kept. */
  append(block: Uint8Array): Promise<void>;
  close(): void;
}

/** Opens the file for one thread; whole blocks of several lie in it one behind the other. @throws Error */
export function openBlockSink(path: string): BlockSink {
  const file = openSync(path, "a", FILE_MODE);
  return {
    async append(block) {
      for (let at = 0; at < block.length; ) at += await writeSome(file, block, at);
    },
    close: () => closeSync(file),
  };
}

function writeSome(file: number, bytes: Uint8Array, start: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(file, bytes, start, bytes.length - start, null, (error, count) => {
      if (error === null) resolve(count);
      else reject(error);
    });
  });
}
