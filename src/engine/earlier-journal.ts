import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import type { Damage } from "./damage.ts";
import { FILE_NAMES, readUint32, readUint64 } from "./journal-format.ts";
import { type JournalReader, readOperations } from "./journal-recovery.ts";

/**
 * Journals of formats 1 and 2. They are read to convert a directory, and never written.
 *
 * Format 2 had two files that take turns, as now. They had one header each, and frames did not say what was on disk:
 *
 *     file       header, frames, remains of an earlier use
 *     header     "gcj" and 0xf2 (4 bytes), number (8), salt (8), length of the use before (8), CRC-32 of these (4)
 *     frame      number (8), length of the operations (4), CRC-32 (4), operations
 *
 * Format 1 had a file for each use, `journal-NUMBER`: length of the operations (4), CRC-32 of the operations (4),
 * operations.
 *
 * If every frame was on disk before the next one was begun, a broken frame with a whole one behind it is damage.
 * Otherwise a power cut may have left it. These formats do not record which is the case, so the caller says it.
 */
export interface EarlierJournal {
  readonly damages: readonly Damage[];
  /** Bytes that were cut short, as far as is known. */
  readonly voidBytes: number;
  /** The parts to read, in order: with damage every whole frame, else all frames up to the first broken one. */
  readonly parts: readonly Part[];
}

/** One use of a file. */
interface Part {
  readonly bytes: Uint8Array;
  /** The operations of each frame. */
  readonly frames: readonly Stretch[];
}

type Stretch = readonly [start: number, end: number];

/**
 * Finds the uses with numbers above `after`, and their contents.
 * @param wasAlways whether each frame was on disk before the next one was begun
 */
export function findEarlierJournal(directory: string, after: number, wasAlways: boolean): EarlierJournal {
  const damages: Damage[] = [];
  const kept: Part[] = [];
  const all: Part[] = [];
  let voidBytes = 0;
  let isWhole = true;
  let before = { number: after, end: 0 };
  for (const file of listFiles(directory, damages).filter(({ number }) => number > after)) {
    const { name, bytes } = file;
    const scan = scanFile(file);
    all.push({ bytes, frames: [...scan.whole, ...scan.behind] });
    const isNext = file.number === before.number + 1;
    const isJoined = isNext && (before.number === after || (file.previousBytes ?? before.end) === before.end);
    if (!isWhole || !isJoined) {
      isWhole = false;
      voidBytes += scan.begunEnd;
      if (wasAlways && damages.length === 0 && scan.whole.length + scan.behind.length > 0) {
        damages.push({
          file: name,
          at: 0,
          what: "the end of the journal before this file is lost",
        });
      }
      continue;
    }
    kept.push({ bytes, frames: scan.whole });
    voidBytes += scan.begunEnd - scan.end;
    before = { number: file.number, end: scan.end };
    if (scan.begunEnd === scan.end && scan.behind.length === 0) continue;
    isWhole = false;
    if (wasAlways && scan.behind.length > 0) {
      const lostBytes = scan.behind[0]![0] - scan.end;
      const what = `${lostBytes} bytes cannot be read, with whole frames behind them; the writes in them are lost`;
      damages.push({ file: name, at: scan.end, what });
    }
  }
  return { damages, voidBytes, parts: damages.length > 0 ? all : kept };
}

/** Passes the operations found to a reader. */
export function replayEarlierJournal({ parts }: EarlierJournal, reader: JournalReader): void {
  for (const { bytes, frames } of parts) {
    for (const [start, end] of frames) readOperations(bytes, start, end, reader);
  }
}

interface EarlierFile {
  readonly number: number;
  readonly name: string;
  readonly bytes: Buffer;
  /** The value that checksums begin with, and the length of the use before; undefined in files of format 1. */
  readonly seed: number | undefined;
  readonly previousBytes: number | undefined;
}

