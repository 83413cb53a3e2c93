import type { Metric } from "../../instruments/view.ts";
import { silenceMs } from "./channels-report.ts";
import type { ThreadTable } from "./thread-table.ts";

/**
 * Tells what the threads of a proxy know of each other.
 * @param nowMs the time base of the cache
 */
export function threadMetrics(table: ThreadTable, nowMs: number): Metric[] {
  const isUp = table.numbers.sum("channelsDown") === 0 && nowMs <= table.provenUntilMs;
  const gauge = (name: string, help: string, value: number): Metric => ({
    ...{ name, kind: "gauge", help },
    samples: [{ labels: {}, value }],
  });
  return [
    gauge(
      "glasscache_channel_up",
      "1 while every thread's channel to the origin is proven; else nothing is served from the cache. 1 is good.",
      isUp ? 1 : 0,
    ),
    gauge(
      "glasscache_staleness_bound_seconds",
      "How long after a change by others a hit may show the old value at most; without invalidations, the time to live.",
      table.numbers.largest("stalenessBoundMs") / 1000,
    ),
    gauge(
      "glasscache_channel_silence_seconds",
      "How long ago a channel to the origin was proven last, of the one for which it is longest. Near the staleness " +
        "bound, the origin or the network is slow.",
      Math.max(
        0,
        ...Array.from({ length: table.count }, (_, thread) => silenceMs(table, thread, nowMs) ?? 0),
      ) / 1000,
    ),
    gauge(
      "glasscache_channel_round_trip_seconds",
      "How long the last heartbeat of a channel took, of the slowest one. An invalidation is under way for less.",
      table.numbers.largest("heartbeatMicros") / 1e6,
    ),
  ];
}
