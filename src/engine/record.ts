import { copyBytes } from "../lib/byte-buffer.ts";
import { NEVER } from "./engine.ts";

/**
 * The form in which keys and values are stored on disk.
 *
 *     key          hash of the user's key (4 bytes), the user's key
 *     record       0, value; or 1, expiry (8 bytes), value
 *     expiry key   expiry (8 bytes), hash (4 bytes), the user's key
 *
 * Numbers are big-endian, so that keys lie in the order of their hashes and expiry keys in the order of time.
 */

/** Bytes before the user's key in a stored key. */
export const HASH_BYTES = 4;
/** Bytes before the stored key in an expiry key. */
export const EXPIRY_BYTES = 8;

export const MAXIMUM_HASH = 0xffffffff;

/** Whether a record with this expiry has expired. */
export function isExpired(expiresAtMs: number, nowMs: number): boolean {
  return expiresAtMs !== NEVER && expiresAtMs <= nowMs;
}

/** Returns the length of a value's record. */
export function recordLength(valueBytes: number, expiresAtMs: number): number {
  return valueBytes + (expiresAtMs === NEVER ? 1 : 1 + EXPIRY_BYTES);
}

/** Writes the record of the value source[start, end) into `target`, whose length is `recordLength`. */
export function writeRecord(
  target: Uint8Array,
  source: Uint8Array,
  start: number,
  end: number,
  expiresAtMs: number,
): void {
  if (expiresAtMs === NEVER) {
    target[0] = 0;
    copyBytes(source, start, end, target, 1);
  } else {
    target[0] = 1;
    writeExpiry(target, 1, expiresAtMs);
    copyBytes(source, start, end, target, 1 + EXPIRY_BYTES);
  }
}

/** Returns where the value begins in a record. */
export function valueOffset(record: Uint8Array): number {
  return record[0] === 0 ? 1 : 1 + EXPIRY_BYTES;
}

/** Returns when a record's key expires, or `NEVER`. */
export function recordExpiry(record: Uint8Array): number {
  return record[0] === 0 ? NEVER : readExpiry(record, 1);
}

/** Writes a whole number of milliseconds from 0 to 2^63, exactly as far as it is a float. */
export function writeExpiry(target: Uint8Array, at: number, expiresAtMs: number): void {
  const high = Math.floor(expiresAtMs / 0x1_0000_0000);
  writeHash(target, at, high);
  writeHash(target, at + 4, expiresAtMs % 0x1_0000_0000);
}

export function readExpiry(source: Uint8Array, at: number): number {
  return readHash(source, at) * 0x1_0000_0000 + readHash(source, at + 4);
}

/** Writes an unsigned 32-bit number, most significant byte first. */
export function writeHash(target: Uint8Array, at: number, hash: number): void {
  target[at] = hash >>> 24;
  target[at + 1] = hash >>> 16;
  target[at + 2] = hash >>> 8;
  target[at + 3] = hash;
}

export function readHash(source: Uint8Array, at = 0): number {
  return ((source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!) >>> 0;
}
