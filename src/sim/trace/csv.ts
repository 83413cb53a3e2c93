import { utf8 } from "../../lib/bytes.ts";
import { formatSize } from "../../lib/quantity.ts";
import { READ, type RecordBatch } from "../records.ts";
import { type Column, type ColumnRole, type Columns, columnNamed, columnsOfHeader } from "./columns.ts";
import type { Faults } from "./faults.ts";
import { operationOf } from "./operation.ts";
import { addKey, quantity, quoted } from "./record-fields.ts";
import { separatorOf, TableRow } from "./table-row.ts";
import type { ParserContext, TraceFormat, TraceHead, TraceParser } from "./trace-format.ts";

const LINE_FEED = 0x0a;
/** A longer row is a broken one: it may be a quote that is not closed, and takes in all that follows. */
export const ROW_LIMIT_BYTES = 1024 ** 2;

/**
 * Tables with one request a row. Which column is what is told, or read from a header with usual names; a table of one
 * column holds keys. Times are in seconds, whole or not, or as ISO 8601 writes them.
 */
export const csv: TraceFormat = {
  name: "csv",
  description: "CSV or TSV with a header, or with columns told as in time=1,key=2,size=3,op=4,ttl=5",
  hasSizes: (head, columns) => (columns ?? columnsOfHeader(firstRow(head)))?.has("size") === true,
  matches: (head) =>
    head.isText && (head.hasColumns || /\.[ct]sv$/.test(head.fileName) || hasUsualHeader(head)),
  open: (context) => new Table(context),
};

class Table implements TraceParser {
  readonly #faults: Faults;
  readonly #families: ParserContext["families"];
  readonly #columns: Columns | undefined;
  readonly #row = new TableRow();
  #separator = -1;
  #layout: Layout | undefined;
  /** Lines before the row at hand. */
  #lines = 0;
  #isSkipping = false;

  constructor({ faults, families, columns }: ParserContext) {
    this.#faults = faults;
    this.#families = families;
    this.#columns = columns;
  }

  parse(bytes: Uint8Array, start: number, isLast: boolean, batch: RecordBatch): number {
    const { capacity } = batch;
    const { length } = bytes;
    const row = this.#row;
    let at = start;
    while (batch.count < capacity && at < length) {
      if (this.#isSkipping) {
        const lineFeed = bytes.indexOf(LINE_FEED, at);
        if (lineFeed < 0) return length;
        this.#isSkipping = false;
        this.#lines++;
        at = lineFeed + 1;
        continue;
      }
      if (this.#separator < 0 && !this.#findSeparator(bytes, at, isLast)) return at;
      const next = row.scan(bytes, at, this.#separator, isLast);
      if (next < 0 && length - at <= ROW_LIMIT_BYTES) return at;
      if (next < 0 || next - at > ROW_LIMIT_BYTES || row.isOpen) {
        const what = row.isOpen
          ? "a quote is not closed"
          : `the row is longer than ${formatSize(ROW_LIMIT_BYTES)}`;
        this.#bad(row.isOpen || next >= 0 ? what : `${what}, or a quote is not closed`);
        // From the next line on: an open quote has taken in all that follows.
        this.#isSkipping = true;
        continue;
      }
      if (row.count > 1 || row.ends[0]! > row.starts[0]!) this.#addRow(bytes, batch);
      this.#lines += row.lineFeeds;
      at = next;
    }
    return at;
  }

  #bad(problem: string): void {
    this.#faults.report(`line ${this.#lines + 1}`, problem);
  }

  /** @returns false when the first line is not all there yet */
  #findSeparator(bytes: Uint8Array, start: number, isLast: boolean): boolean {
    let end = bytes.indexOf(LINE_FEED, start);
    if (end < 0) {
      if (!isLast && bytes.length - start <= ROW_LIMIT_BYTES) return false;
      end = bytes.length;
    }
    this.#separator = separatorOf(Buffer.from(bytes.subarray(start, end)).toString()).charCodeAt(0);
    return true;
  }

