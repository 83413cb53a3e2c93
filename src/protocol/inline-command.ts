import { hexDigit, isSpace } from "./characters.ts";
import { refuseHttpLine, refuseHttpName } from "./foreign-protocol.ts";
import { type ParserLimits, ProtocolError, type Request } from "./protocol.ts";

/** Longest inline command, as in Redis. */
export const INLINE_BYTES: number = 64 * 1024;

const BACKSLASH = 0x5c;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const LOWER_X = 0x78;

/**
 * Parses an inline command: bytes[start, end), without the line end. A line of white space has no arguments.
 * @throws ProtocolError with Redis's texts
 */
export function parseInline(
  bytes: Uint8Array,
  start: number,
  end: number,
  limits: ParserLimits,
  request: Request,
): void {
  if (end - start > Math.min(INLINE_BYTES, limits.requestBytes))
    throw new ProtocolError("too big inline request");
  let from = start;
  while (from < end && isSpace(bytes[from]!)) from++;
  let to = end;
  while (to > from && isSpace(bytes[to - 1]!)) to--;
  refuseHttpLine(bytes, from, to);
  if (!splitInline(bytes, start, end, request)) throw new ProtocolError("unbalanced quotes in request");
  if (request.count > limits.argumentCount) throw new ProtocolError("too big inline request");
  if (request.count > 0) refuseHttpName(request.bytes, request.starts[0]!, request.ends[0]!);
}

/**
 * Splits an inline command into arguments as Redis does: at white space; within double quotes `\n`, `\r`, `\t`,
 * `\b`, `\a`, `\xHH` and a backslash before any other character stand for a byte; within single quotes only `\'`
 * does. White space or the end must follow a closing quote. Arguments are ranges of bytes[start, end) or, if there are
 * quotes, of a copy without the quotes.
 * @returns false when the quotes are not balanced
 */
export function splitInline(bytes: Uint8Array, start: number, end: number, request: Request): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] === DOUBLE_QUOTE || bytes[at] === SINGLE_QUOTE) {
      return splitQuoted(bytes.slice(start, end), request);
    }
  }
  let at = start;
  for (;;) {
    while (at < end && isSpace(bytes[at]!)) at++;
    if (at === end) return true;
    const from = at;
    while (at < end && !endsWord(bytes[at]!)) at++;
    request.add(from, at);
  }
}

/** Removes quotes and escapes from `line` in place. */
function splitQuoted(line: Uint8Array, request: Request): boolean {
  request.reset(line);
  const end = line.length;
  let at = 0;
  let to = 0;
  for (;;) {
    while (at < end && isSpace(line[at]!)) at++;
    if (at === end) return true;
    const from = to;
    let quote = 0;
    for (;;) {
      if (at === end) {
        if (quote !== 0) return false;
        break;
      }
      const byte = line[at]!;
      if (quote === 0) {
        if (endsWord(byte)) break;
        if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) quote = byte;
        else line[to++] = byte;
        at++;
      } else if (byte === quote) {
        at++;
        if (at < end && !isSpace(line[at]!)) return false;
        break;
      } else if (byte === BACKSLASH && at + 1 < end && (quote === DOUBLE_QUOTE || line[at + 1] === quote)) {
        const high = at + 3 < end ? hexDigit(line[at + 2]!) : -1;
        const low = at + 3 < end ? hexDigit(line[at + 3]!) : -1;
        if (quote === DOUBLE_QUOTE && line[at + 1] === LOWER_X && high >= 0 && low >= 0) {
          line[to++] = high * 16 + low;
          at += 4;
        } else {
          line[to++] = quote === DOUBLE_QUOTE ? escapedByte(line[at + 1]!) : quote;
          at += 2;
        }
      } else {
        line[to++] = byte;
        at++;
      }
    }
    request.add(from, to);
  }
}

/** Unlike `isSpace`: Redis does not end an unquoted word at a vertical tab or a form feed. */
function endsWord(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}

function escapedByte(byte: number): number {
  switch (byte) {
    case 0x6e: // n
      return 0x0a;
    case 0x72: // r
      return 0x0d;
    case 0x74: // t
      return 0x09;
    case 0x62: // b
      return 0x08;
    case 0x61: // a
      return 0x07;
    default:
      return byte;
  }
}
