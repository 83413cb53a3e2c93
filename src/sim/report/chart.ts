import type { Axis } from "./axis.ts";
import type { LineStyle } from "./line-styles.ts";
import { escapeMarkup } from "./markup.ts";
import { spread } from "./name-places.ts";
import { formatTick, ratioTicks } from "./ticks.ts";

export interface ChartOptions {
  /** In pixels. */
  readonly width: number;
  /** Where names are: beside the ends of their lines, if there is room, or in rows below the chart. */
  readonly names: "beside" | "below";
}

/** A chart of miss ratios over an axis, with a line for each policy. */
export interface Chart<P extends ChartPoint> {
  /** A description for screen readers. */
  readonly label: string;
  /** Heading above the chart, if any. */
  readonly title: string | undefined;
  readonly axis: Axis;
  /** The largest miss ratio in the chart. */
  readonly most: number;
  /** Least height in pixels; many names make the chart higher. */
  readonly plotHeight: number;
  readonly lines: readonly ChartLine<P>[];
  /** Draws a line, without its name. */
  drawLine(line: ChartLine<P>, plot: Plot): string;
}

export interface ChartPoint {
  /** Position on the axis, in its unit. */
  readonly value: number;
  readonly missRatio: number;
}

export interface ChartLine<P extends ChartPoint> {
  readonly policy: string;
  readonly style: LineStyle;
  /** From left to right; at least one. */
  readonly points: readonly P[];
}

/** The area of the picture in which lines are drawn, in pixels. */
export interface Plot {
  readonly width: number;
  xOf(value: number): number;
  yOf(missRatio: number): number;
}

const LINE_HEIGHT = 16;
/** Approximate widths in the font; names are cut to fit. */
const CHARACTER_WIDTH = 7;
const TITLE_CHARACTER_WIDTH = 9.6;
const LONGEST_NAME = 30;
const TITLE_HEIGHT = 19;
const TOP = 33;
const LEFT = 52;
const AXIS_HEIGHT = 46;
/** Width of a marked value. */
const TICK_WIDTH = 52;
/**
 * Distance from the end of a line to the swatch before its name, width of the swatch, distance from there to the
 * name.
 */
const LEADER = 22;
const SWATCH = 24;
const GAP = 6;

/** The number of characters of a title that fit. */
export function titleLength({ width }: ChartOptions): number {
  return Math.floor((width - 16) / TITLE_CHARACTER_WIDTH);
}

/** Returns an SVG element for a page that has `CHART_STYLE` and the custom properties. */
export function renderChart<P extends ChartPoint>(chart: Chart<P>, options: ChartOptions): string {
  const { markup, height } = drawChart(chart, options);
  return (
    `<svg viewBox="0 0 ${options.width} ${height}" role="img" aria-label="${escapeMarkup(chart.label)}">` +
    `${markup}</svg>`
  );
}

