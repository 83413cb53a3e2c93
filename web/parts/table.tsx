import type { ComponentChildren } from "preact";

interface Column<Row> {
  readonly head: string;
  readonly isNumber?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
  /** A class of the cells. */
  readonly class?: string;
}

export interface TableProps<Row> {
  /** What the table holds, for screen readers. */
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly class?: string;
}

/** A table that becomes blocks where it is narrow; each cell then carries its column's name. */
export function Table<Row>({ caption, columns, rows, keyOf, class: name = "" }: TableProps<Row>) {
  return (
    <table class={name}>
      <caption class="hidden">{caption}</caption>
      <thead>
        <tr>
          {columns.map(({ head, isNumber }) => (
            <th key={head} scope="col" class={isNumber ? "number" : ""}>
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={keyOf(row)}>
            {columns.map(({ head, isNumber, cell, class: own = "" }) => (
              <td key={head} data-head={head} class={isNumber ? `number ${own}` : own}>
                {cell(row)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The figures behind a chart, as a table that opens below it. */
export function TableBehind<Row>({ summary, ...table }: TableProps<Row> & { readonly summary: string }) {
  return (
    <details class="behind">
      <summary>{summary}</summary>
      <div class="scrolls" tabIndex={0}>
        <Table {...table} />
      </div>
    </details>
  );
}
