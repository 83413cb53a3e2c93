import { arch, release, totalmem, type } from "node:os";
import type { Access } from "../commands/acl/access.ts";
import { countClients } from "../commands/client-counts.ts";
import type { InfoFields } from "../commands/info.ts";
import type { ClientRegistry } from "../net/client-registry.ts";
import { type ListeningPorts, tlsFields } from "../net/listening-ports.ts";
import type { ServerHost } from "./context.ts";
import { processMemory } from "./process-memory.ts";

/** The server's part of INFO: the fields of each section, with Redis's names. */

/**
 * @param runId 40 hexadecimal digits, new at each start
 */
export function serverFields(host: ServerHost, ports: ListeningPorts, runId: string): InfoFields {
  const nowMs = host.clock.wallMs();
  const uptimeSeconds = Math.max(0, Math.floor((nowMs - host.startedAtMs) / 1000));
  return {
    redis_version: host.redisVersion,
    glasscache_version: host.version,
    redis_git_sha1: "00000000",
    redis_git_dirty: 0,
    redis_mode: host.mode,
    os: `${type()} ${release()} ${arch() === "x64" ? "x86_64" : arch()}`,
    arch_bits: 64,
    runtime: `bun ${Bun.version}`,
    process_id: process.pid,
    run_id: runId,
    tcp_port: ports.port,
    ...tlsFields(ports, nowMs),
    server_time_usec: nowMs * 1000,
    uptime_in_seconds: uptimeSeconds,
    uptime_in_days: Math.floor(uptimeSeconds / 86_400),
    hz: 10,
    configured_hz: 10,
    executable: process.execPath,
    config_file: "",
  };
}

/** @param maxClients the present limit */
export function clientsFields(registry: ClientRegistry, maxClients: number): InfoFields {
  const counts = countClients(registry);
  return {
    connected_clients: registry.openCount,
    cluster_connections: 0,
    maxclients: maxClients,
    client_recent_max_input_buffer: counts.largestInputBytes,
    client_recent_max_output_buffer: counts.largestOutputBytes,
    blocked_clients: counts.blocked,
    tracking_clients: counts.tracking,
    pubsub_clients: counts.pubsub,
    clients_in_timeout_table: 0,
  };
}

/** Memory of the program itself, and of the data, which has a budget. */
export interface MemoryUse {
  /** Bytes of the data; its budget is `maxBytes`. */
  readonly usedBytes: number;
  /** The most that it has been. */
  readonly peakBytes: number;
  readonly maxBytes: number;
  readonly policy: string;
  /** Memory that the program took before it had any data, in bytes. */
  readonly startupBytes: number;
}

/**
 * `used_memory` is the whole process's, as in Redis. `mem_not_counted_for_evict` is the part that is not the data's.
 */
export function memoryFields({
  usedBytes,
  peakBytes,
  maxBytes,
  policy,
  startupBytes,
}: MemoryUse): InfoFields {
  const { residentBytes, ownBytes } = processMemory();
  const systemBytes = totalmem();
  const allBytes = startupBytes + usedBytes;
  const allPeakBytes = startupBytes + peakBytes;
  return {
    used_memory: allBytes,
    used_memory_human: humanBytes(allBytes),
    used_memory_rss: residentBytes,
    used_memory_rss_human: humanBytes(residentBytes),
    used_memory_peak: allPeakBytes,
    used_memory_peak_human: humanBytes(allPeakBytes),
    used_memory_peak_perc: `${((allBytes / allPeakBytes) * 100).toFixed(2)}%`,
    used_memory_overhead: startupBytes,
    used_memory_startup: startupBytes,
    used_memory_dataset: usedBytes,
    total_system_memory: systemBytes,
    total_system_memory_human: humanBytes(systemBytes),
    maxmemory: maxBytes,
    maxmemory_human: humanBytes(maxBytes),
    maxmemory_policy: policy,
    mem_fragmentation_ratio: (ownBytes / allBytes).toFixed(2),
    mem_fragmentation_bytes: ownBytes - allBytes,
    mem_not_counted_for_evict: startupBytes,
    mem_allocator: "glasscache",
    lazyfree_pending_objects: 0,
  };
}

/** @param isDurable whether acknowledged writes survive the process */
export function persistenceFields(host: ServerHost, isDurable: boolean): InfoFields {
  return {
    loading: 0,
    async_loading: 0,
    rdb_bgsave_in_progress: 0,
    rdb_last_save_time: Math.floor(host.startedAtMs / 1000),
    rdb_last_bgsave_status: "ok",
    rdb_last_bgsave_time_sec: -1,
    rdb_current_bgsave_time_sec: -1,
    aof_enabled: isDurable ? 1 : 0,
    aof_rewrite_in_progress: 0,
    aof_rewrite_scheduled: 0,
    aof_last_rewrite_time_sec: -1,
    aof_current_rewrite_time_sec: -1,
    aof_last_bgrewrite_status: "ok",
    aof_last_write_status: "ok",
  };
}

/** Counts of traffic. */
export interface TrafficCounts {
  readonly acceptedCount: number;
  readonly rejectedCount: number;
  readonly outputLimitCount: number;
  readonly requestCount: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/** Traffic since `before`. Hits, misses, evictions and the like are added elsewhere. */
export function trafficFields(registry: ClientRegistry, before: TrafficCounts): InfoFields {
  const { throughput } = registry;
  return {
    total_connections_received: registry.acceptedCount - before.acceptedCount,
    total_commands_processed: registry.requestCount - before.requestCount,
    instantaneous_ops_per_sec: Math.round(throughput.requestsPerSecond),
    total_net_input_bytes: registry.bytesReceived - before.bytesReceived,
    total_net_output_bytes: registry.bytesSent - before.bytesSent,
    instantaneous_input_kbps: (throughput.receivedBytesPerSecond / 1024).toFixed(2),
    instantaneous_output_kbps: (throughput.sentBytesPerSecond / 1024).toFixed(2),
    rejected_connections: registry.rejectedCount - before.rejectedCount,
    client_output_buffer_limit_disconnections: registry.outputLimitCount - before.outputLimitCount,
  };
}

/** What users were refused, since the start. */
export function accessFields({ log: { counts } }: Access): InfoFields {
  return {
    acl_access_denied_auth: counts.auth,
    acl_access_denied_cmd: counts.command,
    acl_access_denied_key: counts.key,
    acl_access_denied_channel: counts.channel,
  };
}

export function replicationFields(host: ServerHost): InfoFields {
  return {
    role: host.role,
    connected_slaves: 0,
    master_failover_state: "no-failover",
    master_repl_offset: 0,
    second_repl_offset: -1,
    repl_backlog_active: 0,
    repl_backlog_size: 0,
    repl_backlog_first_byte_offset: 0,
    repl_backlog_histlen: 0,
  };
}

/** Processor time of the whole process, in seconds. */
export function cpuFields(): InfoFields {
  const { system, user } = process.cpuUsage();
  return {
    used_cpu_sys: (system / 1e6).toFixed(6),
    used_cpu_user: (user / 1e6).toFixed(6),
    used_cpu_sys_children: "0.000000",
    used_cpu_user_children: "0.000000",
  };
}

/** The one database; no field when it is empty, as in Redis. */
export function keyspaceFields(keyCount: number, expiringCount: number): InfoFields {
  return keyCount === 0 ? {} : { db0: `keys=${keyCount},expires=${expiringCount},avg_ttl=0` };
}

/** Formats a size as Redis does for people: `1.39M`. */
function humanBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes}B`;
  const units = ["K", "M", "G", "T", "P"];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value.toFixed(2)}${units[unit]}`;
}
