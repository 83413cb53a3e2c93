import { CR, LF } from "./encoding.ts";
import { INCOMPLETE, INVALID, LineNumber } from "./line-number.ts";
import { ProtocolError } from "./protocol.ts";
import { parseBoolean, parseDouble, parseInteger } from "./reply-scalars.ts";
import * as form from "./reply-types.ts";

/** Bounds on what is received. Crossing one is a `ProtocolError`. */
export interface ReplyLimits {
  /** Bytes of one whole reply, the attributes before it included. */
  replyBytes: number;
  /** How deep arrays, maps, sets, pushes and attributes may lie within each other. */
  depth: number;
}

const DEFAULT_REPLY_LIMITS: Readonly<ReplyLimits> = { replyBytes: 1024 ** 3, depth: 1000 };

/** Longest line of a number or a length. Texts (status and error) are bounded by the reply's size alone. */
const NUMBER_LINE_BYTES = 16 * 1024;
/** The fewest bytes a reply can have: `_\r\n`. */
const LEAST_REPLY_BYTES = 3;
const QUESTION_MARK = 0x3f;
const COLON = 0x3a;
/** What begins a verbatim text: three letters and a colon. */
const FORMAT_BYTES = 4;
const UNKNOWN = -1;

/**
 * Finds the end of each reply in a stream of RESP2 or RESP3, without making values of it: `decodeReply` does that
 * where it is wanted. A reply that arrives in many pieces is read once. All of it is checked, so what `next` has
 * found complete can be decoded or passed on. RESP3's streamed forms (`$?`, `*?`), which no server sends, are
 * refused.
 *
 * As a `RequestParser` does, it works on bytes[start, end) that begin where the reply in progress begins (with
 * its attributes), and that may lie elsewhere in every call. After a `ProtocolError` it is of no use.
 */
export class ReplyReader {
  /** May be exchanged between two replies. */
  limits: Readonly<ReplyLimits>;
  /** While `next` answers -1: how many bytes, counted from the reply's start, are certain to be needed. */
  neededBytes = 1;

  // What `next` has found; valid until it is called again. Offsets are those of the bytes it was given last.

  /** The reply's first byte, one of `reply-types.ts`; never ATTRIBUTE. */
  type = 0;
  /** Where the reply itself begins, behind its attributes. */
  replyStart = 0;
  /** True for `_`, `$-1` and `*-1`. */
  isNull = false;
  /** Where the payload begins: a line's text, a string's bytes, an aggregate's first element. */
  valueStart = 0;
  /** Where the payload ends: before the CR LF of a line or string, behind the last element of an aggregate. */
  valueEnd = 0;
  /** Elements of an aggregate (pairs, of a map); 0 for all else. */
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
  /** Replies still to come: at 0 of the stream's (one), then of each aggregate that is open, the innermost last. */
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
   * @returns the offset behind the reply when one is complete, or -1 when more bytes are needed
   * @throws ProtocolError when this is not a reply, or one beyond the limits
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
   * While `next` answers -1: the length of the byte string that it waits for, where that alone is the reply (no
   * aggregate, no attributes); 0 where it waits for something else.
   */
  get awaitedBytes(): number {
    const isAlone = this.#depth === 0 && this.#blobAt === 0 && this.#blobType === form.BULK;
    return isAlone && this.#blobBytes !== UNKNOWN ? this.#blobBytes : 0;
  }

  /** Where that string begins, counted from the reply's start. */
  get awaitedAt(): number {
    return this.#at;
  }

  /** That reply goes elsewhere, to its end: the reader is given what comes behind it. */
  divert(): void {
    this.#at = UNKNOWN;
    this.#blobBytes = UNKNOWN;
  }

  /** Reads the line at `at`, with which a reply of any form begins. @returns false when it is not all there */
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

  /** Reads the line of a length or a count, into #line. @returns false when it is not all there */
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

  /** Begins a string whose length #line holds. @returns false when its bytes are not all there */
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

  /** Reads a string whose header has been read. @returns false when it is not all there */
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

  /** Begins an aggregate whose count #line holds. */
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
    // Attributes are not a reply themselves: the one they belong to is still to come.
    if (type !== form.ATTRIBUTE) this.#found(type, replyAt, this.#at, UNKNOWN, false, count);
    this.#open[++this.#depth] = replies;
    return true;
  }

  /** Counts a reply, and notes it when it is the one that `next` is to answer with. */
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
