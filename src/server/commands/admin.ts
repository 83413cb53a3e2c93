import { MOST_LOG_ENTRIES } from "../../commands/acl/access-log.ts";
import { type Command, command } from "../../commands/command.ts";
import { commandCommand } from "../../commands/command-commands.ts";
import { COUNTED_COMMANDS } from "../../commands/command-facts.ts";
import { type CommandCalls, commandStats } from "../../commands/command-stats.ts";
import {
  configCommand,
  fixedParameter,
  integerParameter,
  type Parameter,
  sizeParameter,
} from "../../commands/config.ts";
import { type InfoFields, type InfoSection, infoCommand } from "../../commands/info.ts";
import { checkReserved } from "../../commands/reserved-memory.ts";
import type { Adjustable } from "../../net/limits.ts";
import type { ListeningPorts } from "../../net/listening-ports.ts";
import type { ServerContext, ServerHost } from "../context.ts";
import {
  accessFields,
  clientsFields,
  cpuFields,
  keyspaceFields,
  memoryFields,
  persistenceFields,
  replicationFields,
  serverFields,
  type TrafficCounts,
  trafficFields,
} from "../info-fields.ts";
import type { ServerLimits } from "../limits.ts";
import { processMemory } from "../process-memory.ts";
import { ERROR, RESULTS, SERVED } from "../published-numbers.ts";
import { MOST_TRACKED_KEYS } from "../tracking-table.ts";
import { memoryCommand } from "./memory.ts";
import { lastSaveSeconds } from "./saving.ts";

/** What INFO and CONFIG show, and CONFIG SET changes, besides what commands see of the server. */
export interface AdminSettings {
  /** The object that the server itself reads its limits from. */
  readonly limits: Adjustable<ServerLimits>;
  readonly storage: StorageSettings;
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  /** Of the first address that the server listens on. */
  ports(): ListeningPorts;
}

export interface StorageSettings {
  /** Directory of the data; empty when it is in memory only. */
  readonly directory: string;
  readonly sync: "always" | "interval";
  /** The eviction policy, until CONFIG SET changes it. */
  readonly policy: string;
  readonly whenFull: "evict" | "refuse";
}

const MOST_SLOW_COMMANDS = 1_000_000;
const MOST_CONNECTIONS = 1_000_000;

/** INFO, CONFIG, COMMAND, MEMORY. */
export function adminCommands(host: ServerHost, settings: AdminSettings): readonly Command<ServerContext>[] {
  const baseline = new Baseline(host);
  const startupBytes = Math.max(0, processMemory().ownBytes - host.engine.stats().usedBytes);
  return [
    infoCommand(infoSections(host, settings, baseline, startupBytes)),
    configCommand({
      parameters: parameters(host, settings),
      resetStatistics: () => baseline.reset(),
    }),
    commandCommand,
    memoryCommand(startupBytes),
    monitorCommand,
  ];
}

/** The counters, which never go back, at the last CONFIG RESETSTAT. */
class Baseline implements TrafficCounts {
  acceptedCount = 0;
  rejectedCount = 0;
  outputLimitCount = 0;
  requestCount = 0;
  bytesReceived = 0;
  bytesSent = 0;
  hitCount = 0;
  missCount = 0;
  errorCount = 0;
  /** Of `RequestCounts`. */
  calls = new Float64Array(0);
  evictedCount = 0;
  expiredCount = 0;
  arenaHits = 0;
  arenaMisses = 0;
  readonly #host: ServerHost;

  constructor(host: ServerHost) {
    this.#host = host;
  }

  reset(): void {
    const { engine, keyspace, registry, numbers } = this.#host;
    const stats = engine.stats();
    this.evictedCount = stats.evictedCount;
    this.expiredCount = stats.expiredCount;
    this.arenaHits = stats.arenaHits;
    this.arenaMisses = stats.arenaMisses;
    this.errorCount = numbers.requests.errorCount;
    this.calls = numbers.requests.counts.slice();
    this.hitCount = keyspace.hitCount;
    this.missCount = keyspace.missCount;
    this.acceptedCount = registry.acceptedCount;
    this.rejectedCount = registry.rejectedCount;
    this.outputLimitCount = registry.outputLimitCount;
    this.requestCount = registry.requestCount;
    this.bytesReceived = registry.bytesReceived;
    this.bytesSent = registry.bytesSent;
    registry.throughput.reset(registry);
  }
}

