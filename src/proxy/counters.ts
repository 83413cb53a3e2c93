import type { ProxyParts } from "./context.ts";
import type { ThreadTable } from "./threads/thread-table.ts";

/** Every counter that INFO shows and that only grows, of one thread. */
const GROWING = {
  hits: ({ stats }: ProxyParts) => stats.hits,
  misses: ({ stats }: ProxyParts) => stats.misses,
  coalesced: ({ stats }: ProxyParts) => stats.coalesced,
  fills: ({ stats }: ProxyParts) => stats.fills,
  discardedFills: ({ stats }: ProxyParts) => stats.discardedFills,
  forwarded: ({ stats }: ProxyParts) => stats.forwarded,
  originErrors: ({ stats }: ProxyParts) => stats.originErrors,
  unknownOutcomes: ({ stats }: ProxyParts) => stats.unknownOutcomes,
  channelLosses: ({ stats }: ProxyParts) => stats.channelLosses,
  invalidations: ({ cache }: ProxyParts) => cache.invalidationCount,
  acceptedCount: ({ registry }: ProxyParts) => registry.acceptedCount,
  rejectedCount: ({ registry }: ProxyParts) => registry.rejectedCount,
  outputLimitCount: ({ registry }: ProxyParts) => registry.outputLimitCount,
  requestCount: ({ registry }: ProxyParts) => registry.requestCount,
  bytesReceived: ({ registry }: ProxyParts) => registry.bytesReceived,
  bytesSent: ({ registry }: ProxyParts) => registry.bytesSent,
} as const;

/** The rates and numbers that go up and down. */
const CURRENT = {
  requestsPerSecond: ({ registry }: ProxyParts) => registry.throughput.requestsPerSecond,
  receivedBytesPerSecond: ({ registry }: ProxyParts) => registry.throughput.receivedBytesPerSecond,
  sentBytesPerSecond: ({ registry }: ProxyParts) => registry.throughput.sentBytesPerSecond,
  sharedConnections: ({ origin }: ProxyParts) => origin.connectionCounts.shared,
  dedicatedConnections: ({ origin }: ProxyParts) => origin.connectionCounts.dedicated,
  idleConnections: ({ origin }: ProxyParts) => origin.connectionCounts.idle,
} as const;

const COUNTERS = { ...GROWING, ...CURRENT };

export type CounterName = keyof typeof COUNTERS;

const NAMES = Object.keys(COUNTERS) as CounterName[];

/** Tells the other threads this one's counters. */
export function publishCounters(proxy: ProxyParts, index: number): void {
  proxy.threads.publish(
    index,
    NAMES.map((name) => COUNTERS[name](proxy)),
  );
}

/** A thread has ended: what it counted still counts. What it did since it published last is lost. */
export function retireCounters(threads: ThreadTable, index: number): void {
  threads.retire(index, [...Object.keys(GROWING).keys()]);
}

/** All counters over all threads; those of other threads may be a tenth of a second old. */
export function totalCounters(proxy: ProxyParts): Record<CounterName, number> {
  publishCounters(proxy, proxy.index);
  return Object.fromEntries(NAMES.map((name, at) => [name, proxy.threads.sum(at)])) as Record<
    CounterName,
    number
  >;
}
