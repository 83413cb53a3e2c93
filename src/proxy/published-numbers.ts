import { COUNTED_COMMANDS } from "../commands/command-facts.ts";
import { FAMILIES, type FamilyName } from "../commands/families.ts";
import { type NumberRow, type NumberTable, shapeOf } from "../instruments/number-table.ts";
import { REFUSALS, requestRows, TLS_EXPIRY } from "../instruments/shared-rows.ts";
import { PUBLISHED_METRICS } from "./published-metric-rows.ts";
import { RESULTS, type ResultName } from "./request-results.ts";

const counter = { kind: "counter" } as const;
const gauge = { kind: "gauge" } as const;
const histogram = { kind: "histogram" } as const;

/** The numbers that each thread publishes, and the metrics and labels that tell them. */
const SCALARS = {
  hits: { ...counter, metric: "glasscache_keys_read_total", labels: { result: "hit" } },
  misses: { ...counter, metric: "glasscache_keys_read_total", labels: { result: "miss" } },
  coalesced: counter,
  fills: { ...counter, metric: "glasscache_fills_total", labels: { result: "kept" } },
  discardedFills: { ...counter, metric: "glasscache_fills_total", labels: { result: "discarded" } },
  tooLargeFills: { ...counter, metric: "glasscache_fills_total", labels: { result: "too_large" } },
  removedEntries: { ...counter, metric: "glasscache_evictions_total", labels: { reason: "invalidated" } },
  flushedEntries: { ...counter, metric: "glasscache_evictions_total", labels: { reason: "flush" } },
  channelEntries: { ...counter, metric: "glasscache_evictions_total", labels: { reason: "channel" } },
  cautionEntries: { ...counter, metric: "glasscache_evictions_total", labels: { reason: "caution" } },
  batchMs: counter,
  batchRequests: counter,
  forwarded: counter,
  originErrors: counter,
  unknownOutcomes: { ...counter, metric: "glasscache_unknown_outcomes_total" },
  originOk: { ...counter, metric: "glasscache_origin_requests_total", labels: { result: "ok" } },
  originRefused: { ...counter, metric: "glasscache_origin_requests_total", labels: { result: "error" } },
  originFailed: { ...counter, metric: "glasscache_origin_requests_total", labels: { result: "failed" } },
  originMsSaved: { ...counter, metric: "glasscache_origin_seconds_saved_total" },
  channelLosses: { ...counter, metric: "glasscache_channel_losses_total" },
  writeInvalidations: { ...counter, metric: "glasscache_invalidations_total", labels: { source: "write" } },
  pushInvalidations: { ...counter, metric: "glasscache_invalidations_total", labels: { source: "push" } },
  replyInvalidations: { ...counter, metric: "glasscache_invalidations_total", labels: { source: "reply" } },
  flushInvalidations: { ...counter, metric: "glasscache_invalidations_total", labels: { source: "flush" } },
  channelInvalidations: {
    ...counter,
    metric: "glasscache_invalidations_total",
    labels: { source: "channel" },
  },
  cautionInvalidations: {
    ...counter,
    metric: "glasscache_invalidations_total",
    labels: { source: "caution" },
  },
  auditsRight: { ...counter, metric: "glasscache_audits_total", labels: { result: "right" } },
  auditsUndecided: { ...counter, metric: "glasscache_audits_total", labels: { result: "undecided" } },
  auditsSkipped: { ...counter, metric: "glasscache_audits_total", labels: { result: "skipped" } },
  auditsBroken: { ...counter, metric: "glasscache_audits_total", labels: { result: "broken" } },
  warmRestored: { ...counter, metric: "glasscache_warm_keys_total", labels: { result: "restored" } },
  warmPresent: { ...counter, metric: "glasscache_warm_keys_total", labels: { result: "present" } },
  warmGone: { ...counter, metric: "glasscache_warm_keys_total", labels: { result: "gone" } },
  warmNoRoom: { ...counter, metric: "glasscache_warm_keys_total", labels: { result: "no_room" } },
  warmSkipped: { ...counter, metric: "glasscache_warm_keys_total", labels: { result: "skipped" } },
  warmLeft: { ...gauge, metric: "glasscache_warm_keys_left" },
  warmWrittenKeys: { ...gauge, metric: "glasscache_warm_file_keys" },
  warmWrittenSeconds: { ...gauge, metric: "glasscache_warm_file_timestamp_seconds" },
  warmFailures: { ...counter, metric: "glasscache_warm_file_failures_total" },
  acceptedCount: { ...counter, metric: "glasscache_connections_total", labels: { result: "accepted" } },
  rejectedCount: { ...counter, metric: "glasscache_connections_total", labels: { result: "refused" } },
  outputLimitCount: { ...counter, metric: "glasscache_connections_total", labels: { result: "cut" } },
  requestCount: counter,
  bytesReceived: { ...counter, metric: "glasscache_received_bytes_total" },
  bytesSent: { ...counter, metric: "glasscache_sent_bytes_total" },
  requestsPerSecond: gauge,
  receivedBytesPerSecond: gauge,
  sentBytesPerSecond: gauge,
  connections: { ...gauge, metric: "glasscache_connections" },
  ...REFUSALS,
  tlsExpirySeconds: TLS_EXPIRY,
  sharedConnections: { ...gauge, metric: "glasscache_origin_connections", labels: { kind: "shared" } },
  dedicatedConnections: { ...gauge, metric: "glasscache_origin_connections", labels: { kind: "dedicated" } },
  idleConnections: { ...gauge, metric: "glasscache_origin_connections", labels: { kind: "idle" } },
  /** 1: this thread has no channel that is up. */
  channelsDown: gauge,
  /** Of this thread's channel; 0: not known yet. */
  heartbeatMicros: gauge,
  stalenessBoundMs: gauge,
} as const satisfies Readonly<Record<string, NumberRow>>;

