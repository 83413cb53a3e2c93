import { checkMark } from "../instruments/history.ts";
import type {
  BiographyReport,
  ChannelsReport,
  ClientsReport,
  FamiliesReport,
  HealthReport,
  HistoryReport,
  HotBy,
  HotKeysReport,
  InstrumentsView,
  Metric,
  MetricSample,
  QueuesReport,
  SlowRequestsReport,
  ToldSetting,
  WatchReport,
  WhatIfReport,
} from "../instruments/view.ts";

/** What a proxy might tell: values that tests change, and what it was asked. */
export class FakeView implements InstrumentsView {
  readonly service = "proxy";
  report: HealthReport = { alive: true, ready: true, problems: [] };
  told: readonly Metric[] = FAKE_METRICS;
  simulated: WhatIfReport | undefined = FAKE_WHAT_IF;
  links: ChannelsReport | undefined = FAKE_CHANNELS;
  connected: ClientsReport | undefined = FAKE_CLIENTS;
  slow: SlowRequestsReport | undefined = FAKE_SLOW_REQUESTS;
  shown: QueuesReport | undefined = FAKE_QUEUES;
  readonly calls: string[] = [];
  readonly patterns: string[] = [];
  readonly values = new Map([["policy", "s3-fifo"]]);
  /** Thrown by everything that is asked for. */
  failure: Error | undefined;

  /** Sets a counter without labels, such as the fake ones' first. */
  count(name: string, value: number): void {
    this.told = [
      ...this.told.filter((metric) => metric.name !== name),
      { name, kind: "counter", help: "Counts.", samples: [{ labels: {}, value }] },
    ];
  }

  health(): HealthReport {
    this.#called("health");
    return this.report;
  }

  metrics(): readonly Metric[] {
    this.#called("metrics");
    return this.told;
  }

  history(fromMs: number, stepMs: number): HistoryReport {
    this.#called(`history ${fromMs} ${stepMs}`);
    const series = { name: "glasscache_entries", labels: {}, kind: "gauge", values: [1, null, 3] } as const;
    return { fromMs, stepMs, series: [series], marks: [{ atMs: fromMs, text: "policy is lru" }] };
  }

  mark(text: string): void {
    this.#called(`mark ${text}`);
    checkMark(text);
  }

  hotKeys(by: HotBy, count: number): HotKeysReport {
    this.#called(`hotKeys ${by} ${count}`);
    const key = {
      key: { text: "user:1" },
      amount: 12,
      error: 1,
      samplingError: 0,
      hitRatio: 0.9,
      valueBytes: 100,
    };
    return { by, unit: "requests/s", keys: [key] };
  }

  families(count: number): FamiliesReport {
    this.#called(`families ${count}`);
    const family = {
      name: "user:*",
      requestsPerSecond: 5,
      hitRatio: 0.5,
      memoryBytes: 1000,
      entries: 10,
      meanValueBytes: 80,
      meanTtlMs: null,
      lastReadAfterMs: 1200,
      churnPerSecond: 0.1,
    };
    return { families: [family] };
  }

  biography(key: Uint8Array): BiographyReport {
    this.#called(`biography ${Buffer.from(key).toString("hex")}`);
    const events = [{ atMs: 1, what: "evicted", text: "s3-fifo: left the small queue" } as const];
    const base64 = Buffer.from(key).toString("base64");
    return { key: { base64 }, isSampled: true, isWatched: false, events, forgotten: 0 };
  }

  queues(shard: number): QueuesReport | undefined {
    this.#called(`queues ${shard}`);
    if (shard > 1) throw new RangeError("shard must be from 0 to 1");
    return this.shown;
  }

  watched(): WatchReport {
    this.#called("watched");
    const patterns = this.patterns.map((pattern) => ({ pattern, isGlob: pattern.includes("*"), events: 0 }));
    return { limit: 3, patterns };
  }

  watch(pattern: string): void {
    this.#called(`watch ${pattern}`);
    if (this.patterns.length === 3) throw new RangeError("3 patterns are watched, which is the limit");
    this.patterns.push(pattern);
  }

  unwatch(pattern: string): void {
    this.#called(`unwatch ${pattern}`);
    const at = this.patterns.indexOf(pattern);
    if (at >= 0) this.patterns.splice(at, 1);
  }

  whatIf(): WhatIfReport | undefined {
    this.#called("whatIf");
    return this.simulated;
  }

  resetWhatIf(): void {
    this.#called("resetWhatIf");
  }

  channels(): ChannelsReport | undefined {
    this.#called("channels");
    return this.links;
  }

  async clients(count: number): Promise<ClientsReport | undefined> {
    this.#called(`clients ${count}`);
    return this.connected;
  }

  slowRequests(count: number): SlowRequestsReport | undefined {
    this.#called(`slowRequests ${count}`);
    return this.slow;
  }

  settings(): readonly ToldSetting[] {
    this.#called("settings");
    return [...this.values].map(([name, value]) => ({ name, value, changeable: true }));
  }

  async change(name: string, value: string): Promise<void> {
    this.#called(`change ${name} ${value}`);
    if (!this.values.has(name)) throw new RangeError(`there is no setting ${name}`);
    this.values.set(name, value);
  }

  #called(call: string): void {
    this.calls.push(call);
    if (this.failure !== undefined) throw this.failure;
  }
}

type Labels = Readonly<Record<string, string>>;

function metric(
  name: string,
  kind: "counter" | "gauge",
  help: string,
  ...samples: [number, Labels?][]
): Metric {
  return { name, kind, help, samples: samples.map(([value, labels = {}]) => ({ labels, value })) };
}

