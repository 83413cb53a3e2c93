import { crc32 } from "node:zlib";

/**
 * The journal's files. There are two, `journal-even` and `journal-odd`, which take turns. Each use of a file has a
 * number, one more than the use before, and overwrites the file's former contents.
 *
 *     file       header, zeros up to 4,096, the header again, frames, then remains of an earlier use
 *     header     "gcj" and 0xf3 (4 bytes), number (8), tag (8), position (8), length of the use before (8), CRC-32 (4)
 *     frame      tag (8), synchronized (8), index (4), length of the operations (4), CRC-32 (4), operations
 *     operation  kind (1 byte); put: key length (4), record length (4), key, record; remove: key length (4), key
 *
 * Numbers are little-endian. A frame's checksum covers the header of its use, the 24 bytes of the frame before the
 * checksum, and the operations.
 *
 * The tag is drawn at random for each use. It tells the frames of this use from those of an earlier one, even from a
 * frame that fits exactly behind the last. A client that puts bytes into a value to imitate a frame would have to
 * know the tag. The tag also makes a frame findable when the length of the one before it cannot be read.
 *
 * A position is a place in the journal as a whole: all uses since the program was started, one behind the other. A
 * frame's `synchronized` is the position up to which the journal was known to be on disk when the frame was begun.
 * Unreadable bytes below such a position are damage. Above the highest one, a power cut may have left them unwritten.
 * With `--sync always` a frame is begun only when everything before it is on disk, so a broken frame with a whole one
 * behind it is damage.
 *
 * The two copies of the header lie in different blocks of the disk. A power cut may leave the header of an earlier
 * use in one of them, but never an unreadable one: before their first use the files are on disk with readable
 * headers.
 */

export const HEADER_BYTES = 40;
/** Where the header's second copy begins. */
export const SECOND_HEADER_AT = 4096;
/** Where the frames begin. */
export const FRAMES_AT = SECOND_HEADER_AT + HEADER_BYTES;
export const FRAME_HEADER_BYTES = 28;
export const TAG_BYTES = 8;

/** The names of the two files. A use has the file at index `number % 2`. */
export const FILE_NAMES: readonly [string, string] = ["journal-even", "journal-odd"];

const MAGIC = 0xf36a6367;
const CHECKED_HEADER_BYTES = HEADER_BYTES - 4;
const CHECKED_FRAME_BYTES = FRAME_HEADER_BYTES - 4;

export const PUT = 1;
export const REMOVE = 2;
export const REMOVE_ALL = 3;

/** The header of one use of a file. */
export interface UseHeader {
  /** 0 for a file that has not been used. */
  readonly number: number;
  readonly tag: Uint8Array;
  /** Where the use begins in the journal as a whole. */
  readonly position: number;
  /** Length of the use with the number before this one. */
  readonly previousBytes: number;
  /** The value that its frames' checksums begin with. */
  readonly seed: number;
}

/**
 * Writes a header over target[0, HEADER_BYTES).
 * @param tag 8 unpredictable bytes
 * @returns the value that the frames' checksums begin with
 */
export function writeUseHeader(
  target: Uint8Array,
  number: number,
  tag: Uint8Array,
  position: number,
  previousBytes: number,
): number {
  writeUint32(target, 0, MAGIC);
  writeUint64(target, 4, number);
  target.set(tag, 12);
  writeUint64(target, 20, position);
  writeUint64(target, 28, previousBytes);
  const checksum = crc32(target.subarray(0, CHECKED_HEADER_BYTES));
  writeUint32(target, CHECKED_HEADER_BYTES, checksum);
  return checksum;
}

/** Reads the header at `at`; undefined when there is no whole one. */
export function readUseHeader(bytes: Uint8Array, at: number): UseHeader | undefined {
  if (at + HEADER_BYTES > bytes.length || readUint32(bytes, at) !== MAGIC) return undefined;
  const checksum = crc32(bytes.subarray(at, at + CHECKED_HEADER_BYTES));
  if (checksum !== readUint32(bytes, at + CHECKED_HEADER_BYTES)) return undefined;
  return {
    number: readUint64(bytes, at + 4),
    tag: bytes.slice(at + 12, at + 12 + TAG_BYTES),
    position: readUint64(bytes, at + 20),
    previousBytes: readUint64(bytes, at + 28),
    seed: checksum,
  };
}

/**
 * Writes a frame's header over target[at, at + FRAME_HEADER_BYTES), except for its checksum.
 * @returns the checksum so far; the operations' checksum continues it
 */
export function beginFrameHeader(
  target: Uint8Array,
  at: number,
  use: { readonly tag: Uint8Array; readonly seed: number },
  synchronized: number,
  index: number,
  operationBytes: number,
): number {
  target.set(use.tag, at);
  writeUint64(target, at + 8, synchronized);
  writeUint32(target, at + 16, index);
  writeUint32(target, at + 20, operationBytes);
  return crc32(target.subarray(at, at + CHECKED_FRAME_BYTES), use.seed);
}

/** Writes a frame's checksum. */
export function endFrameHeader(target: Uint8Array, at: number, checksum: number): void {
  writeUint32(target, at + CHECKED_FRAME_BYTES, checksum);
}

/** Returns where the frame at `at` ends; -1 when it is no whole frame of that use. */
export function wholeFrameEnd(bytes: Uint8Array, at: number, use: UseHeader): number {
  const start = at + FRAME_HEADER_BYTES;
  if (start > bytes.length) return -1;
  for (let i = 0; i < TAG_BYTES; i++) if (bytes[at + i] !== use.tag[i]) return -1;
  const end = start + frameOperationBytes(bytes, at);
  if (end > bytes.length) return -1;
  const head = crc32(bytes.subarray(at, at + CHECKED_FRAME_BYTES), use.seed);
  const checksum = crc32(bytes.subarray(start, end), head);
  return checksum === readUint32(bytes, at + CHECKED_FRAME_BYTES) ? end : -1;
}

/** Returns the length of the operations of the frame at `at`. */
export function frameOperationBytes(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at + 20);
}

/** Returns the position up to which the journal was on disk when the frame at `at` was begun. */
export function frameSynchronized(bytes: Uint8Array, at: number): number {
  return readUint64(bytes, at + 8);
}

/** Returns how many frames of the use come before the one at `at`. */
export function frameIndex(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at + 16);
}

/** Writes a whole number from 0 to 2^53. */
function writeUint64(target: Uint8Array, at: number, value: number): void {
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