// ---- INFO

function infoSections(
  host: ServerHost,
  settings: AdminSettings,
  baseline: Baseline,
  startupBytes: number,
): InfoSection[] {
  const { engine, registry, numbers } = host;
  return [
    { name: "Server", fields: () => serverFields(host, settings.ports(), settings.runId) },
    { name: "Clients", fields: () => clientsFields(registry, settings.limits.connections) },
    {
      name: "Memory",
      fields: () => {
        const { usedBytes, budgetBytes: maxBytes } = engine.stats();
        const peakBytes = Math.max(usedBytes, numbers.peakUsedBytes);
        const policy = maxmemoryPolicy(host, settings);
        return memoryFields({ usedBytes, peakBytes, maxBytes, policy, startupBytes });
      },
    },
    { name: "Persistence", fields: () => persistence(host) },
    { name: "Stats", fields: () => statistics(host, baseline) },
    { name: "Replication", fields: () => replicationFields(host) },
    { name: "CPU", fields: cpuFields },
    { name: "Commandstats", onRequest: true, fields: () => commandStats(serverCalls(host, baseline)) },
    { name: "Cluster", fields: () => ({ cluster_enabled: 0 }) },
    { name: "Keyspace", fields: () => keyspaceFields(engine.size(), engine.expiringCount()) },
  ];
}

/** Returns the calls of each command since the last CONFIG RESETSTAT. Each has the mean time of all. */
function serverCalls({ numbers }: ServerHost, { calls: before }: Baseline): CommandCalls[] {
  const { batchMs, batchRequests } = numbers.batchTimes;
  const micros = batchRequests === 0 ? 0 : (batchMs * 1000) / batchRequests;
  const { counts } = numbers.requests;
  return COUNTED_COMMANDS.map(({ name }, command) => {
    const [served, failed] = [SERVED, ERROR].map((result) => {
      const at = command * RESULTS.length + result;
      return counts[at]! - (before[at] ?? 0);
    }) as [number, number];
    return { name, calls: served + failed, micros: (served + failed) * micros, failed };
  });
}

/** On disk, the journal has every change. In memory, none is ever saved. */
function persistence(host: ServerHost): InfoFields {
  const { name } = host.engine;
  return {
    ...persistenceFields(host, name === "lmdb"),
    rdb_changes_since_last_save: name === "lmdb" ? 0 : host.keyspace.changeCount,
    rdb_last_save_time: lastSaveSeconds(host),
    storage_engine: name,
    storage_disk_bytes: host.engine.stats().diskBytes,
  };
}

function statistics(host: ServerHost, baseline: Baseline): InfoFields {
  const { channels, engine, keyspace, registry, numbers, tracking } = host;
  const stats = engine.stats();
  const evicted = stats.evictedCount - baseline.evictedCount;
  return {
    ...trafficFields(registry, baseline),
    ...accessFields(host.access),
    expired_keys: stats.expiredCount - baseline.expiredCount,
    // On disk, an entry that leaves the arena is not lost.
    evicted_keys: engine.name === "memory" ? evicted : 0,
    keyspace_hits: keyspace.hitCount - baseline.hitCount,
    keyspace_misses: keyspace.missCount - baseline.missCount,
    pubsub_channels: channels.channels.count,
    pubsub_patterns: channels.patterns.count,
    total_error_replies: numbers.requests.errorCount - baseline.errorCount,
    latest_fork_usec: 0,
    total_forks: 0,
    tracking_total_keys: tracking.keyCount,
    tracking_total_items: tracking.itemCount,
    tracking_total_prefixes: tracking.prefixCount,
    arena_evictions: evicted,
    arena_hits: stats.arenaHits - baseline.arenaHits,
    arena_misses: stats.arenaMisses - baseline.arenaMisses,
  };
}

