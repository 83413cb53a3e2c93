import type { HistoryReport, Metric } from "../../instruments/view.ts";
import { type CounterLog, hasLabels } from "./counter-log.ts";
import type { Latencies } from "./latency-histogram.ts";
import type { Readings } from "./readings.ts";

/** Latencies are those of the last ten seconds. */
export const LATENCY_WINDOW_MS = 10_000;

/** The figures of the overview. Undefined: not known, or the service has no such thing. */
export interface OverviewFigures {
  readonly hitRatio: {
    readonly tenSeconds: number | undefined;
    readonly oneMinute: number | undefined;
    readonly tenMinutes: number | undefined;
  };
  /** In steps of ten seconds, the oldest first. */
  readonly hitRatios: readonly (number | undefined)[];
  readonly requestsPerSecond: number | undefined;
  readonly requestsPerSecondByResult: Readonly<Record<string, number>>;
  readonly originRequestsPerSecond: number | undefined;
  /** Requests that a cache without entries would have sent to the origin. */
  readonly sparedPerSecond: number | undefined;
  readonly originMsSavedPerSecond: number | undefined;
  readonly evictionsPerSecond: Readonly<Record<string, number>>;
  /** Evicted entries that were asked for again within a minute. */
  readonly regretsPerSecond: number | undefined;
  readonly entries: number | undefined;
  readonly usedBytes: number | undefined;
  readonly limitBytes: number | undefined;
  readonly connections: number | undefined;
  readonly channelUp: boolean | undefined;
  readonly stalenessBoundMs: number | undefined;
  readonly channelLosses: number | undefined;
  /** What is wrong, in sentences. */
  readonly problems: readonly string[];
}

export function overviewFigures(
  { counters, health, recent, past }: Readings,
  log: CounterLog,
): OverviewFigures {
  const metrics = new Map(counters.metrics.map((metric) => [metric.name, metric]));
  const gauge = (name: string, labels = {}) => sumOf(metrics.get(name), labels);
  const rate = (name: string, labels = {}) => log.perSecond(name, labels) ?? recentRate(recent, name, labels);
  const byLabel = (name: string, label: string) =>
    Object.fromEntries(
      labelValues(metrics.get(name), label).map((value) => [value, rate(name, { [label]: value }) ?? 0]),
    );
  const results = byLabel("glasscache_requests_total", "result");
  const seconds = rate("glasscache_origin_seconds_saved_total");
  const memory = (kind: string): number | undefined => gauge("glasscache_memory_bytes", { kind });
  const values = memory("values");
  const bound = gauge("glasscache_staleness_bound_seconds");
  const channel = gauge("glasscache_channel_up");
  const hits = rate("glasscache_keys_read_total", { result: "hit" });
  const isKnown = Object.keys(results).length > 0;
  const ratios = hitRatios(past);
  return {
    hitRatio: {
      tenSeconds: hitRatio(recent, 10),
      oneMinute: hitRatio(past, 6),
      tenMinutes: hitRatio(past, 60),
    },
    hitRatios: ratios,
    requestsPerSecond: isKnown ? Object.values(results).reduce((sum, value) => sum + value, 0) : undefined,
    requestsPerSecondByResult: results,
    originRequestsPerSecond: rate("glasscache_origin_requests_total"),
    sparedPerSecond: hits === undefined ? undefined : hits + (results["coalesced"] ?? 0),
    originMsSavedPerSecond: seconds === undefined ? undefined : 1000 * seconds,
    evictionsPerSecond: byLabel("glasscache_evictions_total", "reason"),
    regretsPerSecond: rate("glasscache_regrets_total", { within: "60s" }),
    entries: gauge("glasscache_entries"),
    usedBytes:
      values === undefined ? memory("used") : values + (memory("keys") ?? 0) + (memory("overhead") ?? 0),
    limitBytes: gauge("glasscache_memory_limit_bytes"),
    connections: gauge("glasscache_connections"),
    channelUp: channel === undefined ? undefined : channel > 0,
    stalenessBoundMs: bound === undefined ? undefined : 1000 * bound,
    channelLosses: gauge("glasscache_channel_losses_total"),
    problems: [...health.problems, ...furtherProblems(rate)],
  };
}

function furtherProblems(rate: (name: string, labels?: object) => number | undefined): string[] {
  const problems: string[] = [];
  if ((rate("glasscache_events_dropped_total") ?? 0) > 0) {
    problems.push("The instruments lose records, because they come too fast; figures of keys are too low.");
  }
  if ((rate("glasscache_unknown_outcomes_total") ?? 0) > 0) {
    problems.push("The origin leaves writes without an answer; nobody knows whether they happened.");
  }
  if ((rate("glasscache_connections_total", { result: "refused" }) ?? 0) > 0) {
    problems.push("Clients are refused, because too many are connected (--max-connections).");
  }
  return problems;
}

/** Hits and misses are those of the last ten seconds; if less is known, of all that is. */
export function latenciesOf(log: CounterLog): Latencies {
  const of = (...results: string[]) =>
    results
      .map((result) => log.bucketGrowth("glasscache_request_duration_seconds", { result }, LATENCY_WINDOW_MS))
      .filter((buckets) => buckets.length > 0)
      .reduce(
        (sum, buckets) =>
          sum.length === 0
            ? buckets
            : sum.map(({ le, count }, at) => ({ le, count: count + buckets[at]!.count })),
        [],
      );
  return { hits: of("hit", "served"), misses: of("miss", "coalesced") };
}

function sumOf(metric: Metric | undefined, labels: Readonly<Record<string, string>>): number | undefined {
  const samples = metric?.samples.filter((sample) => hasLabels(sample, labels)) ?? [];
  return samples.length === 0 ? undefined : samples.reduce((sum, { value }) => sum + value, 0);
}

function labelValues(metric: Metric | undefined, label: string): string[] {
  const values =
    metric?.samples.map(({ labels }) => labels[label]).filter((value) => value !== undefined) ?? [];
  return [...new Set(values)];
}

function seriesOf(history: HistoryReport, name: string, labels: Readonly<Record<string, string>>) {
  return history.series.filter((one) => one.kind === "rate" && one.name === name && hasLabels(one, labels));
}

/** The mean of the last ten seconds. */
function recentRate(
  history: HistoryReport,
  name: string,
  labels: Readonly<Record<string, string>>,
): number | undefined {
  const means = seriesOf(history, name, labels)
    .map(({ values }) => values.filter((value) => value !== null))
    .filter((values) => values.length > 0)
    .map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
  return means.length === 0 ? undefined : means.reduce((sum, mean) => sum + mean, 0);
}

function hitRatio(history: HistoryReport, steps: number): number | undefined {
  const sum = (result: string) =>
    seriesOf(history, "glasscache_keys_read_total", { result })
      .flatMap(({ values }) => values.slice(-steps))
      .reduce<number>((total, value) => total + (value ?? 0), 0);
  const hits = sum("hit");
  const all = hits + sum("miss");
  return all > 0 ? hits / all : undefined;
}

function hitRatios(history: HistoryReport): (number | undefined)[] {
  const of = (result: string) => seriesOf(history, "glasscache_keys_read_total", { result })[0]?.values ?? [];
  const misses = of("miss");
  return of("hit").map((hits, at) => {
    const all = (hits ?? 0) + (misses[at] ?? 0);
    return hits === null || all === 0 ? undefined : hits / all;
  });
}
