import { copyBytes, type LargeValue, type ValueSink } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import type { ChunkedBytes } from "../lib/chunked-bytes.ts";

/**
 * The seam between bytes and commands. A parser turns received bytes into requests, a reply writer turns what a
 * command answers into bytes; neither ever sees a socket, and no command ever names a protocol.
 */

/**
 * One request: its arguments are ranges of `bytes`, the buffer it was received in. A request is a view, reused
 * for the next one: whoever keeps an argument copies it (`copy`).
 */
export class Request {
  bytes: Uint8Array = EMPTY;
  /** Number of arguments, the command's name included. */
  count = 0;
  starts: Int32Array = new Int32Array(FIRST_ARGUMENTS);
  ends: Int32Array = new Int32Array(FIRST_ARGUMENTS);
  /** True for a text request that ended without a line feed: it gets its reply bare, and the connection ends. */
  oneShot = false;
  /** True for an inline command that came where a text request could have: it is answered in RESP. */
  isInline = false;
  /**
   * Empty for a good request. Otherwise what is wrong with it, for people, and its right form: `count` is 0, it is
   * answered by an error (`ERR ` and this text), and the connection goes on.
   */
  problem = "";
  /**
   * Arguments too large to lie in `bytes`, where they are empty ranges. Given to a session only where it takes them
   * so; whoever does owns them.
   */
  large: LargeArgument[] | undefined;

  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.count = 0;
    this.oneShot = false;
    this.isInline = false;
    this.problem = "";
    this.large = undefined;
    if (this.starts.length > KEPT_ARGUMENTS) this.#shrink();
  }

  add(start: number, end: number): void {
    if (this.count === this.starts.length) {
      const starts = new Int32Array(this.count * 2);
      const ends = new Int32Array(this.count * 2);
      starts.set(this.starts);
      ends.set(this.ends);
      this.starts = starts;
      this.ends = ends;
    }
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.count++;
  }

  /** Argument `index` as a view; valid until the next request is parsed. */
  view(index: number): Uint8Array {
    return this.bytes.subarray(this.starts[index]!, this.ends[index]!);
  }

  /** Argument `index` as bytes of its own. */
  copy(index: number): Uint8Array {
    // Not `slice`: of a `Buffer` that would be a view.
    const own = new Uint8Array(this.length(index));
    copyBytes(this.bytes, this.starts[index]!, this.ends[index]!, own, 0);
    return own;
  }

  /** Argument `index` with one character a byte: for names, options, numbers and `Map` keys. */
  text(index: number): string {
    return latin1(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  length(index: number): number {
    return this.ends[index]! - this.starts[index]!;
  }

  /** Takes the large arguments into `bytes`, at the price of a copy, so that all are as they usually are. */
  flatten(): void {
    const { large } = this;
    if (large === undefined) return;
    let lengthBytes = this.bytes.length;
    for (const { bytes } of large) lengthBytes += bytes.lengthBytes;
    const all = new Uint8Array(lengthBytes);
    all.set(this.bytes);
    let end = this.bytes.length;
    for (const { index, bytes } of large) {
      this.starts[index] = end;
      while (bytes.lengthBytes > 0) {
        const run = bytes.front(Number.POSITIVE_INFINITY);
        all.set(run, end);
        end += run.length;
        bytes.drop(run.length);
      }
      this.ends[index] = end;
    }
    this.bytes = all;
    this.large = undefined;
  }

  #shrink(): void {
    this.starts = new Int32Array(FIRST_ARGUMENTS);
    this.ends = new Int32Array(FIRST_ARGUMENTS);
  }
}

/** An argument that came in chunks, and is best passed on in chunks. */
export interface LargeArgument {
  readonly index: number;
  readonly bytes: ChunkedBytes;
}

const EMPTY = new Uint8Array(0);
/** Arguments a request has room for at first. */
const FIRST_ARGUMENTS = 16;
/** Room for more arguments than this is given back when the next request is parsed. */
const KEPT_ARGUMENTS = 1024;

/** What a peer sent breaks the protocol in a way that leaves no place to go on: the connection ends. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/** Bounds a parser enforces. Crossing one is a `ProtocolError` (RESP) or a bad request (text). */
export interface ParserLimits {
  /** Bytes of one whole request. */
  requestBytes: number;
  /** Arguments of one request, the command's name included. */
  argumentCount: number;
  /** Bytes of one argument (a value). */
  argumentBytes: number;
}

/**
 * Splits a stream into requests. `bytes[start, end)` always begins where the current request begins; the caller
 * keeps unfinished bytes and calls again with more behind them. A parser remembers, relative to `start`, how far
 * it has got, so a request that arrives in many pieces is read once.
 */
export interface RequestParser {
  /**
   * @returns the offset behind the request when one was completed (it is then in `request`), or -1 when more
   * bytes are needed. Where bytes were consumed that ask for nothing (an empty multibulk, the rest of a line that
   * was too long), the offset is behind them and `request` has neither arguments nor a problem: nothing is to be
   * answered.
   * @throws ProtocolError where the stream cannot be followed any further
   */
  parse(bytes: Uint8Array, start: number, end: number, request: Request): number;
  /**
   * While `parse` answers -1: how many bytes, counted from the request's start, are certain to be needed before
   * it can complete. Lets the connection make room for a large value at once. At least 1.
   */
  readonly neededBytes: number;
  /** Whether it remembers nothing of a request in progress: it can as well go on with another stream. */
  readonly isBetweenRequests: boolean;
}

/** Where a reply writer leaves a large value, in its place among the bytes written: it is sent from where it lies. */
export interface LargeTaker {
  /** Whether large values are wanted now. */
  readonly acceptsLarge: boolean;
  /** @param tail what comes behind the value's last byte, as a part of the same reply */
  takeLarge(value: LargeValue, tail: Uint8Array): void;
}

/**
 * What a command answers with. The same calls make RESP2, RESP3 or the text protocol. Aggregates are announced
 * with their length and then filled by as many further replies (a map by twice as many).
 */
export interface ReplyWriter extends ValueSink {
  /** `OK`. */
  ok(): void;
  /** A short status such as `PONG` or `QUEUED`; no line breaks. */
  status(text: string): void;
  /** An error: its code word first (`ERR …`, `WRONGTYPE …`); line breaks are replaced. */
  error(message: string): void;
  integer(value: number | bigint): void;
  /** A byte string: source[start, end), all of it by default. */
  bulk(source: Uint8Array, start?: number, end?: number): void;
  /** A byte string of a text's UTF-8 bytes. */
  bulkText(text: string): void;
  /** No value. RESP2 distinguishes a null string from a null array. */
  null(): void;
  nullArray(): void;
  array(length: number): void;
  /** `length` pairs. Flat in RESP2. */
  map(length: number): void;
  set(length: number): void;
  /** Out-of-band data; only for RESP3 (RESP2 writes an array). */
  push(length: number): void;
  /** `length` pairs said about the reply that follows; RESP3 only, callers check `version`. */
  attribute(length: number): void;
  double(value: number): void;
  boolean(value: boolean): void;
  /** A text in a format of three letters such as `txt`. */
  verbatim(format: string, text: string): void;
  /** 0 for the text protocol, else the RESP version. For commands whose very shape depends on it (HELLO). */
  readonly version: 0 | 2 | 3;
}
