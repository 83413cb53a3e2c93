import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1 } from "../lib/bytes.ts";
import { writeByte } from "./encoding.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
const DELETE = 0x7f;
/** The buffer's room is checked once for so many bytes of a string. */
const PIECE_BYTES = 4096;
/** The most characters for one byte: `\udbff\ude80`. */
const ESCAPE_BYTES = 12;
/** A UTF-8 sequence may go this many bytes past the end of a piece. */
const BEYOND_BYTES = 3;

const DIGIT_ZERO = 0x30;
const LOWER_A = 0x61;
const LOWER_U = 0x75;
/** For each ASCII byte the character behind the backslash of its escape; 0 if it needs no escape. */
const ESCAPES = escapes();

/** Precedes the two digits of a byte that is no part of UTF-8. */
const BYTE_PREFIX = fromLatin1("\\udbff\\ude");

/**
 * Writes a JSON object of strings, entry by entry, in one line: `{"key":"value",…}`. Keys and values are bytes, and
 * different bytes are written differently. UTF-8 is written unchanged. A byte `xx` (80 to ff) that is no part of UTF-8
 * becomes the character U+10FExx, escaped: `\udbff\udexx`. These 128 characters are for private use; where they occur
 * in a key or value, each of their bytes is written in this way. So for a reader one of them always stands for a byte
 * (`dumpedBytes`). Lone surrogates would not do: some JSON parsers do not keep them apart.
 */
export class JsonObjectWriter {
  /** Receives the text. It may be replaced or emptied between two entries. */
  out: ByteBuffer;
  readonly #forTerminal: boolean;
  #count = 0;

  /** @param options forTerminal: escape DEL and the C1 control characters as well */
  constructor(out: ByteBuffer, options?: { readonly forTerminal?: boolean }) {
    this.out = out;
    this.#forTerminal = options?.forTerminal ?? false;
  }

  begin(): void {
    writeByte(this.out, OPEN);
    this.#count = 0;
  }

  entry(
    key: Uint8Array,
    value: Uint8Array,
    keyStart = 0,
    keyEnd: number = key.length,
    valueStart = 0,
    valueEnd: number = value.length,
  ): void {
    if (this.#count++ > 0) writeByte(this.out, COMMA);
    writeJsonString(this.out, key, keyStart, keyEnd, this.#forTerminal);
    writeByte(this.out, COLON);
    writeJsonString(this.out, value, valueStart, valueEnd, this.#forTerminal);
  }

  end(): void {
    writeByte(this.out, CLOSE);
  }
}

/** source[start, end) as a JSON string. */
function writeJsonString(
  out: ByteBuffer,
  source: Uint8Array,
  start: number,
  end: number,
  forTerminal: boolean,
): void {
  writeByte(out, QUOTE);
  let from = start;
  while (from < end) {
    const stop = Math.min(end, from + PIECE_BYTES);
    out.reserve((stop - from + BEYOND_BYTES) * ESCAPE_BYTES);
    from = writeCharacters(out, source, from, stop, end, forTerminal);
  }
  writeByte(out, QUOTE);
}

/**
 * Writes the characters of source[start, end) that begin before `stop`; the buffer has room for them.
 * @returns the offset behind the last one
 */
function writeCharacters(
  out: ByteBuffer,
  source: Uint8Array,
  start: number,
  stop: number,
  end: number,
  forTerminal: boolean,
): number {
  const bytes = out.bytes;
  let to = out.length;
  let at = start;
  while (at < stop) {
    const byte = source[at]!;
    if (byte < 0x80) {
      const letter = ESCAPES[byte]!;
      at++;
      if (letter === 0 && !(forTerminal && byte === DELETE)) bytes[to++] = byte;
      else if (letter === 0 || letter === LOWER_U) to = writeControl(bytes, to, byte);
      else {
        bytes[to++] = BACKSLASH;
        bytes[to++] = letter;
      }
      continue;
    }
    const length = sequenceLength(source, at, end);
    if (forTerminal && byte === 0xc2 && length === 2 && source[at + 1]! < 0xa0) {
      to = writeControl(bytes, to, source[at + 1]!);
      at += 2;
    } else if (length > 0 && !standsForByte(source, at)) {
      for (const behind = at + length; at < behind; at++) bytes[to++] = source[at]!;
    } else {
      for (const behind = at + Math.abs(length); at < behind; at++) {
        bytes.set(BYTE_PREFIX, to);
        to = writeHex(bytes, to + BYTE_PREFIX.length, source[at]!);
      }
    }
  }
  out.length = to;
  return at;
}

/** A control character, `\u00xx`. @returns where it ends */
function writeControl(bytes: Uint8Array, at: number, code: number): number {
  bytes[at] = BACKSLASH;
  bytes[at + 1] = LOWER_U;
  bytes[at + 2] = DIGIT_ZERO;
  bytes[at + 3] = DIGIT_ZERO;
  return writeHex(bytes, at + 4, code);
}

/** Two digits. @returns where they end */
function writeHex(bytes: Uint8Array, at: number, byte: number): number {
  bytes[at] = hexCharacter(byte >>> 4);
  bytes[at + 1] = hexCharacter(byte & 15);
  return at + 2;
}

function hexCharacter(digit: number): number {
  return digit < 10 ? DIGIT_ZERO + digit : LOWER_A + digit - 10;
}

/** Whether the UTF-8 sequence at `at` is one of U+10FE80 to U+10FEFF. */
function standsForByte(source: Uint8Array, at: number): boolean {
  if (source[at] !== 0xf4 || source[at + 1] !== 0x8f) return false;
  return source[at + 2] === 0xba || source[at + 2] === 0xbb;
}

/**
 * @returns the length of the UTF-8 sequence of two to four bytes at `at`, or, when it is not one, the number of
 * bytes that could have begun one (at least 1), negated
 */
function sequenceLength(source: Uint8Array, at: number, end: number): number {
  const lead = source[at]!;
  let length = 0;
  let least = 0x80;
  let most = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) length = 2;
  else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead === 0xe0) least = 0xa0;
    else if (lead === 0xed) most = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead === 0xf0) least = 0x90;
    else if (lead === 0xf4) most = 0x8f;
  } else return -1;
  for (let i = 1; i < length; i++) {
    const byte = at + i < end ? source[at + i]! : 0;
    if (byte < least || byte > most) return -i;
    least = 0x80;
    most = 0xbf;
  }
  return length;
}

function escapes(): Uint8Array {
  const table = new Uint8Array(128).fill(LOWER_U, 0, 0x20);
  const short: [string, string][] = [
    ["\b", "b"],
    ["\t", "t"],
    ["\n", "n"],
    ["\f", "f"],
    ["\r", "r"],
    ['"', '"'],
    ["\\", "\\"],
  ];
  for (const [character, letter] of short) table[character.charCodeAt(0)] = letter.charCodeAt(0);
  return table;
}
