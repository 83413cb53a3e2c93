import type { Access } from "../commands/acl/access.ts";
import type { Engine, EngineStats } from "../engine/engine.ts";
import { BatchTimes } from "../instruments/batch-times.ts";
import { buildInfo } from "../instruments/merged-metrics.ts";
import { TableMetrics } from "../instruments/published-metrics.ts";
import { ThreadNumbers } from "../instruments/thread-numbers.ts";
import type { Metric } from "../instruments/view.ts";
import { type Clock, exactReader } from "../lib/clock.ts";
import type { Random } from "../lib/random.ts";
import { VERSION } from "../lib/version.ts";
import type { ClientRegistry } from "../net/client-registry.ts";
import type { ListeningPorts } from "../net/listening-ports.ts";
import {
  PUBLISHED,
  PUBLISHED_SHAPE,
  REQUESTS_NAMES,
  SCALAR_NAMES,
  type ScalarName,
} from "./published-numbers.ts";
import { RequestCounts } from "./request-counts.ts";

/** What the numbers are read from. */
interface Numbered {
  readonly keyspace: { readonly hitCount: number; readonly missCount: number };
  readonly registry: ClientRegistry;
  readonly access: Access;
  readonly engine: Engine;
  readonly hasStorageFailed: boolean;
  readonly ports: ListeningPorts;
}

/** What the engine counts, and whether it evicts keys or only takes them out of memory. */
interface EngineNumbers {
  readonly stats: EngineStats;
  readonly isInMemory: boolean;
}

/** How to read each number. */
const NUMBERS: Readonly<Record<ScalarName, (from: Numbered, engine: EngineNumbers) => number>> = {
  hits: ({ keyspace }) => keyspace.hitCount,
  misses: ({ keyspace }) => keyspace.missCount,
  evictions: (_from, { stats, isInMemory }) => (isInMemory ? stats.evictedCount : 0),
  expirations: (_from, { stats }) => stats.expiredCount,
  arenaEvictions: (_from, { stats }) => stats.evictedCount,
  arenaHits: (_from, { stats }) => stats.arenaHits,
  arenaMisses: (_from, { stats }) => stats.arenaMisses,
  acceptedCount: ({ registry }) => registry.acceptedCount,
  rejectedCount: ({ registry }) => registry.rejectedCount,
  outputLimitCount: ({ registry }) => registry.outputLimitCount,
  bytesReceived: ({ registry }) => registry.bytesReceived,
  bytesSent: ({ registry }) => registry.bytesSent,
  connections: ({ registry }) => registry.openCount,
  refusedPasswords: ({ access }) => access.log.counts.auth,
  refusedCommands: ({ access }) => access.log.counts.command,
  refusedKeys: ({ access }) => access.log.counts.key,
  refusedChannels: ({ access }) => access.log.counts.channel,
  tlsExpirySeconds: ({ ports }) => ports.tlsExpiresAtMs / 1000,
  keys: (_from, { stats }) => stats.keys,
  usedBytes: (_from, { stats }) => stats.usedBytes,
  freeBytes: (_from, { stats }) => Math.max(0, stats.budgetBytes - stats.usedBytes),
  budgetBytes: (_from, { stats }) => stats.budgetBytes,
  diskBytes: (_from, { stats }) => stats.diskBytes,
  storageUp: ({ hasStorageFailed }) => (hasStorageFailed ? 0 : 1),
};

/** The server's numbers, in memory that another thread can read. */
export class ServerNumbers {
  readonly buffer = new SharedArrayBuffer(ThreadNumbers.bytes(PUBLISHED_SHAPE, 1));
  readonly requests: RequestCounts;
  readonly batchTimes: BatchTimes;
  /** The most memory that the engine has been seen to use. */
  peakUsedBytes = 0;
  readonly #numbers = new ThreadNumbers(PUBLISHED_SHAPE, 1, this.buffer, 0);

  constructor(clock: Clock, random: Random) {
    this.requests = new RequestCounts(exactReader(clock));
    this.batchTimes = new BatchTimes(this.#numbers.histogram(0, "servedMicros"), this.requests, random);
  }

  /** Writes the present numbers to the shared memory. */
  publish(from: Numbered): void {
    const numbers = this.#numbers;
    const engine = { stats: from.engine.stats(), isInMemory: from.engine.name === "memory" };
    this.peakUsedBytes = Math.max(this.peakUsedBytes, engine.stats.usedBytes);
    for (const name of SCALAR_NAMES) numbers.set(0, name, NUMBERS[name](from, engine));
    numbers.setFrom(0, REQUESTS_NAMES[0]!, this.requests.byFamily());
  }
}

/** The metrics that a server publishes. */
export const SERVER_METRICS: TableMetrics = new TableMetrics(PUBLISHED);

/** Tells a server's figures, as it has published them last. @param buffer of its `ServerNumbers` */
export function serverMetrics(buffer: SharedArrayBuffer): Metric[] {
  const numbers = new ThreadNumbers(PUBLISHED_SHAPE, 1, buffer, 0);
  return [...SERVER_METRICS.metrics(numbers), buildInfo(VERSION)];
}
