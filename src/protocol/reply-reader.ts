import { CR, LF } from "./encoding.ts";
import { INCOMPLETE, INVALID, LineNumber } from "./line-number.ts";
import { ProtocolError } from "./protocol.ts";
import { parseBoolean, parseDouble, parseInteger } from "./reply-scalars.ts";
import * as form from "./reply-types.ts";

/** Limits of received replies. Crossing one is a `ProtocolError`. */
export interface ReplyLimits {
  /** Bytes of one reply, including the attributes before it. */
  replyBytes: number;
  /** How deep arrays, maps, sets, pushes and attributes may be nested. */
  depth: number;
}

const DEFAULT_REPLY_LIMITS: Readonly<ReplyLimits> = { replyBytes: 1024 ** 3, depth: 1000 };

/** The longest line of a number or a length. Only the limit of the whole reply bounds a status or an error. */
const NUMBER_LINE_BYTES = 16 * 1024;
/** The fewest bytes a reply can have: `_\r\n`. */
const LEAST_REPLY_BYTES = 3;
const QUESTION_MARK = 0x3f;
const COLON = 0x3a;
/** A verbatim text begins with three letters and a colon. */
const FORMAT_BYTES = 4;
const UNKNOWN = -1;

/**
 * Finds the end of each reply in a stream of RESP2 or RESP3. It checks the whole reply but does not decode it
 * (`decodeReply` does), so a complete reply can be decoded or passed on. It reads a reply in many pieces only once. It
 * refuses RESP3's streamed forms (`$?`, `*?`), which no server sends.
 *
 * Like a `RequestParser` it gets bytes[start, end) that begin with the current reply, attributes included. The bytes
 * may be in another array at each call. After a `ProtocolError` it must not be used again.
 */
export class ReplyReader {
  /** May be replaced between two replies. */
  limits: Readonly<ReplyLimits>;
  /** After `next` returned -1: how many bytes the reply has at least, from its start. */
  neededBytes = 1;

  // The result of `next`, valid until its next call. Offsets refer to the bytes of the last call.

  /** The reply's first byte, one of `reply-types.ts`; never ATTRIBUTE. */
  type = 0;
  /** Where the reply itself begins, behind its attributes. */
  replyStart = 0;
  /** True for `_`, `$-1` and `*-1`. */
  isNull = false;
  /** The payload's start: of a line's text, a string's bytes, or an aggregate's first element. */
  valueStart = 0;
  /** The payload's end: before the CR LF of a line or string, behind the last element of an aggregate. */
  valueEnd = 0;
  /** The number of elements of an aggregate, or of pairs of a map; 0 for other replies. */
  count = 0;

  /** How far the reply in progress has been read, from its start; UNKNOWN between two replies. */
  #at = UNKNOWN;
  /** The line of a length or count in progress. */
  readonly #line = new LineNumber();
  /** How far the line in progress of another reply has been searched for its end. */
  #searched = 0;
  /** Length of the string whose header has been read, or UNKNOWN. */
  #blobBytes = UNKNOWN;
  #blobType = 0;
  #blobAt = 0;
  /** The number of replies still to come: at 0 in the stream (one), then in each open aggregate, the innermost last. */
  readonly #open: number[] = [0];
  #depth = 0;
  // The public offsets of the reply in progress, from its start.
  #replyAt = 0;
  #valueAt = 0;
  #valueEndAt = UNKNOWN;

  constructor(limits: Readonly<ReplyLimits> = DEFAULT_REPLY_LIMITS) {
    this.limits = limits;
  }

