import { formatSize } from "../../lib/quantity.ts";
import type { ResultRow } from "../runner.ts";
import { colourProperties, type LineStyle, lineStyles } from "./line-styles.ts";
import { escapeMarkup } from "./markup.ts";
import { shortTraceName } from "./short-name.ts";
import { formatSizeTick, formatTick, ratioTicks, sizeTicks } from "./ticks.ts";

export interface ChartOptions {
  /** Pixels. */
  readonly width: number;
  /** Names stand beside the ends of their lines, where there is room for it, or in rows below the chart. */
  readonly names: "beside" | "below";
}

const WIDE: ChartOptions = { width: 960, names: "beside" };

const LINE_HEIGHT = 16;
/** Of the font, about: names are cut so that they fit. */
const CHARACTER_WIDTH = 7;
const LONGEST_NAME = 30;
const PLOT_HEIGHT = 380;
const TOP = 52;
const LEFT = 52;
const AXIS_HEIGHT = 46;
/** So much room does the mark of a size take. */
const TICK_WIDTH = 52;
/** From the end of a line to the swatch before its name, the swatch, and what is between that and the name. */
const LEADER = 22;
const SWATCH = 24;
const GAP = 6;

/**
 * A chart of miss ratio over cache size as an SVG document that needs nothing else: one panel for each trace and
 * unit of size, a line for each policy. Light or dark as the reader's system is. Pointing at a dot tells its values.
 */
