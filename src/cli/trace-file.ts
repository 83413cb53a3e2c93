import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import type { RecordSource } from "../replay/records.ts";
import { type Written, writeTrace } from "../sim/write-trace.ts";
import { WRITTEN_FORMATS, type WrittenFormat } from "../sim/written-format.ts";
import { FailedError } from "./exit.ts";
import type { PlainOutput } from "./standard-output.ts";

const ENDINGS: Readonly<Record<WrittenFormat, RegExp>> = {
  oracleGeneral: /oracleGeneral/i,
  keys: /\.(?:txt|keys)$/i,
  csv: /\.csv$/i,
  recording: /\.(?:rec|recording)$/i,
};

/** Returns the format that a file's extension stands for; undefined if it stands for none. */
export function formatOfName(path: string): WrittenFormat | undefined {
  return WRITTEN_FORMATS.find((format) => ENDINGS[format].test(path));
}

/**
 * Writes the records of a source to a new file, and removes the file if that fails.
 * @throws FailedError if the file exists or cannot be written
 */
export async function writeTraceFile(
  source: RecordSource,
  path: string,
  format: WrittenFormat,
): Promise<Written> {
  const file = createFile(path);
  let isDone = false;
  try {
    const written = await writeTrace(source, format, (bytes) => {
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    });
    isDone = true;
    return written;
  } finally {
    closeSync(file);
    if (!isDone) rmSync(path, { force: true });
  }
}

/** Writes the records of a source to standard output. */
export function printTrace(
  source: RecordSource,
  output: PlainOutput,
  format: WrittenFormat,
): Promise<Written> {
  return writeTrace(source, format, (bytes) => output.write(bytes));
}

function createFile(path: string): number {
  try {
    return openSync(path, "wx");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = code === "EEXIST" ? "there is such a file already" : `it cannot be written: ${message}`;
    throw new FailedError(`${path}: ${problem}`);
  }
}
