import type { HistoryReport, Metric, MetricSample, WhatIfPoint } from "../../instruments/view.ts";
import { CounterLog } from "./counter-log.ts";
import type { Readings } from "./readings.ts";

/** Readings of a busy proxy, for tests. */

const BOUNDS = [1, 2, 5].flatMap((digit) => [-6, -5, -4, -3, -2, -1, 0].map((power) => digit * 10 ** power));
const AT_MS = Date.UTC(2030, 0, 2, 3, 4, 5);

export interface FixtureOptions {
  /** Seconds that the proxy has run: all counters grow evenly with them. */
  readonly seconds?: number;
  readonly problems?: readonly string[];
  /** A key's text or a family's name that may be bad for a terminal. */
  readonly nasty?: string;
  readonly service?: "proxy" | "server";
}

export function fixtureReadings({
  seconds = 100,
  problems = [],
  nasty = "漢字:1",
  service = "proxy",
}: FixtureOptions = {}): Readings {
  return {
    counters: { atMs: AT_MS, service, metrics: metricsAt(seconds) },
    health: { alive: true, ready: problems.length === 0, problems },
    settings: [{ name: "policy", value: "s3-fifo", changeable: true }],
    recent: history(1000, 10, 0.64),
    past: history(10_000, 60, 0.6),
    whatIf: {
      present: { policy: "s3-fifo", size: 64 * 1024 ** 2, unit: "bytes", missRatio: 0.362 },
      sinceMs: AT_MS - 60_000,
      requests: 1_234_567,
      sampledRequests: 12_345,
      samplingRatio: 0.08,
      curves: [
        { policy: "s3-fifo", points: points(0.36) },
        { policy: "lru", points: points(0.4) },
        { policy: "w-tinylfu", points: points(0.3) },
      ],
      optimum: points(0.2),
    },
    hot: {
      rate: {
        by: "rate",
        unit: "requests/s",
        keys: [
          hotKey({ text: "user:1:profile" }, 1234.5, 100),
          hotKey({ text: nasty }, 321, 5_000_000),
          hotKey({ base64: "AAH/YQ==" }, 32.1, 12),
          { ...hotKey({ text: "session:0123456789abcdef…" }, 3, 12), cutFromBytes: 2000 },
        ],
      },
    },
    families: {
      families: [
        family("user:*:profile", 2345, "Entries are read for 2 s, but live for an hour."),
        family(nasty, 10),
        family("(others)", 1),
      ],
    },
    biography: {
      asked: nasty,
      report: {
        ...{ key: { text: nasty }, isSampled: true, isWatched: false, forgotten: 12 },
        present: { reads: 3, policy: "s3-fifo", queue: "main" },
        events: [
          { atMs: AT_MS - 5000, what: "miss", text: "asked for, and not there" },
          { atMs: AT_MS - 4988, what: "filled", text: `filled with 120 bytes ${nasty}` },
          {
            ...{ atMs: AT_MS - 1000, what: "evicted" },
            text: "evicted by s3-fifo from the small queue after 3.99 s and 0 reads; it was asked for again 12 ms later",
          },
        ],
      },
    },
  };
}

/** A log that has seen the last `known` seconds. */
export function fixtureLog(known = 20, seconds = 100): CounterLog {
  const log = new CounterLog();
  for (let at = seconds - known; at <= seconds; at++) log.add(metricsAt(at), 1000 * at);
  return log;
}

