import { buildInfo, mergedMetrics } from "../instruments/merged-metrics.ts";
import { TableMetrics } from "../instruments/published-metrics.ts";
import { storeMetrics } from "../instruments/store-metrics.ts";
import type { Metric } from "../instruments/view.ts";
import { VERSION } from "../lib/version.ts";
import type { Store } from "../store/store.ts";
import { PUBLISHED } from "./published-numbers.ts";
import { threadMetrics } from "./threads/thread-metrics.ts";
import type { ThreadTable } from "./threads/thread-table.ts";

/** The metrics that a proxy's threads publish. */
export const PROXY_METRICS: TableMetrics = new TableMetrics(PUBLISHED);

/** Where a proxy's figures are. Another thread can have all of it. */
export interface ProxyFigures {
  readonly threads: ThreadTable;
  readonly store: Store;
  /** The time base of the cache. */
  nowMs(): number;
}

/** Tells all figures of a proxy, as its threads have published them last. */
export function proxyMetrics({ threads, store, nowMs }: ProxyFigures): Metric[] {
  return mergedMetrics(
    PROXY_METRICS.metrics(threads.numbers),
    storeMetrics(store.stats()),
    threadMetrics(threads, nowMs()),
    [buildInfo(VERSION)],
  );
}
