import { fitted, widthOf } from "../wrapping.ts";

/** A column of a table that fits any width. */
export interface Column<Row> {
  readonly title: string;
  cell(row: Row): string;
  /** Columns with the lowest one go first if there is not enough room. */
  readonly importance: number;
  /** The column with names: aligned left, cut if it is too wide, but never to fewer cells than these. */
  readonly leastCells?: number;
}

export interface TableText {
  readonly head: string;
  readonly rows: readonly string[];
}

const GAP = "  ";

/** Lays out a table for a width: leaves out columns, then cuts names. */
export function tableText<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): TableText {
  let laid = columns.map((column) => layOut(column, rows));
  while (laid.length > 1 && leastWidth(laid) > width) {
    const least = Math.min(...laid.map(({ column }) => column.importance));
    laid = laid.filter(({ column }) => column.importance !== least);
  }
  const spare = width - leastWidth(laid);
  const cells = laid.map(({ column, widest, least }) =>
    column.leastCells === undefined ? widest : Math.min(widest, least + Math.max(0, spare)),
  );
  const line = (texts: readonly string[]) =>
    fitted(
      texts
        .map((text, at) => aligned(text, cells[at]!, laid[at]!.column.leastCells !== undefined))
        .join(GAP)
        .trimEnd(),
      width,
    );
  return {
    head: line(laid.map(({ column }) => column.title)),
    rows: rows.map((_, row) => line(laid.map(({ texts }) => texts[row]!))),
  };
}

interface LaidColumn<Row> {
  readonly column: Column<Row>;
  readonly texts: readonly string[];
  readonly widest: number;
  readonly least: number;
}

function layOut<Row>(column: Column<Row>, rows: readonly Row[]): LaidColumn<Row> {
  const texts = rows.map((row) => column.cell(row));
  const widest = Math.max(widthOf(column.title), ...texts.map(widthOf));
  return { column, texts, widest, least: Math.min(widest, column.leastCells ?? widest) };
}

function leastWidth(columns: readonly LaidColumn<never>[]): number {
  return columns.reduce((sum, { least }) => sum + least + GAP.length, -GAP.length);
}

function aligned(text: string, cells: number, isLeft: boolean): string {
  const cut = fitted(text, cells);
  const gap = " ".repeat(Math.max(0, cells - widthOf(cut)));
  return isLeft ? cut + gap : gap + cut;
}
