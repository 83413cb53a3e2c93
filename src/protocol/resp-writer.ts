import { assert } from "../lib/assert.ts";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import {
  FRAME_BYTES,
  writeBlob,
  writeByte,
  writeHeader,
  writeLineEnd,
  writeLineText,
  writeText,
  writeTextBlob,
} from "./encoding.ts";
import type { LargeTaker, ReplyWriter } from "./protocol.ts";
import {
  ARRAY,
  ATTRIBUTE,
  BIG_NUMBER,
  BULK,
  DOUBLE,
  ERROR,
  INTEGER,
  MAP,
  PUSH,
  SET,
  STATUS,
  VERBATIM,
} from "./reply-types.ts";

const LINE_END = utf8("\r\n");
const OK = utf8("+OK\r\n");
const PONG = utf8("+PONG\r\n");
const QUEUED = utf8("+QUEUED\r\n");
const NULL = utf8("_\r\n");
const NULL_BULK = utf8("$-1\r\n");
const NULL_ARRAY = utf8("*-1\r\n");
const TRUE = utf8("#t\r\n");
const FALSE = utf8("#f\r\n");

const INT64_MAX = 9_223_372_036_854_775_807n;
const INT64_MIN = -9_223_372_036_854_775_808n;

/**
 * Writes replies in RESP (the Redis serialization protocol), version 2 or 3. Version 2 has fewer types, so there, as in
 * Redis, a map is a flat array, a set and a push are arrays, a boolean is 0 or 1, and a double, a verbatim text and a
 * number beyond 64 bits are byte strings.
 */
export class RespWriter implements ReplyWriter {
  /** Receives the replies. It may be replaced between two replies. */
  out: ByteBuffer;
  /** May be changed between two replies. */
  version: 2 | 3;
  /** Takes large values, to send them without a copy. Undefined: they are copied. */
  largeTaker: LargeTaker | undefined;

  constructor(out: ByteBuffer = new ByteBuffer(), version: 2 | 3 = 2) {
    this.out = out;
    this.version = version;
  }

  ok(): void {
    this.out.append(OK);
  }

  status(text: string): void {
    if (text === "PONG") this.out.append(PONG);
    else if (text === "QUEUED") this.out.append(QUEUED);
    else {
      writeByte(this.out, STATUS);
      writeLineText(this.out, text);
      writeLineEnd(this.out);
    }
  }

  error(message: string): void {
    writeByte(this.out, ERROR);
    writeLineText(this.out, message);
    writeLineEnd(this.out);
  }

  integer(value: number | bigint): void {
    if (typeof value === "number") writeHeader(this.out, INTEGER, value);
    else if (value <= INT64_MAX && value >= INT64_MIN) writeLine(this.out, INTEGER, value.toString());
    else if (this.version === 3) writeLine(this.out, BIG_NUMBER, value.toString());
    else writeTextBlob(this.out, BULK, value.toString());
  }

  bulk(source: Uint8Array, start = 0, end: number = source.length): void {
    writeBlob(this.out, BULK, source, start, end);
  }

  bulkText(text: string): void {
    writeTextBlob(this.out, BULK, text);
  }

  openValue(lengthBytes: number): ByteBuffer {
    const out = this.out;
    out.reserve(lengthBytes + FRAME_BYTES);
    writeHeader(out, BULK, lengthBytes);
    return out;
  }

  closeValue(): void {
    writeLineEnd(this.out);
  }

  get takesLarge(): boolean {
    return this.largeTaker?.acceptsLarge === true;
  }

  takeLarge(value: LargeValue): void {
    writeHeader(this.out, BULK, value.lengthBytes);
    this.largeTaker!.takeLarge(value, LINE_END);
  }

  null(): void {
    this.out.append(this.version === 3 ? NULL : NULL_BULK);
  }

  nullArray(): void {
    this.out.append(this.version === 3 ? NULL : NULL_ARRAY);
  }

  array(length: number): void {
    writeHeader(this.out, ARRAY, length);
  }

  map(length: number): void {
    if (this.version === 3) writeHeader(this.out, MAP, length);
    else writeHeader(this.out, ARRAY, length * 2);
  }

  set(length: number): void {
    writeHeader(this.out, this.version === 3 ? SET : ARRAY, length);
  }

  push(length: number): void {
    writeHeader(this.out, this.version === 3 ? PUSH : ARRAY, length);
  }

  attribute(length: number): void {
    assert(this.version === 3, "RESP2 has no attributes");
    writeHeader(this.out, ATTRIBUTE, length);
  }

  double(value: number): void {
    const text = doubleText(value);
    if (this.version === 3) writeLine(this.out, DOUBLE, text);
    else writeTextBlob(this.out, BULK, text);
  }

  boolean(value: boolean): void {
    if (this.version === 3) this.out.append(value ? TRUE : FALSE);
    else writeHeader(this.out, INTEGER, value ? 1 : 0);
  }

  verbatim(format: string, text: string): void {
    assert(format.length === 3, "a verbatim text's format has three letters");
    if (this.version === 3) writeTextBlob(this.out, VERBATIM, `${format}:${text}`);
    else writeTextBlob(this.out, BULK, text);
  }
}

/** The shortest decimal form that parses to the same number, or Redis's `inf`, `-inf` and `nan`. */
export function doubleText(value: number): string {
  if (Number.isFinite(value)) return Object.is(value, -0) ? "-0" : String(value);
  if (Number.isNaN(value)) return "nan";
  return value > 0 ? "inf" : "-inf";
}

function writeLine(out: ByteBuffer, type: number, text: string): void {
  writeByte(out, type);
  writeText(out, text);
  writeLineEnd(out);
}
