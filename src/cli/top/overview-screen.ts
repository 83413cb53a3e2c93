import { fitted, widthOf, wrapped } from "../wrapping.ts";
import { amountText, barText, durationText, percentText, sizeText, sparkline } from "./figure-text.ts";
import { countOf, histogramLines, type Latencies, quantileMs } from "./latency-histogram.ts";
import { LATENCY_WINDOW_MS, latenciesOf, type OverviewFigures, overviewFigures } from "./overview-figures.ts";
import type { ScreenBody, ScreenInput } from "./screen-body.ts";
import type { TopStyle } from "./top-style.ts";

const LABEL_CELLS = 12;
/** Narrower screens have no empty line above the latencies. */
const COLUMNS_FOR_GAPS = 60;
const LEAST_SPARKLINE_CELLS = 12;
const LEAST_HISTOGRAM_ROWS = 3;
const MOST_HISTOGRAM_ROWS = 24;

/** The screen with all that matters first. */
export function overviewBody({ readings, log, style, columns, rows }: ScreenInput): ScreenBody {
  const figures = overviewFigures(readings, log);
  const problems = problemLines(figures, columns, style);
  const lines = [...problems, ...figureLines(figures, columns, style)];
  const latencies = latenciesOf(log);
  const title = latencyTitle(latencies, log.knownMs(LATENCY_WINDOW_MS), columns, style);
  const gap = columns < COLUMNS_FOR_GAPS ? [] : [""];
  const room = Math.min(MOST_HISTOGRAM_ROWS, rows - lines.length - title.length - gap.length);
  if (title.length === 0 || room < LEAST_HISTOGRAM_ROWS) return { head: lines, list: [], tail: [] };
  return {
    head: [...lines, ...gap, ...title, ...histogramLines(latencies, columns, room, style)],
    list: [],
    tail: [],
  };
}

function problemLines({ problems }: OverviewFigures, columns: number, { bad, good }: TopStyle): string[] {
  if (problems.length === 0) return [good(fitted("Nothing is wrong.", columns))];
  return problems.flatMap((problem) => wrapped(`! ${problem}`, columns, "  ", "").split("\n").map(bad));
}

function figureLines(figures: OverviewFigures, columns: number, style: TopStyle): string[] {
  const rows: (readonly [label: string, parts: readonly (string | undefined)[]])[] = [
    ["Hit ratio", hitRatioParts(figures)],
    ["Requests/s", requestParts(figures)],
    ["Origin/s", originParts(figures)],
    ["Memory", memoryParts(figures, columns)],
    ["Evictions/s", evictionParts(figures)],
    ["Channel", channelParts(figures)],
  ];
  const lines = rows.flatMap(([label, parts]) => {
    const known = parts.filter((part) => part !== undefined);
    return known.length === 0 ? [] : labelled(label, known, columns, style);
  });
  const [first, ...rest] = lines;
  return first === undefined ? [] : [withSparkline(first, figures, columns), ...rest];
}

/** Puts as many parts on a line as fit, and the others below. */
function labelled(label: string, parts: readonly string[], columns: number, style: TopStyle): string[] {
  const room = columns - LABEL_CELLS;
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(last) + 2 + widthOf(part) <= room)
      lines[lines.length - 1] = `${last}  ${part}`;
    else lines.push(part);
  }
  return lines.map((line, at) =>
    fitted(`${at === 0 ? style.bold(label.padEnd(LABEL_CELLS)) : " ".repeat(LABEL_CELLS)}${line}`, columns),
  );
}

function hitRatioParts({ hitRatio, requestsPerSecondByResult }: OverviewFigures): string[] {
  const { tenSeconds, oneMinute, tenMinutes } = hitRatio;
  // A server has no hits.
  if (requestsPerSecondByResult["hit"] === undefined) return [];
  return [
    `${percentText(tenSeconds)} in 10 s`,
    `${percentText(oneMinute)} in 1 min`,
    `${percentText(tenMinutes)} in 10 min`,
  ];
}

/** Adds the course of the hit ratio, the latest at the right, if there is room. */
function withSparkline(line: string, { hitRatios }: OverviewFigures, columns: number): string {
  const room = columns - widthOf(line) - 3;
  const shown = hitRatios.slice(-Math.max(0, room));
  if (room < LEAST_SPARKLINE_CELLS || shown.every((ratio) => ratio === undefined)) return line;
  return `${line}   ${sparkline(shown)}`.trimEnd();
}

