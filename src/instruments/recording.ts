import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { hashBytes } from "../lib/hash.ts";
import { writeKeyHash } from "../lib/key-hash.ts";

/** The format of docs/RECORDING.md: constants for readers and writers, and the writer. */

export const RECORDING_MAGIC = "GLASSREC";
export const RECORDING_VERSION = 2;
/** The previous version, still readable. It hashes keys differently, and holds only the beginning of long keys. */
export const EARLIER_RECORDING_VERSION = 1;
export const RECORDING_HEADER_BYTES = 16;
/** Flag in the header: records hold keys, not hashes. */
export const HOLDS_KEYS = 1;
export const BLOCK_MAGIC = 0x4b4c4247;
export const BLOCK_HEADER_BYTES = 32;
/** Limit for the records of one block. */
export const BLOCK_LIMIT_BYTES = 2 ** 24;
/** Bits of a record's first byte: the operation, and flags. */
export const OPERATION_MASK = 3;
export const RECORDED_READ = 0;
export const RECORDED_WRITE = 1;
export const RECORDED_DELETE = 2;
export const WAS_HIT = 4;
export const HAS_TTL = 8;

/**
 * A longer key is recorded as its beginning followed by the hash of the whole key in hexadecimal digits, so that the
 * size of a block is bounded.
 */
const KEY_LIMIT_BYTES = 512;
const HASH_DIGITS = 16;

/** Returns the first bytes of a file. */
export function recordingHeader(holdsKeys: boolean): Uint8Array {
  const header = new Uint8Array(RECORDING_HEADER_BYTES);
  for (let i = 0; i < RECORDING_MAGIC.length; i++) header[i] = RECORDING_MAGIC.charCodeAt(i);
  header[8] = RECORDING_VERSION;
  header[9] = holdsKeys ? HOLDS_KEYS : 0;
  return header;
}

/** Collects the records of a block in columns that are reused. Adding a record takes a few stores. */
export class RecordingBlock {
  readonly capacity: number;
  count = 0;
  readonly flags: Uint8Array;
  readonly timeMs: Float64Array;
  readonly keyLow: Uint32Array;
  readonly keyHigh: Uint32Array;
  readonly size: Float64Array;
  readonly ttlMs: Float64Array;
  /** If keys are recorded, the concatenated keys, and where each ends. */
  readonly keys: Uint8Array | undefined;
  readonly keyEnd: Uint32Array;

  /** @param keyBytes room for keys; 0: hashes are recorded instead */
  constructor(capacity: number, keyBytes = 0) {
    this.capacity = capacity;
    this.flags = new Uint8Array(capacity);
    this.timeMs = new Float64Array(capacity);
    this.keyLow = new Uint32Array(capacity);
    this.keyHigh = new Uint32Array(capacity);
    this.size = new Float64Array(capacity);
    this.ttlMs = new Float64Array(capacity);
    this.keys = keyBytes === 0 ? undefined : new Uint8Array(keyBytes);
    this.keyEnd = new Uint32Array(capacity);
  }

  /** Tells whether one more record fits, with a key of this many bytes. */
  hasRoom(keyBytes: number): boolean {
    if (this.count === this.capacity) return false;
    if (this.keys === undefined || this.count === 0) return true;
    return this.keyEnd[this.count - 1]! + Math.min(keyBytes, KEY_LIMIT_BYTES) <= this.keys.length;
  }

  /**
   * Adds a record; there must be room.
   * @param size in bytes; 0 if unknown
   * @param ttlMs 0 if the request gave none
   */
  add(flags: number, timeMs: number, keyLow: number, keyHigh: number, size: number, ttlMs: number): void {
    const i = this.count++;
    this.flags[i] = flags;
    this.timeMs[i] = timeMs;
    this.keyLow[i] = keyLow;
    this.keyHigh[i] = keyHigh;
    this.size[i] = size;
    this.ttlMs[i] = ttlMs;
  }

