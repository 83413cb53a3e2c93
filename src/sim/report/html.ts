import type { ResultRow } from "../runner.ts";
import { isOutOfReach } from "./line-styles.ts";
import { escapeMarkup } from "./markup.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { describeSize, renderCharts } from "./svg.ts";

/** What the page tells besides the results. */
export interface PageFacts {
  /** What was run, in order: names and values. */
  readonly facts: readonly (readonly [name: string, value: string])[];
}

/** A result as the page shows it; an estimate may tell how far off it is to be expected, and whether it tells anything. */
export type PageRow = ResultRow & { readonly standardError?: number; readonly isResolved?: boolean };

const NARROW_WIDTH = 380;

/** One page that needs nothing else: charts, a table that can be sorted, and what was run. */
export function renderHtml(rows: readonly PageRow[], { facts }: PageFacts): string {
  const traces = [...new Set(rows.map(({ trace }) => trace))];
  const title = `Miss ratios: ${traces.join(", ")}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(title)}</title>
<style>
${PAGE_STYLE}</style>
</head>
<body>
<main>
<h1>Which policy, how much memory</h1>
<p class="faint">Share of requests that a cache misses, by policy and size. Less is better.</p>
<div class="charts wide">
${renderCharts(rows, { width: 960, names: "beside" }).join("\n")}
</div>
<div class="charts narrow">
${renderCharts(rows, { width: NARROW_WIDTH, names: "below" }).join("\n")}
</div>
<h2>Results</h2>
<p class="faint">The best policy of each size is marked${rows.some(({ policy }) => isOutOfReach(policy)) ? ", those aside that know what lies ahead" : ""}. A click on a column's head sorts by it.${rows.some(({ isResolved }) => isResolved === false) ? " ? The sample holds too little of so small a cache to tell." : ""}</p>
<div class="scroll">
${renderTable(rows, traces.length > 1)}
</div>
<h2>What was run</h2>
<dl>
${facts.map(([name, value]) => `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}</dd>`).join("\n")}
</dl>
</main>
<div id="tip" role="status"></div>
<script>
${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

interface Column {
  readonly head: string;
  readonly isText?: boolean;
  show(row: PageRow): string;
  /** What it is sorted by, where that is not what is shown. */
  value?(row: PageRow): number;
}

const COLUMNS: readonly Column[] = [
  { head: "Trace", isText: true, show: ({ trace }) => trace },
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
  { head: "Misses", show: ({ misses }) => misses.toLocaleString("en"), value: ({ misses }) => misses },
  {
    head: "Requests",
    show: ({ requests }) => requests.toLocaleString("en"),
    value: ({ requests }) => requests,
  },
];

function renderTable(rows: readonly PageRow[], hasTraces: boolean): string {
  const hasErrors = rows.some(({ standardError }) => standardError !== undefined);
  const hasBytes = rows.some(({ missRatio, byteMissRatio }) => missRatio !== byteMissRatio);
  const columns = COLUMNS.filter(
    ({ head }) =>
      (head !== "Trace" || hasTraces) &&
      (head !== "± expected" || hasErrors) &&
      (head !== "Byte miss ratio" || hasBytes),
  );
  const best = bestOf(rows);
  const heads = columns.map(
    ({ head, isText }) =>
      `<th${isText ? ' class="text"' : ""} scope="col"><button type="button">${head}</button></th>`,
  );
  const body = rows.map((row) => {
    const cells = columns.map(({ show, value, isText }) => {
      const sorted = value === undefined ? "" : ` data-value="${value(row)}"`;
      return `<td${isText ? ' class="text"' : ""}${sorted}>${escapeMarkup(show(row))}</td>`;
    });
    return `<tr${best.has(row) ? ' class="best"' : ""}>${cells.join("")}</tr>`;
  });
  return `<table>\n<thead><tr>${heads.join("")}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody>\n</table>`;
}

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

function percent(ratio: number): string {
  return `${(100 * ratio).toFixed(2)}%`;
}
