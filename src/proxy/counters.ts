import type { ProxyParts } from "./context.ts";
import type { PublishedName } from "./published-numbers.ts";

/** How to read each number of this thread. */
const NUMBERS: Readonly<Record<PublishedName, (proxy: ProxyParts) => number>> = {
  hits: ({ stats }) => stats.hits,
  misses: ({ stats }) => stats.misses,
  coalesced: ({ stats }) => stats.coalesced,
  fills: ({ stats }) => stats.fills,
  discardedFills: ({ stats }) => stats.discardedFills,
  forwarded: ({ stats }) => stats.forwarded,
  originErrors: ({ stats }) => stats.originErrors,
  unknownOutcomes: ({ stats }) => stats.unknownOutcomes,
  channelLosses: ({ stats }) => stats.channelLosses,
  invalidations: ({ cache }) => cache.invalidationCount,
  acceptedCount: ({ registry }) => registry.acceptedCount,
  rejectedCount: ({ registry }) => registry.rejectedCount,
  outputLimitCount: ({ registry }) => registry.outputLimitCount,
  requestCount: ({ registry }) => registry.requestCount,
  bytesReceived: ({ registry }) => registry.bytesReceived,
  bytesSent: ({ registry }) => registry.bytesSent,
  requestsPerSecond: ({ registry }) => registry.throughput.requestsPerSecond,
  receivedBytesPerSecond: ({ registry }) => registry.throughput.receivedBytesPerSecond,
  sentBytesPerSecond: ({ registry }) => registry.throughput.sentBytesPerSecond,
  sharedConnections: ({ origin }) => origin.connectionCounts.shared,
  dedicatedConnections: ({ origin }) => origin.connectionCounts.dedicated,
  idleConnections: ({ origin }) => origin.connectionCounts.idle,
};

const NAMES = Object.keys(NUMBERS) as PublishedName[];

/** Publishes this thread's counters to the other threads. */
export function publishCounters(proxy: ProxyParts, index: number): void {
  for (const name of NAMES) proxy.threads.numbers.set(index, name, NUMBERS[name](proxy));
}

/** Returns the counters summed over all threads. Those of other threads may be a tenth of a second old. */
export function totalCounters(proxy: ProxyParts): Record<PublishedName, number> {
  publishCounters(proxy, proxy.index);
  const { numbers } = proxy.threads;
  return Object.fromEntries(NAMES.map((name) => [name, numbers.sum(name)])) as Record<PublishedName, number>;
}