  /** Adds the key of the last record, or its hash. */
  addKey(bytes: Uint8Array, start: number, end: number): void {
    const { keys, keyEnd, keyLow, keyHigh } = this;
    const i = this.count - 1;
    if (keys === undefined) {
      writeKeyHash(bytes, start, end, keyLow, keyHigh, i);
      return;
    }
    let to = i === 0 ? 0 : keyEnd[i - 1]!;
    const isLong = end - start > KEY_LIMIT_BYTES;
    const last = isLong ? start + KEY_LIMIT_BYTES - HASH_DIGITS : end;
    for (let at = start; at < last; at++) keys[to++] = bytes[at]!;
    if (isLong) {
      writeKeyHash(bytes, start, end, keyLow, keyHigh, i);
      to = putDigits(keys, putDigits(keys, to, keyHigh[i]!), keyLow[i]!);
    }
    keyEnd[i] = to;
  }
}

/**
 * Writes eight hexadecimal digits.
 * @returns where they end
 */
function putDigits(bytes: Uint8Array, start: number, value: number): number {
  const digits = value.toString(16).padStart(8, "0");
  for (let i = 0; i < digits.length; i++) bytes[start + i] = digits.charCodeAt(i);
  return start + digits.length;
}

/**
 * Appends the block to `out` in the file's format. A block without records adds nothing.
 * @param dropped number of records dropped before this block
 * @param writer number of the writing thread
 */
export function encodeBlock(block: RecordingBlock, dropped: number, writer: number, out: ByteBuffer): void {
  if (block.count === 0) return;
  out.reserve(BLOCK_HEADER_BYTES);
  const headerAt = out.length;
  out.length += BLOCK_HEADER_BYTES;
  const baseMs = Math.round(block.timeMs[0]!);
  encodeRecords(block, baseMs, out);
  const view = new DataView(out.bytes.buffer, out.bytes.byteOffset + headerAt);
  const start = headerAt + BLOCK_HEADER_BYTES;
  view.setUint32(0, BLOCK_MAGIC, true);
  view.setUint32(4, out.length - start, true);
  view.setUint32(8, block.count, true);
  view.setUint32(12, hashBytes(out.bytes, start, out.length, 0), true);
  view.setFloat64(16, baseMs, true);
  view.setUint32(24, dropped, true);
  view.setUint32(28, writer, true);
}

/** Limit for a record without its key: a byte, time, size, time to live and the key's length. */
const RECORD_LIMIT_BYTES = 1 + 4 * 8;

function encodeRecords(block: RecordingBlock, baseMs: number, out: ByteBuffer): void {
  const { flags, timeMs, keyLow, keyHigh, size, ttlMs, keys, keyEnd, count } = block;
  let before = baseMs;
  for (let i = 0; i < count; i++) {
    out.reserve(RECORD_LIMIT_BYTES + KEY_LIMIT_BYTES);
    const ttl = Math.round(ttlMs[i]!);
    out.bytes[out.length++] = ttl > 0 ? flags[i]! | HAS_TTL : flags[i]!;
    const time = Math.round(timeMs[i]!);
    const delta = time - before;
    before = time;
    putVarint(out, delta >= 0 ? 2 * delta : -2 * delta - 1);
    if (keys === undefined) {
      putUint32(out, keyLow[i]!);
      putUint32(out, keyHigh[i]!);
    } else {
      const start = i === 0 ? 0 : keyEnd[i - 1]!;
      putVarint(out, keyEnd[i]! - start);
      out.append(keys, start, keyEnd[i]!);
    }
    putVarint(out, size[i]!);
    if (ttl > 0) putVarint(out, ttl);
  }
}

/** Appends a whole number up to 2^53 − 1; there must be room for 8 bytes. */
function putVarint(out: ByteBuffer, value: number): void {
  const { bytes } = out;
  let rest = value;
  for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) bytes[out.length++] = (rest % 128) | 128;
  for (; rest >= 128; rest >>>= 7) bytes[out.length++] = (rest & 127) | 128;
  bytes[out.length++] = rest;
}

function putUint32(out: ByteBuffer, value: number): void {
  const { bytes } = out;
  bytes[out.length++] = value;
  bytes[out.length++] = value >>> 8;
  bytes[out.length++] = value >>> 16;
  bytes[out.length++] = value >>> 24;
}
