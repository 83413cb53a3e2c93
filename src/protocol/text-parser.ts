import { latin1 } from "../lib/bytes.ts";
import { isSpace } from "./characters.ts";
import { LF } from "./encoding.ts";
import {
  ForeignProtocolError,
  refuseHttpLine,
  refuseRequestLine,
  TLS_HANDSHAKE,
} from "./foreign-protocol.ts";
import { INLINE_BYTES, parseInline } from "./inline-command.ts";
import { type ParserLimits, ProtocolError, type Request, type RequestParser } from "./protocol.ts";

const EQUALS = 0x3d;
/** A loop searches this many bytes for a line feed; then the runtime's own search goes on. */
const SHORT_LINE_BYTES = 32;
/** How many bytes past the received ones a search may look at. */
const BEYOND_BYTES = 4096;
/** How many bytes of an unknown verb an error repeats. */
const SHOWN_VERB = 32;

const PUT = 0;
const GET = 1;
const DELETE = 2;
const DUMP = 3;
const UNKNOWN = -1;

/** Names of the verbs, in the order of their numbers. */
const VERBS = ["PUT", "GET", "DELETE", "DUMP"];

const FORMS = "a request is one of PUT key=value, GET key, DELETE key, DUMP";

/** Whether bytes[start, end) name a Redis command, in any case. */
export type IsCommandName = (bytes: Uint8Array, start: number, end: number) => boolean;

/**
 * The kind of a line, by its first word: `read` (GET, DUMP), `write` (PUT, DELETE), an `inline` command, `blank` (white
 * space), or `unknown`.
 */
export type LineKind = "read" | "write" | "inline" | "blank" | "unknown";

/**
 * Parses requests of the text protocol, one in each line: `PUT key=value`, `GET key`, `DELETE key`, `DUMP`; the verb in
 * any case. It drops white space (C's `isspace`) before the verb and at both ends of key and value, and the CR before a
 * line feed. The arguments are the verb as sent, then the key, then the value.
 *
 * A line that begins with the name of another command is one of Redis's inline commands (`isInline`). Any other line,
 * or one longer than `limits.requestBytes`, is a request with a problem. The rest of a line that is too long is dropped
 * as it comes, so it takes no memory.
 */
export class TextParser implements RequestParser {
  /** May be replaced at any time. */
  limits: ParserLimits;
  neededBytes = 1;
  /** How far, from its start, the line in progress has been searched for its line feed. */
  #searched = 0;
  /** The line in progress is too long, which has been reported; its end has not come. */
  #skipping = false;
  readonly #isCommandName: IsCommandName;

  /** @param isCommandName tells inline commands; by default there are none */
  constructor(limits: ParserLimits, isCommandName: IsCommandName = () => false) {
    this.limits = limits;
    this.#isCommandName = isCommandName;
  }

  /** @throws ForeignProtocolError; ProtocolError if an inline command is malformed */
  parse(bytes: Uint8Array, start: number, end: number, request: Request): number {
    request.reset(bytes);
    if (start < end && bytes[start] === TLS_HANDSHAKE && this.isBetweenRequests) {
      throw new ForeignProtocolError("TLS");
    }
    const lineFeed = indexOfLineFeed(bytes, start + this.#searched, end);
    if (this.#skipping) {
      if (lineFeed >= 0) this.#skipping = false;
      else if (start === end) return this.#wait(0);
      return lineFeed < 0 ? end : lineFeed + 1;
    }
    if ((lineFeed < 0 ? end : lineFeed) - start > this.limits.requestBytes) {
      this.#searched = 0;
      this.#skipping = lineFeed < 0;
      request.problem = tooLong(this.limits);
      return lineFeed < 0 ? end : lineFeed + 1;
    }
    if (lineFeed < 0) {
      if (end - start > INLINE_BYTES && !this.#mayBeLong(bytes, start, end)) {
        throw new ProtocolError("too big inline request");
      }
      return this.#wait(end - start);
    }
    this.#searched = 0;
    this.#parseLine(bytes, start, lineFeed, request);
    return lineFeed + 1;
  }

  /** Only keys and values make a line long. A longer line of any other kind is no request. */
  #mayBeLong(bytes: Uint8Array, start: number, end: number): boolean {
    const kind = this.kindOf(bytes, start, end);
    return kind === "read" || kind === "write";
  }

  /** The kind of the line in progress, of which bytes[start, end) have come. */
  kindOf(bytes: Uint8Array, start: number, end: number): LineKind {
    const from = skipSpace(bytes, start, end);
    if (from === end) return "blank";
    const behind = endOfWord(bytes, from, end);
    const verb = verbOf(bytes, from, behind);
    if (verb === GET || verb === DUMP) return "read";
    if (verb === PUT || verb === DELETE) return "write";
    return this.#isCommandName(bytes, from, behind) ? "inline" : "unknown";
  }

  /**
   * Parses bytes[start, end), the line in progress, as a request without a line feed: the client has closed its
   * direction or fallen silent. Marks the request `oneShot`. White space is a request with a problem. Not for inline commands.
   * @returns false if no reply is needed
   * @throws ForeignProtocolError
   */
  finish(bytes: Uint8Array, start: number, end: number, request: Request): boolean {
    request.reset(bytes);
    const skipping = this.#skipping;
    this.#skipping = false;
    this.#searched = 0;
    if (skipping || start === end) return false;
    request.oneShot = true;
    this.#parseLine(bytes, start, end, request);
    return true;
  }

