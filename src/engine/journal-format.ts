import { crc32 } from "node:zlib";

/**
 * What the journal's files hold. There are two, `journal-even` and `journal-odd`, which take turns: each use of one has
 * a number, one more than the use before, and is written over what the file held.
 *
 *     file       header, frames, what is left of an earlier use
 *     header     "gcj" and 0xf2 (4 bytes), number (8), salt (8), length of the use before (8), CRC-32 of these (4)
 *     frame      number (8), length of the operations (4), CRC-32 (4), operations
 *     operation  kind (1 byte); put: key length (4), record length (4), key, record; remove: key length (4), key
 *
 * Numbers are little-endian. A frame's checksum is that of the header's 28 bytes before its own and of the operations.
 * (Not of the whole header: all bytes with their own CRC behind them have the same one.)
 *
 * What is left of an earlier use has a lower number, so its frames are never taken for new ones, however well they fit
 * behind the last. Nor are bytes that a client has put into a value: they would have to know the salt, which is drawn
 * for each use. The length of the use before tells a file that has lost its end from one that ended there.
 *
 * Version 1 had a file for each use, `journal-NUMBER`, without header, its frames without number, and the checksum
 * of the operations alone. It is still read, and never written.
 */

export const FILE_HEADER_BYTES = 32;
export const FRAME_HEADER_BYTES = 16;

/** The names of the two files; a use has that at its number modulo 2. */
export const FILE_NAMES: readonly [string, string] = ["journal-even", "journal-odd"];

const MAGIC = 0xf26a6367;
const CHECKED_HEADER_BYTES = FILE_HEADER_BYTES - 4;

export const PUT = 1;
export const REMOVE = 2;
export const REMOVE_ALL = 3;

/** The beginning of a file: of which use it is. */
export interface FileHeader {
  readonly number: number;
  /** Length of the use numbered one less; of no meaning where that is contained in the database. */
  readonly previousBytes: number;
  /** What the checksums of its frames begin with. */
  readonly seed: number;
}

/**
 * Writes a header over target[0, FILE_HEADER_BYTES).
 * @param salt 8 bytes that nobody can foresee
 * @returns what the checksums of the frames begin with
 */
export function writeFileHeader(
  target: Uint8Array,
  number: number,
  salt: Uint8Array,
  previousBytes: number,
): number {
  writeUint32(target, 0, MAGIC);
  writeUint64(target, 4, number);
  target.set(salt, 12);
  writeUint64(target, 20, previousBytes);
  const checksum = crc32(target.subarray(0, CHECKED_HEADER_BYTES));
  writeUint32(target, CHECKED_HEADER_BYTES, checksum);
  return checksum;
}

/** Undefined when there is no whole header. */
export function readFileHeader(bytes: Uint8Array): FileHeader | undefined {
  if (bytes.length < FILE_HEADER_BYTES || readUint32(bytes, 0) !== MAGIC) return undefined;
  const checksum = crc32(bytes.subarray(0, CHECKED_HEADER_BYTES));
  if (checksum !== readUint32(bytes, CHECKED_HEADER_BYTES)) return undefined;
  return {
    number: readUint64(bytes, 4),
    previousBytes: readUint64(bytes, 20),
    seed: checksum,
  };
}

/** Writes the header of a frame over target[at, at + FRAME_HEADER_BYTES). */
export function writeFrameHeader(
  target: Uint8Array,
  at: number,
  number: number,
  operationBytes: number,
  checksum: number,
): void {
  writeUint64(target, at, number);
  writeUint32(target, at + 8, operationBytes);
  writeUint32(target, at + 12, checksum);
}

/** Writes a whole number from 0 to 2^53. */
export function writeUint64(target: Uint8Array, at: number, value: number): void {
  writeUint32(target, at, value);
  writeUint32(target, at + 4, Math.floor(value / 0x1_0000_0000));
}

export function readUint64(source: Uint8Array, at: number): number {
  return readUint32(source, at + 4) * 0x1_0000_0000 + readUint32(source, at);
}

export function writeUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}

export function readUint32(source: Uint8Array, at: number): number {
  return (source[at]! | (source[at + 1]! << 8) | (source[at + 2]! << 16) | (source[at + 3]! << 24)) >>> 0;
}
