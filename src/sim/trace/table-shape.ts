import { fromUtf8, utf8 } from "../../lib/bytes.ts";
import { columnsOfHeader } from "./columns.ts";
import { HEAD_BYTES, LINES_LOOKED_AT } from "./head.ts";
import { isPreamble } from "./preamble.ts";
import { BLANKS, TableRow, type TableShape } from "./table-row.ts";
import type { TraceHead } from "./trace-format.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const HASH = 0x23;
const COMMA = 0x2c;
const TAB = 0x09;
/** Possible separators; if several fit, the first one is taken. The last one is any number of blanks. */
const SEPARATORS: readonly number[] = [...utf8("\t,;|"), BLANKS];
const SEPARATOR_NAMES: ReadonlyMap<number, string> = new Map([
  [TAB, "tabs"],
  [COMMA, "commas"],
  [0x3b, "semicolons"],
  [0x7c, "bars"],
  [BLANKS, "blanks"],
]);
/** Other beginnings of comments; such a line counts as a comment only before rows of several fields. */
const OTHER_COMMENT = /^(?:\/\/|%|;|--|!|\+[-=+]+\+\s*$)/;
/** Lines before a table that are neither comments nor empty; and the rows that a table has at least to be found. */
const MOST_MESSAGES = 3;
const LEAST_ROWS = 3;
/** The directive that names the columns in the W3C's extended log format. */
const FIELDS_DIRECTIVE = /^#\s*Fields:\s*/i;

/** Whether there are enough bytes to find a table's shape. */
export function isShapeKnown(bytes: Uint8Array, start: number): boolean {
  if (bytes.length - start >= HEAD_BYTES) return true;
  let lines = 0;
  for (let at = bytes.indexOf(LINE_FEED, start); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) lines++;
  return lines >= LINES_LOOKED_AT;
}

/** The shape of a trace's head; computed once, because several formats need it. */
export function shapeOf(head: TraceHead): TableShape {
  head.found.shape ??= findShape(head.bytes, head.isWhole);
  return head.found.shape;
}

/** @param isWhole whether nothing follows these bytes */
export function findShape(bytes: Uint8Array, isWhole: boolean): TableShape {
  const isCut = bytes.length > HEAD_BYTES || !isWhole;
  const looked = withoutCutLine(bytes.subarray(0, HEAD_BYTES), isCut);
  const preamble = preambleOf(looked, false);
  const shape = shapeBehind(looked, preamble);
  if (shape.width > 0 && shape.separator !== BLANKS) return shape;
  const longer = preambleOf(looked, true);
  const other = longer.start > preamble.start ? shapeBehind(looked, longer) : shape;
  const found = shape.width > 0 ? shape : other;
  if (found.width > 0 && found.separator !== BLANKS) return found;
  const behind = shapeBehindMessages(looked, longer);
  // A title may have as many words as the rows below it have fields.
  const isTitled = behind !== undefined && (found.width === 0 || behind.separator !== BLANKS);
  return isTitled ? behind : found.width > 0 ? found : shape;
}

/** Finds a table after lines that are no rows of it, such as its title or the message of a program. */
function shapeBehindMessages(looked: Uint8Array, preamble: Preamble): TableShape | undefined {
  let { start, linesBefore } = preamble;
  let found: TableShape | undefined;
  for (let messages = 1; messages <= MOST_MESSAGES; messages++) {
    const lineFeed = looked.indexOf(LINE_FEED, start);
    if (lineFeed < 0) return found;
    const line = looked.subarray(start, lineFeed);
    start = lineFeed + 1;
    linesBefore++;
    while (looked[start] === LINE_FEED || looked[start] === CARRIAGE_RETURN) {
      if (looked[start] === LINE_FEED) linesBefore++;
      start++;
    }
    const shape = shapeBehind(looked, { ...preamble, start, linesBefore });
    const names = firstRows(line, 0, shape.separator, false, 1)[0] ?? [];
    // A header of another length belongs to the table, which is broken.
    if (columnsOfHeader(names.map((name) => name.trim())) !== undefined) return found;
    if (shape.width === 0 || shape.rows.length < LEAST_ROWS) continue;
    if (shape.separator !== BLANKS) return shape;
    found ??= shape;
  }
  return found;
}