/** Returns the content of such an element, and its height. */
export function drawChart<P extends ChartPoint>(
  { title, axis, most, lines, drawLine, ...chart }: Chart<P>,
  { width, names }: ChartOptions,
): { markup: string; height: number } {
  const longest = Math.min(LONGEST_NAME, Math.max(...lines.map(({ policy }) => policy.length)));
  const nameWidth = longest * CHARACTER_WIDTH;
  const right = names === "beside" ? width - LEADER - SWATCH - GAP - nameWidth - 8 : width - 16;
  const plotHeight = Math.max(chart.plotHeight, names === "beside" ? lines.length * LINE_HEIGHT : 0);
  const top = title === undefined ? TOP : TOP + TITLE_HEIGHT;
  const bottom = top + plotHeight;

  const yTicks = ratioTicks(most);
  const yMost = yTicks.at(-1)!;
  const plot: Plot = {
    width: right - LEFT,
    xOf: (value) => LEFT + (right - LEFT) * axis.place(value),
    yOf: (ratio) => bottom - (plotHeight * ratio) / yMost,
  };

  const marks = [
    ...(title === undefined ? [] : [`<text class="title" x="8" y="20">${escapeMarkup(title)}</text>`]),
    `<text class="axis" x="8" y="${top - 13}">Miss ratio</text>`,
    ...yTicks.map((tick) => {
      const y = round(plot.yOf(tick));
      return (
        `<path class="grid" d="M${LEFT} ${y}H${round(right)}"/>` +
        `<text class="axis" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${formatTick(tick, yTicks[1]!)}</text>`
      );
    }),
    ...axis.ticks(Math.floor((right - LEFT) / TICK_WIDTH)).map(({ value, text }) => {
      const x = round(plot.xOf(value));
      return (
        `<path class="grid" d="M${x} ${bottom}v5"/>` +
        `<text class="axis" x="${x}" y="${bottom + 20}" text-anchor="middle">${text}</text>`
      );
    }),
    `<text class="axis" x="${round((LEFT + right) / 2)}" y="${bottom + 39}" text-anchor="middle">${axis.title}</text>`,
    // The offline optimum is drawn below the policies that can be chosen.
    ...lines
      .toSorted((one, other) => rankOf(one) - rankOf(other))
      .map(
        (line) => `<g class="policy" data-policy="${escapeMarkup(line.policy)}">${drawLine(line, plot)}</g>`,
      ),
  ];
  if (names === "beside") {
    const ends = lines.map(({ points }) => plot.yOf(points.at(-1)!.missRatio));
    const places = spread(ends, LINE_HEIGHT, top + 4, bottom);
    marks.push(...lines.map((line, i) => nameBeside(line, places[i]!, right, nameWidth, plot)));
    return { markup: marks.join("\n"), height: bottom + AXIS_HEIGHT + 8 };
  }
  const entryWidth = SWATCH + GAP + nameWidth + 14;
  const perRow = Math.max(1, Math.floor((width - 16) / entryWidth));
  marks.push(
    ...lines.map((line, i) =>
      renderName(
        line,
        8 + (i % perRow) * entryWidth,
        bottom + AXIS_HEIGHT + 12 + Math.floor(i / perRow) * 20,
        nameWidth,
      ),
    ),
  );
  return {
    markup: marks.join("\n"),
    height: bottom + AXIS_HEIGHT + 14 + Math.ceil(lines.length / perRow) * 20,
  };
}

type NamedLine = ChartLine<ChartPoint>;

function rankOf({ style }: NamedLine): number {
  return style.colour === "optimum" ? 0 : 1;
}

function nameBeside(
  line: NamedLine,
  y: number,
  right: number,
  nameWidth: number,
  { xOf, yOf }: Plot,
): string {
  const end = line.points.at(-1)!;
  const x = right + LEADER;
  const leader = `M${round(xOf(end.value) + 5)} ${round(yOf(end.missRatio))}L${round(x - 3)} ${round(y)}`;
  return `<path class="leader ${line.style.colour}" data-policy="${escapeMarkup(line.policy)}" d="${leader}"/>${renderName(line, x, y, nameWidth)}`;
}

/** A piece of the line and the policy's name, centred at `y`, over an area that can be clicked. */
function renderName({ policy, style }: NamedLine, x: number, y: number, nameWidth: number): string {
  const shown = cut(policy, LONGEST_NAME);
  const whole = shown === policy ? "" : `<title>${escapeMarkup(policy)}</title>`;
  return (
    `<g class="name" data-policy="${escapeMarkup(policy)}">` +
    `<rect x="${round(x)}" y="${round(y - LINE_HEIGHT / 2)}" width="${round(SWATCH + GAP + nameWidth)}" height="${LINE_HEIGHT}" fill="none" pointer-events="all"/>` +
    `<path class="line ${style.colour}" d="M${round(x)} ${round(y)}h${SWATCH}" stroke-dasharray="${style.dash}"/>` +
    `<text x="${round(x + SWATCH + GAP)}" y="${round(y + 4)}">${whole}${escapeMarkup(shown)}</text></g>`
  );
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** Rounds pixels for output. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
