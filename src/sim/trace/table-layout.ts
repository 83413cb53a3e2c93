import {
  type Column,
  type ColumnRole,
  type Columns,
  columnNamed,
  columnsOfHeader,
  hasStatus,
  SECOND_MS,
} from "./columns.ts";
import { isOtherMethod, operationOf } from "./operation.ts";
import type { TableShape } from "./table-row.ts";
import { separatorName } from "./table-shape.ts";

/** Knowledge about a table before it is read. */
export interface KnownColumns {
  readonly columns: Columns;
  /** Whether the first row names the columns. */
  readonly hasHeader: boolean;
  /** Whether a size that is 0 or not a number means unknown. */
  readonly hasUnknownSizes: boolean;
}

/** Indices of the columns, from 0; -1 for columns that do not exist. */
export interface TableLayout {
  readonly key: number;
  /** Further columns of the key. */
  readonly moreKeys: readonly number[];
  readonly time: number;
  /** The time of day, if `time` is a date. */
  readonly timeOfDay: number;
  readonly size: number;
  readonly op: number;
  readonly ttl: number;
  readonly count: number;
  readonly timeUnitMs: number;
  readonly ttlUnitMs: number;
  /** The greatest of the indices. */
  readonly last: number;
  /** Whether the first row is a header. */
  readonly hasHeader: boolean;
  readonly hasUnknownSizes: boolean;
  /** Number of names in the header, if the columns were found by usual ones among them; else 0. */
  readonly names: number;
  /** The meaning of each column, in words. */
  readonly description: string;
}

/**
 * Finds the meaning of each column from the user's columns, a header with common names, or the format.
 * @returns a text that says what is wrong if they cannot be found
 */
export function layOut(
  shape: TableShape,
  told: Columns | undefined,
  known?: KnownColumns,
): TableLayout | string {
  const names = namesOf(shape);
  const usual = usable(columnsOfHeader(names), shape, names);
  const columns = told ?? known?.columns ?? usual ?? (names.length === 1 ? SINGLE : undefined);
  if (columns === undefined) return askForKey(shape);
  const places = new Map<ColumnRole, number[]>();
  for (const [role, { at }] of columns) {
    const found = at.map((place) => placeOf(place, names));
    const missing = found.find((place) => typeof place === "string");
    if (missing !== undefined) return `${missing}: line ${shape.linesBefore + 1} has ${listOf(names)}`;
    places.set(role, found as number[]);
  }
  const at = (role: ColumnRole): number => places.get(role)?.[0] ?? -1;
  const isNamed = [...columns.values()].some((column) =>
    column.at.some((place) => typeof place === "string"),
  );
  const isInRow = shape.directive === undefined && (shape.comment === undefined || names !== shape.comment);
  const hasHeader =
    isInRow &&
    (known?.hasHeader ?? (isNamed || usual !== undefined || looksLikeHeader(shape, at("size"), at("time"))));
  return {
    key: at("key"),
    moreKeys: places.get("key")!.slice(1),
    time: at("time"),
    timeOfDay: places.get("time")?.[1] ?? -1,
    size: at("size"),
    op: at("op"),
    ttl: at("ttl"),
    count: at("count"),
    timeUnitMs: columns.get("time")?.unitMs ?? 1,
    ttlUnitMs: columns.get("ttl")?.unitMs ?? 1,
    last: Math.max(...[...places.values()].flat()),
    hasHeader,
    hasUnknownSizes: known?.hasUnknownSizes ?? (hasHeader && hasStatus(names)),
    names: columns === usual ? names.length : 0,
    description: describe(shape, columns, places, hasHeader || !isInRow ? names : []),
  };
}

const TIME_OF_DAY = /^[0-9]{1,2}:[0-9]{2}/;
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
/** If at least this share of the rows repeats values of other rows, a first row that repeats none is a heading. */
const REPEATED_SHARE = 0.5;

const SINGLE: Columns = new Map([["key", { at: [1], unitMs: 1 }]]);

/**
 * Leaves out columns that have usual names and other contents: a time of day, unless there is a column of dates that
 * completes it, and operations of which none is known.
 * @param names the header
 */
function usable(
  columns: Columns | undefined,
  { rows, comment, directive }: TableShape,
  names: readonly string[],
): Columns | undefined {
  if (columns === undefined) return undefined;
  const isInRow = directive === undefined && names !== comment;
  const values = (column: number): string[] =>
    rows.slice(isInRow ? 1 : 0).map((row) => row[column]?.trim() ?? "");
  const usual = new Map(columns);
  const [time, op] = [usual.get("time"), usual.get("op")].map((column) => Number(column?.at[0] ?? 0) - 1);
  if (time! >= 0 && TIME_OF_DAY.test(values(time!)[0] ?? "")) {
    const date = columnNamed(names, "date");
    if (date < 0 || !DATE.test(values(date)[0] ?? "")) usual.delete("time");
    else usual.set("time", { at: [date + 1, time! + 1], unitMs: SECOND_MS });
  }
  const words = op! >= 0 ? values(op!) : [];
  if (words.length > 0 && words.every((word) => operationOf(word) === undefined && !isOtherMethod(word)))
    usual.delete("op");
  return usual;
}