function shapeBehind(looked: Uint8Array, { start, linesBefore, comments }: Preamble): TableShape {
  const directive = comments.map(namesOfDirective).findLast((names) => names !== undefined);
  const hasComments = directive !== undefined;
  const splitting = SEPARATORS.filter((separator) => splitsFirstRow(looked, start, separator, hasComments));
  const tables = splitting.map((separator) => ({
    separator,
    rows: firstRows(looked, start, separator, hasComments),
  }));
  // Logs with a directive are separated by tabs or blanks, and may have other columns after another directive.
  const uniform =
    tables.find(({ rows }) => widthOf(rows) > 1) ??
    (hasComments ? tables.find((table) => table.separator === TAB || table.separator === BLANKS) : undefined);
  const { separator, rows } = uniform ??
    tables.find((table) => table.separator !== BLANKS) ?? {
      separator: COMMA,
      rows: firstRows(looked, start, COMMA, hasComments),
    };
  return {
    start,
    linesBefore,
    separator,
    rows,
    width: uniform === undefined ? 0 : widthOf(rows),
    comment: commentOf(comments, separator, rows[0]?.length),
    directive,
  };
}

/** Returns the column names in a comment that is a `#Fields:` directive; undefined for any other comment. */
export function namesOfDirective(comment: string): string[] | undefined {
  return FIELDS_DIRECTIVE.test(comment)
    ? comment.replace(FIELDS_DIRECTIVE, "").trim().split(/\s+/)
    : undefined;
}

export function separatorName(separator: number): string {
  return SEPARATOR_NAMES.get(separator)!;
}

/**
 * Whether a separator occurs in the first row. Blanks suggest a table only if all rows have the same number of
 * fields.
 */
function splitsFirstRow(bytes: Uint8Array, start: number, separator: number, hasComments: boolean): boolean {
  return (firstRows(bytes, start, separator, hasComments, 1)[0]?.length ?? 0) > 1;
}

/** Removes the last line, which may be incomplete. */
function withoutCutLine(bytes: Uint8Array, isCut: boolean): Uint8Array {
  const lineFeed = isCut ? bytes.lastIndexOf(LINE_FEED) : -1;
  return lineFeed < 0 ? bytes : bytes.subarray(0, lineFeed + 1);
}

interface Preamble {
  readonly start: number;
  readonly linesBefore: number;
  readonly comments: readonly string[];
}

/** @param hasOthers whether comments may begin in other ways than with `#` */
function preambleOf(bytes: Uint8Array, hasOthers: boolean): Preamble {
  const comments: string[] = [];
  let start = 0;
  let linesBefore = 0;
  while (start < bytes.length) {
    const lineFeed = bytes.indexOf(LINE_FEED, start);
    const line = fromUtf8(bytes.subarray(start, lineFeed < 0 ? bytes.length : lineFeed));
    const isComment = bytes[start] === HASH || (hasOthers && OTHER_COMMENT.test(line));
    if (!isComment && line.trim() !== "" && !isPreamble(line)) break;
    // A text of comments only is something else; the reader of the trace must see its lines.
    if (lineFeed < 0) return { start: 0, linesBefore: 0, comments: [] };
    if (isComment) comments.push(line);
    start = lineFeed + 1;
    linesBefore++;
  }
  return start === bytes.length
    ? { start: 0, linesBefore: 0, comments: [] }
    : { start, linesBefore, comments };
}

/** Returns the first rows. Leaves out empty ones, and comments if these may occur between rows. */
function firstRows(
  bytes: Uint8Array,
  start: number,
  separator: number,
  hasComments: boolean,
  most = LINES_LOOKED_AT,
): string[][] {
  const rows: string[][] = [];
  const row = new TableRow();
  for (let at = start; at < bytes.length && rows.length < most; ) {
    const next = row.scan(bytes, at, separator, true);
    if (row.isOpen && rows.length > 0) break;
    if (!row.isEmpty && !(hasComments && bytes[at] === HASH)) {
      rows.push(Array.from({ length: row.count }, (_, index) => row.text(bytes, index)));
    }
    at = next;
  }
  return rows;
}

/** Returns the number of fields of the rows; 0 if they differ. */
function widthOf(rows: readonly (readonly string[])[]): number {
  const width = rows[0]?.length ?? 0;
  return rows.every((row) => row.length === width) ? width : 0;
}

function commentOf(
  comments: readonly string[],
  separator: number,
  width: number | undefined,
): string[] | undefined {
  const last = comments.at(-1);
  if (last === undefined) return undefined;
  const names = firstRows(utf8(last.replace(/^#\s*/, "")), 0, separator, false)[0];
  return names !== undefined && names.length === width ? names.map((name) => name.trim()) : undefined;
}
