import type { ByteBuffer } from "../lib/byte-buffer.ts";
import { writeByte } from "./encoding.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** How many bytes of a string are written between two checks of the room there is. */
const PIECE_BYTES = 4096;
/** The most that one byte becomes: `\u0000`. */
const ESCAPE_BYTES = 6;

const DIGIT_ZERO = 0x30;
const LOWER_A = 0x61;
const LOWER_U = 0x75;
/** For each ASCII byte what follows the backslash of its escape; 0 when it stands for itself. */
const ESCAPES = escapes();

/**
 * A JSON object of strings, written entry by entry in one line: `{"key":"value",…}`. Keys and values are bytes;
 * what is not UTF-8 in them becomes U+FFFD, one for each sequence that breaks off, as the WHATWG's decoder does.
 */
export class JsonObjectWriter {
  /** Where the text goes. May be exchanged or emptied between two entries. */
  out: ByteBuffer;
  #count = 0;

  constructor(out: ByteBuffer) {
    this.out = out;
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
    writeJsonString(this.out, key, keyStart, keyEnd);
    writeByte(this.out, COLON);
    writeJsonString(this.out, value, valueStart, valueEnd);
  }

  end(): void {
    writeByte(this.out, CLOSE);
  }
}

/** source[start, end) as a JSON string. */
function writeJsonString(out: ByteBuffer, source: Uint8Array, start: number, end: number): void {
  writeByte(out, QUOTE);
  let from = start;
  while (from < end) {
    const stop = Math.min(end, from + PIECE_BYTES);
    out.reserve((stop - from) * ESCAPE_BYTES);
    from = writeCharacters(out, source, from, stop, end);
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
): number {
  const bytes = out.bytes;
  let to = out.length;
  let at = start;
  while (at < stop) {
    const byte = source[at]!;
    if (byte < 0x80) {
      const letter = ESCAPES[byte]!;
      at++;
      if (letter === 0) bytes[to++] = byte;
      else {
        bytes[to++] = BACKSLASH;
        bytes[to++] = letter;
        if (letter === LOWER_U) {
          bytes[to++] = DIGIT_ZERO;
          bytes[to++] = DIGIT_ZERO;
          bytes[to++] = DIGIT_ZERO + (byte >>> 4);
          const low = byte & 15;
          bytes[to++] = low < 10 ? DIGIT_ZERO + low : LOWER_A + low - 10;
        }
      }
      continue;
    }
    const length = sequenceLength(source, at, end);
    if (length > 0) {
      for (const behind = at + length; at < behind; at++) bytes[to++] = source[at]!;
    } else {
      at -= length;
      bytes[to++] = 0xef;
      bytes[to++] = 0xbf;
      bytes[to++] = 0xbd;
    }
  }
  out.length = to;
  return at;
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