  /**
   * @returns the offset behind a complete reply, or -1 if more bytes are needed
   * @throws ProtocolError if this is not a reply, or crosses a limit
   */
  next(bytes: Uint8Array, start: number, end: number): number {
    if (this.#at === UNKNOWN) {
      this.#at = 0;
      this.#open[0] = 1;
      this.#valueEndAt = UNKNOWN;
    }
    do {
      const read =
        this.#blobBytes === UNKNOWN
          ? this.#readHead(bytes, start, start + this.#at, end)
          : this.#readBlob(bytes, start, end);
      if (!read) return -1;
      while (this.#depth > 0 && this.#open[this.#depth] === 0) this.#depth--;
    } while (this.#open[this.#depth] !== 0);
    const behind = start + this.#at;
    this.replyStart = start + this.#replyAt;
    this.valueStart = start + this.#valueAt;
    this.valueEnd = this.#valueEndAt === UNKNOWN ? behind : start + this.#valueEndAt;
    this.#at = UNKNOWN;
    return behind;
  }

  /**
   * After `next` returned -1: if the reply is a byte string without attributes and its header has come, the length of
   * that string; otherwise 0.
   */
  get awaitedBytes(): number {
    const isAlone = this.#depth === 0 && this.#blobAt === 0 && this.#blobType === form.BULK;
    return isAlone && this.#blobBytes !== UNKNOWN ? this.#blobBytes : 0;
  }

  /** The offset of that string from the reply's start. */
  get awaitedAt(): number {
    return this.#at;
  }

  /** The caller takes the rest of that reply. The next bytes for the reader are those behind it. */
  divert(): void {
    this.#at = UNKNOWN;
    this.#blobBytes = UNKNOWN;
  }

  /** Reads the first line of a reply, at `at`. @returns false if it is incomplete */
  #readHead(bytes: Uint8Array, start: number, at: number, end: number): boolean {
    if (at >= end) return this.#wait(at - start + LEAST_REPLY_BYTES);
    const type = bytes[at]!;
    switch (type) {
      case form.BULK:
      case form.BULK_ERROR:
      case form.VERBATIM:
        return this.#readLength(bytes, start, at, end) && this.#openBlob(type, bytes, start, at, end);
      case form.ARRAY:
      case form.MAP:
      case form.SET:
      case form.PUSH:
      case form.ATTRIBUTE:
        return this.#readLength(bytes, start, at, end) && this.#openAggregate(type, at - start);
      case form.STATUS:
      case form.ERROR:
      case form.INTEGER:
      case form.NULL:
      case form.BOOLEAN:
      case form.DOUBLE:
      case form.BIG_NUMBER:
        return this.#readScalar(type, bytes, start, at, end);
      default:
        throw new ProtocolError(`unknown reply type '${String.fromCharCode(type)}'`);
    }
  }

  /** Reads the line of a length or a count into #line. @returns false if it is incomplete */
  #readLength(bytes: Uint8Array, start: number, at: number, end: number): boolean {
    const line = this.#line;
    const behind = line.read(bytes, at, end);
    if (behind === INVALID) {
      const isStreamed = bytes[at + 1] === QUESTION_MARK;
      throw new ProtocolError(
        isStreamed ? "streamed replies are not supported" : "reply with an invalid length",
      );
    }
    if (behind === INCOMPLETE) {
      if (line.searched > NUMBER_LINE_BYTES) throw new ProtocolError("reply with an invalid length");
      return this.#wait(at - start + line.searched + 3);
    }
    this.#at = behind - start;
    return true;
  }

