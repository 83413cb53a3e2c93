import { utf8 } from "../lib/bytes.ts";

/** One of the characters that stand for a byte. */
const BYTE_CHARACTER = /([\u{10fe80}-\u{10feff}])/u;

/**
 * The bytes of a key or a value from the reply to the text protocol's DUMP, once that has been parsed as JSON: UTF-8,
 * and a byte for each of the characters U+10FE80 to U+10FEFF, which stand for bytes that are no part of UTF-8.
 */
export function dumpedBytes(text: string): Uint8Array {
  const pieces = text.split(BYTE_CHARACTER);
  return Buffer.concat(
    pieces.map((piece, index) =>
      index % 2 === 0 ? utf8(piece) : Uint8Array.of(piece.codePointAt(0)! & 0xff),
    ),
  );
}
