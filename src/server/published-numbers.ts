import { FAMILIES, type FamilyName } from "../commands/families.ts";
import { TIMED_ONE_IN } from "../instruments/batch-times.ts";
import { type MetricRow, type NumberRow, type NumberTable, shapeOf } from "../instruments/number-table.ts";
import { CONNECTION_METRICS, REFUSALS, requestRows, TLS_EXPIRY } from "../instruments/shared-rows.ts";

const counter = { kind: "counter" } as const;
const gauge = { kind: "gauge" } as const;

/** The numbers that a server publishes, and the metrics and labels that tell them. */
const SCALARS = {
  hits: { ...counter, metric: "glasscache_keys_read_total", labels: { result: "hit" } },
  misses: { ...counter, metric: "glasscache_keys_read_total", labels: { result: "miss" } },
  evictions: { ...counter, metric: "glasscache_evictions_total", labels: { reason: "size" } },
  expirations: { ...counter, metric: "glasscache_evictions_total", labels: { reason: "expired" } },
  arenaEvictions: counter,
  arenaHits: { ...counter, metric: "glasscache_arena_reads_total", labels: { result: "hit" } },
  arenaMisses: { ...counter, metric: "glasscache_arena_reads_total", labels: { result: "miss" } },
  acceptedCount: { ...counter, metric: "glasscache_connections_total", labels: { result: "accepted" } },
  rejectedCount: { ...counter, metric: "glasscache_connections_total", labels: { result: "refused" } },
  outputLimitCount: { ...counter, metric: "glasscache_connections_total", labels: { result: "cut" } },
  bytesReceived: { ...counter, metric: "glasscache_received_bytes_total" },
  bytesSent: { ...counter, metric: "glasscache_sent_bytes_total" },
  connections: { ...gauge, metric: "glasscache_connections" },
  ...REFUSALS,
  tlsExpirySeconds: TLS_EXPIRY,
  keys: { ...gauge, metric: "glasscache_entries" },
  usedBytes: { ...gauge, metric: "glasscache_memory_bytes", labels: { kind: "used" } },
  freeBytes: { ...gauge, metric: "glasscache_memory_bytes", labels: { kind: "free" } },
  budgetBytes: { ...gauge, metric: "glasscache_memory_limit_bytes" },
  diskBytes: { ...gauge, metric: "glasscache_disk_bytes" },
  storageUp: { ...gauge, metric: "glasscache_storage_up" },
} as const satisfies Readonly<Record<string, NumberRow>>;

/** How requests of the server end: with the command's reply, or with an error. */
export const RESULTS = ["served", "error"] as const;
export const SERVED = 0;
export const ERROR = 1;

export type ScalarName = keyof typeof SCALARS;
export type RequestsName = `${FamilyName} ${(typeof RESULTS)[number]}`;

const REQUESTS = requestRows(FAMILIES, RESULTS);

/** The names of the counts of requests: of each family, one for each result. */
export const REQUESTS_NAMES: readonly RequestsName[] = FAMILIES.flatMap((family) =>
  RESULTS.map((result): RequestsName => `${family} ${result}`),
);

export const SCALAR_NAMES: readonly ScalarName[] = Object.keys(SCALARS) as ScalarName[];

const NUMBERS = {
  ...SCALARS,
  ...REQUESTS,
  servedMicros: {
    ...{ kind: "histogram", metric: "glasscache_request_duration_seconds", labels: { result: "served" } },
  },
} as const satisfies Readonly<Record<string, NumberRow>>;

const METRICS: readonly MetricRow[] = [
  {
    name: "glasscache_requests_total",
    kind: "counter",
    help: "Requests by kind of command and result: served, or answered with an error. Few errors are good.",
  },
  {
    name: "glasscache_request_duration_seconds",
    kind: "histogram",
    unit: 1e-6,
    help:
      "Time from the arrival of a batch of requests until its replies were handed to the system; one batch in " +
      `${TIMED_ONE_IN} is timed, and counts ${TIMED_ONE_IN} times. Replies that wait for the disk are left out.`,
  },
  {
    name: "glasscache_keys_read_total",
    kind: "counter",
    help: "Keys read, by whether they were there.",
  },
  {
    name: "glasscache_evictions_total",
    kind: "counter",
    help: "Keys that the server removed: size (to make room), expired (at the end of their time).",
  },
  {
    name: "glasscache_arena_reads_total",
    kind: "counter",
    help: "Reads of a server on disk: hit (the value was in memory), miss (it came from disk). Many hits are good.",
  },
  {
    name: "glasscache_entries",
    kind: "gauge",
    help: "Keys, including expired ones that were not removed yet.",
  },
  {
    name: "glasscache_memory_bytes",
    kind: "gauge",
    help: "Memory for entries: used, free. A server on disk keeps the entries in use there.",
  },
  { name: "glasscache_memory_limit_bytes", kind: "gauge", help: "Memory that entries may take (--memory)." },
  { name: "glasscache_disk_bytes", kind: "gauge", help: "Bytes of the data on disk; 0 without a disk." },
  {
    name: "glasscache_storage_up",
    kind: "gauge",
    help: "0 once the disk has failed: writes are refused from then on. 1 is good.",
  },
  ...CONNECTION_METRICS,
];

/** The table of a server's published numbers. */
export const PUBLISHED: NumberTable<keyof typeof NUMBERS> = { numbers: NUMBERS, metrics: METRICS };

export const PUBLISHED_SHAPE: {
  readonly [Name in keyof typeof NUMBERS]: (typeof NUMBERS)[Name]["kind"];
} = shapeOf(NUMBERS);
