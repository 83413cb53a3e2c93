import type { ProxyParts } from "./context.ts";
import {
  CALLS_NAMES,
  type CounterName,
  isCounter,
  REQUESTS_NAMES,
  SCALAR_NAMES,
  type ScalarName,
} from "./published-numbers.ts";

/** How to read each number of this thread. */
const NUMBERS: Readonly<Record<ScalarName, (proxy: ProxyParts) => number>> = {
  hits: ({ stats }) => stats.hits,
  misses: ({ stats }) => stats.misses,
  coalesced: ({ stats }) => stats.coalesced,
  fills: ({ stats }) => stats.fills,
  discardedFills: ({ stats }) => stats.discardedFills,
  tooLargeFills: ({ stats }) => stats.tooLargeFills,
  removedEntries: ({ cache }) => cache.removedCount,
  flushedEntries: ({ cache }) => cache.dropped.flush,
  channelEntries: ({ cache }) => cache.dropped.channel,
  cautionEntries: ({ cache }) => cache.dropped.caution,
  batchMs: ({ stats }) => stats.hitTimes.batchMs,
  batchRequests: ({ stats }) => stats.hitTimes.batchRequests,
  forwarded: ({ stats }) => stats.forwarded,
  originErrors: ({ stats }) => stats.originErrors,
  unknownOutcomes: ({ stats }) => stats.unknownOutcomes,
  originOk: ({ stats }) => stats.origin.okCount,
  originRefused: ({ stats }) => stats.origin.errorCount,
  originFailed: ({ stats }) => stats.origin.failureCount,
  originMsSaved: ({ stats }) => stats.savedTime.totalMs,
  channelLosses: ({ stats }) => stats.channelLosses,
  auditsRight: ({ stats }) => stats.audits.right,
  auditsUndecided: ({ stats }) => stats.audits.undecided,
  auditsSkipped: ({ stats }) => stats.audits.skipped,
  auditsBroken: ({ stats }) => stats.audits.broken,
  warmRestored: ({ stats }) => stats.warm.counts.restored,
  warmPresent: ({ stats }) => stats.warm.counts.present,
  warmGone: ({ stats }) => stats.warm.counts.gone,
  warmNoRoom: ({ stats }) => stats.warm.counts.noRoom,
  warmSkipped: ({ stats }) => stats.warm.counts.skipped,
  warmLeft: ({ stats }) => stats.warm.left,
  warmWrittenKeys: ({ stats }) => stats.warm.writtenKeys,
  warmWrittenSeconds: ({ stats }) => stats.warm.writtenAtMs / 1000,
  warmFailures: ({ stats }) => stats.warm.failures,
  writeInvalidations: ({ cache }) => cache.invalidations.write,
  pushInvalidations: ({ cache }) => cache.invalidations.push,
  replyInvalidations: ({ cache }) => cache.invalidations.reply,
  flushInvalidations: ({ cache }) => cache.invalidations.flush,
  channelInvalidations: ({ cache }) => cache.invalidations.channel,
  cautionInvalidations: ({ cache }) => cache.invalidations.caution,
  acceptedCount: ({ registry }) => registry.acceptedCount,
  rejectedCount: ({ registry }) => registry.rejectedCount,
  outputLimitCount: ({ registry }) => registry.outputLimitCount,
  requestCount: ({ registry }) => registry.requestCount,
  bytesReceived: ({ registry }) => registry.bytesReceived,
  bytesSent: ({ registry }) => registry.bytesSent,
  requestsPerSecond: ({ registry }) => registry.throughput.requestsPerSecond,
  receivedBytesPerSecond: ({ registry }) => registry.throughput.receivedBytesPerSecond,
  sentBytesPerSecond: ({ registry }) => registry.throughput.sentBytesPerSecond,
  connections: ({ registry }) => registry.size,
  refusedPasswords: ({ host }) => host.access.log.counts.auth,
  refusedCommands: ({ host }) => host.access.log.counts.command,
  refusedKeys: ({ host }) => host.access.log.counts.key,
  refusedChannels: ({ host }) => host.access.log.counts.channel,
  // The numbers of all threads are added.
  tlsExpirySeconds: ({ ports, index }) => (index === 0 ? ports.tlsExpiresAtMs / 1000 : 0),
  sharedConnections: ({ origin }) => origin.connectionCounts.shared,
  dedicatedConnections: ({ origin }) => origin.connectionCounts.dedicated,
  idleConnections: ({ origin }) => origin.connectionCounts.idle,
  channelsDown: ({ origin }) => (origin.linkStatus === "up" ? 0 : 1),
  heartbeatMicros: ({ origin }) => 1000 * (origin.roundTripMs ?? 0),
  stalenessBoundMs: ({ origin, settings }) =>
    origin.tracking === true ? origin.stalenessBoundMs : settings.ttlMs,
};

/** Publishes this thread's counters to the other threads. */
export function publishCounters(proxy: ProxyParts, index: number): void {
  const { stats, threads } = proxy;
  const { numbers } = threads;
  stats.countSavedTime(() => numbers.merged("missRoundTripMicros").mean / 1000);
  for (const name of SCALAR_NAMES) numbers.set(index, name, NUMBERS[name](proxy));
  numbers.setFrom(index, REQUESTS_NAMES[0]!, stats.requests.byFamily());
  threads.calls.setFrom(index, CALLS_NAMES[0]!, stats.requests.counts);
}

/** How often a thread publishes its counters, in milliseconds. */
const PUBLISH_INTERVAL_MS = 100;

/** Publishes this thread's counters from now on. @returns a function that stops it */
export function publishRegularly(proxy: ProxyParts, index: number): () => void {
  publishCounters(proxy, index);
  const timer = setInterval(() => publishCounters(proxy, index), PUBLISH_INTERVAL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Returns the numbers summed over all threads, counters since the last CONFIG RESETSTAT. Those of other threads may be
 * a tenth of a second old.
 */
export function totalCounters(proxy: ProxyParts): Record<ScalarName, number> {
  publishCounters(proxy, proxy.index);
  const { numbers } = proxy.threads;
  const totals = SCALAR_NAMES.map((name) => [
    name,
    isCounter(name) ? numbers.sumSinceReset(name satisfies CounterName) : numbers.sum(name),
  ]);
  return Object.fromEntries(totals) as Record<ScalarName, number>;
}

/** Makes `totalCounters` count anew from here, for this thread and those that have ended. */
export function resetCounters(proxy: ProxyParts): void {
  publishCounters(proxy, proxy.index);
  proxy.threads.numbers.reset(proxy.index);
  proxy.threads.calls.reset(proxy.index);
  proxy.registry.throughput.reset(proxy.registry);
}
