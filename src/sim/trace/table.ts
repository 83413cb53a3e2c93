import { fromUtf8, utf8 } from "../../lib/bytes.ts";
import { formatSize } from "../../lib/quantity.ts";
import { READ, RecordBatch } from "../../replay/records.ts";
import type { Columns } from "./columns.ts";
import type { Faults } from "./faults.ts";
import { dateMs } from "./log-time.ts";
import { isOtherMethod, operationOf } from "./operation.ts";
import { addKey, quantity, quoted, repeatRecord, UNIT_SEPARATOR, wholeNumber } from "./record-fields.ts";
import { SizeMemory } from "./size-memory.ts";
import { type KnownColumns, layOut, type TableLayout } from "./table-layout.ts";
import type { TableShape } from "./table-row.ts";
import { TableRow } from "./table-row.ts";
import { findShape, isShapeKnown, namesOfDirective } from "./table-shape.ts";
import type { ParserContext, TraceParser } from "./trace-format.ts";

const LINE_FEED = 0x0a;
const HASH = 0x23;
const DASH = 0x2d;
/** A longer row counts as broken: it may have an open quote, which takes in everything that follows. */
export const ROW_LIMIT_BYTES = 1024 ** 2;
/** A row with more repetitions counts as broken. */
const COUNT_LIMIT = 2 ** 31;

/** Finds the columns of a table in a known format from its first rows; undefined if it is not in that format. */
export type FindColumns = (shape: TableShape) => KnownColumns | undefined;

/** Parses a table with one request per row. */
export class Table implements TraceParser {
  readonly #faults: Faults;
  readonly #families: ParserContext["families"];
  readonly #told: Columns | undefined;
  readonly #findColumns: FindColumns | undefined;
  readonly #shape: TableShape | undefined;
  readonly #row = new TableRow();
  /** The shape that the present layout is for. */
  #begun: TableShape | undefined;
  #separator = -1;
  #hasComments = false;
  #layout: TableLayout | undefined;
  #isHeaderAhead = false;
  /** Number of names in the header; 0 if the columns were not found by it. */
  #names = 0;
  #sizes: SizeMemory | undefined;
  #composed: Uint8Array = new Uint8Array(256);
  /** A record that stands for several requests, and the number still to be added. */
  readonly #repeated = new RecordBatch(1);
  #repeats = 0;
  /** Number of lines before the current row. */
  #lines = 0;
  #isSkipping = false;

  constructor({ faults, families, columns, shape }: ParserContext, findColumns?: FindColumns) {
    this.#faults = faults;
    this.#families = families;
    this.#told = columns;
    this.#findColumns = findColumns;
    this.#shape = shape;
  }

