import type { StoreStats } from "../store/store-stats.ts";
import type { Metric, MetricSample } from "./view.ts";

/**
 * Tells the state of a cache. The departures are for `glasscache_evictions_total`, which other reasons belong to, too
 * (`mergedMetrics`).
 */
export function storeMetrics(stats: StoreStats): Metric[] {
  const { budgetBytes, payloadBytes, valuesBytes, freeBytes, entries, evictions, expirations } = stats;
  const of = (label: string, values: Readonly<Record<string, number>>): MetricSample[] =>
    Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));
  const one = (value: number): MetricSample[] => [{ labels: {}, value }];
  return [
    {
      name: "glasscache_evictions_total",
      kind: "counter",
      help: "Entries that left the cache.",
      samples: of("reason", { size: evictions, expired: expirations }),
    },
    {
      name: "glasscache_entries",
      kind: "gauge",
      help: "Entries in the cache, including those that have expired and have not been removed yet.",
      samples: one(entries),
    },
    {
      name: "glasscache_memory_bytes",
      kind: "gauge",
      help: "The cache's memory: values, keys, overhead, free. When nothing is free, new entries evict others.",
      samples: of("kind", {
        values: valuesBytes,
        keys: payloadBytes - valuesBytes,
        overhead: Math.max(0, budgetBytes - payloadBytes - freeBytes),
        free: freeBytes,
      }),
    },
    {
      name: "glasscache_memory_limit_bytes",
      kind: "gauge",
      help: "Memory that the cache may take (--memory).",
      samples: one(budgetBytes),
    },
  ];
}
