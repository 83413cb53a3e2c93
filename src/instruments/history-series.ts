/** A figure over time: a metric's samples with these labels, added. */
export interface HistorySeries {
  /** The name of the metric. */
  readonly metric: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** A counter's growth per second, a gauge's mean, or a quantile of what a histogram has gained. */
  readonly kind: "rate" | "gauge" | "quantile";
  /** The share of a quantile's values that are not above it, such as 0.99. */
  readonly quantile?: number;
}

const QUANTILES = [0.5, 0.99, 0.999] as const;

/** The figures of a proxy whose history is kept. */
export const PROXY_SERIES: readonly HistorySeries[] = [
  ...rates("glasscache_requests_total", "result", "hit miss coalesced stale forwarded local error"),
  ...rates("glasscache_keys_read_total", "result", "hit miss"),
  ...rates("glasscache_origin_requests_total", "result", "ok error failed"),
  rate("glasscache_origin_seconds_saved_total"),
  ...rates("glasscache_fills_total", "result", "kept discarded too_large"),
  ...rates("glasscache_evictions_total", "reason", "size expired invalidated flush channel"),
  ...rates("glasscache_regrets_total", "within", "1s 10s 60s"),
  ...rates("glasscache_invalidations_total", "source", "write push flush channel"),
  rate("glasscache_channel_losses_total"),
  rate("glasscache_received_bytes_total"),
  rate("glasscache_sent_bytes_total"),
  rate("glasscache_events_dropped_total"),
  gauge("glasscache_entries"),
  ...["values", "keys", "overhead", "free"].map((kind) => gauge("glasscache_memory_bytes", { kind })),
  gauge("glasscache_memory_limit_bytes"),
  gauge("glasscache_connections"),
  gauge("glasscache_channel_up"),
  gauge("glasscache_staleness_bound_seconds"),
  gauge("glasscache_sampling_ratio"),
  ...quantiles("glasscache_request_duration_seconds", { result: "hit" }),
  ...quantiles("glasscache_request_duration_seconds", { result: "miss" }),
  ...quantiles("glasscache_request_duration_seconds", { result: "forwarded" }),
  ...quantiles("glasscache_origin_request_duration_seconds"),
];

/** The figures of a server whose history is kept. */
export const SERVER_SERIES: readonly HistorySeries[] = [
  ...rates("glasscache_requests_total", "result", "served error"),
  ...rates("glasscache_keys_read_total", "result", "hit miss"),
  ...rates("glasscache_evictions_total", "reason", "size expired"),
  ...rates("glasscache_arena_reads_total", "result", "hit miss"),
  rate("glasscache_received_bytes_total"),
  rate("glasscache_sent_bytes_total"),
  gauge("glasscache_entries"),
  ...["used", "free"].map((kind) => gauge("glasscache_memory_bytes", { kind })),
  gauge("glasscache_memory_limit_bytes"),
  gauge("glasscache_disk_bytes"),
  gauge("glasscache_connections"),
  ...quantiles("glasscache_request_duration_seconds", { result: "served" }),
];

function rate(metric: string, labels: HistorySeries["labels"] = {}): HistorySeries {
  return { metric, labels, kind: "rate" };
}

function rates(metric: string, label: string, values: string): HistorySeries[] {
  return values.split(" ").map((value) => rate(metric, { [label]: value }));
}

function gauge(metric: string, labels: HistorySeries["labels"] = {}): HistorySeries {
  return { metric, labels, kind: "gauge" };
}

function quantiles(metric: string, labels: HistorySeries["labels"] = {}): HistorySeries[] {
  return QUANTILES.map((quantile) => ({ metric, labels, kind: "quantile", quantile }));
}
