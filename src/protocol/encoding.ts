import { type ByteBuffer, copyBytes } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";

/** Functions that write the parts of requests and replies to a buffer. They allocate nothing. */

export const CR = 0x0d;
export const LF = 0x0a;

const MINUS = 0x2d;
const DIGIT_ZERO = 0x30;
const SPACE = 0x20;
/** A sign and the digits of 2^53. */
const DECIMAL_BYTES = 17;
const HEADER_BYTES = DECIMAL_BYTES + 3;
/** The most bytes that RESP puts around a string. */
export const FRAME_BYTES: number = HEADER_BYTES + 2;
const MAX_INT32 = 0x7fff_ffff;
/** A text up to this length is written character by character, a longer one in one call. */
const SHORT_TEXT = 256;

export function writeByte(out: ByteBuffer, byte: number): void {
  out.reserve(1);
  out.bytes[out.length++] = byte;
}

export function writeLineEnd(out: ByteBuffer): void {
  out.reserve(2);
  out.bytes[out.length] = CR;
  out.bytes[out.length + 1] = LF;
  out.length += 2;
}

/** A whole number within ±2^53, in decimal. */
export function writeDecimal(out: ByteBuffer, value: number): void {
  out.reserve(DECIMAL_BYTES);
  out.length = putDecimal(out.bytes, out.length, value);
}

/** `:12\r\n`, `$3\r\n`, `*2\r\n`: a type byte, a whole number, the line's end. */
export function writeHeader(out: ByteBuffer, type: number, value: number): void {
  out.reserve(HEADER_BYTES);
  out.length = putHeader(out.bytes, out.length, type, value);
}

/** @returns the offset behind the number; `bytes` must have room for DECIMAL_BYTES */
function putDecimal(bytes: Uint8Array, start: number, value: number): number {
  let first = start;
  let rest = value;
  if (rest < 0) {
    bytes[first++] = MINUS;
    rest = -rest;
  }
  const end = first + digitCount(rest);
  let at = end;
  while (rest > MAX_INT32) {
    const quotient = Math.floor(rest / 10);
    bytes[--at] = DIGIT_ZERO + (rest - quotient * 10);
    rest = quotient;
  }
  let small = rest | 0;
  while (at > first) {
    const quotient = (small / 10) | 0;
    bytes[--at] = DIGIT_ZERO + (small - quotient * 10);
    small = quotient;
  }
  return end;
}

function digitCount(value: number): number {
  let count = 1;
  for (let power = 10; value >= power; power *= 10) count++;
  return count;
}

/** @returns the offset behind the header; `bytes` must have room for HEADER_BYTES */
function putHeader(bytes: Uint8Array, start: number, type: number, value: number): number {
  bytes[start] = type;
  let at = start + 1;
  if (value >= 0 && value < 10) bytes[at++] = DIGIT_ZERO + value;
  else at = putDecimal(bytes, at, value);
  bytes[at] = CR;
  bytes[at + 1] = LF;
  return at + 2;
}

/** A text's UTF-8 bytes; unpaired surrogates become U+FFFD. */
export function writeText(out: ByteBuffer, text: string): void {
  if (text.length > SHORT_TEXT || !writeAscii(out, text)) out.append(utf8(text));
}

/** @returns false, with nothing written, when the text is not plain ASCII */
function writeAscii(out: ByteBuffer, text: string): boolean {
  const length = text.length;
  out.reserve(length);
  const bytes = out.bytes;
  const at = out.length;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return false;
    bytes[at + i] = code;
  }
  out.length = at + length;
  return true;
}

/** As `writeText`, but replaces line breaks by spaces. For texts that must stay one line. */
export function writeLineText(out: ByteBuffer, text: string): void {
  const start = out.length;
  writeText(out, text);
  const bytes = out.bytes;
  for (let at = start; at < out.length; at++) {
    if (bytes[at] === CR || bytes[at] === LF) bytes[at] = SPACE;
  }
}

/** `type`, the length of source[start, end), and the bytes themselves, as RESP frames a string. */
export function writeBlob(
  out: ByteBuffer,
  type: number,
  source: Uint8Array,
  start: number,
  end: number,
): void {
  const length = end - start;
  out.reserve(length + FRAME_BYTES);
  const bytes = out.bytes;
  let at = putHeader(bytes, out.length, type, length);
  copyBytes(source, start, end, bytes, at);
  at += length;
  bytes[at] = CR;
  bytes[at + 1] = LF;
  out.length = at + 2;
}

/** `type`, the length of the text in UTF-8, and its bytes, as RESP frames a string. */
export function writeTextBlob(out: ByteBuffer, type: number, text: string): void {
  if (text.length <= SHORT_TEXT) {
    const start = out.length;
    writeHeader(out, type, text.length);
    if (writeAscii(out, text)) {
      writeLineEnd(out);
      return;
    }
    out.length = start;
  }
  const bytes = utf8(text);
  writeBlob(out, type, bytes, 0, bytes.length);
}
