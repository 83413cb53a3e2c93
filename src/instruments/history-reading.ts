import { Histogram } from "./histogram.ts";
import type { HistorySeries } from "./history-series.ts";
import type { MetricHistogram } from "./published-metrics.ts";
import type { Metric } from "./view.ts";

type Labels = Readonly<Record<string, string>>;

/** The histogram of one or several quantiles. */
interface WatchedHistogram {
  readonly metric: string;
  readonly labels: Labels;
  readonly now: Histogram;
  unit: number;
}

/** What the series of a history are read from: counters, gauges and histograms at one moment. */
export class HistoryReading {
  readonly series: readonly HistorySeries[];
  /** Of each series: a counter's count or a gauge's value; NaN if there is no such metric. */
  readonly values: Float64Array;
  /** The histograms, each once. */
  readonly histograms: WatchedHistogram[] = [];
  /** Of each series: the place of its histogram; -1: it has none. */
  readonly places: Int32Array;

  constructor(series: readonly HistorySeries[]) {
    this.series = series;
    this.values = new Float64Array(series.length).fill(Number.NaN);
    this.places = new Int32Array(series.length).fill(-1);
    for (const [index, { metric, labels = {}, kind }] of series.entries()) {
      if (kind !== "quantile") continue;
      let place = this.histograms.findIndex(
        (known) => known.metric === metric && JSON.stringify(known.labels) === JSON.stringify(labels),
      );
      if (place < 0) place = this.histograms.push({ metric, labels, now: new Histogram(), unit: 1 }) - 1;
      this.places[index] = place;
    }
  }

  read(metrics: readonly Metric[], histograms: readonly MetricHistogram[]): void {
    const byName = new Map(metrics.map((metric) => [metric.name, metric]));
    for (const [index, { metric, labels = {}, kind }] of this.series.entries()) {
      if (kind === "quantile") continue;
      const found = byName.get(metric);
      const samples = found?.samples.filter((sample) => hasLabels(sample.labels, labels)) ?? [];
      // A counter that is left out while it is 0 is 0. There is no such rule for gauges.
      const isKnown = kind === "rate" ? found !== undefined : samples.length > 0;
      this.values[index] = isKnown ? samples.reduce((sum, { value }) => sum + value, 0) : Number.NaN;
    }
    for (const watched of this.histograms) {
      watched.now.reset();
      for (const { metric, labels, unit, histogram } of histograms) {
        if (metric !== watched.metric || !hasLabels(labels, watched.labels)) continue;
        watched.unit = unit;
        watched.now.add(histogram);
      }
    }
  }
}

function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([name, value]) => labels[name] === value);
}
