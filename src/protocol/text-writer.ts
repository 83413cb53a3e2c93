import { assert } from "../lib/assert.ts";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import { LF, writeByte, writeDecimal, writeLineText, writeText } from "./encoding.ts";
import type { LargeTaker, ReplyWriter } from "./protocol.ts";
import { doubleText } from "./resp-writer.ts";

const LINE_FEED = utf8("\n");
const NOTHING = new Uint8Array(0);
const OK = utf8("OK");
const NO_SUCH_KEY = utf8("No such key found");
const ERROR = utf8("ERROR ");
const ERROR_CODE = "ERR ";
/** For replies without a prefix. */
export const NO_PREFIX: Uint8Array = new Uint8Array(0);

/**
 * Replies of the text protocol: one line each. An aggregate is one element a line, and an empty one an empty
 * line. A value goes out as it is: one that holds a line feed (RESP can store it) spans lines.
 */
export class TextWriter implements ReplyWriter {
  readonly version = 0;
  /** Where replies go. May be exchanged between two replies. */
  out: ByteBuffer;
  /** Written before each reply, such as `{Proxy Server} : `. */
  prefix: Uint8Array = NO_PREFIX;
  /** True for the reply to a one-shot request: it ends without a line feed. */
  bare = false;
  /** Who sends large values that are not copied; undefined: all are. */
  largeTaker: LargeTaker | undefined;
  /** Elements still to come of the reply begun; 0 between two replies. */
  #pending = 0;

  constructor(out: ByteBuffer = new ByteBuffer()) {
    this.out = out;
  }

  /** A new reply, whatever has become of the one before. @param bare as the field */
  restart(bare: boolean): void {
    this.prefix = NO_PREFIX;
    this.bare = bare;
    this.#pending = 0;
  }

  ok(): void {
    this.#begin();
    this.out.append(OK);
    this.#end();
  }

  status(text: string): void {
    this.#begin();
    writeLineText(this.out, text);
    this.#end();
  }

  /** `ERROR ` and the message. The code word `ERR` says no more than that and is dropped; others are kept. */
  error(message: string): void {
    this.#begin();
    this.out.append(ERROR);
    writeLineText(this.out, message.startsWith(ERROR_CODE) ? message.slice(ERROR_CODE.length) : message);
    this.#end();
  }

  integer(value: number | bigint): void {
    this.#begin();
    if (typeof value === "number") writeDecimal(this.out, value);
    else writeText(this.out, value.toString());
    this.#end();
  }

  bulk(source: Uint8Array, start = 0, end: number = source.length): void {
    this.#begin();
    this.out.append(source, start, end);
    this.#end();
  }

  bulkText(text: string): void {
    this.#begin();
    writeText(this.out, text);
    this.#end();
  }

  openValue(lengthBytes: number): ByteBuffer {
    this.#begin();
    this.out.reserve(lengthBytes + 1);
    return this.out;
  }

  closeValue(): void {
    this.#end();
  }

  get takesLarge(): boolean {
    return this.largeTaker?.acceptsLarge === true;
  }

  takeLarge(value: LargeValue): void {
    this.#begin();
    if (this.#pending > 0) this.#pending--;
    this.largeTaker!.takeLarge(value, this.#pending > 0 || !this.bare ? LINE_FEED : NOTHING);
  }

  null(): void {
    this.#begin();
    this.out.append(NO_SUCH_KEY);
    this.#end();
  }

  nullArray(): void {
    this.null();
  }

  array(length: number): void {
    this.#aggregate(length);
  }

  map(length: number): void {
    this.#aggregate(length * 2);
  }

  set(length: number): void {
    this.#aggregate(length);
  }

  push(length: number): void {
    this.#aggregate(length);
  }

  attribute(): void {
    assert(false, "the text protocol has no attributes");
  }

  double(value: number): void {
    this.bulkText(doubleText(value));
  }

  boolean(value: boolean): void {
    this.bulkText(value ? "true" : "false");
  }

  verbatim(_format: string, text: string): void {
    this.bulkText(text);
  }

  /**
   * Begins a reply that is written piece by piece, straight to `out` (a dump). `endRaw` ends it; no other reply
   * may come between. The prefix is not written.
   */
  raw(source: Uint8Array, start = 0, end: number = source.length): void {
    this.out.append(source, start, end);
  }

  /** Ends a reply written to `out` piece by piece. */
  endRaw(): void {
    if (!this.bare) writeByte(this.out, LF);
  }

  #begin(): void {
    if (this.#pending === 0) this.out.append(this.prefix);
  }

  #end(): void {
    if (this.#pending > 0) this.#pending--;
    if (this.#pending > 0 || !this.bare) writeByte(this.out, LF);
  }

  #aggregate(length: number): void {
    if (length === 0) {
      this.#begin();
      this.#end();
      return;
    }
    this.#begin();
    this.#pending = Math.max(this.#pending - 1, 0) + length;
  }
}
