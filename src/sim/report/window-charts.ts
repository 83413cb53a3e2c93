import type { ResultRow } from "../runner.ts";
import { recordAxis } from "./axis.ts";
import { type ChartLine, type ChartOptions, type Plot, renderChart } from "./chart.ts";
import { type LineStyle, lineStyles } from "./line-styles.ts";
import { type MergedWindow, mergeWindows, windowsPerPoint } from "./merged-windows.ts";
import { describeSize } from "./svg.ts";

const PLOT_HEIGHT = 240;
/** Least distance of points in pixels; closer windows are merged. */
const POINT_DISTANCE = 8;
/** At a smaller distance, dots hide the line. */
const DOT_DISTANCE = 12;
/** Opacity of the band behind a single line, and of many bands on top of each other, approximately. */
const ONE_SHADE = 0.15;
const ALL_SHADES = 0.3;
/** Paths are in hundredths of a percent. */
const WHOLE = 10_000;

/** Miss ratio over time, for all policies at one size over one trace. */
export interface WindowChart {
  readonly trace: string;
  readonly size: string;
  /** Number of windows counted. */
  readonly windows: number;
  render(options: ChartOptions): string;
}

/** Makes a chart for every trace and size with counted windows. */
export function windowCharts(rows: readonly ResultRow[]): WindowChart[] {
  const styles = lineStyles([...new Set(rows.map(({ policy }) => policy))]);
  const counted = rows.filter(({ windows = [] }) => windows.some(({ requests }) => requests > 0));
  const groups = Map.groupBy(counted, ({ trace, size, sizeUnit }) => `${size} ${sizeUnit} ${trace}`);
  return [...groups.values()].map((sized) => ({
    trace: sized[0]!.trace,
    size: describeSize(sized[0]!),
    windows: sized[0]!.windows!.length,
    render: (options) => renderWindowChart(sized, styles, options),
  }));
}

/** The most windows that can be shown without merging. */
export function mostWindows({ width }: ChartOptions): number {
  return Math.floor(width / POINT_DISTANCE);
}

interface WindowPoint extends MergedWindow {
  readonly value: number;
}

function renderWindowChart(
  sized: readonly ResultRow[],
  styles: ReadonlyMap<string, LineStyle>,
  options: ChartOptions,
): string {
  const { trace, windows = [] } = sized[0]!;
  const perPoint = windowsPerPoint(windows.length, mostWindows(options));
  const starts = windows.filter((_, i) => i % perPoint === 0).map(({ from }) => from);
  const first = starts[0]!;
  const step = (starts[1] ?? first + 1) - first;
  const shade = perPoint > 1 ? Math.min(ONE_SHADE, ALL_SHADES / sized.length) : 0;
  const lines = sized.map(({ policy, windows = [] }) => ({
    policy,
    style: styles.get(policy)!,
    points: mergeWindows(windows, perPoint).map((merged) => ({ ...merged, value: merged.from })),
  }));
  const chart = {
    label: `Miss ratio over time: ${trace}, ${describeSize(sized[0]!)}`,
    title: undefined,
    axis: recordAxis(first, starts.at(-1)!),
    most: Math.max(...lines.flatMap(({ points }) => points.map(({ highest }) => highest))),
    plotHeight: PLOT_HEIGHT,
    lines,
    drawLine: (line: ChartLine<WindowPoint>, plot: Plot) => drawWindows(line, plot, { first, step, shade }),
  };
  return renderChart(chart, options);
}

interface WindowStyle {
  readonly first: number;
  /** Records from one point to the next. */
  readonly step: number;
  /** Opacity of the band from the lowest to the highest of merged windows; 0 if none are merged. */
  readonly shade: number;
}

/**
 * Paths have coordinates of their own, the number of a point and its miss ratio, from which the page's script reads
 * exact values. A transform scales them to their place.
 */
function drawWindows(
  { style, points }: ChartLine<WindowPoint>,
  { xOf, yOf, width }: Plot,
  { first, step, shade }: WindowStyle,
): string {
  const place = ({ from }: WindowPoint, ratio: number): string =>
    `${(from - first) / step} ${Math.round(WHOLE * ratio)}`;
  const places = points.map((point) => place(point, point.missRatio));
  const factors = [xOf(first + step) - xOf(first), (yOf(1) - yOf(0)) / WHOLE].map(precise).join(" ");
  const transform = `transform="translate(${precise(xOf(first))} ${precise(yOf(0))}) scale(${factors})"`;
  const paths = [
    `<path class="line scaled ${style.colour}" data-first="${first}" data-step="${step}" ${transform} ` +
      `d="M${places.join("L")}" stroke-dasharray="${style.dash}"/>`,
  ];
  if (shade > 0) {
    const edge = [
      ...points.map((point) => place(point, point.highest)),
      ...points.map((point) => place(point, point.lowest)).reverse(),
    ];
    paths.unshift(
      `<path class="band ${style.colour}" opacity="${precise(shade)}" ${transform} d="M${edge.join("L")}Z"/>`,
    );
  }
  if (shade === 0 && points.length * DOT_DISTANCE <= width) {
    // A dot for each window: a line of no length with round ends.
    paths.push(`<path class="dots scaled ${style.colour}" ${transform} d="M${places.join("h0M")}h0"/>`);
  }
  return paths.join("");
}

/** Precise to a thousandth of a pixel. */
function precise(value: number): number {
  return Number(value.toPrecision(7));
}
