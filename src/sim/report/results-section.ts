import { type Column, count, percent, renderTable } from "./html-table.ts";
import { isOutOfReach } from "./line-styles.ts";
import { shortTraceName } from "./short-name.ts";
import { type CurveRow, describeSize } from "./svg.ts";

/** A result as the page shows it; an estimate may tell how far off it is to be expected, and whether it tells anything. */
export type PageRow = CurveRow & { readonly standardError?: number };

/** So much of a trace's name is shown in each line. */
const TRACE_LENGTH = 30;

/**
 * The table of all results.
 * @param hasFinerCurve whether curves are drawn through more than these
 */
export function renderResults(rows: readonly PageRow[], hasFinerCurve: boolean): string {
  const hasTraces = new Set(rows.map(({ trace }) => trace)).size > 1;
  const hasErrors = rows.some(({ standardError }) => standardError !== undefined);
  const hasBytes = rows.some(({ missRatio, byteMissRatio }) => missRatio !== byteMissRatio);
  const columns = COLUMNS.filter(
    ({ head }) =>
      (head !== "Trace" || hasTraces) &&
      (head !== "± expected" || hasErrors) &&
      (head !== "Byte miss ratio" || hasBytes),
  );
  const best = bestOf(rows);
  const hasOptimum = rows.some(({ policy }) => isOutOfReach(policy));
  const isDoubtful = rows.some(({ isResolved }) => isResolved === false);
  const notes = [
    ...(best.size > 0
      ? [
          `The best policy of each size is marked${hasOptimum ? ", those aside that know what lies ahead" : ""}.`,
        ]
      : []),
    "A click on a column's head sorts by it.",
    ...(isDoubtful
      ? ["? The sample holds too little of so small a cache to tell; curves leave it out."]
      : []),
    ...(hasFinerCurve ? ["The curve above has more sizes than the table."] : []),
  ];
  return `<h2>Results</h2>
<p class="faint">${notes.join(" ")}</p>
${renderTable(rows, columns, (row) => best.has(row))}`;
}

const COLUMNS: readonly Column<PageRow>[] = [
  {
    head: "Trace",
    isText: true,
    show: ({ trace }) => shortTraceName(trace, TRACE_LENGTH),
    whole: ({ trace }) => trace,
  },
  { head: "Policy", isText: true, show: ({ policy }) => policy },
  { head: "Size", show: describeSize, value: ({ size }) => size },
  {
    head: "Miss ratio",
    show: ({ missRatio, isResolved }) => percent(missRatio) + (isResolved === false ? "?" : ""),
    value: ({ missRatio }) => missRatio,
  },
  {
    head: "± expected",
    show: ({ standardError }) => (standardError === undefined ? "" : percent(standardError)),
    value: ({ standardError }) => standardError ?? -1,
  },
  {
    head: "Byte miss ratio",
    show: ({ byteMissRatio }) => percent(byteMissRatio),
    value: ({ byteMissRatio }) => byteMissRatio,
  },
  { head: "Misses", show: ({ misses }) => count(misses), value: ({ misses }) => misses },
  { head: "Requests", show: ({ requests }) => count(requests), value: ({ requests }) => requests },
];

/** Of each trace and size, where there is a choice: those that miss least. */
function bestOf(rows: readonly PageRow[]): Set<PageRow> {
  const reachable = rows.filter(({ policy }) => !isOutOfReach(policy));
  const groups = Map.groupBy(reachable, ({ trace, size, sizeUnit }) => `${size} ${sizeUnit} ${trace}`);
  const best = [...groups.values()].flatMap((some) => {
    const least = Math.min(...some.map(({ missRatio }) => missRatio));
    return some.length < 2 ? [] : some.filter(({ missRatio }) => missRatio === least);
  });
  return new Set(best);
}
