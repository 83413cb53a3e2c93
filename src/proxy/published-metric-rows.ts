import { TIMED_ONE_IN } from "../instruments/batch-times.ts";
import type { MetricRow } from "../instruments/number-table.ts";
import { CONNECTION_METRICS } from "../instruments/shared-rows.ts";

const MICROS = 1e-6;
const MILLIS = 1e-3;

/** The metrics that a proxy's published numbers belong to. */
export const PUBLISHED_METRICS: readonly MetricRow[] = [
  {
    name: "glasscache_requests_total",
    kind: "counter",
    help:
      "Requests answered, by kind of command and result: hit, miss and coalesced were reads that the cache may " +
      "answer, forwarded went to the origin, local was answered by the proxy, error is the proxy's own refusal or an " +
      "origin without answer. Many hits and no errors are good.",
  },
  {
    name: "glasscache_keys_read_total",
    kind: "counter",
    help: "Keys looked for in the cache; MGET counts each of its keys. Hits save the origin a request each.",
  },
  {
    name: "glasscache_request_duration_seconds",
    kind: "histogram",
    unit: MICROS,
    help:
      "Time from a request's arrival to its reply, inside the proxy. Hits are timed by the batch they arrived in, " +
      `until its replies were handed to the system; one batch in ${TIMED_ONE_IN} is timed, and counts ${TIMED_ONE_IN} times.`,
  },
  {
    name: "glasscache_origin_request_duration_seconds",
    kind: "histogram",
    unit: MICROS,
    help:
      "Time from sending a client's request to the origin to the first reply to it; commands that may block are left " +
      "out. It contains the network and the origin's own time.",
  },
  {
    name: "glasscache_origin_requests_total",
    kind: "counter",
    help:
      "Requests to the origin on behalf of clients: ok, error (the origin answered with an error), failed (it did not " +
      "answer). Few are good: that is what the cache is for.",
  },
  {
    name: "glasscache_origin_seconds_saved_total",
    kind: "counter",
    unit: MILLIS,
    help: "An estimate of the origin's time that hits saved: each counts as the mean round trip of recent misses.",
  },
  {
    name: "glasscache_fills_total",
    kind: "counter",
    help:
      "Values that the origin sent for the cache: kept, discarded (the key changed meanwhile, or there was no room), " +
      "too_large. Many discarded ones mean that keys are read while they are written.",
  },
  {
    name: "glasscache_evictions_total",
    kind: "counter",
    help:
      "Entries that left the cache: size (the policy made room), expired (at the end of their time), invalidated; and " +
      "all at once by a flush, a lost channel, or out of caution. Many evictions by size mean that a larger cache might " +
      "hit more.",
  },
  {
    name: "glasscache_invalidations_total",
    kind: "counter",
    help:
      "Invalidations: of a key by a write through the proxy (write), a message of the origin (push), or a reply that " +
      "shows a newer state; of all keys by a flush, a lost channel, or out of caution, where nobody tells what has " +
      "changed.",
  },
  {
    name: "glasscache_channel_losses_total",
    kind: "counter",
    help: "Channels to the origin that were lost. Each loss empties the cache; 0 is good.",
  },
  {
    name: "glasscache_audits_total",
    kind: "counter",
    help:
      "Cached reads that were checked against the origin (--audit): right, undecided (the key was changed meanwhile, or " +
      "the origin had no answer), skipped (too many checks at once, or a large value), broken (an old value whose " +
      "invalidation never came). No broken one is good.",
  },
  {
    name: "glasscache_warm_keys_total",
    kind: "counter",
    help:
      "Keys that were cached before the restart (--warm): restored (read again), present (a client had asked first), " +
      "gone (the origin does not have them any more), no_room, skipped (of another type, too large, changed while " +
      "they were read, or not answered). Mostly restored ones are good.",
  },
  {
    name: "glasscache_warm_keys_left",
    kind: "gauge",
    help: "Keys of the file (--warm) that are still to be read again. It falls to 0 after a start.",
  },
  {
    name: "glasscache_warm_file_keys",
    kind: "gauge",
    help: "Keys in the file (--warm) when it was written last; 0: not since the start.",
  },
  {
    name: "glasscache_warm_file_timestamp_seconds",
    kind: "gauge",
    help:
      "When the file (--warm) was written last, in seconds since 1970; 0: not since the start. It should not be older " +
      "than --warm-every and the time that a start takes.",
  },
  {
    name: "glasscache_warm_file_failures_total",
    kind: "counter",
    help: "Attempts to write the file (--warm) that failed; the one before stays. 0 is good.",
  },
  {
    name: "glasscache_unknown_outcomes_total",
    kind: "counter",
    help: "Writes of which nobody knows whether they happened: the origin did not answer. 0 is good.",
  },
  {
    name: "glasscache_origin_connections",
    kind: "gauge",
    help: "Connections to the origin: shared by all clients, dedicated to one client, idle.",
  },
  ...CONNECTION_METRICS,
];