function durations(name: string, help: string, ...labels: Labels[]): Metric {
  const sample = (own: Labels): MetricSample => ({
    labels: own,
    value: 10,
    histogram: { sum: 0.25, buckets: [0.0001, 0.001, 0.01].map((le, i) => ({ le, count: 3 * (i + 1) })) },
  });
  return { name, kind: "histogram", help, samples: labels.map(sample) };
}

/** A sample or two of each metric that docs/ADMIN.md names. */
export const FAKE_METRICS: readonly Metric[] = [
  metric(
    "glasscache_requests_total",
    "counter",
    "Requests by command family and result.",
    [120, { family: "string", result: "hit" }],
    [30, { family: "string", result: "miss" }],
  ),
  durations(
    "glasscache_request_duration_seconds",
    "Time from request to reply.",
    { result: "hit" },
    { result: "miss" },
  ),
  durations("glasscache_origin_request_duration_seconds", "Round trips to the origin.", {}),
  metric("glasscache_origin_requests_total", "counter", "Requests to the origin.", [30, { result: "ok" }]),
  metric("glasscache_origin_seconds_saved_total", "counter", "Origin time that hits saved.", [1.5]),
  metric("glasscache_fills_total", "counter", "Values from the origin.", [28, { result: "kept" }]),
  metric("glasscache_evictions_total", "counter", "Entries that left.", [4, { reason: "size" }]),
  metric("glasscache_regrets_total", "counter", "Evicted keys asked for again.", [1, { within: "1s" }]),
  metric("glasscache_entries", "gauge", "Entries in the cache.", [24]),
  metric("glasscache_memory_bytes", "gauge", "Memory of the cache.", [4096, { kind: "values" }]),
  metric("glasscache_memory_limit_bytes", "gauge", "Memory that the cache may take.", [65536]),
  metric("glasscache_staleness_bound_seconds", "gauge", "How old a hit can be at most.", [3]),
  metric("glasscache_channel_up", "gauge", "Whether the channel is proven.", [1]),
  metric("glasscache_channel_losses_total", "counter", "Channels lost.", [0]),
  metric("glasscache_invalidations_total", "counter", "Invalidations by source.", [7, { source: "push" }]),
  metric("glasscache_whatif_miss_ratio", "gauge", "What another cache would miss.", [
    0.2,
    { policy: "lru", factor: "2" },
  ]),
  metric("glasscache_connections", "gauge", "Open connections of clients.", [3]),
  metric("glasscache_sampling_ratio", "gauge", "Share of the keys that is simulated.", [0.01]),
  metric("glasscache_events_dropped_total", "counter", "Records lost by full rings.", [0]),
  metric("glasscache_build_info", "gauge", "Always 1; the labels tell the version.", [
    1,
    { version: "0.1.0" },
  ]),
];

const FAKE_CHANNELS: ChannelsReport = {
  boundMs: 3000,
  channels: [{ thread: 0, isUp: true, silenceMs: 400, roundTripMs: 0.4, pushes: 12, losses: 1 }],
};

const FAKE_CLIENTS: ClientsReport = {
  ...{ threads: 2, answered: 2 },
  clients: [
    { name: "shop", connections: 3, requests: 700, requestsPerSecond: 12.5 },
    { address: "10.0.0.7", connections: 1, requests: 3, requestsPerSecond: 0 },
  ],
  others: { groups: 0, connections: 0, requests: 0, requestsPerSecond: 0 },
};

const FAKE_SLOW_REQUESTS: SlowRequestsReport = {
  ...{ slowerThanMs: 10, limit: 128 },
  requests: [
    {
      ...{ id: 7, endedAtMs: 1_700_000_000_000, durationMs: 25, result: "miss" },
      waits: { origin: 24.5, other: 0.5 },
      arguments: [{ text: "GET" }, { text: "user:1" }],
      ...{ clientAddress: "127.0.0.1:50000", clientName: "" },
    },
  ],
};

const FAKE_QUEUES: QueuesReport = {
  ...{ atMs: 1_700_000_000_000, policy: "lru", shard: 0, shards: 2, unit: "bytes" },
  samplingRatio: 1,
  ghostSamplingRatio: 1,
  queues: [
    {
      ...{ name: "queue", kind: "resident", order: "line", entrance: "new entries", exit: "out" },
      ...{ length: 1, walkedFromExit: 1, walkedFromEntrance: 0 },
      members: [
        {
          ...{ id: "0000002a", key: { text: "user:1" }, rank: 1, way: 0, isSampled: true },
          entry: { reads: 3, valueBytes: 100, chargedBytes: 144, ageMs: 10, ttlMs: -1, turn: "" },
        },
      ],
    },
  ],
  left: [],
};

const FAKE_WHAT_IF: WhatIfReport = {
  present: { policy: "s3-fifo", size: 65536, unit: "bytes", missRatio: 0.25 },
  sinceMs: 1_700_000_000_000,
  requests: 1000,
  sampledRequests: 10,
  samplingRatio: 0.01,
  curves: [
    {
      policy: "lru",
      points: [
        {
          size: 131072,
          unit: "bytes",
          factor: 2,
          missRatio: 0.2,
          error: 0.01,
          samplingRatio: 0.01,
          originRequestsPerSecond: 2,
          meanLatencyMs: 0.4,
          originMsSavedPerSecond: 1,
        },
      ],
    },
  ],
  optimum: [],
};
