import { escapeMarkup } from "./markup.ts";

export interface Column<R> {
  readonly head: string;
  readonly isText?: boolean;
  show(row: R): string;
  /** The tooltip, if the cell may be too short for the whole text. */
  whole?(row: R): string;
  /** The sort key, if it is not the shown text. */
  value?(row: R): number;
  /** Whether to mark the cell as the best in its column. */
  isBest?(row: R): boolean;
  /** Length of a bar behind the text, from 0 to 1. */
  bar?(row: R): number;
}

/** A table that the page's script sorts when the head of a column is clicked. */
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
