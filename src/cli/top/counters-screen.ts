import { wrapped } from "../wrapping.ts";
import { AVERAGE_MS, type CounterLog, type Series, seriesName } from "./counter-log.ts";
import { amountText, durationText, sizeText, UNKNOWN } from "./figure-text.ts";
import { type Column, tableText } from "./flexible-table.ts";
import { cursorOf, GUTTER, type ScreenBody, type ScreenInput } from "./screen-body.ts";
import { sortOf, type TopState } from "./top-state.ts";

const PREFIX = "glasscache_";
const AVERAGE_IMPORTANCE = [4, 3, 2];

const TABLE: readonly Column<Series>[] = [
  { title: "counter", importance: 9, leastCells: 18, cell: shortName },
  { title: "value", importance: 8, cell: valueText },
  {
    title: "per second",
    importance: 7,
    cell: (series) => (isGauge(series) ? "" : rateText(series, series.perSecond)),
  },
  ...AVERAGE_MS.map(
    (ms, at): Column<Series> => ({
      title: `${ms / 1000} s`,
      importance: AVERAGE_IMPORTANCE[at]!,
      cell: (series) => rateText(series, series.averages[at]),
    }),
  ),
];

/** Every metric with its rate and its averages, and the meaning of the one under the cursor. */
export function countersBody({ log, state, style, columns }: ScreenInput): ScreenBody {
  const all = shownSeries(log, state);
  if (all.length === 0)
    return { head: [`No counter's name contains "${state.filter}".`], list: [], tail: [] };
  const { head, rows } = tableText(TABLE, all, columns - GUTTER);
  const chosen = all[cursorOf(state, all.length)]!;
  return {
    head: [`  ${style.bold(head)}`],
    list: rows,
    tail: ["", ...wrapped(explanation(chosen, log), columns).split("\n")],
  };
}

/** The series that the filter lets pass, in the chosen order. */
function shownSeries(log: CounterLog, state: TopState): Series[] {
  const filter = state.filter.toLowerCase();
  const series = log.series().filter((one) => shortName(one).toLowerCase().includes(filter));
  const by = sortOf(state);
  if (by === "rate") return series.sort((a, b) => (b.perSecond ?? -1) - (a.perSecond ?? -1));
  return by === "value" ? series.sort((a, b) => b.sample.value - a.sample.value) : series;
}

/** Returns `requests_total string hit`; the whole name is told below the list. */
function shortName({ metric, sample }: Series): string {
  return [metric.name.replace(PREFIX, ""), ...Object.values(sample.labels)].join(" ");
}

function isGauge({ metric }: Series): boolean {
  return metric.kind === "gauge";
}

function valueText({ metric, sample: { value } }: Series): string {
  if (/_bytes(?:_total)?$/.test(metric.name)) return sizeText(value);
  if (metric.kind !== "histogram" && /_seconds(?:_|$)/.test(metric.name)) return durationText(1000 * value);
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return String(Number(value.toPrecision(4)));
}

function rateText({ metric, sample }: Series, value: number | undefined): string {
  if (value === undefined) return UNKNOWN;
  if (metric.kind === "gauge") return valueText({ metric, sample: { ...sample, value } } as Series);
  if (/_bytes_total$/.test(metric.name)) return sizeText(value);
  return amountText(value);
}

function explanation(series: Series, log: CounterLog): string {
  const { metric, sample } = series;
  const mean = metric.kind === "histogram" ? log.meanOf(series, AVERAGE_MS[0]) : undefined;
  const ofValues = mean === undefined ? "" : ` Mean of the last 10 s: ${durationText(1000 * mean)}.`;
  return `${seriesName(metric.name, sample.labels)} (${metric.kind}): ${metric.help}${ofValues}`;
}
