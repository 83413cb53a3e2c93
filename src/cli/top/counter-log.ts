import type { Metric, MetricSample } from "../../instruments/view.ts";

/** One moment's figures, by the number of their series; absent where a series had not begun. */
interface Snapshot {
  readonly atMs: number;
  readonly values: readonly number[];
}

/** One series, and what it tells of the past. */
export interface Series {
  readonly metric: Metric;
  readonly sample: MetricSample;
  /** Of counters and histograms: per second, in the last interval. */
  readonly perSecond: number | undefined;
  /** Growth per second, or a gauge's mean, over as much of the windows of `AVERAGE_MS` as is known. */
  readonly averages: readonly (number | undefined)[];
}

export const AVERAGE_MS = [10_000, 100_000, 1_000_000] as const;

const KEPT_EVERY_MS = 1000;
const KEPT_MS = 1_000_000;

/** Remembers figures, and computes rates and averages. Begins anew when the program that counts has. */
export class CounterLog {
  #metrics: readonly Metric[] = [];
  /** Numbers of series by their names. */
  readonly #columns = new Map<string, number>();
  #isCounter: boolean[] = [];
  #latest: Snapshot | undefined;
  #previous: Snapshot | undefined;
  /** The oldest first, one a second. */
  #kept: Snapshot[] = [];