function requestParts({ requestsPerSecond, requestsPerSecondByResult }: OverviewFigures): string[] {
  if (requestsPerSecond === undefined) return [];
  const byResult = Object.entries(requestsPerSecondByResult)
    .filter(([result, rate]) => rate > 0 || result === "hit" || result === "miss")
    .map(([result, rate]) => `${result} ${amountText(rate)}`);
  return [amountText(requestsPerSecond), ...byResult];
}

function originParts(figures: OverviewFigures): (string | undefined)[] {
  const { originRequestsPerSecond: asked, sparedPerSecond: spared, originMsSavedPerSecond } = figures;
  if (asked === undefined) return [];
  const saved =
    originMsSavedPerSecond === undefined
      ? undefined
      : `saves ${durationText(originMsSavedPerSecond)}/s of its time`;
  return [amountText(asked), spared === undefined ? undefined : `spared ${amountText(spared)}`, saved];
}

function memoryParts(figures: OverviewFigures, columns: number): (string | undefined)[] {
  const { usedBytes, limitBytes, entries, connections } = figures;
  const isFullKnown = usedBytes !== undefined && limitBytes !== undefined && limitBytes > 0;
  return [
    isFullKnown
      ? `${sizeText(usedBytes)} of ${sizeText(limitBytes)}`
      : usedBytes === undefined
        ? undefined
        : sizeText(usedBytes),
    isFullKnown && columns >= 60 ? barText(usedBytes / limitBytes, 10) : undefined,
    entries === undefined ? undefined : `${entries.toLocaleString("en")} entries`,
    connections === undefined ? undefined : `${connections.toLocaleString("en")} clients`,
  ];
}

function evictionParts({ evictionsPerSecond, regretsPerSecond }: OverviewFigures): string[] {
  const reasons = Object.entries(evictionsPerSecond).map(([reason, rate]) => `${reason} ${amountText(rate)}`);
  if (reasons.length === 0) return [];
  return regretsPerSecond === undefined ? reasons : [...reasons, `regretted ${amountText(regretsPerSecond)}`];
}

function channelParts({
  channelUp,
  stalenessBoundMs,
  channelLosses,
}: OverviewFigures): (string | undefined)[] {
  if (channelUp === undefined) return [];
  return [
    channelUp ? "up" : "DOWN: hits are not served",
    stalenessBoundMs === undefined ? undefined : `hits at most ${durationText(stalenessBoundMs)} stale`,
    channelLosses === undefined ? undefined : lossText(channelLosses),
  ];
}

function lossText(losses: number): string {
  if (losses === 0) return "never lost";
  return losses === 1 ? "lost once" : `lost ${losses.toLocaleString("en")} times`;
}

function latencyTitle(
  { hits, misses }: Latencies,
  knownMs: number,
  columns: number,
  { bold, hits: paintHits, misses: paintMisses }: TopStyle,
): string[] {
  const of = (mark: string, name: string, buckets: Latencies["hits"], paint: (text: string) => string) => {
    const count = countOf(buckets);
    if (buckets.length === 0) return undefined;
    const times = count === 0 ? "" : `, half ${bound(buckets, 0.5)}, 99% ${bound(buckets, 0.99)}`;
    return `${paint(mark)} ${amountText(count)} ${name}${times}`;
  };
  const parts = [
    of("|", misses.length === 0 ? "requests" : "hits", hits, paintHits),
    of("#", "misses", misses, paintMisses),
  ].filter((part) => part !== undefined);
  if (parts.length === 0) return [];
  const when = knownMs === 0 ? "Latency since the start" : `Latency, last ${durationText(knownMs)}`;
  const line = `${bold(when)}   ${parts.join("   ")}`;
  return widthOf(line) <= columns ? [line] : [bold(when), ...parts].map((part) => fitted(part, columns));
}

/** Returns `≤ 20 µs`, or `> 10 s` for times above all bounds. */
function bound(buckets: Latencies["hits"], share: number): string {
  const ms = quantileMs(buckets, share);
  if (ms !== Number.POSITIVE_INFINITY) return `≤ ${durationText(ms)}`;
  return `> ${durationText(1000 * (buckets.at(-2)?.le ?? 0))}`;
}
