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
 * Writes replies of the text protocol, one line each. An aggregate has a line for each element; an empty one is an
 * empty line. A value is written unchanged: one with a line feed, which RESP can store, takes several lines.
 */
export class TextWriter implements ReplyWriter {
  readonly version = 0;
  /** Receives the replies. It may be replaced between two replies. */
  out: ByteBuffer;
  /** Written before each reply, such as `{Proxy Server} : `. */
  prefix: Uint8Array = NO_PREFIX;
  /** The reply ends without a line feed, because its request did. */
  bare = false;
  /** Takes large values, to send them without a copy. Undefined: they are copied. */
  largeTaker: LargeTaker | undefined;
  /** Elements of the current reply that are still to come; 0 between two replies. */
  #pending = 0;

  constructor(out: ByteBuffer = new ByteBuffer()) {
    this.out = out;
  }

  /** Begins a new reply, also if the last one is incomplete. @param bare as the field */
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

  /** `ERROR ` and the message. The code word `ERR` is dropped, because it says the same; others are kept. */
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
   * Begins a reply, such as that of DUMP, that is written piece by piece, straight to `out`. `endRaw` ends it; no other
   * reply may come in between. It gets no prefix.
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
