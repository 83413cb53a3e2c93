import { KEY_SEPARATORS } from "./key-separators.ts";

/** Stands for an id in the name of a family. */
export const STAR = 0x2a;

const DASH = 0x2d;
/** Kinds of bytes. Whatever is not ASCII counts as a lower-case letter. */
const DIGIT = 1;
const LOWER = 2;
const UPPER = 3;
/** Joins words within a part: `-`, `_`, `@` and so on. */
const CONNECTOR = 4;
const SEPARATOR = 5;
const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => kindOf(String.fromCharCode(byte)));

/** What a word's bytes are told by, in one look: bits for a digit and a hex digit; from `ENDS_WORD` on it is neither. */
const IS_DIGIT = 1;
const IS_HEX = 2;
const ENDS_WORD = 4;
const FLAGS = KINDS.map((kind, byte) => {
  if (kind === CONNECTOR || kind === SEPARATOR) return kind;
  return (kind === DIGIT ? IS_DIGIT : 0) | (/[0-9a-f]/i.test(String.fromCharCode(byte)) ? IS_HEX : 0);
});

/** A longer part is an id, whatever it looks like. */
const LONGEST_PART_BYTES = 64;
/** Digits at the end of a word that make them a number: `user1234`, unlike `v2` and `db12`. */
const NUMBER_DIGITS = 3;
const LONG_HEX_BYTES = 8;
const SHORT_HEX_BYTES = 6;
const DASHED_HEX_BYTES = 32;
const LONG_TOKEN_BYTES = 16;

function kindOf(character: string): number {
  if (KEY_SEPARATORS.includes(character)) return SEPARATOR;
  if (/[0-9]/.test(character)) return DIGIT;
  if (/[A-Z]/.test(character)) return UPPER;
  return /[a-z\x80-\xff]/.test(character) ? LOWER : CONNECTOR;
}

/** Returns where the part that begins at `from` ends: at a separator or at `end`. */
export function endOfPart(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && KINDS[bytes[at]!] !== SEPARATOR) at++;
  return at;
}

/**
 * Writes a part of a key to the name of its family, with `*` for each id in it.
 *
 * An id is a number, hex of eight digits or more (six with a digit), a UUID, a mixture such as `a1b2c3`, a long token
 * in which cases and digits alternate, or anything longer than 64 bytes. `user1234` becomes `user*`; ids next to each
 * other, such as those of `2026-01-31`, become one.
 */
export class PartWriter {
  /** Where the latest part ends in the key: at a separator, or at the key's end. */
  partEnd = 0;

  /**
   * Writes the part that begins at bytes[from] to `name` from `at` on.
   * @param end of the key
   * @param name has room for 65 bytes more
   * @returns where the part ends in `name`
   */
  write(bytes: Uint8Array, from: number, end: number, name: Uint8Array, at: number): number {
    const limit = Math.min(end, from + LONGEST_PART_BYTES + 1);
    let out = at;
    /** Behind a `*` that only connectors follow; −1 if there is none. */
    let behindStar = -1;
    let i = from;
    for (let flags = 0; flags !== SEPARATOR && i < limit; ) {
      const wordStart = out;
      let digits = 0;
      let hex = 0;
      let changes = 0;
      let last = FLAGS[bytes[i]!]!;
      for (; i < limit; i++) {
        const byte = bytes[i]!;
        flags = FLAGS[byte]!;
        if (flags >= ENDS_WORD) break;
        digits += flags & IS_DIGIT;
        hex += flags >> 1;
        changes += (flags ^ last) & IS_DIGIT;
        last = flags;
        name[out++] = byte;
      }
      const wordBytes = out - wordStart;
      if (wordBytes > 0) {
        if (isId(wordBytes, digits, hex, changes)) {
          out = behindStar < 0 ? wordStart : behindStar - 1;
          name[out++] = STAR;
          behindStar = out;
        } else {
          behindStar = -1;
          if (changes === 1 && (last & IS_DIGIT) === 1 && digits >= NUMBER_DIGITS) {
            out -= digits;
            name[out++] = STAR;
          }
        }
      }
      if (flags === CONNECTOR && i < limit) name[out++] = bytes[i++]!;
    }
    const length = i - from;
    if (length < LONG_TOKEN_BYTES) {
      this.partEnd = i;
      return out;
    }
    const isTooLong = length > LONGEST_PART_BYTES;
    this.partEnd = isTooLong ? endOfPart(bytes, i, end) : i;
    if (!isTooLong && !isLongId(bytes, from, i)) return out;
    name[at] = STAR;
    return at + 1;
  }
}

/**
 * @param hex how many of the bytes are hex digits
 * @param changes from letters to digits and back
 */
function isId(length: number, digits: number, hex: number, changes: number): boolean {
  if (digits === 0) return hex === length && length >= LONG_HEX_BYTES;
  if (digits === length || changes >= 3) return true;
  if (length < SHORT_HEX_BYTES) return false;
  return hex === length || (changes === 2 && digits >= 2);
}

/** Whether a long part is a UUID or the like, or looks random: cases and digits alternate, also across connectors. */
function isLongId(bytes: Uint8Array, from: number, to: number): boolean {
  let digits = 0;
  let hexOrDash = 0;
  let changes = 0;
  let last = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i]!;
    const kind = KINDS[byte]!;
    if (kind === DIGIT) digits++;
    if (byte === DASH || (kind < CONNECTOR && (FLAGS[byte]! & IS_HEX) !== 0)) hexOrDash++;
    if (kind === CONNECTOR) continue;
    // A capital before a small letter begins a word.
    if (last !== 0 && kind !== last && !(last === UPPER && kind === LOWER)) changes++;
    last = kind;
  }
  const length = to - from;
  if (hexOrDash === length && length >= DASHED_HEX_BYTES) return true;
  return digits >= 2 && changes * 3 >= length;
}
