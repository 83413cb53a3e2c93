import { closeSync, fchmodSync, fstatSync, openSync, write, writeSync } from "node:fs";
import { recordingHeader } from "../instruments/recording.ts";

/** A recording that threads append to. Can be sent to a worker. */
export interface RecordingSettings {
  readonly path: string;
  /** The largest size of the file. */
  readonly limitBytes: number;
  /** Whether keys are recorded as they are, rather than as hashes. */
  readonly holdsKeys: boolean;
  /** The bytes in the file or on their way into it: one 64-bit number that all threads share. */
  readonly usedBytes: SharedArrayBuffer;
}

export interface CreateRecordingOptions {
  readonly path: string;
  readonly limitBytes: number;
  readonly holdsKeys: boolean;
  /** Whether to replace an existing file of that name. */
  readonly overwrite: boolean;
}

/** The recording's file cannot be created. The message is for users. */
export class RecordingError extends Error {
  override name = "RecordingError";
  /** Whether a file of that name exists. */
  readonly exists: boolean;

  constructor(message: string, exists: boolean) {
    super(message);
    this.exists = exists;
  }
}

/** Only the owner may read a recording: it says who asks for what. */
const FILE_MODE = 0o600;

/** Creates an empty recording. @throws RecordingError if it exists or cannot be created */
export function createRecording(options: CreateRecordingOptions): RecordingSettings {
  const { path, limitBytes, holdsKeys, overwrite } = options;
  const header = recordingHeader(holdsKeys);
  try {
    const file = openSync(path, overwrite ? "w" : "wx", FILE_MODE);
    try {
      // An existing file keeps its mode; pipes and devices are left alone.
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

/** The file to which one thread appends its blocks. */
export interface BlockSink {
  /** Appends a whole block, which must not change until the promise settles. */
  append(block: Uint8Array): Promise<void>;
  close(): void;
}

/** Opens the file for one thread. Whole blocks of several threads follow one another in it. @throws Error */
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
