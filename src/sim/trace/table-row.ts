const QUOTE = 0x22;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

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

  /** The field as text. */
  text(bytes: Uint8Array, index: number): string {
    const text = Buffer.from(bytes.subarray(this.starts[index]!, this.ends[index]!)).toString();
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

/** The separator of a table, judged by its first line: the first of tab, comma, semicolon and bar that is in it. */
export function separatorOf(line: string): string {
  const unquoted = line.replace(/"[^"]*"/g, "");
  return ["\t", ",", ";", "|"].find((separator) => unquoted.includes(separator)) ?? ",";
}