  parse(bytes: Uint8Array, start: number, isLast: boolean, batch: RecordBatch): number {
    const { capacity } = batch;
    const { length } = bytes;
    const row = this.#row;
    let at = start;
    if (this.#layout === undefined) {
      if (this.#shape === undefined && !isLast && !isShapeKnown(bytes, start)) return start;
      at = this.#begin(bytes, start, isLast);
    }
    if (this.#repeats > 0) this.#repeats -= repeatRecord(this.#repeated, 0, batch, this.#repeats);
    while (batch.count < capacity && at < length) {
      if (this.#isSkipping) {
        const lineFeed = bytes.indexOf(LINE_FEED, at);
        if (lineFeed < 0) return length;
        this.#isSkipping = false;
        this.#lines++;
        at = lineFeed + 1;
        continue;
      }
      const next = row.scan(bytes, at, this.#separator, isLast);
      if (next < 0 && length - at <= ROW_LIMIT_BYTES) return at;
      if (next < 0 || next - at > ROW_LIMIT_BYTES || row.isOpen) {
        const what = row.isOpen
          ? "a quote is not closed"
          : `the row is longer than ${formatSize(ROW_LIMIT_BYTES)}`;
        this.#bad(row.isOpen || next >= 0 ? what : `${what}, or a quote is not closed`);
        // Continue from the next line: an open quote has taken in everything that follows.
        this.#isSkipping = true;
        continue;
      }
      if (!row.isEmpty) {
        if (this.#hasComments && bytes[at] === HASH) this.#readComment(fromUtf8(bytes.subarray(at, next)));
        else this.#addRow(bytes, batch);
      }
      this.#lines += row.lineFeeds;
      at = next;
    }
    return at;
  }

  #bad(problem: string): void {
    this.#faults.report(`line ${this.#lines + 1}`, problem);
  }

  /** @returns where the first row begins */
  #begin(bytes: Uint8Array, start: number, isLast: boolean): number {
    const shape = this.#shape ?? findShape(start === 0 ? bytes : bytes.subarray(start), isLast);
    const layout = this.#layOut(shape);
    this.#separator = shape.separator;
    this.#hasComments = shape.directive !== undefined;
    this.#isHeaderAhead = layout.hasHeader;
    this.#names = layout.names;
    this.#lines = shape.linesBefore;
    if (layout.hasUnknownSizes && layout.size >= 0) this.#sizes = new SizeMemory();
    return start + shape.start;
  }

  #layOut(shape: TableShape): TableLayout {
    const known = this.#told === undefined ? this.#findColumns?.(shape) : undefined;
    const layout = layOut(shape, this.#told, known);
    if (typeof layout === "string") return this.#faults.fail(layout);
    this.#begun = shape;
    this.#layout = layout;
    return layout;
  }

  /** A server that is set up anew writes another directive into the same log. */
  #readComment(comment: string): void {
    const directive = namesOfDirective(comment);
    const before = this.#begun!.directive;
    if (directive === undefined || before === undefined) return;
    if (directive.join() !== before.join()) this.#layOut({ ...this.#begun!, directive });
  }

  #addRow(bytes: Uint8Array, batch: RecordBatch): void {
    if (this.#isHeaderAhead) {
      this.#isHeaderAhead = false;
      return;
    }
    const { key, moreKeys, time, size, op, ttl, count, last } = this.#layout!;
    const row = this.#row;
    if (row.count <= last) {
      this.#bad(`there is no column ${last + 1}: the line has ${row.count}`);
      return;
    }
    if (this.#names > 0 && row.count > this.#names && !this.#isEmptyFrom(this.#names)) {
      this.#bad(`the line has ${row.count} fields, and the header ${this.#names} names`);
      return;
    }
    if (row.ends[key] === row.starts[key] && moreKeys.length === 0) {
      this.#bad("the key is empty");
      return;
    }
    const sizeBytes = size < 0 ? 1 : this.#size(bytes, size);
    const timeMs = time < 0 ? 0 : this.#time(bytes, time);
    const ttlMs =
      ttl < 0 || row.ends[ttl] === row.starts[ttl] ? 0 : this.#quantity(bytes, ttl, "time to live");
    const times = count < 0 ? 1 : this.#count(bytes, count);
    if (Number.isNaN(sizeBytes + timeMs + ttlMs + times)) return;
    const operation = op < 0 ? READ : operationOf(row.text(bytes, op));
    if (operation === undefined && isOtherMethod(row.text(bytes, op))) {
      this.#faults.ignore("requests that neither read, write nor delete");
      return;
    }
    if (operation === undefined) {
      this.#bad(`the operation ${this.#shown(bytes, op)} is neither read, write nor delete`);
      return;
    }
    if (sizeBytes === 0 && operation === READ && this.#sizes === undefined) {
      this.#bad("the size is 0");
      return;
    }
    const i = batch.count;
    if (moreKeys.length > 0) this.#addComposedKey(bytes, batch);
    else if (row.isEscaped[key] === 1) {
      const unescaped = utf8(row.text(bytes, key));
      addKey(batch, unescaped, 0, unescaped.length, this.#families);
    } else addKey(batch, bytes, row.starts[key]!, row.ends[key]!, this.#families);
    if (this.#sizes === undefined) batch.size[i] = Math.max(1, sizeBytes);
    else {
      batch.size[i] = sizeBytes;
      this.#sizes.complete(batch, i);
    }
    batch.timeMs[i] = timeMs * this.#layout!.timeUnitMs;
    batch.operation[i] = operation;
    batch.ttlMs[i] = ttlMs * this.#layout!.ttlUnitMs;
    if (times > 1) this.#repeat(batch, i, times - 1);
  }

  #isEmptyFrom(field: number): boolean {
    const { count, starts, ends } = this.#row;
    for (let i = field; i < count; i++) if (starts[i] !== ends[i]) return false;
    return true;
  }

  #repeat(batch: RecordBatch, i: number, times: number): void {
    this.#repeats = times - repeatRecord(batch, i, batch, times);
    if (this.#repeats === 0) return;
    this.#repeated.count = 0;
    repeatRecord(batch, i, this.#repeated, 1);
  }

  /** Adds a key of several columns. The separator between them keeps `a` and `bc` apart from `ab` and `c`. */
  #addComposedKey(bytes: Uint8Array, batch: RecordBatch): void {
    const { key, moreKeys } = this.#layout!;
    let end = this.#compose(bytes, key, 0);
    for (const column of moreKeys) {
      this.#composed[end] = UNIT_SEPARATOR;
      end = this.#compose(bytes, column, end + 1);
    }
    addKey(batch, this.#composed, 0, end, this.#families);
  }

  #compose(bytes: Uint8Array, column: number, at: number): number {
    const start = this.#row.starts[column]!;
    const end = at + this.#row.ends[column]! - start;
    if (end >= this.#composed.length) {
      const larger = new Uint8Array(2 * end + 1);
      larger.set(this.#composed);
      this.#composed = larger;
    }
    this.#composed.set(bytes.subarray(start, this.#row.ends[column]), at);
    return end;
  }

  /** Returns a whole number of bytes; NaN, after reporting it, if it is not one. */
  #size(bytes: Uint8Array, index: number): number {
    const start = this.#row.starts[index]!;
    const end = this.#row.ends[index]!;
    if (this.#sizes !== undefined && (start === end || (end - start === 1 && bytes[start] === DASH)))
      return 0;
    const value = wholeNumber(bytes, start, end);
    if (Number.isNaN(value)) {
      const isBroken = Number.isNaN(quantity(bytes, start, end));
      this.#badNumber(bytes, index, "size", isBroken ? "a number" : "a whole number of bytes");
    }
    return value;
  }

  #count(bytes: Uint8Array, index: number): number {
    const value = wholeNumber(bytes, this.#row.starts[index]!, this.#row.ends[index]!);
    if (value >= 1 && value <= COUNT_LIMIT) return value;
    this.#bad(`the count ${this.#shown(bytes, index)} is not a number of requests`);
    return Number.NaN;
  }

  /** Returns a number of zero or more; NaN, after reporting it, if it is not one. */
  #quantity(bytes: Uint8Array, index: number, what: string): number {
    const value = quantity(bytes, this.#row.starts[index]!, this.#row.ends[index]!);
    if (Number.isNaN(value)) this.#badNumber(bytes, index, what, "a number");
    return value;
  }

  #badNumber(bytes: Uint8Array, index: number, what: string, kind: string): void {
    const isNegative = /^\s*-[0-9.]+\s*$/.test(this.#row.text(bytes, index));
    this.#bad(`the ${what} ${this.#shown(bytes, index)} is ${isNegative ? "less than 0" : `not ${kind}`}`);
  }

  /** Returns the time in the column's unit. */
  #time(bytes: Uint8Array, index: number): number {
    const { timeOfDay, timeUnitMs } = this.#layout!;
    const row = this.#row;
    const value = timeOfDay < 0 ? quantity(bytes, row.starts[index]!, row.ends[index]!) : Number.NaN;
    if (!Number.isNaN(value)) return value;
    const text = row.text(bytes, index).trim();
    const ms = dateMs(timeOfDay < 0 ? text : `${text}T${row.text(bytes, timeOfDay).trim()}Z`);
    if (Number.isNaN(ms)) {
      this.#bad(
        `the time ${this.#shown(bytes, index)} is neither a number nor a date such as 2013-12-01T08:30:00Z`,
      );
    }
    return ms / timeUnitMs;
  }

  #shown(bytes: Uint8Array, index: number): string {
    return quoted(bytes, this.#row.starts[index]!, this.#row.ends[index]!);
  }
}
