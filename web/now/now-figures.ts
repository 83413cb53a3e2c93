import type { Dashboard } from "../live/dashboard.ts";
import { seriesOf } from "../live/history.ts";

/** The figures of the view, as of the last ten seconds unless a name says otherwise. Undefined: not known yet. */
export interface NowFigures {
  readonly readsPerSecond: number | undefined;
  readonly hitsPerSecond: number | undefined;
  readonly missesPerSecond: number | undefined;
  /** Reads that waited for another read's answer; they count among the misses. */
  readonly coalescedPerSecond: number | undefined;
  readonly hitRatio10s: number | undefined;
  readonly hitRatio1min: number | undefined;
  readonly hitRatio10min: number | undefined;
  /** Requests that are no reads of cacheable values. */
  readonly otherPerSecond: number | undefined;
  /** Origin time that hits saved in each second. */
  readonly savedMsPerSecond: number | undefined;
  readonly missMs: number | undefined;
  readonly hitMs: number | undefined;
  readonly clients: number | undefined;
  readonly memoryLimit: number | undefined;
}

export function nowFigures({ recent, histories }: Dashboard): NowFigures {
  const reads = (result: string) => recent.rate("glasscache_keys_read_total", { result });
  const hits = reads("hit");
  const misses = reads("miss");
  const coalesced = recent.rate("glasscache_requests_total", { result: "coalesced" });
  const requests = recent.rate("glasscache_requests_total");
  const saved = recent.rate("glasscache_origin_seconds_saved_total");
  const cacheable = ["hit", "miss", "coalesced", "stale"].map(
    (result) => recent.rate("glasscache_requests_total", { result }) ?? 0,
  );
  const report = histories[0]!.report.value;
  const pastReads = (result: string) =>
    report === undefined ? [] : seriesOf(report, "glasscache_keys_read_total", { result });
  const pastHits = pastReads("hit");
  const pastMisses = pastReads("miss");
  const all = hits === undefined && misses === undefined ? undefined : (hits ?? 0) + (misses ?? 0);
  return {
    readsPerSecond: all,
    hitsPerSecond: hits,
    missesPerSecond: misses,
    coalescedPerSecond: coalesced,
    hitRatio10s: all ? (hits ?? 0) / all : undefined,
    hitRatio1min: ratioOf(pastHits, pastMisses, 60),
    hitRatio10min: ratioOf(pastHits, pastMisses, 600),
    otherPerSecond:
      requests === undefined ? undefined : requests - cacheable.reduce((sum, rate) => sum + rate),
    savedMsPerSecond: saved === undefined ? undefined : 1000 * saved,
    hitMs: meanMs(recent, "hit"),
    missMs: meanMs(recent, "miss"),
    clients: recent.figure("glasscache_connections"),
    memoryLimit: recent.figure("glasscache_memory_limit_bytes"),
  };
}

function meanMs(recent: Dashboard["recent"], result: string): number | undefined {
  const gained = recent.gained("glasscache_request_duration_seconds", { result })?.histogram;
  return gained === undefined || gained.count <= 0 ? undefined : (1000 * gained.sum) / gained.count;
}

/** Hits' share in the last steps. */
function ratioOf(
  hits: readonly (number | null)[],
  misses: readonly (number | null)[],
  steps: number,
): number | undefined {
  const sum = (values: readonly (number | null)[]) =>
    values.slice(-steps).reduce<number>((total, value) => total + (value ?? 0), 0);
  const all = sum(hits) + sum(misses);
  return all > 0 ? sum(hits) / all : undefined;
}
