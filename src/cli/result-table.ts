import { formatSize } from "../lib/quantity.ts";
import { type FamilyShare, familyShares } from "../sim/report/family-shares.ts";
import { percent } from "../sim/report/html-table.ts";
import { isOutOfReach } from "../sim/report/line-styles.ts";
import type { ResultRow } from "../sim/runner.ts";

/** The policy whose rows are the optimum. */
const OPTIMUM = "belady";
const GAP = "  ";

/** Columns of a table; the first one is aligned left, all others right. */
type Table = readonly (readonly string[])[];

/**
 * Formats the results over one trace for people: policies in rows, sizes in columns, the best of each size marked. If
 * the optimum was simulated, also the distance of each policy from it.
 * @param columns the terminal's width; sizes that do not fit go below
 */
export function formatResults(rows: readonly EstimatedRow[], columns: number): string {
  const blocks = [ratioTable("Miss ratio", rows, ({ missRatio }) => missRatio, columns)];
  if (rows.some(isUnresolved)) blocks.push(UNRESOLVED);
  if (rows.some(({ missRatio, byteMissRatio }) => missRatio !== byteMissRatio)) {
    blocks.push(ratioTable("Byte miss ratio", rows, ({ byteMissRatio }) => byteMissRatio, columns));
  }
  if (isOptimumKnown(rows)) blocks.push(distanceTable(rows, columns));
  if (rows.some(({ standardError }) => standardError !== undefined)) {
    blocks.push(sizeTable("± expected, points", rows, columns, errorText));
  }
  if (rows.some(({ sampleRate = 1 }) => sampleRate < 1)) blocks.push(rateTable(rows, columns));
  for (const sized of bySize(rows)) {
    if (sized[0]!.windows !== undefined) blocks.push(windowTable(sized, columns));
  }
  for (const row of rows) {
    const shares = familyShares(row);
    if (shares !== undefined) blocks.push(familyTable(row, shares.shown, shares.more));
  }
  return blocks.join("\n\n");
}

/** An estimate may have a standard error, a sampling rate, and a mark whether it is reliable. */
type EstimatedRow = ResultRow & {
  readonly standardError?: number;
  readonly sampleRate?: number;
  readonly isResolved?: boolean;
};

const UNRESOLVED = "? the sample holds too little of such a small cache";

function isUnresolved({ isResolved }: EstimatedRow): boolean {
  return isResolved === false;
}

/** Whether the optimum was simulated, and another policy to compare with it. */
function isOptimumKnown(rows: readonly ResultRow[]): boolean {
  return new Set(rows.map(({ policy }) => policy === OPTIMUM)).size === 2;
}

function errorText({ standardError }: EstimatedRow): string {
  return standardError === undefined ? "" : (100 * standardError).toFixed(2);
}

/** Returns `1,000 entries` or `64 MB`. */
function formatCacheSize({ size, sizeUnit }: Pick<ResultRow, "size" | "sizeUnit">): string {
  return sizeUnit === "entries" ? size.toLocaleString("en") : formatSize(size);
}

function ratioTable(
  title: string,
  rows: readonly EstimatedRow[],
  ratioOf: (row: EstimatedRow) => number,
  columns: number,
): string {
  const best = new Map(
    bySize(rows).map((sized) => {
      const reachable = sized.filter(({ policy }) => !isOutOfReach(policy)).map(ratioOf);
      // With a single policy there is no best one to mark.
      return [sizeKey(sized[0]!), reachable.length > 1 ? Math.min(...reachable) : Number.NaN];
    }),
  );
  return sizeTable(title, rows, columns, (row) => {
    const isBest = !isOutOfReach(row.policy) && ratioOf(row) === best.get(sizeKey(row));
    return `${isBest ? "* " : ""}${percent(ratioOf(row))}${isUnresolved(row) ? "?" : ""}`;
  });
}

