import { Histogram } from "./histogram.ts";
import type { MetricRow, NumberRow, NumberTable } from "./number-table.ts";
import type { Metric, MetricSample, ToldHistogram } from "./view.ts";

type Labels = Readonly<Record<string, string>>;

/** Bounds of the buckets that are told, in microseconds: 1, 2, 5, 10, … 10 s. */
const BOUNDS: readonly number[] = [0, 1, 2, 3, 4, 5, 6].flatMap((power) =>
  [1, 2, 5].map((step) => step * 10 ** power),
);
const BOUNDS_US: readonly number[] = [...BOUNDS, 10_000_000];

/** The numbers of all threads: `ThreadNumbers` of the table's shape. */
export interface PublishedNumbers {
  sum(name: string): number;
  merged(name: string): Histogram;
}

/** A histogram of a metric, with all its values. */
export interface MetricHistogram {
  readonly metric: string;
  readonly labels: Labels;
  /** What one unit of its values is in the metric's unit. */
  readonly unit: number;
  readonly histogram: Histogram;
}

/** Tells the numbers of all threads as metrics. Metrics without a number are left out. */
export function publishedMetrics(table: NumberTable, numbers: PublishedNumbers): Metric[] {
  const histograms = publishedHistograms(table, numbers);
  return table.metrics.map((metric) => ({
    name: metric.name,
    kind: metric.kind,
    help: metric.help,
    samples:
      metric.kind === "histogram"
        ? histograms.filter((one) => one.metric === metric.name).map(toldSample)
        : addedSamples(metric, table, numbers),
  }));
}

/** Returns the histograms of all metrics, as they are now. */
export function publishedHistograms(table: NumberTable, numbers: PublishedNumbers): MetricHistogram[] {
  return table.metrics
    .filter(({ kind }) => kind === "histogram")
    .flatMap(({ name: metric, unit = 1 }) =>
      groupsOf(metric, table).map(({ labels, names }) => {
        const histogram = new Histogram();
        for (const name of names) histogram.add(numbers.merged(name));
        return { metric, labels, unit, histogram };
      }),
    );
}

function addedSamples(
  { name: metric, unit = 1 }: MetricRow,
  table: NumberTable,
  numbers: PublishedNumbers,
): MetricSample[] {
  return groupsOf(metric, table).flatMap(({ labels, names, isSparse }) => {
    const value = names.reduce((sum, name) => sum + numbers.sum(name), 0) * unit;
    return isSparse && value === 0 ? [] : [{ labels, value }];
  });
}

interface Group {
  readonly labels: Labels;
  readonly names: string[];
  readonly isSparse: boolean;
}

/** The groups of each table, by metric. Tables never change, and each has more than a thousand numbers. */
const GROUPS = new WeakMap<NumberTable, ReadonlyMap<string, readonly Group[]>>();

function groupsOf(metric: string, table: NumberTable): readonly Group[] {
  let groups = GROUPS.get(table);
  if (groups === undefined) {
    groups = grouped(table);
    GROUPS.set(table, groups);
  }
  return groups.get(metric) ?? [];
}

/** Groups the numbers of each metric by their labels. */
function grouped({ numbers }: NumberTable): Map<string, Group[]> {
  const groups = new Map<string, Group>();
  const byMetric = new Map<string, Group[]>();
  for (const [name, { metric, labels = {}, isSparse = false }] of Object.entries<NumberRow>(numbers)) {
    if (metric === undefined) continue;
    const key = JSON.stringify([metric, labels]);
    let group = groups.get(key);
    if (group === undefined) {
      group = { labels, names: [], isSparse };
      groups.set(key, group);
      const all = byMetric.get(metric);
      if (all === undefined) byMetric.set(metric, [group]);
      else all.push(group);
    }
    group.names.push(name);
  }
  return byMetric;
}

function toldSample({ labels, unit, histogram }: MetricHistogram): MetricSample {
  const counts = histogram.countsBelow(BOUNDS_US);
  const buckets = BOUNDS_US.map((bound, at) => ({ le: inUnit(bound, unit), count: counts[at]! }));
  const told: ToldHistogram = { sum: histogram.sum * unit, buckets };
  return { labels, value: counts.at(-1)!, histogram: told };
}

/** Multiplies without the noise of binary fractions: bounds are written out. */
function inUnit(bound: number, unit: number): number {
  return Number((bound * unit).toPrecision(6));
}
