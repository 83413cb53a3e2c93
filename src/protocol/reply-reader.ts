import { parseDecimal } from "../lib/bytes.ts";
import { CR, LF } from "./encoding.ts";
import { ProtocolError } from "./protocol.ts";
import { parseBigNumber, parseBoolean, parseDouble, parseInteger } from "./reply-scalars.ts";
import * as form from "./reply-types.ts";

/** Bounds on what is received. Crossing one is a `ProtocolError`. */
export interface ReplyLimits {
  /** Bytes of one whole reply, the attributes before it included. */
  replyBytes: number;
  /** How deep arrays, maps, sets, pushes and attributes may lie within each other. */
  depth: number;
}

export const DEFAULT_REPLY_LIMITS: Readonly<ReplyLimits> = { replyBytes: 1024 ** 3, depth: 64 };

/** Longest line of a number or a length. Texts (status and error) are bounded by the reply's size alone. */
const NUMBER_LINE_BYTES = 16 * 1024;
/** The fewest bytes a reply can have: `_\r\n`. */
const LEAST_REPLY_BYTES = 3;
const QUESTION_MARK = 0x3f;
const COLON = 0x3a;
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
  /** How far the line in progress, which begins at #at, has been searched for its end. */
  #searched = 0;
  /** Length of the string whose header has been read, or UNKNOWN. */
  #blobBytes = UNKNOWN;
  #blobType = 0;
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

  /** Reads the line at `at`, with which a reply of any form begins. @returns false when it is not all there */
  #readHead(bytes: Uint8Array, start: number, at: number, end: number): boolean {
    if (at >= end) return this.#wait(at - start + LEAST_REPLY_BYTES);
    const type = bytes[at]!;
    const cr = this.#lineEnd(bytes, at, end, type === form.STATUS || type === form.ERROR);
    if (cr < 0) return this.#wait(at - start + this.#searched + 2);
    this.#searched = 0;
    this.#at = cr + 2 - start;
    this.#checkSize(this.#at);
    switch (type) {
      case form.BULK:
      case form.BULK_ERROR:
      case form.VERBATIM:
        return this.#openBlob(bytes, start, at, cr, end);
      case form.ARRAY:
      case form.MAP:
      case form.SET:
      case form.PUSH:
      case form.ATTRIBUTE:
        this.#openAggregate(bytes, start, at, cr);
        return true;
      default:
        checkScalar(type, bytes, at + 1, cr);
        this.#found(type, at - start, at + 1 - start, cr - start, type === form.NULL, 0);
        return true;
    }
  }

  /** @returns the offset of the CR that ends the line at `at`, or -1 (then #searched is kept) */
  #lineEnd(bytes: Uint8Array, at: number, end: number, isText: boolean): number {
    let cr = at + Math.max(this.#searched, 1);
    while (cr < end && bytes[cr] !== CR) cr++;
    if (cr - at > NUMBER_LINE_BYTES && !isText) throw new ProtocolError("reply with an endless number");
    if (cr + 1 < end) {
      if (bytes[cr + 1] !== LF) throw new ProtocolError("reply with a CR that no LF follows");
      return cr;
    }
    this.#searched = Math.min(cr, end) - at;
    this.#checkSize(this.#at + this.#searched + 2);
    return -1;
  }

  #openBlob(bytes: Uint8Array, start: number, at: number, cr: number, end: number): boolean {
    const type = bytes[at]!;
    const length = parseLength(bytes, at, cr);
    if (length === -1 && type === form.BULK) {
      this.#found(type, at - start, at + 1 - start, cr - start, true, 0);
      return true;
    }
    if (length < 0) throw new ProtocolError("reply with a negative length");
    this.#checkSize(this.#at + length + 2);
    if (this.#depth === 0) this.#replyAt = at - start;
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
      (valueEndAt - valueAt < 4 || bytes[start + valueAt + 3] !== COLON)
    ) {
      throw new ProtocolError("reply with a verbatim text without its format");
    }
    this.#at = valueEndAt + 2;
    this.#blobBytes = UNKNOWN;
    this.#found(this.#blobType, this.#replyAt, valueAt, valueEndAt, false, 0);
    return true;
  }

  #openAggregate(bytes: Uint8Array, start: number, at: number, cr: number): void {
    const type = bytes[at]!;
    const count = parseLength(bytes, at, cr);
    if (count === -1 && type === form.ARRAY) {
      this.#found(type, at - start, at + 1 - start, cr - start, true, 0);
      return;
    }
    if (count < 0) throw new ProtocolError("reply with a negative length");
    const replies = type === form.MAP || type === form.ATTRIBUTE ? count * 2 : count;
    this.#checkSize(this.#at + replies * LEAST_REPLY_BYTES);
    if (this.#depth === this.limits.depth) {
      throw new ProtocolError(`reply nested more than ${this.limits.depth} levels deep`);
    }
    // Attributes are not a reply themselves: the one they belong to is still to come.
    if (type !== form.ATTRIBUTE) this.#found(type, at - start, this.#at, UNKNOWN, false, count);
    this.#open[++this.#depth] = replies;
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

/** The number on the line of a length or a count. */
function parseLength(bytes: Uint8Array, at: number, cr: number): number {
  const length = parseDecimal(bytes, at + 1, cr);
  if (length !== undefined) return length;
  if (bytes[at + 1] === QUESTION_MARK) throw new ProtocolError("streamed replies are not supported");
  throw new ProtocolError("reply with an invalid length");
}

/** @throws ProtocolError unless bytes[start, end) is the text of such a reply */
function checkScalar(type: number, bytes: Uint8Array, start: number, end: number): void {
  switch (type) {
    case form.STATUS:
    case form.ERROR:
      return;
    case form.INTEGER:
      if (parseInteger(bytes, start, end) !== undefined) return;
      break;
    case form.NULL:
      if (start === end) return;
      break;
    case form.BOOLEAN:
      if (parseBoolean(bytes, start, end) !== undefined) return;
      break;
    case form.DOUBLE:
      if (parseDouble(bytes, start, end) !== undefined) return;
      break;
    case form.BIG_NUMBER:
      if (parseBigNumber(bytes, start, end) !== undefined) return;
      break;
    default:
      throw new ProtocolError(`unknown reply type '${String.fromCharCode(type)}'`);
  }
  throw new ProtocolError(`reply with an invalid '${String.fromCharCode(type)}'`);
}
