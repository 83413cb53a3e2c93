import { fromUtf8 } from "../../lib/bytes.ts";

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;
/** As a separator: any number of blanks and tabs, and none at the row's ends. */
export const BLANKS = 0x20;

/** More columns than anybody names. */
const FIELD_LIMIT = 10_000;

/** Where the fields of one row of a CSV or TSV are, by RFC 4180: a quoted field may hold anything. */
export class TableRow {
  /** Fields found; those beyond 10,000 are left out. */
  count = 0;
  readonly starts = new Int32Array(FIELD_LIMIT);
  readonly ends = new Int32Array(FIELD_LIMIT);
  /** The field held two quotes for one, which are to be made one. */
  readonly isEscaped = new Uint8Array(FIELD_LIMIT);
  /** Line feeds within the row, that of its end included. */
  lineFeeds = 0;
  /** It ended within quotes. */
  isOpen = false;

  /**
   * Finds the fields of the row at `start`.
   * @returns where the next row begins; -1 when the end of this one is not there yet
   */
  scan(bytes: Uint8Array, start: number, separator: number, isLast: boolean): number {
    if (separator === BLANKS) return this.#scanBlanks(bytes, start, isLast);
    const { length } = bytes;
    this.count = 0;
    this.lineFeeds = 0;
    this.isOpen = false;
    let at = start;
    for (;;) {
      const isQuoted = at < length && bytes[at] === QUOTE;
      let fieldStart = at;
      let fieldEnd = -1;
      let isEscaped = 0;
      if (isQuoted) {
        fieldStart = ++at;
        for (; at < length; at++) {
          const byte = bytes[at]!;
          if (byte === LINE_FEED) this.lineFeeds++;
          if (byte !== QUOTE) continue;
          if (bytes[at + 1] !== QUOTE) break;
          isEscaped = 1;
          at++;
        }
        // A quote at the end of what is there may be the first of two.
        if (at >= length - 1 && !isLast) return -1;
        this.isOpen = at >= length;
        fieldEnd = Math.min(at, length);
      }
      while (at < length && bytes[at] !== separator && bytes[at] !== LINE_FEED) at++;
      if (at >= length && !isLast) return -1;
      if (fieldEnd < 0) fieldEnd = at;
      const isRowEnd = at >= length || bytes[at] === LINE_FEED;
      if (isRowEnd && !isQuoted && fieldEnd > fieldStart && bytes[fieldEnd - 1] === CARRIAGE_RETURN)
        fieldEnd--;
      this.#add(fieldStart, fieldEnd, isEscaped);
      if (isRowEnd) {
        if (at >= length) return length;
        this.lineFeeds++;
        return at + 1;
      }
      at++;
    }
  }

  /** Nothing is in it. */
  get isEmpty(): boolean {
    return this.count === 0 || (this.count === 1 && this.ends[0] === this.starts[0]);
  }

  /** As `scan`. A field in quotes may hold blanks, if the quotes are closed in the same line. */
  #scanBlanks(bytes: Uint8Array, start: number, isLast: boolean): number {
    const lineFeed = bytes.indexOf(LINE_FEED, start);
    if (lineFeed < 0 && !isLast) return -1;
    const end = lineFeed < 0 ? bytes.length : lineFeed;
    this.count = 0;
    this.isOpen = false;
    this.lineFeeds = lineFeed < 0 ? 0 : 1;
    for (let at = start; ; ) {
      while (at < end && isBlank(bytes[at]!)) at++;
      if (at >= end) break;
      const closing = bytes[at] === QUOTE ? bytes.indexOf(QUOTE, at + 1) : -1;
      const isQuoted = closing > 0 && closing < end && (closing + 1 === end || isBlank(bytes[closing + 1]!));
      const fieldStart = isQuoted ? at + 1 : at;
      if (isQuoted) at = closing;
      else while (at < end && !isBlank(bytes[at]!)) at++;
      this.#add(fieldStart, at, 0);
      if (isQuoted) at++;
    }
    return lineFeed < 0 ? bytes.length : lineFeed + 1;
  }

  /** The field as text. */
  text(bytes: Uint8Array, index: number): string {
    const text = fromUtf8(bytes.subarray(this.starts[index]!, this.ends[index]!));
    return this.isEscaped[index] === 1 ? text.replaceAll('""', '"') : text;
  }

  #add(start: number, end: number, isEscaped: number): void {
    if (this.count === FIELD_LIMIT) return;
    this.starts[this.count] = start;
    this.ends[this.count] = end;
    this.isEscaped[this.count] = isEscaped;
    this.count++;
  }
}

function isBlank(byte: number): boolean {
  return byte === BLANKS || byte === TAB || byte === CARRIAGE_RETURN;
}

/** How a table looks, as far as its first rows tell. */
export interface TableShape {
  /** Where the first row begins, behind comments and empty lines, and how many lines are before it. */
  readonly start: number;
  readonly linesBefore: number;
  readonly separator: number;
  /** The first rows, the header among them if there is one. */
  readonly rows: readonly (readonly string[])[];
  /** So many fields each of them has, more than one; 0: they differ, or have one. */
  readonly width: number;
  /** Fields of a comment right before the first row that has as many of them: a header, perhaps. */
  readonly comment: readonly string[] | undefined;
  /** Names that a directive gives the columns. */
  readonly directive: readonly string[] | undefined;
}