  /** Whether no line is in progress. */
  get isBetweenRequests(): boolean {
    return this.#searched === 0 && !this.#skipping;
  }

  #wait(searched: number): number {
    this.#searched = searched;
    this.neededBytes = searched + 1;
    return -1;
  }

  /** Parses one request, bytes[start, end), without its line feed. */
  #parseLine(bytes: Uint8Array, start: number, end: number, request: Request): void {
    const { limits } = this;
    const from = skipSpace(bytes, start, end);
    if (from === end) {
      request.problem = `empty request; ${FORMS}`;
      return;
    }
    const behind = endOfWord(bytes, from, end);
    const restStart = skipSpace(bytes, behind, end);
    const restEnd = dropSpace(bytes, restStart, end);
    const verb = verbOf(bytes, from, behind);
    if (verb !== UNKNOWN) refuseRequestLine(bytes, from, restEnd);
    else refuseHttpLine(bytes, from, Math.max(behind, restEnd));
    if (verb === PUT) parsePut(bytes, from, behind, restStart, restEnd, request);
    else if (verb !== UNKNOWN) parseOther(verb, from, behind, restStart, restEnd, request);
    else if (this.#isCommandName(bytes, from, behind)) {
      parseInline(bytes, start, end, limits, request);
      request.isInline = true;
      return;
    } else request.problem = `unknown verb ${shown(bytes, from, behind)}; ${FORMS}`;
    for (let i = 1; i < request.count; i++) {
      if (request.length(i) > limits.argumentBytes) {
        request.count = 0;
        request.problem = `key or value too long: each has at most ${limits.argumentBytes} bytes`;
      }
    }
  }
}

/** Adds a verb and the argument behind it, if there is one, without white space at its ends. */
function parseOther(
  verb: number,
  verbStart: number,
  verbEnd: number,
  start: number,
  end: number,
  request: Request,
): void {
  const needsKey = verb !== DUMP;
  const given = start < end;
  if (given && !needsKey) request.problem = `${VERBS[verb]} takes nothing behind it: ${VERBS[verb]}`;
  else if (!given && needsKey) request.problem = `${VERBS[verb]} needs a key: ${VERBS[verb]} key`;
  else {
    request.add(verbStart, verbEnd);
    if (given) request.add(start, end);
  }
}

/** Adds key and value of `key=value`, bytes[start, end), which has no white space at its ends. */
function parsePut(
  bytes: Uint8Array,
  verbStart: number,
  verbEnd: number,
  start: number,
  end: number,
  request: Request,
): void {
  let equals = start;
  while (equals < end && bytes[equals] !== EQUALS) equals++;
  const keyEnd = dropSpace(bytes, start, equals);
  if (start === end) request.problem = "PUT needs a key and a value: PUT key=value";
  else if (equals === end) request.problem = "PUT needs an equals sign behind the key: PUT key=value";
  else if (keyEnd === start) request.problem = "PUT needs a key before the equals sign: PUT key=value";
  else {
    request.add(verbStart, verbEnd);
    request.add(start, keyEnd);
    request.add(skipSpace(bytes, equals + 1, end), end);
  }
}

function tooLong(limits: ParserLimits): string {
  return `request too long: a line has at most ${limits.requestBytes} bytes`;
}

/** @returns the number of the verb in bytes[start, end), in any case, or UNKNOWN */
function verbOf(bytes: Uint8Array, start: number, end: number): number {
  switch (end - start) {
    case 3:
      if (isVerb(bytes, start, PUT)) return PUT;
      return isVerb(bytes, start, GET) ? GET : UNKNOWN;
    case 4:
      return isVerb(bytes, start, DUMP) ? DUMP : UNKNOWN;
    case 6:
      return isVerb(bytes, start, DELETE) ? DELETE : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

/** Whether the verb is at `start`, in any case. */
function isVerb(bytes: Uint8Array, start: number, verb: number): boolean {
  const name = VERBS[verb]!;
  for (let i = 0; i < name.length; i++) {
    // Clearing this bit turns a lower-case letter into an upper-case one, and no other byte into a letter.
    if ((bytes[start + i]! & 0xdf) !== name.charCodeAt(i)) return false;
  }
  return true;
}

/** Received bytes in quotes, cut to a length. Bytes other than printable ASCII become `?`. */
function shown(bytes: Uint8Array, start: number, end: number): string {
  const text = latin1(bytes, start, Math.min(end, start + SHOWN_VERB)).replace(/[^\x20-\x7e]/g, "?");
  return `"${text}${end - start > SHOWN_VERB ? "…" : ""}"`;
}

function endOfWord(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && !isSpace(bytes[at]!)) at++;
  return at;
}

function skipSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isSpace(bytes[at]!)) at++;
  return at;
}

/** @returns the end of bytes[start, end) without the white space at its end */
function dropSpace(bytes: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && isSpace(bytes[at - 1]!)) at--;
  return at;
}

/** @returns the offset of the first line feed in bytes[start, end), or -1 */
function indexOfLineFeed(bytes: Uint8Array, start: number, end: number): number {
  const near = Math.min(end, start + SHORT_LINE_BYTES);
  for (let at = start; at < near; at++) if (bytes[at] === LF) return at;
  if (near === end) return -1;
  // The runtime's search cannot stop at `end`. A view that ends there costs more than searching a little too far.
  if (bytes.length - end <= BEYOND_BYTES) {
    const found = bytes.indexOf(LF, near);
    return found < end ? found : -1;
  }
  const found = bytes.subarray(near, end).indexOf(LF);
  return found < 0 ? -1 : near + found;
}
