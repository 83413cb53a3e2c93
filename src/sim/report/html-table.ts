import { escapeMarkup } from "./markup.ts";

export interface Column<R> {
  readonly head: string;
  readonly isText?: boolean;
  show(row: R): string;
  /** What is told when it is pointed at, where room may be short for what is shown. */
  whole?(row: R): string;
  /** What it is sorted by, where that is not what is shown. */
  value?(row: R): number;
  /** Marked among its column. */
  isBest?(row: R): boolean;
  /** From 0 to 1: how long a bar stands behind it. */
  bar?(row: R): number;
}

/** A table that the page's script sorts by the column whose head is clicked. */
export function renderTable<R>(rows: readonly R[], columns: readonly Column<R>[]): string {
  const heads = columns.map(
    ({ head, isText }) =>
      `<th${isText ? ' class="text"' : ""} scope="col"><button type="button">${escapeMarkup(head)}</button></th>`,
  );
  const body = rows.map((row) => `<tr>${columns.map((column) => renderCell(row, column)).join("")}</tr>`);
  return (
    '<div class="scroll">\n' +
    `<table>\n<thead><tr>${heads.join("")}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody>\n</table>\n</div>`
  );
}

function renderCell<R>(row: R, { show, whole, value, isText, isBest, bar }: Column<R>): string {
  const kind = isText ? ' class="text"' : isBest?.(row) ? ' class="best"' : "";
  const title = whole === undefined ? "" : ` title="${escapeMarkup(whole(row))}"`;
  const sorted = value === undefined ? "" : ` data-value="${value(row)}"`;
  const behind = bar === undefined ? "" : ` class="bar" style="--length:${percent(bar(row))}"`;
  return `<td${kind}${title}${sorted}${behind}>${escapeMarkup(show(row))}</td>`;
}

export function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(2)}%`;
}

export function count(value: number): string {
  return value.toLocaleString("en");
}
