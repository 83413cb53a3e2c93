import type { ResultRow } from "../runner.ts";
import { NARROW, renderForScreens } from "./page-charts.ts";
import { renderParts } from "./parts.ts";
import { mostWindows, windowCharts } from "./window-charts.ts";

/** Charts of the miss ratio over time, if windows were counted. */
export function renderWindows(rows: readonly ResultRow[]): string {
  const charts = windowCharts(rows);
  if (charts.length === 0) return "";
  const hasTraces = new Set(charts.map(({ trace }) => trace)).size > 1;
  const parts = charts.map(({ trace, size, render }) => ({
    title: hasTraces ? `${trace}, ${size}` : size,
    markup: renderForScreens((options) => [render(options)]),
  }));
  const isMerged = charts.some(({ windows }) => windows > mostWindows(NARROW));
  return `<h2>Over time</h2>
<p class="faint">Share of the requests of each window that a cache of this size misses.${isMerged ? " Where there are more windows than a chart can show, a line is what neighbouring ones miss together, and the shade behind it reaches from the best of them to the worst." : ""}</p>
${renderParts(parts)}`;
}
