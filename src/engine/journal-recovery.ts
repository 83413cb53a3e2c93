import { closeSync, openSync, readdirSync, readFileSync, readSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import {
  FILE_HEADER_BYTES,
  FILE_NAMES,
  type FileHeader,
  FRAME_HEADER_BYTES,
  PUT,
  REMOVE,
  readFileHeader,
  readUint32,
  readUint64,
} from "./journal-format.ts";

/** What is told of a journal's operations, in the order in which they were made. The views are not to be kept. */
export interface JournalReader {
  put(key: Uint8Array, record: Uint8Array): void;
  remove(key: Uint8Array): void;
  removeAll(): void;
}

/** The number of the last use of a journal file that a directory knows of, however damaged; 0 when there is none. */
export function lastJournal(directory: string): number {
  return Math.max(0, ...findJournals(directory).map(({ number }) => number));
}

/** Deletes all files of the journal. */
export function removeJournals(directory: string): void {
  for (const name of readdirSync(directory)) if (isJournal(name)) unlinkSync(join(directory, name));
}

/**
 * Reads the uses of journal files behind a number, in order, up to the first damage. They are numbered without gaps:
 * what follows a gap, or a use that has lost its end, has lost its ground as well, and is not read.
 * @returns how many bytes were damaged, as far as can be told; 0 when all was whole
 */
export function readJournals(directory: string, after: number, reader: JournalReader): number {
  const found = findJournals(directory).filter(({ number }) => number > after);
  for (let i = 0; i < found.length; i++) {
    const { number, path, header } = found[i]!;
    if (number !== after + 1 + i) return 0;
    const bytes = readFileSync(path);
    if (header === undefined) {
      const voidBytes = bytes.length - readVersion1(bytes, reader);
      if (voidBytes > 0) return voidBytes;
      continue;
    }
    const { end, voidBytes } = readFrames(bytes, header, reader);
    const next = found[i + 1];
    const missing = next?.number === number + 1 && next.header ? next.header.previousBytes - end : 0;
    if (missing !== 0 || voidBytes > 0) return Math.max(missing, voidBytes);
  }
  return 0;
}

interface FoundJournal {
  readonly number: number;
  readonly path: string;
  /** Undefined in files of version 1. */
  readonly header: FileHeader | undefined;
}

/** Ascending. A file whose header is not whole holds nothing that anybody was told of. */
function findJournals(directory: string): FoundJournal[] {
  const found: FoundJournal[] = [];
  for (const name of readdirSync(directory)) {
    if (!isJournal(name)) continue;
    const path = join(directory, name);
    const version1 = VERSION_1_NAME.exec(name);
    const header = version1 === null ? readFileHeader(beginningOf(path)) : undefined;
    const number = header?.number ?? Number(version1?.[1] ?? 0);
    if (number > 0) found.push({ number, path, header });
  }
  return found.sort((a, b) => a.number - b.number);
}

function beginningOf(path: string): Uint8Array {
  const bytes = new Uint8Array(FILE_HEADER_BYTES);
  const descriptor = openSync(path, "r");
  try {
    return bytes.subarray(0, readSync(descriptor, bytes, 0, FILE_HEADER_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

function isJournal(name: string): boolean {
  return FILE_NAMES.includes(name) || VERSION_1_NAME.test(name);
}

/** @returns where the whole frames end, and how many bytes a damaged one behind them has */
function readFrames(
  bytes: Uint8Array,
  { number, seed }: FileHeader,
  reader: JournalReader,
): { end: number; voidBytes: number } {
  let at = FILE_HEADER_BYTES;
  while (at + FRAME_HEADER_BYTES <= bytes.length && readUint64(bytes, at) === number) {
    const start = at + FRAME_HEADER_BYTES;
    const end = start + readUint32(bytes, at + 8);
    const isWhole =
      end <= bytes.length && crc32(bytes.subarray(start, end), seed) === readUint32(bytes, at + 12);
    if (!isWhole) return { end: at, voidBytes: Math.min(end, bytes.length) - at };
    readOperations(bytes, start, end, reader);
    at = end;
  }
  return { end: at, voidBytes: 0 };
}

/** Reads a file of version 1. @returns where its whole frames end */
function readVersion1(bytes: Uint8Array, reader: JournalReader): number {
  let at = 0;
  while (at + VERSION_1_HEADER_BYTES <= bytes.length) {
    const start = at + VERSION_1_HEADER_BYTES;
    const end = start + readUint32(bytes, at);
    // A frame without operations was never written; a file system that lost the tail may have left zeros for it.
    if (end === start || end > bytes.length) break;
    if (crc32(bytes.subarray(start, end)) !== readUint32(bytes, at + 4)) break;
    readOperations(bytes, start, end, reader);
    at = end;
  }
  return at;
}

function readOperations(bytes: Uint8Array, start: number, end: number, reader: JournalReader): void {
  for (let at = start; at < end; ) {
    const kind = bytes[at]!;
    if (kind === PUT) {
      const keyEnd = at + 9 + readUint32(bytes, at + 1);
      const recordEnd = keyEnd + readUint32(bytes, at + 5);
      reader.put(bytes.subarray(at + 9, keyEnd), bytes.subarray(keyEnd, recordEnd));
      at = recordEnd;
    } else if (kind === REMOVE) {
      const keyEnd = at + 5 + readUint32(bytes, at + 1);
      reader.remove(bytes.subarray(at + 5, keyEnd));
      at = keyEnd;
    } else {
      reader.removeAll();
      at++;
    }
  }
}

const VERSION_1_NAME = /^journal-([0-9]{1,15})$/;
const VERSION_1_HEADER_BYTES = 8;
