import type { Histogram } from "./histogram.ts";
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

interface Group {
  readonly labels: Labels;
  readonly names: string[];
  readonly isSparse: boolean;
}

/** The metrics of a table: which of its numbers each of them adds up, by labels. */
export class TableMetrics {
  readonly #metrics: readonly MetricRow[];
  readonly #groups: ReadonlyMap<string, readonly Group[]>;

  constructor({ metrics, numbers }: NumberTable) {
    this.#metrics = metrics;
    this.#groups = grouped(numbers);
  }

  /** Tells the numbers of all threads as metrics. Metrics without a sample are left out. */
  metrics(numbers: PublishedNumbers): Metric[] {
    const histograms = this.histograms(numbers);
    const told = this.#metrics.map((metric) => ({
      name: metric.name,
      kind: metric.kind,
      help: metric.help,
      samples:
        metric.kind === "histogram"
          ? histograms.filter((one) => one.metric === metric.name).map(toldSample)
          : this.#addedSamples(metric, numbers),
    }));
    return told.filter(({ samples }) => samples.length > 0);
  }

  /** Returns the histograms of all metrics, as they are now. */
  histograms(numbers: PublishedNumbers): MetricHistogram[] {
    return this.#metrics
      .filter(({ kind }) => kind === "histogram")
      .flatMap(({ name: metric, unit = 1 }) =>
        this.#groupsOf(metric).map(({ labels, names }) => {
          const [first, ...others] = names.map((name) => numbers.merged(name));
          for (const other of others) first!.add(other);
          return { metric, labels, unit, histogram: first! };
        }),
      );
  }

  #addedSamples({ name: metric, unit = 1 }: MetricRow, numbers: PublishedNumbers): MetricSample[] {
    return this.#groupsOf(metric).flatMap(({ labels, names, isSparse }) => {
      const value = names.reduce((sum, name) => sum + numbers.sum(name), 0) * unit;
      return isSparse && value === 0 ? [] : [{ labels, value }];
    });
  }

  #groupsOf(metric: string): readonly Group[] {
    return this.#groups.get(metric) ?? [];
  }
}

/** Groups the numbers of each metric by their labels. */
function grouped(numbers: NumberTable["numbers"]): Map<string, Group[]> {
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