/** Lists the journal's files, by ascending number. */
function listFiles(directory: string, damages: Damage[]): EarlierFile[] {
  const files: EarlierFile[] = [];
  for (const name of readdirSync(directory)) {
    const format1 = FORMAT_1_NAME.exec(name);
    if (format1 === null && !FILE_NAMES.includes(name)) continue;
    const bytes = readFileSync(join(directory, name));
    if (format1 !== null) {
      files.push({ number: Number(format1[1]), name, bytes, seed: undefined, previousBytes: undefined });
      continue;
    }
    const seed = headerChecksum(bytes);
    if (seed !== undefined) {
      files.push({ number: readUint64(bytes, 4), name, bytes, seed, previousBytes: readUint64(bytes, 20) });
    } else if (bytes.length >= HEADER_BYTES && bytes.subarray(0, HEADER_BYTES).some((byte) => byte !== 0)) {
      // A crash leaves an earlier use's header, or none; so an unreadable header is damage.
      damages.push({ file: name, at: 0, what: "the header cannot be read; all writes in the file are lost" });
    }
  }
  return files.sort((a, b) => a.number - b.number);
}

/** Returns the header's checksum, undefined when there is no whole header. */
function headerChecksum(bytes: Uint8Array): number | undefined {
  if (bytes.length < HEADER_BYTES || readUint32(bytes, 0) !== MAGIC) return undefined;
  const checksum = crc32(bytes.subarray(0, HEADER_BYTES - 4));
  return checksum === readUint32(bytes, HEADER_BYTES - 4) ? checksum : undefined;
}

interface FileScan {
  /** The whole frames from the beginning on, and the offset of their end. */
  readonly whole: readonly Stretch[];
  readonly end: number;
  /** Where a broken frame behind them would end, at most the end of the file. */
  readonly begunEnd: number;
  /** Whole frames behind a broken one. */
  readonly behind: readonly Stretch[];
}

function scanFile(file: EarlierFile): FileScan {
  const { bytes, seed, number } = file;
  const whole: Stretch[] = [];
  let at = seed === undefined ? 0 : HEADER_BYTES;
  for (let frame = frameAt(file, at); frame !== undefined; frame = frameAt(file, at)) {
    whole.push(frame);
    at = frame[1];
  }
  // Frames of format 1 have no mark to search for.
  if (seed === undefined) return { whole, end: at, begunEnd: bytes.length, behind: [] };
  const behind: Stretch[] = [];
  const tag = bytes.subarray(4, 12);
  let isBegun = at + FRAME_HEADER_BYTES <= bytes.length && readUint64(bytes, at) === number;
  for (let from = at + 1; ; ) {
    const found = bytes.indexOf(tag, from);
    if (found < 0) break;
    const frame = frameAt(file, found);
    if (frame !== undefined) {
      behind.push(frame);
      isBegun = true;
    }
    from = frame?.[1] ?? found + 1;
  }
  const claimed = isBegun ? at + FRAME_HEADER_BYTES + readUint32(bytes, at + 8) : at;
  return { whole, end: at, begunEnd: Math.min(behind.at(-1)?.[1] ?? claimed, bytes.length), behind };
}

/** Returns the operations of the frame at `at`; undefined when no whole frame is there. */
function frameAt({ bytes, seed, number }: EarlierFile, at: number): Stretch | undefined {
  const headerBytes = seed === undefined ? FORMAT_1_FRAME_HEADER_BYTES : FRAME_HEADER_BYTES;
  if (at + headerBytes > bytes.length) return undefined;
  if (seed !== undefined && readUint64(bytes, at) !== number) return undefined;
  const start = at + headerBytes;
  const end = start + readUint32(bytes, start - 8);
  // No frame without operations was ever written; a file system that lost the end may have left zeros.
  if (end === start || end > bytes.length) return undefined;
  return crc32(bytes.subarray(start, end), seed ?? 0) === readUint32(bytes, start - 4)
    ? [start, end]
    : undefined;
}

const MAGIC = 0xf26a6367;
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 16;
const FORMAT_1_NAME = /^journal-([0-9]{1,15})$/;
const FORMAT_1_FRAME_HEADER_BYTES = 8;
