import { CR, LF } from "./encoding.ts";
import { ForeignProtocolError, refuseHttpName, TLS_HANDSHAKE } from "./foreign-protocol.ts";
import { INLINE_BYTES, parseInline } from "./inline-command.ts";
import { INVALID, LineNumber } from "./line-number.ts";
import { type ParserLimits, ProtocolError, Request, type RequestParser } from "./protocol.ts";

const STAR = 0x2a;
const DOLLAR = 0x24;
/** Longest count line, as in Redis. */
const LINE_BYTES = 64 * 1024;
/** The length of `$0` and an empty string, each with its line end. */
const LEAST_BULK_BYTES = 6;
/** The length of the string in progress has not been read. */
const UNKNOWN = -1;

/**
 * Parses requests in RESP: arrays of byte strings, and inline commands. Errors have the texts of Redis 7, without its
 * `ERR Protocol error: `. The parser is stricter than Redis: CR LF must follow a count and the bytes of a string, where
 * Redis skips any two bytes.
 *
 * It reads a complete request without state. Of an incomplete one it remembers what it has read, in offsets from the
 * request's start, because the bytes may be in another buffer at the next call.
 */
export class RespParser implements RequestParser {
  /** May be replaced at any time, such as when a client has authenticated. */
  limits: ParserLimits;
  neededBytes = 1;
  /** The arguments of a request in progress, in offsets from its start; undefined between two requests. */
  #partial: Request | undefined;
  /** How far the request in progress has been read. */
  #at = 0;
  /** The line of a count or a length in progress. */
  readonly #line = new LineNumber();
  /** How far an inline command in progress has been searched for its line feed. */
  #searched = 0;
  /** Arguments of the request in progress that are still to come; 0 before its count has been read. */
  #remaining = 0;
  /** Length of the string in progress, or UNKNOWN. */
  #bulkBytes = UNKNOWN;
  /** Bytes of this request's large arguments, which the parser does not get. */
  #divertedBytes = 0;

  constructor(limits: ParserLimits) {
    this.limits = limits;
  }

  parse(bytes: Uint8Array, start: number, end: number, request: Request): number {
    request.reset(bytes);
    const partial = this.#partial;
    const line = this.#line;
    let at = start + this.#at;
    let remaining = this.#remaining;
    if (remaining === 0) {
      if (start === end) return this.#wait(1);
      if (bytes[start] !== STAR) return this.#parseLine(bytes, start, end, request);
      at = line.read(bytes, start, end);
      if (at < 0) {
        this.#checkLine(at, "invalid multibulk length", "too big mbulk count string");
        return this.#wait(line.searched + 3);
      }
      remaining = line.value;
      if (remaining > this.limits.argumentCount) throw new ProtocolError("invalid multibulk length");
      if (remaining <= 0) return at;
    }
    // The arguments of a new request go straight to `request`, those of a request in progress to `partial`.
    const target = partial ?? request;
    const base = partial === undefined ? 0 : start;
    let length = this.#bulkBytes;
    while (remaining > 0) {
      if (length === UNKNOWN) {
        if (at === end) return this.#suspend(start, at, remaining, UNKNOWN, request, LEAST_BULK_BYTES);
        if (bytes[at] !== DOLLAR) {
          throw new ProtocolError(`expected '$', got '${String.fromCharCode(bytes[at]!)}'`);
        }
        const behind = line.read(bytes, at, end);
        if (behind < 0) {
          this.#checkLine(behind, "invalid bulk length", "too big bulk count string");
          return this.#suspend(start, at, remaining, UNKNOWN, request, line.searched + 3);
        }
        length = line.value;
        at = behind;
        if (length < 0 || length > this.limits.argumentBytes) throw new ProtocolError("invalid bulk length");
        if (at - start + length + 2 + this.#divertedBytes > this.limits.requestBytes) {
          throw new ProtocolError(`too big request: more than ${this.limits.requestBytes} bytes`);
        }
      }
      const stop = at + length;
      if (stop + 2 > end) return this.#suspend(start, at, remaining, length, request, length + 2);
      if (bytes[stop] !== CR || bytes[stop + 1] !== LF) throw new ProtocolError("invalid bulk length");
      target.add(at - base, stop - base);
      at = stop + 2;
      length = UNKNOWN;
      remaining--;
    }
    if (partial !== undefined) this.#complete(partial, start, request);
    refuseHttpName(bytes, request.starts[0]!, request.ends[0]!);
    return at;
  }

  /** Whether no request is in progress. */
  get isBetweenRequests(): boolean {
    return (
      this.#partial === undefined &&
      this.#remaining === 0 &&
      this.#searched === 0 &&
      this.#line.searched === 0
    );
  }

  /** After `parse` returned -1: the length of the string that it waits for, or 0 if it waits for something else. */
  get awaitedBytes(): number {
    return this.#partial === undefined || this.#bulkBytes === UNKNOWN ? 0 : this.#bulkBytes;
  }

  /** The offset of that string from the request's start, and the index of that argument. */
  get awaitedAt(): number {
    return this.#at;
  }

  get awaitedIndex(): number {
    return this.#partial!.count;
  }

  /**
   * The caller takes the bytes of the string that `parse` waits for. The parser gets the bytes before and behind it, as
   * if the string were empty.
   */
  divert(): void {
    this.#divertedBytes += this.#bulkBytes;
    this.#bulkBytes = 0;
    this.neededBytes = this.#at + 2;
  }

  /** @throws ProtocolError if the line is too long or invalid */
  #checkLine(read: number, invalid: string, tooBig: string): void {
    if (this.#line.searched >= LINE_BYTES) throw new ProtocolError(tooBig);
    if (read === INVALID) throw new ProtocolError(invalid);
  }

  /** Remembers how far the request at `start` has been read. */
  #suspend(
    start: number,
    at: number,
    remaining: number,
    bulkBytes: number,
    request: Request,
    needed: number,
  ): number {
    this.#at = at - start;
    this.#remaining = remaining;
    this.#bulkBytes = bulkBytes;
    if (this.#partial === undefined) {
      const partial = new Request();
      for (let i = 0; i < request.count; i++)
        partial.add(request.starts[i]! - start, request.ends[i]! - start);
      this.#partial = partial;
      request.count = 0;
    }
    return this.#wait(this.#at + needed);
  }

  #wait(neededBytes: number): number {
    this.neededBytes = neededBytes;
    return -1;
  }

  /** Moves a complete request that came in pieces to `request`. */
  #complete(partial: Request, start: number, request: Request): void {
    for (let i = 0; i < partial.count; i++) request.add(partial.starts[i]! + start, partial.ends[i]! + start);
    this.#partial = undefined;
    this.#at = 0;
    this.#remaining = 0;
    this.#bulkBytes = UNKNOWN;
    this.#divertedBytes = 0;
  }

  /** Parses a line that does not begin with `*`: an inline command, or an empty line. */
  #parseLine(bytes: Uint8Array, start: number, end: number, request: Request): number {
    if (bytes[start] === TLS_HANDSHAKE) throw new ForeignProtocolError("TLS");
    let lf = start + this.#searched;
    while (lf < end && bytes[lf] !== LF) lf++;
    const most = Math.min(INLINE_BYTES, this.limits.requestBytes);
    if (lf - start > most) throw new ProtocolError("too big inline request");
    if (lf === end) {
      this.#searched = lf - start;
      return this.#wait(this.#searched + 1);
    }
    this.#searched = 0;
    const stop = lf > start && bytes[lf - 1] === CR ? lf - 1 : lf;
    if (stop > start) parseInline(bytes, start, stop, this.limits, request);
    return lf + 1;
  }
}
