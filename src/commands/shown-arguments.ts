import { copyBytes } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import type { Request } from "../protocol/protocol.ts";
import { secretArguments } from "./monitor-line.ts";

/**
 * The part of a request that a slow log shows, by Redis's rules: at most 32 arguments, of each at most 128 bytes, and
 * no passwords. Noted when the request comes, because its buffer is used again; shown when somebody asks.
 *
 * A note is the number of arguments noted (a byte), the number of all (32 bits), and for each argument noted the number
 * of its bytes that follow (a byte, or REDACTED), the number of all its bytes (32 bits), and those bytes.
 */
const MOST_ARGUMENTS = 32;
const MOST_ARGUMENT_BYTES = 128;
const REDACTED = 255;
const REDACTED_TEXT = "(redacted)";

/** The largest note. */
export const NOTE_BYTES = 5 + MOST_ARGUMENTS * (5 + MOST_ARGUMENT_BYTES);

const NO_SECRETS: ReadonlySet<number> = new Set([]);
/** Commands that may have a password among their arguments. */
const SECRETIVE: ReadonlySet<string> = new Set(["acl", "auth", "config", "hello", "migrate"]);

/**
 * Notes a request at `to[at…)`, which has room for `NOTE_BYTES`.
 * @param name of the command, in lower case
 * @returns the end of the note
 */
export function noteArguments(request: Request, name: string, to: Uint8Array, at: number): number {
  const secrets = SECRETIVE.has(name) ? secretArguments(request, name) : NO_SECRETS;
  const { count, bytes, starts, ends } = request;
  const noted = count > MOST_ARGUMENTS ? MOST_ARGUMENTS - 1 : count;
  to[at] = noted;
  let end = writeCount(to, at + 1, count);
  for (let index = 0; index < noted; index++) {
    if (secrets.size > 0 && secrets.has(index)) {
      to[end] = REDACTED;
      end = writeCount(to, end + 1, 0);
      continue;
    }
    const start = starts[index]!;
    const large = request.large?.find((argument) => argument.index === index)?.bytes;
    const length = large?.lengthBytes ?? ends[index]! - start;
    const kept = large?.front(MOST_ARGUMENT_BYTES);
    const keptBytes = kept?.length ?? Math.min(length, MOST_ARGUMENT_BYTES);
    to[end] = keptBytes;
    end = writeCount(to, end + 1, length);
    if (kept !== undefined) to.set(kept, end);
    else copyBytes(bytes, start, start + keptBytes, to, end);
    end += keptBytes;
  }
  return end;
}

/** Returns the arguments of a note as a slow log shows them. */
export function notedArguments(note: Uint8Array): Uint8Array[] {
  const view = new DataView(note.buffer, note.byteOffset, note.length);
  const noted = note[0]!;
  const more = view.getUint32(1, true) - noted;
  const shown: Uint8Array[] = [];
  let at = 5;
  for (let index = 0; index < noted; index++) {
    const kept = note[at]!;
    const length = view.getUint32(at + 1, true);
    at += 5;
    if (kept === REDACTED) {
      shown.push(utf8(REDACTED_TEXT));
      continue;
    }
    const bytes = note.subarray(at, at + kept);
    shown.push(length === kept ? bytes.slice() : withText(bytes, `... (${length - kept} more bytes)`));
    at += kept;
  }
  if (more > 0) shown.push(utf8(`... (${more} more arguments)`));
  return shown;
}

/** Returns the arguments of a request as a slow log shows them. @param name of the command, in lower case */
export function shownArguments(request: Request, name: string): Uint8Array[] {
  const note = new Uint8Array(NOTE_BYTES);
  return notedArguments(note.subarray(0, noteArguments(request, name, note, 0)));
}

/** Returns a note of a text that stands for requests. */
export function textNote(text: string): Uint8Array {
  const bytes = utf8(text).subarray(0, MOST_ARGUMENT_BYTES);
  const note = new Uint8Array(10 + bytes.length);
  note[0] = 1;
  writeCount(note, 1, 1);
  note[5] = bytes.length;
  writeCount(note, 6, bytes.length);
  note.set(bytes, 10);
  return note;
}

function withText(bytes: Uint8Array, text: string): Uint8Array {
  const note = utf8(text);
  const whole = new Uint8Array(bytes.length + note.length);
  whole.set(bytes);
  whole.set(note, bytes.length);
  return whole;
}

function writeCount(to: Uint8Array, at: number, count: number): number {
  to[at] = count;
  to[at + 1] = count >>> 8;
  to[at + 2] = count >>> 16;
  to[at + 3] = count >>> 24;
  return at + 4;
}
