import type { ClientContext } from "../net/client-context.ts";
import type { Command } from "../net/command-table.ts";
import { configCommand, fixedParameter } from "../net/config.ts";
import {
  clientsFields,
  cpuFields,
  infoCommand,
  memoryFields,
  replicationFields,
  serverFields,
  trafficFields,
} from "../net/info.ts";
import type { ProxyParts } from "./context.ts";
import { totalCounters, trafficOf } from "./counters.ts";

/** INFO and CONFIG of the proxy itself, with Redis's names where Redis has the same. (COMMAND is the origin's.) */
export function adminCommands(proxy: ProxyParts): readonly Command<ClientContext>[] {
  const { cache, settings, origin, registry, stats } = proxy;
  const { store } = cache;
  return [
    infoCommand([
      { name: "Server", fields: () => serverFields(proxy.host, proxy.port, proxy.runId) },
      { name: "Clients", fields: () => clientsFields(registry, settings.maxConnections) },
      {
        name: "Memory",
        fields: () => memoryFields(store.stats().usedBytes, settings.memoryBytes, store.policyName),
      },
      {
        name: "Stats",
        fields: () => {
          const { evictions, expirations } = store.stats();
          const totals = totalCounters(proxy);
          return {
            ...trafficFields(trafficOf(totals)),
            keyspace_hits: totals.hits,
            keyspace_misses: totals.misses,
            evicted_keys: evictions,
            expired_keys: expirations,
            coalesced_misses: totals.coalesced,
            fills: totals.fills,
            discarded_fills: totals.discardedFills,
            invalidations: totals.invalidations,
            forwarded_requests: totals.forwarded,
            origin_errors: totals.originErrors,
            unknown_outcomes: totals.unknownOutcomes,
            channel_losses: totals.channelLosses,
          };
        },
      },
      {
        name: "Origin",
        fields: () => {
          const { sharedConnections, dedicatedConnections, idleConnections } = totalCounters(proxy);
          return {
            origin: origin.name,
            origin_link_status: origin.linkStatus,
            origin_tracking: origin.tracking === true ? 1 : 0,
            ...(origin.trackedKeysLimit === undefined
              ? {}
              : { origin_tracking_table_max_keys: origin.trackedKeysLimit }),
            staleness_bound_ms: origin.tracking === true ? origin.stalenessBoundMs : settings.ttlMs,
            origin_connections_shared: sharedConnections,
            origin_connections_dedicated: dedicatedConnections,
            origin_connections_idle: idleConnections,
          };
        },
      },
      {
        name: "Cache",
        fields: () => {
          const { entries, expiring, payloadBytes } = store.stats();
          return {
            cached_keys: entries,
            cached_keys_expiring: expiring,
            cached_payload_bytes: payloadBytes,
            max_entries: settings.maxEntries ?? 0,
            policy: store.policyName,
            threads: proxy.threads.count,
          };
        },
      },
      { name: "Replication", fields: () => replicationFields(proxy.host) },
      { name: "CPU", fields: cpuFields },
    ]),
    configCommand({
      parameters: [
        { name: "policy", get: () => store.policyName, set: (text) => store.setPolicy(text) },
        fixedParameter("maxmemory", String(settings.memoryBytes)),
        fixedParameter("max-entries", String(settings.maxEntries ?? 0)),
        fixedParameter("maxmemory-policy", () => store.policyName),
        fixedParameter("maxclients", String(settings.maxConnections)),
        fixedParameter("origin", origin.name),
        fixedParameter("heartbeat", `${settings.heartbeatMs}ms`),
        fixedParameter("heartbeat-timeout", `${settings.heartbeatTimeoutMs}ms`),
        fixedParameter("origin-connect-timeout", `${settings.originConnectTimeoutMs}ms`),
        fixedParameter("origin-timeout", `${settings.originTimeoutMs}ms`),
        fixedParameter("ttl", `${settings.ttlMs}ms`),
        // Clients such as redis-benchmark look for these.
        fixedParameter("save", ""),
        fixedParameter("appendonly", "no"),
        fixedParameter("databases", "1"),
      ],
      resetStatistics: () => {
        stats.reset();
        cache.invalidationCount = 0;
        registry.resetStatistics();
        proxy.threads.resetEnded();
      },
    }),
  ];
}