  /** @param atMs of a clock that never goes back */
  add(metrics: readonly Metric[], atMs: number): void {
    const values: number[] = [];
    for (const { metric, sample, name } of samplesOf(metrics)) {
      values[this.#column(name, metric.kind !== "gauge")] = sample.value;
      for (const { le, count } of sample.histogram?.buckets ?? []) {
        values[this.#column(bucketName(name, le), true)] = count;
      }
      if (sample.histogram !== undefined) values[this.#column(sumName(name), true)] = sample.histogram.sum;
    }
    if (this.#latest !== undefined && this.#hasFallen(this.#latest.values, values)) this.#forget();
    this.#metrics = metrics;
    this.#previous = this.#latest;
    this.#latest = { atMs, values };
    const last = this.#kept.at(-1);
    if (last === undefined || atMs - last.atMs >= KEPT_EVERY_MS) this.#kept.push(this.#latest);
    while (this.#kept.length > 1 && atMs - this.#kept[1]!.atMs >= KEPT_MS) this.#kept.shift();
  }

  /** Every series, in the order in which they were told. */
  series(): Series[] {
    return samplesOf(this.#metrics).map(({ metric, sample, name }) => ({
      metric,
      sample,
      perSecond: metric.kind === "gauge" ? undefined : this.#rateSince(name, this.#previous),
      averages: AVERAGE_MS.map((windowMs) =>
        metric.kind === "gauge" ? this.#mean(name, windowMs) : this.#rateSince(name, this.#before(windowMs)),
      ),
    }));
  }

  /** The sum over a metric's series with these labels, per second in the last interval. */
  perSecond(metric: string, labels: Readonly<Record<string, string>> = {}): number | undefined {
    const names = samplesOf(this.#metrics).filter(
      (one) => one.metric.name === metric && hasLabels(one.sample, labels),
    );
    if (names.length === 0 || this.#previous === undefined) return undefined;
    return names.reduce((sum, { name }) => sum + (this.#rateSince(name, this.#previous) ?? 0), 0);
  }

  /** How much of the last `windowMs` is known, at least the last interval; 0: nothing. */
  knownMs(windowMs: number): number {
    const before = this.#before(windowMs);
    return before === undefined ? 0 : this.#latest!.atMs - before.atMs;
  }

  /**
   * A histogram's values in the last `windowMs`, or since the program's start if nothing older is known.
   * @returns counts by upper bound, not cumulative; the last one is of the values above all bounds
   */
  bucketGrowth(metric: string, labels: Readonly<Record<string, string>>, windowMs: number): Bucket[] {
    const before = this.#before(windowMs);
    const buckets: Bucket[] = [];
    for (const { sample, name } of samplesOf(this.#metrics).filter(
      (one) => one.metric.name === metric && hasLabels(one.sample, labels),
    )) {
      let below = 0;
      const bounds = [...(sample.histogram?.buckets ?? []).map(({ le }) => le), Number.POSITIVE_INFINITY];
      for (const [at, le] of bounds.entries()) {
        const column = le === Number.POSITIVE_INFINITY ? name : bucketName(name, le);
        const upTo = this.#growth(column, before) ?? this.#value(column) ?? 0;
        const count = Math.max(0, upTo - below);
        below = Math.max(below, upTo);
        buckets[at] = { le, count: (buckets[at]?.count ?? 0) + count };
      }
    }
    return buckets;
  }

  /** The mean of a histogram's values over the last `windowMs`. */
  meanOf({ metric, sample }: Pick<Series, "metric" | "sample">, windowMs: number): number | undefined {
    const name = seriesName(metric.name, sample.labels);
    const before = this.#before(windowMs);
    const count = this.#growth(name, before);
    const sum = this.#growth(sumName(name), before);
    return count === undefined || sum === undefined || count === 0 ? undefined : sum / count;
  }

  #column(name: string, isCounter: boolean): number {
    let column = this.#columns.get(name);
    if (column === undefined) {
      column = this.#columns.size;
      this.#columns.set(name, column);
      this.#isCounter[column] = isCounter;
    }
    return column;
  }

  /** Counters never fall, unless the program has been started anew. */
  #hasFallen(before: readonly number[], now: readonly number[]): boolean {
    return before.some((value, column) => this.#isCounter[column] && value > 0 && (now[column] ?? 0) < value);
  }

  #forget(): void {
    this.#latest = undefined;
    this.#kept = [];
  }

  #value(name: string): number | undefined {
    const column = this.#columns.get(name);
    return column === undefined ? undefined : this.#latest?.values[column];
  }

  /** A series that had not begun was 0. */
  #growth(name: string, before: Snapshot | undefined): number | undefined {
    const now = this.#value(name);
    if (now === undefined || before === undefined || before === this.#latest) return undefined;
    return Math.max(0, now - (before.values[this.#columns.get(name)!] ?? 0));
  }

  #rateSince(name: string, before: Snapshot | undefined): number | undefined {
    const growth = this.#growth(name, before);
    if (growth === undefined) return undefined;
    const elapsedMs = this.#latest!.atMs - before!.atMs;
    return elapsedMs > 0 ? (1000 * growth) / elapsedMs : undefined;
  }

  #mean(name: string, windowMs: number): number | undefined {
    const column = this.#columns.get(name)!;
    const fromMs = this.#latest!.atMs - windowMs;
    const values = this.#kept
      .filter(({ atMs }) => atMs >= fromMs)
      .map((snapshot) => snapshot.values[column])
      .filter((value) => value !== undefined);
    return values.length === 0
      ? this.#value(name)
      : values.reduce((sum, value) => sum + value, 0) / values.length;
  }

  /** The newest snapshot that is as old as the window, else the oldest one. */
  #before(windowMs: number): Snapshot | undefined {
    if (this.#latest === undefined) return undefined;
    const fromMs = this.#latest.atMs - windowMs;
    const before = this.#kept.findLast(({ atMs }) => atMs <= fromMs) ?? this.#kept[0];
    return before === this.#latest ? this.#previous : before;
  }
}

export interface Bucket {
  /** The upper bound; infinite for the last one. */
  readonly le: number;
  readonly count: number;
}

/** Returns `name{label="value"}`. */
export function seriesName(name: string, labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

export function hasLabels(
  { labels }: Pick<MetricSample, "labels">,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}

function samplesOf(metrics: readonly Metric[]) {
  return metrics.flatMap((metric) =>
    metric.samples.map((sample) => ({ metric, sample, name: seriesName(metric.name, sample.labels) })),
  );
}

function bucketName(series: string, le: number): string {
  return `${series} le ${le}`;
}

function sumName(series: string): string {
  return `${series} sum`;
}