const DURATION = "glasscache_request_duration_seconds";
const ROUND_TRIP = "glasscache_origin_request_duration_seconds";

const HISTOGRAMS = {
  hitMicros: { ...histogram, metric: DURATION, labels: { result: "hit" } },
  missMicros: { ...histogram, metric: DURATION, labels: { result: "miss" } },
  coalescedMicros: { ...histogram, metric: DURATION, labels: { result: "coalesced" } },
  forwardedMicros: { ...histogram, metric: DURATION, labels: { result: "forwarded" } },
  missRoundTripMicros: { ...histogram, metric: ROUND_TRIP },
  otherRoundTripMicros: { ...histogram, metric: ROUND_TRIP },
} as const satisfies Readonly<Record<string, NumberRow>>;

export type ScalarName = keyof typeof SCALARS;
export type HistogramName = keyof typeof HISTOGRAMS;
/** The number of requests of a family that had this result. */
export type RequestsName = `${FamilyName} ${ResultName}`;
export type CounterName = {
  [Name in ScalarName]: (typeof SCALARS)[Name]["kind"] extends "counter" ? Name : never;
}[ScalarName];

/** The names of the counts of families, in their order. */
export const REQUESTS_NAMES: readonly RequestsName[] = FAMILIES.flatMap((family) =>
  RESULTS.map((result): RequestsName => `${family} ${result}`),
);

const REQUESTS = requestRows(FAMILIES, RESULTS);

/** The names of the counts of a `RequestMeter`, in their order: of each command, one for each result. */
export const CALLS_NAMES: readonly string[] = COUNTED_COMMANDS.flatMap(({ name }) =>
  RESULTS.map((result) => `${name} ${result}`),
);

/** They have a table of their own: metrics do not tell them, so nobody should look through them for metrics. */
export const CALLS_SHAPE: Readonly<Record<string, "counter">> = Object.fromEntries(
  CALLS_NAMES.map((name) => [name, "counter"]),
);

const NUMBERS = { ...SCALARS, ...REQUESTS, ...HISTOGRAMS };

/** The table of a proxy's published numbers. */
export const PUBLISHED: NumberTable<keyof typeof NUMBERS> = { numbers: NUMBERS, metrics: PUBLISHED_METRICS };

export const PUBLISHED_SHAPE: {
  readonly [Name in keyof typeof NUMBERS]: (typeof NUMBERS)[Name]["kind"];
} = shapeOf(NUMBERS);

export const SCALAR_NAMES: readonly ScalarName[] = Object.keys(SCALARS) as ScalarName[];

export function isCounter(name: ScalarName): name is CounterName {
  return SCALARS[name].kind === "counter";
}
