import { ByteBuffer } from "../lib/byte-buffer.ts";
import { parseDecimal } from "../lib/bytes.ts";
import {
  ARRAY,
  ATTRIBUTE,
  BIG_NUMBER,
  BOOLEAN,
  BULK,
  BULK_ERROR,
  DOUBLE,
  ERROR,
  MAP,
  NULL,
  PUSH,
  SET,
  VERBATIM,
} from "../protocol/reply-types.ts";
import { writeArgument, writeArgumentCount } from "../protocol/request-writer.ts";
import type { RespWriter } from "../protocol/resp-writer.ts";

const CR = 0x0d;
const NULL_BULK = new TextEncoder().encode("$-1\r\n");
const TRUE = 0x74;

/** Writes a complete RESP3 reply, bytes[start, end), to a client of either RESP version. */
export function writeWholeReply(reply: RespWriter, bytes: Uint8Array, start: number, end: number): void {
  if (reply.version === 3) reply.out.append(bytes, start, end);
  else downgradeReply(bytes, start, reply.out);
}

/**
 * Writes a complete RESP3 reply in RESP2. Except for nulls, replies over the main connection consist of types that
 * both versions have. Other types are written as Redis writes them for RESP2 clients: maps and sets as flat arrays,
 * doubles as strings.
 * @returns the offset behind the reply
 */
export function downgradeReply(bytes: Uint8Array, at: number, out: ByteBuffer): number {
  const type = bytes[at]!;
  let lineEnd = at + 1;
  while (bytes[lineEnd] !== CR) lineEnd++;
  const next = lineEnd + 2;
  switch (type) {
    case NULL:
      out.append(NULL_BULK);
      return next;
    case BOOLEAN:
      out.append(new TextEncoder().encode(bytes[at + 1] === TRUE ? ":1\r\n" : ":0\r\n"));
      return next;
    case DOUBLE:
    case BIG_NUMBER:
      writeArgument(out, bytes, at + 1, lineEnd);
      return next;
    case BULK:
    case VERBATIM:
    case BULK_ERROR: {
      const length = parseDecimal(bytes, at + 1, lineEnd) ?? -1;
      if (length < 0) {
        out.append(bytes, at, next);
        return next;
      }
      const end = next + length + 2;
      if (type === BULK) out.append(bytes, at, end);
      else if (type === VERBATIM) writeArgument(out, bytes, next + 4, next + length);
      else {
        out.append(Uint8Array.of(ERROR));
        out.append(bytes, next, end);
      }
      return end;
    }
    case ATTRIBUTE: {
      // RESP2 has no attributes: skips them.
      let position = next;
      const ignored = new ByteBuffer();
      const count = (parseDecimal(bytes, at + 1, lineEnd) ?? 0) * 2;
      for (let i = 0; i < count; i++) position = downgradeReply(bytes, position, ignored);
      return downgradeReply(bytes, position, out);
    }
    case ARRAY:
    case SET:
    case PUSH:
    case MAP: {
      const length = parseDecimal(bytes, at + 1, lineEnd) ?? -1;
      if (length < 0) {
        out.append(bytes, at, next);
        return next;
      }
      const count = type === MAP ? length * 2 : length;
      writeArgumentCount(out, count);
      let position = next;
      for (let i = 0; i < count; i++) position = downgradeReply(bytes, position, out);
      return position;
    }
    default:
      out.append(bytes, at, next);
      return next;
  }
}
