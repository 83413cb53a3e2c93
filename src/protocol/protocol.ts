import { copyBytes, type LargeValue, type ValueSink } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import type { ChunkedBytes } from "../lib/chunked-bytes.ts";

/**
 * The seam between bytes and commands. A parser turns received bytes into requests. A reply writer turns the replies of
 * commands into bytes. Neither sees a socket, and no command names a protocol.
 */

/**
 * One request. Its arguments are ranges of `bytes`, the buffer it was received in. The object is reused for the next
 * request, so an argument must be copied (`copy`) to be kept.
 */
export class Request {
  bytes: Uint8Array = EMPTY;
  /** The number of arguments, including the command's name. */
  count = 0;
  starts: Int32Array = new Int32Array(FIRST_ARGUMENTS);
  ends: Int32Array = new Int32Array(FIRST_ARGUMENTS);
  /** A text request without a line feed. Its reply gets none either, and the connection closes. */
  oneShot = false;
  /** An inline command that came in place of a text request. Its reply is RESP. */
  isInline = false;
  /**
   * Empty for a valid request. Otherwise says what is wrong and names the right form. `count` is 0 then, the reply is
   * an error (`ERR ` and this text), and the connection goes on.
   */
  problem = "";
  /**
   * Large arguments, which are outside `bytes`; their ranges are empty. Only a session that takes large arguments
   * (`takesLarge`) gets them, and then owns them.
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

  /** Argument `index` as a view, valid until the next request is parsed. */
  view(index: number): Uint8Array {
    return this.bytes.subarray(this.starts[index]!, this.ends[index]!);
  }

  /** A copy of argument `index`. */
  copy(index: number): Uint8Array {
    // Not `slice`: a `Buffer` would return a view.
    const own = new Uint8Array(this.length(index));
    copyBytes(this.bytes, this.starts[index]!, this.ends[index]!, own, 0);
    return own;
  }

  /** Argument `index` as a string with one character for each byte. For names, options, numbers and `Map` keys. */
  text(index: number): string {
    return latin1(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  length(index: number): number {
    return this.ends[index]! - this.starts[index]!;
  }

  /** Copies the large arguments into `bytes`, so that all arguments are ranges. */
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

/** An argument in chunks. */
export interface LargeArgument {
  readonly index: number;
  readonly bytes: ChunkedBytes;
}

const EMPTY = new Uint8Array(0);
/** A request has room for this many arguments at first. */
const FIRST_ARGUMENTS = 16;
/** Room for more arguments is freed when the next request is parsed. */
const KEPT_ARGUMENTS = 1024;

/** The peer broke the protocol and its next request cannot be found. The connection closes. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/** Limits of a parser. Crossing one is a `ProtocolError` (RESP) or an invalid request (text). */
export interface ParserLimits {
  /** Bytes of one whole request. */
  requestBytes: number;
  /** Arguments of one request, including the command's name. */
  argumentCount: number;
  /** Bytes of one argument (a value). */
  argumentBytes: number;
}

/**
 * Splits a stream into requests. `bytes[start, end)` always begins with the current request. If that is incomplete, the
 * caller keeps its bytes and calls again with more behind them. A parser remembers, relative to `start`, how far it has
 * read, so it reads a request in many pieces only once.
 */
export interface RequestParser {
  /**
   * @returns the offset behind a complete request, which is in `request` then, or -1 if more bytes are needed. Some
   * bytes ask for no reply, such as an empty multibulk or the rest of a line that was too long: the offset is behind
   * them, and `request` has neither arguments nor a problem.
   * @throws ProtocolError if the next request cannot be found
   */
  parse(bytes: Uint8Array, start: number, end: number, request: Request): number;
  /**
   * After `parse` returned -1: how many bytes the request has at least, from its start. The connection makes room for
   * them at once. At least 1.
   */
  readonly neededBytes: number;
  /** Whether no request is in progress. Then the parser can go on with another stream. */
  readonly isBetweenRequests: boolean;
}

/** Takes large values from a reply writer, at their place in the reply, to send them from the cache without a copy. */
export interface LargeTaker {
  /** Whether it takes large values now. */
  readonly acceptsLarge: boolean;
  /** @param tail bytes of the same reply that follow the value */
  takeLarge(value: LargeValue, tail: Uint8Array): void;
}

/**
 * Commands write their replies with it. The same calls write RESP2, RESP3 or the text protocol. An aggregate begins
 * with its length; as many replies follow (for a map, twice as many).
 */
export interface ReplyWriter extends ValueSink {
  /** `OK`. */
  ok(): void;
  /** A short status without line breaks, such as `PONG` or `QUEUED`. */
  status(text: string): void;
  /** An error. It begins with its code word (`ERR …`, `WRONGTYPE …`). Line breaks are replaced. */
  error(message: string): void;
  integer(value: number | bigint): void;
  /** A byte string: source[start, end), all of it by default. */
  bulk(source: Uint8Array, start?: number, end?: number): void;
  /** A text in UTF-8, as a byte string. */
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
  /** `length` pairs of facts about the reply that follows. RESP3 only: callers check `version`. */
  attribute(length: number): void;
  double(value: number): void;
  boolean(value: boolean): void;
  /** A text in a format with a name of three letters, such as `txt`. */
  verbatim(format: string, text: string): void;
  /** 0 for the text protocol, otherwise the RESP version. For commands whose reply depends on it, such as HELLO. */
  readonly version: 0 | 2 | 3;
}