/** Possible names of the columns: from a comment before the first row, or from that row. */
function namesOf({ comment, directive, rows }: TableShape): readonly string[] {
  if (directive !== undefined) return directive;
  if (comment !== undefined && columnsOfHeader(comment) !== undefined) return comment;
  return (rows[0] ?? []).map((name) => name.trim());
}

function placeOf(place: Column["at"][number], names: readonly string[]): number | string {
  const index = typeof place === "number" ? place - 1 : columnNamed(names, place);
  if (index >= 0 && index < names.length) return index;
  return typeof place === "number" ? `there is no column ${place}` : `there is no column "${place}"`;
}

/**
 * Whether the first row is a heading: it lacks a number where all others have one, or in the column of sizes or times,
 * or it has words that occur in no other row.
 */
function looksLikeHeader({ rows }: TableShape, size: number, time: number): boolean {
  const [first = [], ...others] = rows;
  if (size >= 0 && !isNumber(first[size] ?? "0")) return true;
  const lacksNumber = first.some(
    (text, column) =>
      text.trim() !== "" &&
      !isNumber(text) &&
      ((column === time && !/^\s*[0-9]/.test(text)) ||
        (others.length > 0 && others.every((row) => isNumber(row[column] ?? "")))),
  );
  return lacksNumber || hasForeignWords(first, others);
}

/**
 * Whether the first row consists of words without digits that do not occur again in their columns, although all other
 * rows have digits in one column, or most of them repeat each other in every column. A single column does not tell.
 */
function hasForeignWords(first: readonly string[], others: readonly (readonly string[])[]): boolean {
  if (first.length < 2 || others.length < 2) return false;
  const columns = first.map((name, at) => ({ name, values: others.map((row) => row[at] ?? "") }));
  if (!columns.every(({ name, values }) => /^[^0-9]*[^0-9\s][^0-9]*$/.test(name) && !values.includes(name)))
    return false;
  const digits = columns.some(({ values }) => values.every((value) => /[0-9]/.test(value)));
  return digits || columns.every(({ values }) => repeatedShare(values) >= REPEATED_SHARE);
}

/** The share of the values that occur more than once. */
function repeatedShare(values: readonly string[]): number {
  const groups = Map.groupBy(values, (value) => value);
  return values.filter((value) => groups.get(value)!.length > 1).length / values.length;
}

function isNumber(text: string): boolean {
  return /^\s*-?[0-9.]/.test(text) && Number.isFinite(Number(text));
}

function listOf(names: readonly string[]): string {
  const shown = names.slice(0, 8).map((name) => `"${name.trim().slice(0, 30)}"`);
  return `${names.length}: ${shown.join(", ")}${names.length > shown.length ? ", …" : ""}`;
}

function askForKey({ rows, directive, width, linesBefore }: TableShape): string {
  const same = width > 1 && rows.length > 1 ? `; all of the first ${rows.length} lines have as many` : "";
  return (
    `which column is the key? Give it as in --columns ${exampleFor(rows)}` +
    `; line ${linesBefore + 1} has ${listOf(directive ?? rows[0] ?? [])}${same}; ` +
    "if each line is one key: --format keys"
  );
}

/**
 * If there are columns of whole numbers, and the first of them never decreases, they are often time, object and size.
 */
function exampleFor(rows: readonly (readonly string[])[]): string {
  const isCounted = (column: number): boolean =>
    rows.length > 1 && rows.every((row) => /^[0-9]+$/.test(row[column]?.trim() ?? ""));
  const hasTimes = rows.every((row, i) => i === 0 || Number(row[0]) >= Number(rows[i - 1]![0]));
  return isCounted(0) && isCounted(1) && isCounted(2) && hasTimes ? "time=1,key=2,size=3" : "key=2,size=3";
}

/** `separated by commas: key 1+2, size 3; not used: "b"`. */
function describe(
  { separator, rows, linesBefore }: TableShape,
  columns: Columns,
  places: ReadonlyMap<ColumnRole, readonly number[]>,
  names: readonly string[],
): string {
  const called = (place: number): string =>
    names[place] === undefined ? `${place + 1}` : `"${names[place]}"`;
  const parts = [...columns.keys()]
    .sort((one, other) => places.get(one)![0]! - places.get(other)![0]!)
    .map((role) => `${role} ${places.get(role)!.map(called).join("+")}`);
  const used = new Set([...places.values()].flat());
  const unused = names.filter((_, place) => !used.has(place));
  const separated = (rows[0]?.length ?? 0) > 1 ? `separated by ${separatorName(separator)}: ` : "";
  const first = linesBefore > 0 ? `, from line ${linesBefore + 1} on` : "";
  return (
    `${separated}${names.length > 0 ? "columns" : "columns by number,"} ${parts.join(", ")}${first}` +
    (unused.length === 0
      ? ""
      : `; not used: ${unused
          .slice(0, 6)
          .map((name) => `"${name}"`)
          .join(", ")}`) +
    (unused.length > 6 ? ", …" : "")
  );
}