/** Counters that grow by the same each second. */
function metricsAt(seconds: number): Metric[] {
  const count = (perSecond: number, labels: Readonly<Record<string, string>> = {}): MetricSample => ({
    labels,
    value: Math.round(perSecond * seconds),
  });
  const counter = (name: string, help: string, ...samples: MetricSample[]): Metric => ({
    name: `glasscache_${name}`,
    kind: "counter",
    help,
    samples,
  });
  const gauge = (name: string, help: string, ...samples: MetricSample[]): Metric => ({
    ...counter(name, help, ...samples),
    kind: "gauge",
  });
  const fixed = (value: number, labels = {}): MetricSample => ({ labels, value });
  return [
    counter(
      "requests_total",
      "Requests answered, by kind of command and result. Many hits and no errors are good.",
      count(6400, { family: "string", result: "hit" }),
      count(3600, { family: "string", result: "miss" }),
      count(12, { family: "string", result: "coalesced" }),
      count(250, { family: "string", result: "forwarded" }),
      count(0, { family: "string", result: "error" }),
    ),
    counter(
      "keys_read_total",
      "Keys looked for.",
      count(6400, { result: "hit" }),
      count(3612, { result: "miss" }),
    ),
    {
      name: "glasscache_request_duration_seconds",
      kind: "histogram",
      help: "Time from request to reply.",
      samples: [durations("hit", 6400 * seconds, 10e-6), durations("miss", 3600 * seconds, 1e-3)],
    },
    counter("origin_requests_total", "Requests to the origin.", count(3850, { result: "ok" })),
    counter("origin_seconds_saved_total", "Origin time that hits saved.", count(2.5)),
    counter(
      "evictions_total",
      "Entries that left.",
      count(3000, { reason: "size" }),
      count(0, { reason: "expired" }),
    ),
    counter("regrets_total", "Evicted entries asked for again.", count(700, { within: "60s" })),
    counter("received_bytes_total", "Bytes received.", count(512_000)),
    gauge("entries", "Entries in the cache.", fixed(24_362)),
    gauge(
      "memory_bytes",
      "The cache's memory.",
      fixed(30 * 1024 ** 2, { kind: "values" }),
      fixed(10 * 1024 ** 2, { kind: "keys" }),
      fixed(8 * 1024 ** 2, { kind: "overhead" }),
      fixed(16 * 1024 ** 2, { kind: "free" }),
    ),
    gauge("memory_limit_bytes", "Memory that the cache may take.", fixed(64 * 1024 ** 2)),
    gauge("connections", "Open connections of clients.", fixed(42)),
    gauge("channel_up", "Whether every channel is proven.", fixed(1)),
    gauge("staleness_bound_seconds", "How stale a hit may be.", fixed(3)),
    counter("channel_losses_total", "Channels lost.", fixed(1)),
  ];
}

/** Values around a time, spread over five buckets. */
function durations(result: string, values: number, around: number): MetricSample {
  const bounds = BOUNDS.toSorted((a, b) => a - b);
  const middle = bounds.findIndex((bound) => bound >= around * 0.99);
  const shares = [0.05, 0.2, 0.5, 0.2, 0.05];
  const upTo = (at: number) =>
    shares.slice(0, Math.max(0, at - middle + 3)).reduce((sum, one) => sum + one, 0);
  const buckets = bounds.map((le, at) => ({ le, count: Math.round(values * upTo(at)) }));
  return { labels: { result }, value: values, histogram: { sum: values * around, buckets } };
}

function history(stepMs: number, steps: number, ratio: number): HistoryReport {
  const series = (result: string, share: number) => ({
    name: "glasscache_keys_read_total",
    labels: { result },
    kind: "rate" as const,
    // The first quarter is not known; then the ratio rises.
    values: Array.from({ length: steps }, (_, at) => {
      if (at < steps / 4) return null;
      const rise = (result === "hit" ? 1 : -1) * 0.3 * (at / steps - 1);
      return 10_000 * Math.max(0, share + rise);
    }),
  });
  return {
    fromMs: AT_MS - steps * stepMs,
    stepMs,
    series: [series("hit", ratio), series("miss", 1 - ratio)],
    marks: [],
  };
}

function points(atPresent: number): WhatIfPoint[] {
  return [0.125, 0.25, 0.5, Math.SQRT1_2, 1, Math.SQRT2, 2, 4, 8].map((factor) => {
    const missRatio = Math.min(0.99, atPresent * factor ** -0.3);
    return {
      size: 64 * 1024 ** 2 * factor,
      unit: "bytes",
      factor,
      missRatio,
      error: 0.012,
      samplingRatio: 0.01,
      originRequestsPerSecond: 10_000 * missRatio,
      meanLatencyMs: missRatio,
      originMsSavedPerSecond: 6000 * (0.36 - missRatio),
    };
  });
}

function hotKey(key: { text: string } | { base64: string }, amount: number, valueBytes: number) {
  return { key, amount, error: amount / 10, samplingError: amount / 20, hitRatio: 0.987, valueBytes };
}

function family(name: string, requestsPerSecond: number, advice?: string) {
  return {
    name,
    requestsPerSecond,
    hitRatio: 0.876,
    memoryBytes: 12 * 1024 ** 2,
    entries: 12_345,
    meanValueBytes: 812,
    meanTtlMs: 3_600_000,
    lastReadAfterMs: 2100,
    churnPerSecond: 12.3,
    ...(advice === undefined ? {} : { advice }),
  };
}