/**
 * Returns the policy in Redis's form: `noeviction` when writes are refused, else `allkeys-` and the policy's name.
 */
function maxmemoryPolicy(host: ServerHost, { storage }: AdminSettings): string {
  const refuses = host.engine.name === "memory" && storage.whenFull === "refuse";
  return refuses ? "noeviction" : `allkeys-${host.engine.policy}`;
}

// ---- CONFIG

function parameters(host: ServerHost, settings: AdminSettings): Parameter[] {
  const { engine, slowlog, tracking } = host;
  const { limits, storage } = settings;
  const isDurable = engine.name === "lmdb";
  return [
    fixedParameter("port", () => String(settings.ports().port)),
    fixedParameter("tls-port", () => String(settings.ports().tlsPort ?? 0)),
    fixedParameter("databases", "1"),
    fixedParameter("save", ""),
    fixedParameter("appendonly", isDurable ? "yes" : "no"),
    fixedParameter("appendfsync", appendfsync(isDurable, storage.sync)),
    fixedParameter("dir", storage.directory),
    sizeParameter(
      "maxmemory",
      () => engine.budgetBytes,
      (bytes) => {
        checkReserved(bytes, engine.mostBudgetBytes);
        engine.budgetBytes = bytes;
      },
    ),
    fixedParameter("maxmemory-policy", () => maxmemoryPolicy(host, settings)),
    {
      name: "policy",
      get: () => engine.policy,
      set(text) {
        engine.policy = text;
      },
    },
    fixedParameter("engine", engine.name),
    fixedParameter("cluster-enabled", "no"),
    fixedParameter("enable-debug-command", host.debugAccess),
    fixedParameter("notify-keyspace-events", ""),
    fixedParameter("hz", "10"),
    fixedParameter("latency-monitor-threshold", "0"),
    fixedParameter("latency-tracking", "no"),
    integerParameter(
      "slowlog-log-slower-than",
      [-1, Number.MAX_SAFE_INTEGER],
      () => slowlog.slowerThanMicros,
      (micros) => {
        slowlog.slowerThanMicros = micros;
      },
    ),
    integerParameter(
      "slowlog-max-len",
      [0, MOST_SLOW_COMMANDS],
      () => slowlog.maxLength,
      (count) => {
        slowlog.maxLength = count;
      },
    ),
    integerParameter(
      "acllog-max-len",
      [0, MOST_LOG_ENTRIES],
      () => limits.aclLogEntries,
      (count) => {
        limits.aclLogEntries = count;
      },
    ),
    integerParameter(
      "maxclients",
      [1, MOST_CONNECTIONS],
      () => limits.connections,
      (count) => {
        limits.connections = count;
      },
    ),
    integerParameter(
      "timeout",
      [0, 2_147_483_647],
      () => Math.round(limits.idleTimeoutMs / 1000),
      (seconds) => {
        limits.idleTimeoutMs = seconds * 1000;
      },
    ),
    sizeParameter(
      "proto-max-bulk-len",
      () => limits.parser.argumentBytes,
      (bytes) => {
        limits.parser = { ...limits.parser, argumentBytes: bytes };
      },
    ),
    integerParameter(
      "tracking-table-max-keys",
      [0, MOST_TRACKED_KEYS],
      () => tracking.maxKeys,
      (count) => {
        tracking.maxKeys = count;
      },
    ),
    {
      name: "requirepass",
      get: () => host.password ?? "",
      set(text) {
        // Clients that are connected already may stay, as in Redis.
        host.password = text === "" ? undefined : text;
        host.access.users.setPassword(host.password);
      },
    },
  ];
}

/** Returns when writes reach the disk, in Redis's words. */
function appendfsync(isDurable: boolean, sync: StorageSettings["sync"]): string {
  if (!isDurable) return "no";
  return sync === "always" ? "always" : "everysec";
}

// ---- MONITOR

const monitorCommand: Command<ServerContext> = command(
  "monitor",
  "Listens for all requests received by the server in real-time.",
  ({ connection, host }, _request, reply) => {
    reply.ok();
    host.monitors.add(connection);
  },
);
