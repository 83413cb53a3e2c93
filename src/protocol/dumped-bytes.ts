import { utf8 } from "../lib/bytes.ts";

/** A character that stands for a byte. */
const BYTE_CHARACTER = /([\u{10fe80}-\u{10feff}])/u;

/**
 * The bytes of a key or a value in the text protocol's DUMP reply, after it has been parsed as JSON. Each character
 * U+10FE80 to U+10FEFF stands for one byte that is no part of UTF-8; all others are UTF-8.
 */
export function dumpedBytes(text: string): Uint8Array {
  const pieces = text.split(BYTE_CHARACTER);
  return Buffer.concat(
    pieces.map((piece, index) =>
      index % 2 === 0 ? utf8(piece) : Uint8Array.of(piece.codePointAt(0)! & 0xff),
    ),
  );
}
