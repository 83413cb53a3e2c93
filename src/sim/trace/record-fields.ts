import { latin1 } from "../../lib/bytes.ts";
import { writeKeyHash } from "../../lib/key-hash.ts";
import { READ, type RecordBatch } from "../../replay/records.ts";
import type { KeyObserver } from "./trace-format.ts";

const ZERO = 0x30;
/** Separates the parts of a key composed of several fields; texts do not contain it. */
export const UNIT_SEPARATOR = 0x1f;

/** Appends a record whose key is a number, given in two halves. */
export function addRecord(
  batch: RecordBatch,
  keyLow: number,
  keyHigh: number,
  size: number,
  timeMs: number,
  operation: number,
  ttlMs: number,
): void {
  const i = batch.count++;
  batch.keyLow[i] = keyLow;
  batch.keyHigh[i] = keyHigh;
  batch.size[i] = size;
  batch.timeMs[i] = timeMs;
  batch.operation[i] = operation;
  batch.ttlMs[i] = ttlMs;
  batch.family[i] = 0;
}

/**
 * Appends a read of the key bytes[start, end). The key is the number itself if it is a whole decimal number below
 * 2^64 without leading zeros, else its hash.
 */
export function addKey(
  batch: RecordBatch,
  bytes: Uint8Array,
  start: number,
  end: number,
  families: KeyObserver | undefined,
): void {
  const i = batch.count;
  addRecord(batch, 0, 0, 1, 0, READ, 0);
  if (!setNumber(batch, i, bytes, start, end)) {
    writeKeyHash(bytes, start, end, batch.keyLow, batch.keyHigh, i);
    if (families !== undefined) batch.family[i] = families.numberOf(bytes, start, end);
  }
}

/** @returns false if the text is not the canonical form of a number below 2^64 */
export function setNumber(
  batch: RecordBatch,
  i: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const length = end - start;
  if (length < 1 || length > 20 || (bytes[start] === ZERO && length > 1)) return false;
  // Exact up to 15 digits; a longer number is upper · 10^9 + lower.
  const split = length > 15 ? end - 9 : end;
  const upper = digits(bytes, start, split);
  if (upper < 0) return false;
  if (split === end) {
    batch.keyLow[i] = upper;
    batch.keyHigh[i] = Math.floor(upper / 2 ** 32);
    return true;
  }
  const lower = digits(bytes, split, end);
  if (lower < 0) return false;
  const upperLow = upper >>> 0;
  const a = (upperLow & 0xffff) * 1e9 + lower;
  const b = (upperLow >>> 16) * 1e9;
  const low = a + (b % 2 ** 16) * 2 ** 16;
  const high = Math.floor(upper / 2 ** 32) * 1e9 + Math.floor(b / 2 ** 16) + Math.floor(low / 2 ** 32);
  if (high >= 2 ** 32) return false;
  batch.keyLow[i] = low >>> 0;
  batch.keyHigh[i] = high;
  return true;
}

/** Returns the number whose digits are bytes[start, end), at most 15 of them; -1 if they are not digits. */
export function digits(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}

/** Appends record `i` of another batch. */
export function copyRecord(from: RecordBatch, i: number, batch: RecordBatch): void {
  const to = batch.count++;
  batch.keyLow[to] = from.keyLow[i]!;
  batch.keyHigh[to] = from.keyHigh[i]!;
  batch.size[to] = from.size[i]!;
  batch.timeMs[to] = from.timeMs[i]!;
  batch.operation[to] = from.operation[i]!;
  batch.ttlMs[to] = from.ttlMs[i]!;
  batch.family[to] = from.family[i]!;
}

/**
 * Appends record `i` of another batch, or of the same one, `times` times or until the batch is full.
 * @returns how many times
 */
export function repeatRecord(from: RecordBatch, i: number, batch: RecordBatch, times: number): number {
  const first = batch.count;
  const end = Math.min(batch.capacity, first + times);
  batch.keyLow.fill(from.keyLow[i]!, first, end);
  batch.keyHigh.fill(from.keyHigh[i]!, first, end);
  batch.size.fill(from.size[i]!, first, end);
  batch.timeMs.fill(from.timeMs[i]!, first, end);
  batch.operation.fill(from.operation[i]!, first, end);
  batch.ttlMs.fill(from.ttlMs[i]!, first, end);
  batch.family.fill(from.family[i]!, first, end);
  batch.count = end;
  return end - first;
}

/** Parses a whole number from 0 to 2^53 − 1, such as `1500`, `1500.0` or `1.5e3`; NaN for anything else. */
export function wholeNumber(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= 15) {
    const whole = digits(bytes, start, end);
    if (whole >= 0) return whole;
  }
  const value = quantity(bytes, start, end);
  return Number.isSafeInteger(value) ? value : Number.NaN;
}

/** Parses a decimal number of zero or more, in any form; NaN for anything else. */
export function quantity(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= 15) {
    const whole = digits(bytes, start, end);
    if (whole >= 0) return whole;
  }
  const text = textOf(bytes, start, end).trim();
  // Excludes other forms that `Number` accepts, such as 0x10.
  const value = /^(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

/** Returns text for messages and words: one character per byte, cut if it is long. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  const shown = Math.min(end, start + 100);
  const text = latin1(bytes, start, shown);
  return shown < end ? `${text}…` : text;
}

/** The same as `textOf`, made fit for one line of a message. */
export function quoted(bytes: Uint8Array, start: number, end: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not reach a terminal
  return `"${textOf(bytes, start, end).replace(/[\x00-\x1f\x7f-\x9f]/g, "?")}"`;
}