/** The sampling rates, which are the same for all policies. */
function rateTable(rows: readonly EstimatedRow[], columns: number): string {
  const sizes = bySize(rows).map(([row]) => [
    formatCacheSize(row!),
    `${Number((100 * (row!.sampleRate ?? 1)).toPrecision(2))}%`,
  ]);
  return foldedTable(["Sample", "share of the keys"], sizes, columns);
}

function distanceTable(rows: readonly ResultRow[], columns: number): string {
  const optimum = new Map(
    rows.filter(({ policy }) => policy === OPTIMUM).map((row) => [sizeKey(row), row.missRatio]),
  );
  const others = rows.filter(({ policy }) => policy !== OPTIMUM);
  return sizeTable(`Above ${OPTIMUM}, points`, others, columns, (row) =>
    (100 * (row.missRatio - optimum.get(sizeKey(row))!)).toFixed(2),
  );
}

/** A table with policies in rows and sizes in columns. */
function sizeTable<R extends ResultRow>(
  title: string,
  rows: readonly R[],
  columns: number,
  cell: (row: R) => string,
): string {
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const names = [title, ...policies];
  const sizes = bySize(rows).map((sized) => [
    formatCacheSize(sized[0]!),
    ...policies.map((policy) => cell(sized.find((row) => row.policy === policy)!)),
  ]);
  return foldedTable(names, sizes, columns);
}

/** A table for one size, with windows in rows and policies in columns. */
function windowTable(sized: readonly ResultRow[], columns: number): string {
  const { windows = [] } = sized[0]!;
  const unit = sized[0]!.sizeUnit === "entries" ? " entries" : "";
  const names = [
    `Miss ratio from record, ${formatCacheSize(sized[0]!)}${unit}`,
    ...windows.map(({ from }) => from.toLocaleString("en")),
  ];
  const policies = sized.map((row) => [
    row.policy,
    ...row.windows!.map((window) => percent(window.missRatio)),
  ]);
  return foldedTable(names, policies, columns);
}

function familyTable(row: ResultRow, families: readonly FamilyShare[], more: number): string {
  const unit = row.sizeUnit === "entries" ? " entries" : "";
  const table = alignedTable([
    [
      `Misses by prefix: ${row.policy}, ${formatCacheSize(row)}${unit}`,
      ...families.map(({ family }) => family),
    ],
    ["misses", ...families.map(({ misses }) => misses.toLocaleString("en"))],
    ["of all", ...families.map(({ share }) => percent(share))],
    ["requests", ...families.map(({ requests }) => requests.toLocaleString("en"))],
    ["miss ratio", ...families.map(({ missRatio }) => percent(missRatio))],
  ]);
  return more === 0 ? table : `${table}\nand ${more.toLocaleString("en")} more`;
}

/** Puts columns that do not fit into further tables below, each with the names at its left. */
function foldedTable(names: readonly string[], columns: Table, width: number): string {
  const tables: string[] = [];
  const nameWidth = widthOf(names);
  for (let from = 0; from < columns.length; ) {
    let used = nameWidth;
    let to = from;
    for (; to < columns.length; to++) {
      used += GAP.length + widthOf(columns[to]!);
      if (used > width && to > from) break;
    }
    tables.push(alignedTable([names, ...columns.slice(from, to)]));
    from = to;
  }
  return tables.join("\n\n");
}

function alignedTable(columns: Table): string {
  const widths = columns.map(widthOf);
  return columns[0]!
    .map((_, line) =>
      columns
        .map((column, at) => {
          const text = column[line] ?? "";
          return at === 0 ? text.padEnd(widths[at]!) : text.padStart(widths[at]!);
        })
        .join(GAP)
        .trimEnd(),
    )
    .join("\n");
}

function widthOf(column: readonly string[]): number {
  return Math.max(...column.map((text) => text.length));
}

function bySize<R extends ResultRow>(rows: readonly R[]): R[][] {
  return [...Map.groupBy(rows, sizeKey).values()];
}

function sizeKey({ size, sizeUnit }: ResultRow): string {
  return `${size} ${sizeUnit}`;
}