  #addRow(bytes: Uint8Array, batch: RecordBatch): void {
    if (this.#layout === undefined) {
      const names = Array.from({ length: this.#row.count }, (_, index) => this.#row.text(bytes, index));
      const { layout, isHeader } = findLayout(names, this.#columns, this.#faults);
      this.#layout = layout;
      if (isHeader) return;
    }
    const { key, time, size, op, ttl, last } = this.#layout;
    const row = this.#row;
    if (row.count <= last) {
      this.#bad(`there is no column ${last + 1}: the line has ${row.count}`);
      return;
    }
    if (row.ends[key] === row.starts[key]) {
      this.#bad("the key is empty");
      return;
    }
    const sizeBytes = size < 0 ? 1 : this.#quantity(bytes, size, "size");
    const timeMs = time < 0 ? 0 : this.#time(bytes, time);
    const ttlMs =
      ttl < 0 || row.ends[ttl] === row.starts[ttl] ? 0 : this.#quantity(bytes, ttl, "time to live");
    if (Number.isNaN(sizeBytes) || Number.isNaN(timeMs) || Number.isNaN(ttlMs)) return;
    const operation = op < 0 ? READ : operationOf(row.text(bytes, op));
    if (operation === undefined) {
      this.#bad(`the operation ${this.#shown(bytes, op)} is neither read, write nor delete`);
      return;
    }
    if (sizeBytes === 0 && operation === READ) {
      this.#bad("the size is 0");
      return;
    }
    const i = batch.count;
    if (row.isEscaped[key] === 1) {
      const unescaped = utf8(row.text(bytes, key));
      addKey(batch, unescaped, 0, unescaped.length, this.#families);
    } else addKey(batch, bytes, row.starts[key]!, row.ends[key]!, this.#families);
    batch.size[i] = Math.max(1, sizeBytes);
    batch.timeMs[i] = timeMs * this.#layout.timeUnitMs;
    batch.operation[i] = operation;
    batch.ttlMs[i] = ttlMs * this.#layout.ttlUnitMs;
  }

  /** NaN, and told, when it is none. */
  #quantity(bytes: Uint8Array, index: number, what: string): number {
    const value = quantity(bytes, this.#row.starts[index]!, this.#row.ends[index]!);
    if (Number.isNaN(value)) {
      const isNegative = /^\s*-[0-9.]+\s*$/.test(this.#row.text(bytes, index));
      this.#bad(`the ${what} ${this.#shown(bytes, index)} is ${isNegative ? "less than 0" : "not a number"}`);
    }
    return value;
  }

  /** In the column's unit. */
  #time(bytes: Uint8Array, index: number): number {
    const value = quantity(bytes, this.#row.starts[index]!, this.#row.ends[index]!);
    if (!Number.isNaN(value)) return value;
    const text = this.#row.text(bytes, index).trim();
    const dateMs = /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(text) ? Date.parse(text) : Number.NaN;
    if (Number.isNaN(dateMs)) {
      this.#bad(
        `the time ${this.#shown(bytes, index)} is neither a number nor a date such as 2013-12-01T08:30:00Z`,
      );
    }
    return dateMs / this.#layout!.timeUnitMs;
  }

  #shown(bytes: Uint8Array, index: number): string {
    return quoted(bytes, this.#row.starts[index]!, this.#row.ends[index]!);
  }
}

/** Indices of the columns, from 0; -1: there is none. */
interface Layout {
  readonly key: number;
  readonly time: number;
  readonly size: number;
  readonly op: number;
  readonly ttl: number;
  readonly timeUnitMs: number;
  readonly ttlUnitMs: number;
  /** The greatest of them. */
  readonly last: number;
}

/** Finds out from the first row, and from what was told, which column is what. */
function findLayout(
  names: readonly string[],
  told: Columns | undefined,
  faults: Faults,
): { readonly layout: Layout; readonly isHeader: boolean } {
  const cleaned = cleanHeader(names);
  const usual = columnsOfHeader(cleaned);
  const columns = told ?? usual ?? (names.length === 1 ? SINGLE : undefined);
  if (columns === undefined) {
    const shown = cleaned.slice(0, 8).map((name) => name.slice(0, 30));
    const more = cleaned.length > shown.length ? ", …" : "";
    return faults.fail(
      `which column is the key? Tell it as in --columns key=2,size=3; line 1 has ${cleaned.length}: ${shown.join(", ")}${more}`,
    );
  }
  const indexOf = (role: ColumnRole): number => {
    const column = columns.get(role);
    return column === undefined ? -1 : columnIndex(column, cleaned, faults);
  };
  const key = indexOf("key");
  const [time, size, op, ttl] = [indexOf("time"), indexOf("size"), indexOf("op"), indexOf("ttl")];
  const isNamed = [...columns.values()].some(({ at }) => typeof at === "string");
  const isNoNumber = (index: number): boolean => index >= 0 && !/^\s*[0-9.]/.test(names[index] ?? "0");
  return {
    layout: {
      key,
      time,
      size,
      op,
      ttl,
      timeUnitMs: columns.get("time")?.unitMs ?? 1,
      ttlUnitMs: columns.get("ttl")?.unitMs ?? 1,
      last: Math.max(key, time, size, op, ttl),
    },
    isHeader: isNamed || usual !== undefined || isNoNumber(size) || (isNoNumber(time) && isNoNumber(key)),
  };
}

const SINGLE: Columns = new Map([["key", { at: 1, unitMs: 1 }]]);

function columnIndex({ at }: Column, names: readonly string[], faults: Faults): number {
  const index = typeof at === "number" ? at - 1 : columnNamed(names, at);
  if (index >= 0 && index < names.length) return index;
  return faults.fail(
    typeof at === "number"
      ? `there is no column ${at}: line 1 has ${names.length}`
      : `there is no column "${at}": line 1 has ${names.map((name) => `"${name}"`).join(", ")}`,
  );
}

/** Some write their header as a comment. */
function cleanHeader(names: readonly string[]): string[] {
  return names.map((name, index) => (index === 0 ? name.replace(/^#/, "") : name).trim());
}

function firstRow({ bytes, lines }: TraceHead): string[] {
  const row = new TableRow();
  const separator = separatorOf(lines[0] ?? "").charCodeAt(0);
  if (row.scan(bytes, 0, separator, true) < 0) return [];
  return cleanHeader(Array.from({ length: row.count }, (_, index) => row.text(bytes, index)));
}

/** Two columns with usual names or more, the key's among them. */
function hasUsualHeader(head: TraceHead): boolean {
  return (columnsOfHeader(firstRow(head))?.size ?? 0) > 1;
}