export function renderSvg(rows: readonly ResultRow[]): string {
  let top = 0;
  const panels = panelsOf(rows).map((panel) => {
    const { markup, height } = renderPanel(panel, WIDE);
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

/** The same for a page that has `CHART_STYLE` and the custom properties: an SVG element for each panel. */
export function renderCharts(rows: readonly ResultRow[], options: ChartOptions): string[] {
  return panelsOf(rows).map((panel) => {
    const { markup, height } = renderPanel(panel, options);
    const { width } = options;
    return (
      `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeMarkup(titleOf(panel))}">` +
      `${markup}</svg>`
    );
  });
}

/** Custom properties of the background and of what stands on it. */
export const LIGHT = "--background:#ffffff;--text:#1c1e21;--faint:#5d646c;--grid:#e3e6e9;";
export const DARK = "--background:#15181b;--text:#e8eaed;--faint:#a2a9b1;--grid:#30363c;";

export const CHART_STYLE = `svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;fill:var(--text)}
svg .title{font-size:15px;font-weight:600}
svg .axis{fill:var(--faint)}
svg .grid{stroke:var(--grid);stroke-width:1}
svg .line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
svg .leader{fill:none;stroke-width:1;opacity:.55}
svg .dot{stroke:var(--background);stroke-width:1}
${["c0", "c1", "c2", "c3", "c4", "c5", "optimum"]
  .map(
    (colour) =>
      `svg .${colour}{stroke:var(--${colour})}svg .dot.${colour}{fill:var(--${colour});stroke:var(--background)}`,
  )
  .join("\n")}`;

/** Results that share a chart. */
interface Panel {
  readonly rows: readonly ResultRow[];
  readonly policies: readonly string[];
  readonly styles: ReadonlyMap<string, LineStyle>;
}

function panelsOf(rows: readonly ResultRow[]): Panel[] {
  const policies = [...new Set(rows.map(({ policy }) => policy))];
  const styles = lineStyles(policies);
  const groups = Map.groupBy(rows, ({ trace, sizeUnit }) => `${sizeUnit} ${trace}`);
  return [...groups.values()].map((some) => ({ rows: some, policies, styles }));
}

function titleOf({ rows }: Panel): string {
  return `Miss ratio over cache size: ${rows[0]!.trace}`;
}

interface Point {
  readonly row: ResultRow;
  readonly x: number;
  readonly y: number;
}

interface Line {
  readonly policy: string;
  readonly style: LineStyle;
  /** From left to right. */
  readonly points: readonly Point[];
}

function renderPanel(panel: Panel, { width, names }: ChartOptions): { markup: string; height: number } {
  const { rows, policies } = panel;
  const longest = Math.min(LONGEST_NAME, Math.max(...policies.map((policy) => policy.length)));
  const nameWidth = longest * CHARACTER_WIDTH;
  const right = names === "beside" ? width - LEADER - SWATCH - GAP - nameWidth - 8 : width - 16;
  const plotHeight = Math.max(PLOT_HEIGHT, names === "beside" ? policies.length * LINE_HEIGHT : 0);
  const bottom = TOP + plotHeight;

  const unit = rows[0]!.sizeUnit;
  const sizes = rows.map(({ size }) => size);
  const [least, most] = widen(Math.min(...sizes), Math.max(...sizes));
  const yTicks = ratioTicks(Math.max(...rows.map(({ missRatio }) => missRatio)));
  const yMost = yTicks.at(-1)!;
  const xOf = (size: number): number =>
    LEFT + ((right - LEFT) * Math.log(size / least)) / Math.log(most / least);
  const yOf = (ratio: number): number => bottom - (plotHeight * ratio) / yMost;

  const lines = policies.flatMap((policy): Line[] => {
    const points = rows
      .filter((row) => row.policy === policy)
      .sort((one, other) => one.size - other.size)
      .map((row) => ({ row, x: xOf(row.size), y: yOf(row.missRatio) }));
    return points.length === 0 ? [] : [{ policy, style: panel.styles.get(policy)!, points }];
  });

  const marks = [
    `<text class="title" x="8" y="20">${escapeMarkup(shortTraceName(rows[0]!.trace, Math.floor((width - 16) / 9.6)))}</text>`,
    `<text class="axis" x="8" y="39">Miss ratio</text>`,
    ...yTicks.map((tick) => {
      const y = round(yOf(tick));
      return (
        `<path class="grid" d="M${LEFT} ${y}H${round(right)}"/>` +
        `<text class="axis" x="${LEFT - 8}" y="${y + 4}" text-anchor="end">${formatTick(tick, yTicks[1]!)}</text>`
      );
    }),
    ...sizeTicks(least, most, unit, Math.floor((right - LEFT) / TICK_WIDTH)).map((tick) => {
      const x = round(xOf(tick));
      return (
        `<path class="grid" d="M${x} ${bottom}v5"/>` +
        `<text class="axis" x="${x}" y="${bottom + 20}" text-anchor="middle">${formatSizeTick(tick, unit)}</text>`
      );
    }),
    `<text class="axis" x="${round((LEFT + right) / 2)}" y="${bottom + 39}" text-anchor="middle">Cache size, ${
      unit === "entries" ? "entries" : "bytes"
    } (logarithmic)</text>`,
    // What nobody can run lies below what can be chosen.
    ...lines.toSorted((one, other) => rankOf(one) - rankOf(other)).map(renderLine),
  ];
  if (names === "beside") {
    const places = spread(
      lines.map(({ points }) => points.at(-1)!.y),
      TOP + 4,
      bottom,
    );
    marks.push(...lines.map((line, i) => nameBeside(line, places[i]!, right)));
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
      ),
    ),
  );
  return {
    markup: marks.join("\n"),
    height: bottom + AXIS_HEIGHT + 14 + Math.ceil(lines.length / perRow) * 20,
  };
}

function rankOf({ style }: Line): number {
  return style.colour === "optimum" ? 0 : 1;
}

function renderLine({ policy, style, points }: Line): string {
  const path = points.map(({ x, y }, i) => `${i === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
  const dots = points.map(({ row, x, y }) => {
    const size = describeSize(row);
    const missed = `${(100 * row.missRatio).toFixed(2)}%`;
    return (
      `<circle class="dot ${style.colour}" cx="${round(x)}" cy="${round(y)}" r="3.5" data-size="${size}" ` +
      `data-missed="${missed}"><title>${escapeMarkup(policy)}, ${size}: ${missed} missed</title></circle>`
    );
  });
  return (
    `<g class="policy" data-policy="${escapeMarkup(policy)}">` +
    `<path class="line ${style.colour}" d="${path}" stroke-dasharray="${style.dash}"/>${dots.join("")}</g>`
  );
}

/** Cache size for people. */
export function describeSize({ size, sizeUnit }: ResultRow): string {
  return sizeUnit === "entries"
    ? `${size.toLocaleString("en")} ${size === 1 ? "entry" : "entries"}`
    : formatSize(size);
}

function nameBeside(line: Line, y: number, right: number): string {
  const end = line.points.at(-1)!;
  const x = right + LEADER;
  const leader = `M${round(end.x + 5)} ${round(end.y)}L${round(x - 3)} ${round(y)}`;
  return `<path class="leader ${line.style.colour}" d="${leader}"/>${renderName(line, x, y)}`;
}

/** A stretch of the line and the policy's name, centred at `y`. */
function renderName({ policy, style }: Line, x: number, y: number): string {
  const shown = cut(policy, LONGEST_NAME);
  const whole = shown === policy ? "" : `<title>${escapeMarkup(policy)}</title>`;
  return (
    `<g class="name" data-policy="${escapeMarkup(policy)}">` +
    `<path class="line ${style.colour}" d="M${round(x)} ${round(y)}h${SWATCH}" stroke-dasharray="${style.dash}"/>` +
    `<text x="${round(x + SWATCH + GAP)}" y="${round(y + 4)}">${whole}${escapeMarkup(shown)}</text></g>`
  );
}

/** Moves what is closer than a line of text apart, to both sides alike, within the bounds. */
function spread(wanted: readonly number[], least: number, most: number): number[] {
  const order = wanted.map((_, i) => i).sort((one, other) => wanted[one]! - wanted[other]!);
  // Neighbours that would overlap become a block around the mean of where they want to be.
  const blocks: { members: number[]; top: number }[] = [];
  for (const i of order) {
    let block = { members: [i], top: clamp(wanted[i]!, least, most) };
    for (;;) {
      const above = blocks.at(-1);
      if (above === undefined || above.top + above.members.length * LINE_HEIGHT <= block.top) break;
      blocks.pop();
      const members = [...above.members, ...block.members];
      const tops = members.map((member, at) => wanted[member]! - at * LINE_HEIGHT);
      const mean = tops.reduce((sum, top) => sum + top, 0) / tops.length;
      block = { members, top: clamp(mean, least, most - (members.length - 1) * LINE_HEIGHT) };
    }
    blocks.push(block);
  }
  const places = [...wanted];
  for (const { members, top } of blocks) {
    for (const [at, member] of members.entries()) places[member] = top + at * LINE_HEIGHT;
  }
  return places;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

/** One size alone gets a range around it. */
function widen(least: number, most: number): [number, number] {
  return least === most ? [least / 2, most * 2] : [least, most];
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
