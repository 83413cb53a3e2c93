import { isSpace } from "./characters.ts";
import { ProtocolError } from "./protocol.ts";

/** The first byte of a TLS record that holds a handshake (RFC 8446, section 5.1). No request begins with it. */
export const TLS_HANDSHAKE = 0x16;

/** `HTTP/1.1` */
const VERSION_BYTES = 8;
const SLASH = 0x2f;
const COLON = 0x3a;
const STAR = 0x2a;
/** A line that begins with one of these methods is HTTP (RFC 9110, section 9; PATCH; HTTP/2's preface). */
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"];
const POST = "post";
const HOST = "host:";

/**
 * The client speaks another protocol. A web page can make a browser send HTTP here, with commands in it (cross-protocol
 * scripting), so the connection ends before any of them is executed.
 */
export class ForeignProtocolError extends ProtocolError {
  override name = "ForeignProtocolError";
  readonly protocol: "HTTP" | "TLS";

  constructor(protocol: "HTTP" | "TLS") {
    super(`this is ${protocol}`);
    this.protocol = protocol;
  }
}

/**
 * Refuses a line of HTTP: a request line (`METHOD target HTTP/1.1`), or a line that begins with `POST` or `Host:`, as
 * Redis does. The line has no white space at its ends. If the target is a path, `*` or an absolute URL, any token is a
 * method, because a page can choose the methods that it sends to its own origin.
 * @throws ForeignProtocolError
 */
export function refuseHttpLine(bytes: Uint8Array, start: number, end: number): void {
  if (startsHttp(bytes, start, end)) throw new ForeignProtocolError("HTTP");
  refuseRequestLine(bytes, start, end);
}

/** The same for a line that begins with neither `POST` nor `Host:`. @throws ForeignProtocolError */
export function refuseRequestLine(bytes: Uint8Array, start: number, end: number): void {
  // Most lines return here: `HTTP/1.1` would have to begin at this distance from the end.
  if (end - start <= VERSION_BYTES || bytes[end - VERSION_BYTES] !== 0x48) return;
  if (isRequestLine(bytes, start, end)) throw new ForeignProtocolError("HTTP");
}

/** Refuses `POST` and `Host:` as the name of a command. @throws ForeignProtocolError */
export function refuseHttpName(bytes: Uint8Array, start: number, end: number): void {
  const length = end - start;
  if (length !== POST.length && length !== HOST.length) return;
  if (isWord(bytes, start, end, length === POST.length ? POST : HOST)) throw new ForeignProtocolError("HTTP");
}

function startsHttp(bytes: Uint8Array, start: number, end: number): boolean {
  // In either case: `P`, `H`.
  const first = bytes[start]! | 0x20;
  if (first !== 0x70 && first !== 0x68) return false;
  const behind = endOfWord(bytes, start, end);
  return isWord(bytes, start, behind, POST) || isWord(bytes, start, behind, HOST);
}

function isRequestLine(bytes: Uint8Array, start: number, end: number): boolean {
  const version = end - VERSION_BYTES;
  if (!isVersion(bytes, version)) return false;
  const methodEnd = endOfWord(bytes, start, end);
  let target = methodEnd;
  while (target < end && isSpace(bytes[target]!)) target++;
  const targetEnd = endOfWord(bytes, target, end);
  let behind = targetEnd;
  while (behind < end && isSpace(bytes[behind]!)) behind++;
  if (target >= version || behind !== version) return false;
  return isMethod(bytes, start, methodEnd) || isTarget(bytes, target, targetEnd);
}

/** `HTTP/`, a digit, a dot, a digit. */
function isVersion(bytes: Uint8Array, at: number): boolean {
  const name = "HTTP/";
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name.charCodeAt(i)) return false;
  return isDigit(bytes[at + 5]!) && bytes[at + 6] === 0x2e && isDigit(bytes[at + 7]!);
}

function isMethod(bytes: Uint8Array, start: number, end: number): boolean {
  return METHODS.some((method) => isWord(bytes, start, end, method.toLowerCase()));
}

/** A path, `*`, or a URL with its scheme. */
function isTarget(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] === SLASH || (bytes[start] === STAR && end === start + 1)) return true;
  for (let at = start; at + 2 < end; at++) {
    if (bytes[at] === COLON && bytes[at + 1] === SLASH && bytes[at + 2] === SLASH) return true;
  }
  return false;
}

/** Whether bytes[start, end) are `word`, which is in lower case, in any case. */
function isWord(bytes: Uint8Array, start: number, end: number, word: string): boolean {
  if (end - start !== word.length) return false;
  for (let i = 0; i < word.length; i++) {
    const byte = bytes[start + i]!;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== word.charCodeAt(i)) return false;
  }
  return true;
}

function endOfWord(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && !isSpace(bytes[at]!)) at++;
  return at;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
