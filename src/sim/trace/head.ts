import { fromUtf8 } from "../../lib/bytes.ts";
import type { TraceHead } from "./trace-format.ts";

/** As much of a trace is looked at to find out its format. */
export const HEAD_BYTES = 64 * 1024;
/** And so many lines of a text. */
export const LINES_LOOKED_AT = 100;
const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** @param path as it was given; empty for standard input */
export function describeHead(
  bytes: Uint8Array,
  isWhole: boolean,
  path: string,
  hasColumns: boolean,
): TraceHead {
  const isText = bytes.length > 0 && bytes.every(isTextByte);
  return {
    bytes,
    isWhole,
    fileName: path
      .replace(/^.*[/\\]/, "")
      .toLowerCase()
      .replace(/\.(?:gz|gzip|zst|zstd|xz|bz2|lz4)$/, ""),
    isText,
    lines: isText ? firstLines(bytes, isWhole) : [],
    hasColumns,
    found: {},
  };
}

/** Whether more of a text would not be looked at for its format. */
export function hasLinesEnough(bytes: Uint8Array): boolean {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
  return lines >= LINES_LOOKED_AT && bytes.every(isTextByte);
}

/** A text without the byte order mark that some editors put before it; what is no text stays as it is. */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  const isMarked = BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte);
  return isMarked && bytes.every(isTextByte) ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

/** Anything but control characters, of which white space is allowed, and the escape of terminals. */
function isTextByte(byte: number): boolean {
  return byte >= 0x20 || (byte >= 0x08 && byte <= 0x0d) || byte === 0x1b;
}

function firstLines(bytes: Uint8Array, isWhole: boolean): string[] {
  const text = fromUtf8(bytes);
  const lines = text.split("\n");
  const last = lines.pop()!;
  // The last one may be cut off, unless it is all there is.
  if ((isWhole && last !== "") || lines.length === 0) lines.push(last);
  return lines.slice(0, LINES_LOOKED_AT).map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}