  #readScalar(type: number, bytes: Uint8Array, start: number, at: number, end: number): boolean {
    let cr = at + 1 + this.#searched;
    while (cr < end && bytes[cr] !== CR) cr++;
    this.#checkSize(cr + 2 - start);
    if (type !== form.STATUS && type !== form.ERROR && cr - at > NUMBER_LINE_BYTES) throw invalidScalar(type);
    if (cr + 1 >= end) {
      this.#searched = cr - at - 1;
      return this.#wait(cr + 2 - start);
    }
    this.#searched = 0;
    if (bytes[cr + 1] !== LF || !isScalar(type, bytes, at + 1, cr)) throw invalidScalar(type);
    this.#at = cr + 2 - start;
    this.#found(type, at - start, at + 1 - start, cr - start, type === form.NULL, 0);
    return true;
  }

  /** Begins a string; #line holds its length. @returns false if it is incomplete */
  #openBlob(type: number, bytes: Uint8Array, start: number, at: number, end: number): boolean {
    const length = this.#line.value;
    if (length < 0) {
      if (length !== -1 || type !== form.BULK) throw new ProtocolError("reply with an invalid length");
      this.#found(type, at - start, this.#at, this.#at, true, 0);
      return true;
    }
    this.#checkSize(this.#at + length + 2);
    this.#blobAt = at - start;
    this.#blobType = type;
    this.#blobBytes = length;
    return this.#readBlob(bytes, start, end);
  }

  /** Reads a string whose header has been read. @returns false if it is incomplete */
  #readBlob(bytes: Uint8Array, start: number, end: number): boolean {
    const valueAt = this.#at;
    const valueEndAt = valueAt + this.#blobBytes;
    const stop = start + valueEndAt;
    if (stop + 2 > end) return this.#wait(valueEndAt + 2);
    if (bytes[stop] !== CR || bytes[stop + 1] !== LF) throw new ProtocolError("reply with a wrong length");
    if (
      this.#blobType === form.VERBATIM &&
      (this.#blobBytes < FORMAT_BYTES || bytes[start + valueAt + FORMAT_BYTES - 1] !== COLON)
    ) {
      throw new ProtocolError("reply with a verbatim text without its format");
    }
    this.#at = valueEndAt + 2;
    this.#blobBytes = UNKNOWN;
    this.#found(this.#blobType, this.#blobAt, valueAt, valueEndAt, false, 0);
    return true;
  }

  /** Begins an aggregate; #line holds its count. */
  #openAggregate(type: number, replyAt: number): true {
    const count = this.#line.value;
    if (count < 0) {
      if (count !== -1 || type !== form.ARRAY) throw new ProtocolError("reply with an invalid length");
      this.#found(type, replyAt, this.#at, this.#at, true, 0);
      return true;
    }
    const replies = type === form.MAP || type === form.ATTRIBUTE ? count * 2 : count;
    this.#checkSize(this.#at + replies * LEAST_REPLY_BYTES);
    if (this.#depth === this.limits.depth) {
      throw new ProtocolError(`reply nested more than ${this.limits.depth} levels deep`);
    }
    // Attributes are not a reply: their reply is still to come.
    if (type !== form.ATTRIBUTE) this.#found(type, replyAt, this.#at, UNKNOWN, false, count);
    this.#open[++this.#depth] = replies;
    return true;
  }

  /** Counts a reply. Records it if it is the one that `next` returns. */
  #found(
    type: number,
    replyAt: number,
    valueAt: number,
    valueEndAt: number,
    isNull: boolean,
    count: number,
  ): void {
    this.#open[this.#depth]!--;
    if (this.#depth > 0) return;
    this.type = type;
    this.isNull = isNull;
    this.count = count;
    this.#replyAt = replyAt;
    this.#valueAt = valueAt;
    this.#valueEndAt = valueEndAt;
  }

  #checkSize(replyBytes: number): void {
    if (replyBytes > this.limits.replyBytes) {
      throw new ProtocolError(`reply of more than ${this.limits.replyBytes} bytes`);
    }
  }

  #wait(neededBytes: number): false {
    this.neededBytes = neededBytes;
    return false;
  }
}

/** Whether bytes[start, end) is the text of a reply of that type. */
function isScalar(type: number, bytes: Uint8Array, start: number, end: number): boolean {
  switch (type) {
    case form.INTEGER:
      return parseInteger(bytes, start, end) !== undefined;
    case form.NULL:
      return start === end;
    case form.BOOLEAN:
      return parseBoolean(bytes, start, end) !== undefined;
    case form.DOUBLE:
      return parseDouble(bytes, start, end) !== undefined;
    default:
      return true;
  }
}

function invalidScalar(type: number): ProtocolError {
  return new ProtocolError(`reply with an invalid line of type '${String.fromCharCode(type)}'`);
}
