import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";

/** The pieces that requests and replies are written of. Free-standing, on a buffer, without an allocation. */

export const CR = 0x0d;
export const LF = 0x0a;

const MINUS = 0x2d;
const DIGIT_ZERO = 0x30;
const SPACE = 0x20;
const MAX_INT32 = 0x7fff_ffff;
/** Up to this length a text is written character by character; a longer one is encoded in one call. */
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
  out.reserve(17);
  const bytes = out.bytes;
  let rest = value;
  if (rest < 0) {
    bytes[out.length++] = MINUS;
    rest = -rest;
  }
  let at = out.length + digitCount(rest);
  out.length = at;
  while (rest > MAX_INT32) {
    const quotient = Math.floor(rest / 10);
    bytes[--at] = DIGIT_ZERO + (rest - quotient * 10);
    rest = quotient;
  }
  let small = rest | 0;
  do {
    const quotient = (small / 10) | 0;
    bytes[--at] = DIGIT_ZERO + (small - quotient * 10);
    small = quotient;
  } while (small !== 0);
}

function digitCount(value: number): number {
  let count = 1;
  for (let power = 10; value >= power; power *= 10) count++;
  return count;
}

/** `:12\r\n`, `$3\r\n`, `*2\r\n`: a type byte, a whole number, the line's end. */
export function writeHeader(out: ByteBuffer, type: number, value: number): void {
  out.reserve(20);
  const bytes = out.bytes;
  const at = out.length;
  if (value >= 0 && value < 10) {
    bytes[at] = type;
    bytes[at + 1] = DIGIT_ZERO + value;
    bytes[at + 2] = CR;
    bytes[at + 3] = LF;
    out.length = at + 4;
    return;
  }
  bytes[at] = type;
  out.length = at + 1;
  writeDecimal(out, value);
  writeLineEnd(out);
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

/** As `writeText`, with every line break replaced by a space: for what must stay one line. */
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
  out.reserve(end - start + 22);
  writeHeader(out, type, end - start);
  out.append(source, start, end);
  writeLineEnd(out);
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
