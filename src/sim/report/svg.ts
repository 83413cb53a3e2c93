import { formatSize } from "../../lib/quantity.ts";
import type { ResultRow } from "../runner.ts";
import { sizeAxis } from "./axis.ts";
import {
  type Chart,
  type ChartLine,
  type ChartOptions,
  type ChartPoint,
  drawChart,
  type Plot,
  renderChart,
  round,
  titleLength,
} from "./chart.ts";
import { CHART_STYLE, DARK, LIGHT } from "./chart-style.ts";
import { percent } from "./html-table.ts";
import { colourProperties, lineStyles } from "./line-styles.ts";
import { escapeMarkup } from "./markup.ts";
import { shortTraceName } from "./short-name.ts";

const WIDE: ChartOptions = { width: 960, names: "beside" };
const PLOT_HEIGHT = 380;
/** Dots at a single size need less height than curves. */
const ONE_SIZE_HEIGHT = 180;
const DOT_RADIUS = 3.5;
/** If dots are closer than this, they are hidden until pointed at; they would hide the line. */
const DOT_DISTANCE = 12;

/**
 * A chart of miss ratio over cache size as a self-contained SVG document: one panel for each trace and unit of size,
 * a line for each policy. Follows the system's light or dark scheme. Dots have their values as tooltips.
 */
export function renderSvg(rows: readonly CurveRow[]): string {
  let top = 0;
  const panels = chartsOf(rows, WIDE).map((chart) => {
    const { markup, height } = drawChart(chart, WIDE);
    const moved = `<g transform="translate(0 ${top})">${markup}</g>`;
    top += height;
    return moved;
  });
  const style = `<style>svg{${colourProperties("light")}${LIGHT}background:var(--background)}
@media (prefers-color-scheme:dark){svg{${colourProperties("dark")}${DARK}}}
${CHART_STYLE}</style>`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDE.width} ${top}" width="${WIDE.width}" ` +
    `height="${top}" role="img">\n<title>Miss ratio over cache size</title>\n${style}\n${panels.join("\n")}\n</svg>\n`
  );
}

/** The same for a page: an SVG element for each panel. */
export function renderCharts(rows: readonly CurveRow[], options: ChartOptions): string[] {
  return chartsOf(rows, options).map((chart) => renderChart(chart, options));
}

interface SizePoint extends ChartPoint {
  readonly row: ResultRow;
}

/** A result as a chart shows it; an estimate may be unresolved. */
export type CurveRow = ResultRow & { readonly isResolved?: boolean };

/** Makes a chart for each trace and unit of size. Leaves out unresolved estimates if there are others. */
function chartsOf(rows: readonly CurveRow[], options: ChartOptions): Chart<SizePoint>[] {
  const styles = lineStyles([...new Set(rows.map(({ policy }) => policy))]);
  const groups = Map.groupBy(rows, ({ trace, sizeUnit }) => `${sizeUnit} ${trace}`);
  return [...groups.values()].map((all) => {
    const telling = all.filter(({ isResolved }) => isResolved !== false);
    const some = telling.length > 0 ? telling : all;
    const { trace, sizeUnit } = some[0]!;
    const sizes = some.map(({ size }) => size);
    return {
      label: `Miss ratio over cache size: ${trace}`,
      title: shortTraceName(trace, titleLength(options)),
      axis: sizeAxis(sizes, sizeUnit),
      most: Math.max(...some.map(({ missRatio }) => missRatio)),
      plotHeight: new Set(sizes).size === 1 ? ONE_SIZE_HEIGHT : PLOT_HEIGHT,
      lines: [...Map.groupBy(some, ({ policy }) => policy)].map(([policy, ofPolicy]) => ({
        policy,
        style: styles.get(policy)!,
        points: ofPolicy
          .map((row) => ({ row, value: row.size, missRatio: row.missRatio }))
          .sort((one, other) => one.value - other.value),
      })),
      drawLine: drawCurve,
    };
  });
}

function drawCurve({ policy, style, points }: ChartLine<SizePoint>, { xOf, yOf, width }: Plot): string {
  const path = points
    .map(({ value, missRatio }, i) => `${i === 0 ? "M" : "L"}${round(xOf(value))} ${round(yOf(missRatio))}`)
    .join("");
  const isCrowded = points.length * DOT_DISTANCE > width;
  const dots = points.map(({ row, value, missRatio }) => {
    const size = describeSize(row);
    const missed = percent(missRatio);
    return (
      `<circle class="dot ${style.colour}${isCrowded ? " unseen" : ""}" cx="${round(xOf(value))}" ` +
      `cy="${round(yOf(missRatio))}" r="${DOT_RADIUS}" data-size="${size}" ` +
      `data-missed="${missed}"><title>${escapeMarkup(policy)}, ${size}: ${missed} missed</title></circle>`
    );
  });
  return `<path class="line ${style.colour}" d="${path}" stroke-dasharray="${style.dash}"/>${dots.join("")}`;
}

/** A cache size in words. */
export function describeSize({ size, sizeUnit }: Pick<ResultRow, "size" | "sizeUnit">): string {
  return sizeUnit === "entries"
    ? `${size.toLocaleString("en")} ${size === 1 ? "entry" : "entries"}`
    : formatSize(size);
}
