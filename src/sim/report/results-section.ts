import { type Column, count, percent, renderTable } from "./html-table.ts";
import { isOutOfReach } from "./line-styles.ts";
import { escapeMarkup } from "./markup.ts";
import { type CurveRow, describeSize } from "./svg.ts";

/** A result as the page shows it. An estimate may have a standard error, and may be unresolved. */
export type PageRow = CurveRow & { readonly standardError?: number };

/**
 * Tables of all results for each trace and unit of size: policies in rows, sizes in columns, as on the terminal.
 * @param hasFinerCurve whether curves have more points than these results
 */
export function renderResults(rows: readonly PageRow[], hasFinerCurve: boolean): string {
  const hasTraces = new Set(rows.map(({ trace }) => trace)).size > 1;
  const best = bestOf(rows, ({ missRatio }) => missRatio);
  const hasOptimum = rows.some(({ policy }) => isOutOfReach(policy));
  const isDoubtful = rows.some(({ isResolved }) => isResolved === false);
  const notes = [
    ...(best.size > 0
      ? [
          `The best policy of each size is marked${hasOptimum ? ", except for policies that know the future" : ""}.`,
        ]
      : []),
    "A click on a column's head sorts by it.",
    ...(isDoubtful ? ["? The sample holds too little of such a small cache; curves leave it out."] : []),
    ...(hasFinerCurve ? ["The curve above has more sizes than the table."] : []),
  ];
  const groups = [...Map.groupBy(rows, ({ trace, sizeUnit }) => `${sizeUnit} ${trace}`).values()];
  const tables = groups.flatMap((group) => [
    ...(hasTraces ? [`<h3>${escapeMarkup(group[0]!.trace)}</h3>`] : []),
    ...renderGroup(group),
  ]);
  return `<h2>Results</h2>
<p class="faint">${notes.join(" ")}</p>
${tables.join("\n")}`;
}

/** Renders one trace and one unit of size. */
function renderGroup(rows: readonly PageRow[]): string[] {
  const hasBytes = rows.some(({ missRatio, byteMissRatio }) => missRatio !== byteMissRatio);
  const hasErrors = rows.some(({ standardError }) => standardError !== undefined);
  return [
    renderMatrix("Miss ratio", rows, ({ missRatio }) => missRatio, showRatio),
    ...(hasBytes
      ? [
          renderMatrix(
            "Byte miss ratio",
            rows,
            ({ byteMissRatio }) => byteMissRatio,
            ({ byteMissRatio }) => percent(byteMissRatio),
          ),
        ]
      : []),
    ...(hasErrors ? [renderErrors(rows)] : []),
  ];
}

function showRatio({ missRatio, isResolved }: PageRow): string {
  return percent(missRatio) + (isResolved === false ? "?" : "");
}

/** The results of one policy, by size. */
type PolicyRow = ReadonlyMap<number, PageRow>;

function renderMatrix(
  title: string,
  rows: readonly PageRow[],
  ratioOf: (row: PageRow) => number,
  show: (row: PageRow) => string,
): string {
  const best = bestOf(rows, ratioOf);
  return matrix(title, rows, (size) => ({
    head: headOf(size),
    show: (policy) => shown(policy.get(size.size), show),
    whole: (policy) => shown(policy.get(size.size), describeResult),
    value: (policy) => shown(policy.get(size.size), ratioOf) || 0,
    isBest: (policy) => best.has(policy.get(size.size)!),
  }));
}

function renderErrors(rows: readonly PageRow[]): string {
  return matrix("± expected", rows, (size) => ({
    head: headOf(size),
    show: (policy) =>
      shown(policy.get(size.size), ({ standardError }) =>
        standardError === undefined ? "" : percent(standardError),
      ),
    value: (policy) => policy.get(size.size)?.standardError ?? -1,
  }));
}

/** The unit is in the head of the first column. */
function headOf(row: PageRow): string {
  return row.sizeUnit === "entries" ? count(row.size) : describeSize(row);
}

function shown<T>(row: PageRow | undefined, show: (row: PageRow) => T): T | "" {
  return row === undefined ? "" : show(row);
}

function describeResult(row: PageRow): string {
  return `${row.policy}, ${describeSize(row)}: ${count(row.misses)} of ${count(row.requests)} requests missed`;
}

/** A table with policies in rows and sizes in columns. */
function matrix(
  title: string,
  rows: readonly PageRow[],
  columnFor: (size: PageRow) => Column<PolicyRow>,
): string {
  const sizes = [...new Map(rows.map((row) => [row.size, row])).values()].sort(
    (one, other) => one.size - other.size,
  );
  const policies = [...Map.groupBy(rows, ({ policy }) => policy).values()].map(
    (ofPolicy): PolicyRow => new Map(ofPolicy.map((row) => [row.size, row])),
  );
  const name = (policy: PolicyRow): string => [...policy.values()][0]!.policy;
  return renderTable(policies, [
    {
      head: rows[0]!.sizeUnit === "entries" ? `${title}, entries` : title,
      isText: true,
      show: name,
      whole: name,
    },
    ...sizes.map(columnFor),
  ]);
}

/** For each trace and size with a choice of policies, those with the fewest misses. */
function bestOf(rows: readonly PageRow[], ratioOf: (row: PageRow) => number): Set<PageRow> {
  const reachable = rows.filter(({ policy }) => !isOutOfReach(policy));
  const groups = Map.groupBy(reachable, ({ trace, size, sizeUnit }) => `${size} ${sizeUnit} ${trace}`);
  const best = [...groups.values()].flatMap((some) => {
    const least = Math.min(...some.map(ratioOf));
    return some.length < 2 ? [] : some.filter((row) => ratioOf(row) === least);
  });
  return new Set(best);
}
