import { parseDecimal } from "../lib/bytes.ts";
import { CR, LF } from "./encoding.ts";

const DIGIT_ZERO = 0x30;
/** Numbers with at most this many digits are read in one loop. */
const SHORT_DIGITS = 9;

/** `LineNumber.read` returns this if the end of the line has not come. */
export const INCOMPLETE = -1;
/** `LineNumber.read` returns this if the line does not hold a number. */
export const INVALID = -2;

/**
 * Reads a line with a count or a length: a type byte, a number in Redis's strict decimal form, CR LF. If the line comes
 * in pieces, no byte is searched twice for its end.
 */
export class LineNumber {
  /** The number that `read` found. */
  value = 0;
  /**
   * Bytes behind the type byte that are known not to be the line's CR; 0 after a number has been read. For an invalid
   * line this is its length, so whether it is too long does not depend on the pieces it came in.
   */
  searched = 0;

  /**
   * @param at the offset of the line's type byte
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
