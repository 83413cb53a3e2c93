import { latin1 } from "../../lib/bytes.ts";
import { digits, quoted } from "./record-fields.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;
const PLUS = 0x2b;
const DOT = 0x2e;
/** Digits of a whole number that a float holds exactly. */
const MOST_DIGITS = 15;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const LOWER_X = 0x78;

/** Characters after a backslash, apart from hexadecimal numbers. */
const ESCAPES: ReadonlyMap<number, number> = new Map(
  Object.entries({ n: 10, r: 13, t: 9, a: 7, b: 8, "\\": 92, '"': 34 }).map(([c, byte]) => [
    c.charCodeAt(0),
    byte,
  ]),
);

/** A parsed line of MONITOR's output: `1339518083.107412 [0 127.0.0.1:60866] "keys" "*"`. */
export class MonitorLine {
  timeMs = 0;
  database = 0;
  /** Arguments, including the command's name: `bytes[starts[i], ends[i])`, without quotes and escapes. */
  count = 0;
  bytes: Uint8Array = new Uint8Array(256);
  starts: number[] = [];
  ends: number[] = [];

  /** @returns what is wrong with the line; undefined if nothing is */
  read(line: Uint8Array, start: number, end: number): string | undefined {
    const problem = this.#readAt(line, line[start] === PLUS ? start + 1 : start, end);
    if (problem === undefined) return undefined;
    // Containers and log collectors put a prefix before each line.
    const timeStart = findTime(line, start, end);
    return timeStart < 0 || this.#readAt(line, timeStart, end) !== undefined ? problem : undefined;
  }

  #readAt(line: Uint8Array, timeStart: number, end: number): string | undefined {
    if (this.bytes.length < end - timeStart) this.bytes = new Uint8Array(2 * (end - timeStart));
    this.count = 0;
    const timeEnd = line.indexOf(SPACE, timeStart);
    if (timeEnd < 0 || timeEnd >= end || line[timeEnd + 1] !== OPEN)
      return "there is no time and client before a command";
    this.timeMs = millisecondsAt(line, timeStart, timeEnd);
    if (!(this.timeMs >= 0)) return "it does not begin with a time in seconds";
    const at = behindClient(line, timeEnd + 2, end);
    if (at < 0) return "there is no command after the client's address";
    this.database = databaseAt(line, timeEnd + 2, at);
    return this.#readArguments(line, at, end);
  }

  /** Returns the argument as text, one character per byte. */
  text(index: number): string {
    return latin(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  /** Returns the argument in quotes, made fit for a message. */
  shown(index: number): string {
    return quoted(this.bytes, this.starts[index]!, this.ends[index]!);
  }

  #readArguments(line: Uint8Array, start: number, end: number): string | undefined {
    const { bytes } = this;
    let at = start;
    let to = 0;
    while (at < end) {
      if (line[at] !== QUOTE) return "an argument is not in quotes";
      this.starts[this.count] = to;
      for (at++; at < end && line[at] !== QUOTE; at++) {
        const byte = line[at]!;
        if (byte !== BACKSLASH) {
          bytes[to++] = byte;
          continue;
        }
        const escaped = line[++at];
        if (at >= end || escaped === undefined) return "an argument is cut off";
        const plain = ESCAPES.get(escaped);
        if (plain !== undefined) bytes[to++] = plain;
        else if (escaped === LOWER_X && at + 2 < end) {
          const value = hexadecimal(line[at + 1]!) * 16 + hexadecimal(line[at + 2]!);
          if (!(value >= 0)) return "an escape is not of the form \\x00";
          bytes[to++] = value;
          at += 2;
        } else return "an escape is not known";
      }
      if (at >= end) return "an argument is cut off";
      this.ends[this.count++] = to;
      at++;
      if (at < end && line[at] !== SPACE) return "an argument is not in quotes";
      while (at < end && line[at] === SPACE) at++;
    }
    return this.count === 0 ? "there is no command" : undefined;
  }
}

/** Parses a time in seconds such as `1339518083.107412` without creating a string; NaN if it is none. */
function millisecondsAt(bytes: Uint8Array, start: number, end: number): number {
  const dot = bytes.indexOf(DOT, start);
  if (dot < 0 || dot >= end) return 1000 * digits(bytes, start, Math.min(end, start + MOST_DIGITS));
  const whole = digits(bytes, start, dot);
  const fraction = digits(bytes, dot + 1, end);
  const length = end - dot - 1;
  if (whole < 0 || fraction < 0 || dot - start > MOST_DIGITS || length > 9) return Number.NaN;
  // MONITOR prints microseconds.
  return length === 6 ? (whole * 1e6 + fraction) / 1e3 : 1000 * (whole + fraction / 10 ** length);
}

/** Returns 0 if it is no number, as for commands of scripts in old versions. */
function databaseAt(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && at < start + 10 && isDigit(bytes[at]!)) at++;
  return Math.max(0, digits(bytes, start, at));
}

/** Finds the time in seconds before ` [0 `, behind a prefix; returns where it begins, -1 if nowhere. */
function findTime(bytes: Uint8Array, start: number, end: number): number {
  for (let open = start + 2; open < end; open++) {
    if (bytes[open] !== OPEN || bytes[open - 1] !== SPACE || !isDigit(bytes[open + 1]!)) continue;
    let at = open - 2;
    while (at >= start && (isDigit(bytes[at]!) || bytes[at] === DOT)) at--;
    if (at >= start && isDigit(bytes[at + 1]!)) return at + 1;
  }
  return -1;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

/** Returns where the first argument begins, after `] `; -1 if nowhere. An IPv6 address has brackets of its own. */
function behindClient(line: Uint8Array, start: number, end: number): number {
  for (let at = start; at + 2 < end; at++) {
    if (line[at] === CLOSE && line[at + 1] === SPACE && line[at + 2] === QUOTE) return at + 2;
  }
  return -1;
}

function latin(bytes: Uint8Array, start: number, end: number): string {
  return latin1(bytes, start, end);
}

function hexadecimal(byte: number): number {
  const digit = byte - 0x30;
  if (digit >= 0 && digit <= 9) return digit;
  const letter = (byte | 0x20) - 0x61;
  return letter >= 0 && letter < 6 ? letter + 10 : Number.NaN;
}
