import { fromUtf8 } from "../../lib/bytes.ts";

const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const TAB = 0x09;
/** As a separator: any number of blanks and tabs. Those at a row's ends do not count. */
export const BLANKS = 0x20;

const BAR = 0x7c;
/** Lines that database clients print between, before and after rows of bars. */
const RULE = /^(?:[-+=:|\s]*-[-+=:|\s]*|\([0-9]+ rows?\)\s*)$/;
/** Longer lines are no rules. */
const RULE_LIMIT_BYTES = 10_000;

/** More columns than anyone uses. */
const FIELD_LIMIT = 10_000;

/** Finds the fields of one row of a CSV or TSV, by RFC 4180: a quoted field may contain any characters. */
export class TableRow {
  /** Number of fields found; those beyond 10,000 are left out. */
  count = 0;
  readonly starts = new Int32Array(FIELD_LIMIT);
  readonly ends = new Int32Array(FIELD_LIMIT);
  /** Whether the field contains doubled quotes, which stand for one. */
  readonly isEscaped = new Uint8Array(FIELD_LIMIT);
  /** Line feeds within the row, including the one at its end. */
  lineFeeds = 0;
  /** Whether the row ended within quotes. */
  isOpen = false;

  /**
   * Finds the fields of the row at `start`. Of fields separated by bars, as database clients print them, blanks around
   * them and bars at both ends of the row do not count, and rules between rows are empty rows.
   * @returns where the next row begins; -1 if this row is not complete yet
   */
  scan(bytes: Uint8Array, start: number, separator: number, isLast: boolean): number {
    if (separator === BLANKS) return this.#scanBlanks(bytes, start, isLast);
    const next = this.#scanFields(bytes, start, separator, isLast);
    if (separator === BAR && next >= 0) this.#unframe(bytes, start, next);
    return next;
  }

  #scanFields(bytes: Uint8Array, start: number, separator: number, isLast: boolean): number {
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
        // A quote at the end of these bytes may be the first of two.
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

  /** Whether the row is empty. */
  get isEmpty(): boolean {
    return this.count === 0 || (this.count === 1 && this.ends[0] === this.starts[0]);
  }

  #unframe(bytes: Uint8Array, start: number, next: number): void {
    const isRule = next - start <= RULE_LIMIT_BYTES && RULE.test(fromUtf8(bytes.subarray(start, next)));
    if (isRule) {
      this.count = 0;
      return;
    }
    const { starts, ends } = this;
    for (let i = 0; i < this.count; i++) {
      const isQuoted = starts[i]! > start && bytes[starts[i]! - 1] === QUOTE;
      if (isQuoted) continue;
      while (starts[i]! < ends[i]! && isBlank(bytes[starts[i]!]!)) starts[i]!++;
      while (starts[i]! < ends[i]! && isBlank(bytes[ends[i]! - 1]!)) ends[i]!--;
    }
    const isFramed = this.count > 2 && bytes[start] === BAR && this.#isBlankField(this.count - 1);
    if (!isFramed) return;
    this.count -= 2;
    starts.copyWithin(0, 1, this.count + 1);
    ends.copyWithin(0, 1, this.count + 1);
    this.isEscaped.copyWithin(0, 1, this.count + 1);
  }

  #isBlankField(index: number): boolean {
    return this.starts[index] === this.ends[index];
  }

  /** The same as `scan` for blanks. A quoted field may contain blanks if its quotes are closed in the same line. */
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

  /** Returns the field as text. */
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

/** The look of a table, from its first rows. */
export interface TableShape {
  /** Where the first row begins, after comments and empty lines, and the number of lines before it. */
  readonly start: number;
  readonly linesBefore: number;
  readonly separator: number;
  /** The first rows, including the header if there is one. */
  readonly rows: readonly (readonly string[])[];
  /** Number of fields, if it is the same in all rows and more than one; else 0. */
  readonly width: number;
  /** Fields of a comment right before the first row, if it has as many as that row: perhaps a header. */
  readonly comment: readonly string[] | undefined;
  /** Column names from a directive. */
  readonly directive: readonly string[] | undefined;
}
