import { fromUtf8 } from "../../lib/bytes.ts";
import type { TraceHead } from "./trace-format.ts";

/** Bytes of a trace that are looked at to detect its format. */
export const HEAD_BYTES = 64 * 1024;
/** Lines of a text that are looked at. */
export const LINES_LOOKED_AT = 100;
const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** @param path as given; empty for standard input */
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

/** Whether these bytes have all the lines that format detection looks at. */
export function hasLinesEnough(bytes: Uint8Array): boolean {
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
  return lines >= LINES_LOOKED_AT && bytes.every(isTextByte);
}

/** Removes the byte order mark that some editors put at the start of a text. */
export function withoutMark(bytes: Uint8Array): Uint8Array {
  const isMarked = BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte);
  return isMarked && bytes.every(isTextByte) ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes;
}

/** Any byte but control characters; white space and a terminal's escape are allowed. */
function isTextByte(byte: number): boolean {
  return byte >= 0x20 || (byte >= 0x08 && byte <= 0x0d) || byte === 0x1b;
}

function firstLines(bytes: Uint8Array, isWhole: boolean): string[] {
  const text = fromUtf8(bytes);
  const lines = text.split("\n");
  const last = lines.pop()!;
  // The last line may be cut off, unless the head is the whole trace.
  if ((isWhole && last !== "") || lines.length === 0) lines.push(last);
  return lines.slice(0, LINES_LOOKED_AT).map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}
