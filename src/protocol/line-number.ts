import { parseDecimal } from "../lib/bytes.ts";
import { CR, LF } from "./encoding.ts";

const DIGIT_ZERO = 0x30;
/** Numbers of at most so many digits are read in one go. */
const SHORT_DIGITS = 9;

/** What `LineNumber.read` answers when the line's end is not there yet. */
export const INCOMPLETE = -1;
/** What it answers when the line is there and does not hold a number. */
export const INVALID = -2;

/**
 * Reads the lines that hold a count or a length: a type byte, a number in Redis's strict decimal form, CR LF. A
 * line that comes in pieces is searched for its end once.
 */
export class LineNumber {
  /** The number `read` has found. */
  value = 0;
  /**
   * Bytes behind the type byte that are known not to be the line's CR; 0 when a number has been read. An invalid
   * line is of this length, so that it is too long or not whatever the pieces it came in.
   */
  searched = 0;

  /**
   * @param at where the line's type byte is
   * @returns the offset behind the line, INCOMPLETE or INVALID
   */
  read(bytes: Uint8Array, at: number, end: number): number {
    const first = bytes[at + 1]! - DIGIT_ZERO;
    if (first >= 0 && first <= 9) {
      const last = Math.min(end - 1, at + 1 + SHORT_DIGITS);
      let value = first;
      let behind = at + 2;
      for (; behind < last; behind++) {
        const digit = bytes[behind]! - DIGIT_ZERO;
        if (digit < 0 || digit > 9) break;
        value = value * 10 + digit;
      }
      const strict = first > 0 || behind === at + 2;
      if (behind < last && bytes[behind] === CR && bytes[behind + 1] === LF && strict) {
        this.searched = 0;
        this.value = value;
        return behind + 2;
      }
    }
    return this.#search(bytes, at, end);
  }

  #search(bytes: Uint8Array, at: number, end: number): number {
    let cr = at + 1 + this.searched;
    while (cr < end && bytes[cr] !== CR) cr++;
    if (cr + 1 >= end) {
      this.searched = Math.max(cr - at - 1, 0);
      return INCOMPLETE;
    }
    const value = parseDecimal(bytes, at + 1, cr);
    if (value === undefined || bytes[cr + 1] !== LF) {
      this.searched = cr - at - 1;
      return INVALID;
    }
    this.searched = 0;
    this.value = value;
    return cr + 2;
  }
}
