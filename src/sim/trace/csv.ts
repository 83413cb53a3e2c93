import { columnsOfHeader } from "./columns.ts";
import { Table } from "./table.ts";
import { layOut } from "./table-layout.ts";
import type { TableShape } from "./table-row.ts";
import { shapeOf } from "./table-shape.ts";
import type { TraceFormat, TraceHead } from "./trace-format.ts";

/**
 * Tables with one request per row. The columns are given, or found by common names in a header; a table of one column
 * holds keys. Times are in seconds, with or without fraction, or as in ISO 8601 or access logs.
 */
export const csv: TraceFormat = {
  name: "csv",
  description: "a table with a header, or with columns given as in time=1,key=2,size=3,op=4,ttl=5",
  isTable: true,
  takesAnyText: true,
  doubt: (head) => (head.isText && !head.hasColumns ? doubt(head) : undefined),
  hasSizes: (head, columns) => {
    const layout = layOut(shapeOf(head), columns);
    return typeof layout !== "string" && layout.size >= 0;
  },
  describe: (head, columns) => {
    const layout = layOut(shapeOf(head), columns);
    return typeof layout === "string" ? undefined : layout.description;
  },
  matches: (head) =>
    head.isText && (head.hasColumns || /\.[ct]sv$/.test(head.fileName) || looksLikeTable(shapeOf(head))),
  open: (context) => new Table(context),
};

/** All rows have the same number of fields, or the first row names the key and something else. */
function looksLikeTable({ width, rows, comment }: TableShape): boolean {
  const [first = [], ...others] = rows;
  const named = columnsOfHeader(first)?.size ?? 0;
  const isHeading = named === 1 && first.length === 1 && !others.some(([name]) => name === first[0]);
  return (
    width > 1 ||
    named > 1 ||
    (isHeading && others.length > 0) ||
    (columnsOfHeader(comment ?? [])?.size ?? 0) > 1
  );
}

/** Doubts a file that is named as a table but has one column in some of its lines. */
function doubt(head: TraceHead): string | undefined {
  const { width, rows } = shapeOf(head);
  const several = rows.filter((row) => row.length > 1);
  if (width > 0 || several.length === 0 || several.length === rows.length) return undefined;
  return `${several.length} of its first ${rows.length} rows have several fields, the others one`;
}
