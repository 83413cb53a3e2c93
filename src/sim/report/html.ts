import { adviceOf } from "./advice.ts";
import { renderFamilies } from "./families-section.ts";
import { escapeMarkup } from "./markup.ts";
import { renderForScreens } from "./page-charts.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";
import { type PageRow, renderResults } from "./results-section.ts";
import { renderCharts } from "./svg.ts";
import { renderWindows } from "./windows-section.ts";

/** Facts for the page besides the results. */
export interface PageFacts {
  /** The points of the curves, if there are more than rows in the table. */
  readonly curve?: readonly PageRow[];
  /** The parameters of the run, in order: names and values. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** By trace, where known, the share of the requests that are the first for their object. */
  readonly firstRequests?: ReadonlyMap<string, number>;
}

/** A self-contained page: charts, sortable tables, and the parameters of the run. */
export function renderHtml(
  rows: readonly PageRow[],
  { curve = rows, facts, firstRequests }: PageFacts,
): string {
  const traces = [...new Set(rows.map(({ trace }) => trace))];
  const title = `Miss ratios: ${traces.join(", ")}`;
  const sections = [
    renderForScreens((options) => renderCharts(curve, options)),
    renderResults(rows, curve.length > rows.length),
    renderWindows(rows),
    renderFamilies(rows),
    renderAdvice(adviceOf(rows, firstRequests)),
  ];
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
<p class="faint">Share of requests that a cache misses, by policy and size. Less is better. Point at a chart to compare all policies at one place; click a name to hide or show its line.</p>
${sections.filter((section) => section !== "").join("\n")}
<h2>What was run</h2>
<dl>
${facts.map(([name, value]) => `<dt>${escapeMarkup(name)}</dt><dd>${escapeMarkup(value)}</dd>`).join("\n")}
</dl>
</main>
<div id="spot"></div>
<div id="tip" role="status"></div>
<script>
${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** The recommendations at the end. */
function renderAdvice(sentences: readonly string[]): string {
  const markup = sentences.map((sentence) => `<p>${escapeMarkup(sentence)}</p>`);
  return markup.length === 0 ? "" : ["<h2>In short</h2>", ...markup].join("\n");
}
