import type { Store } from "../cache/store.ts";
import { ByteSlab } from "../lib/byte-slab.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { clientCommand } from "../net/client-commands.ts";
import type { ServiceHost } from "../net/client-context.ts";
import type { ClientRegistry } from "../net/client-registry.ts";
import { commandNames } from "../net/command-names.ts";
import { CommandTable, NameTable } from "../net/command-table.ts";
import type { Connection } from "../net/connection.ts";
import { connectionCommands } from "../net/connection-commands.ts";
import type { Service } from "../net/service.ts";
import { parseOrigin } from "../upstream/address.ts";
import { Origin, type OriginEvents } from "../upstream/origin.ts";
import { adminCommands } from "./admin-commands.ts";
import { CoherentCache } from "./coherent-cache.ts";
import type { ProxyContext, ProxyParts, ProxySettings } from "./context.ts";
import { Fence } from "./fence.ts";
import { glassCommands } from "./glass-commands.ts";
import { ProxyStats } from "./proxy-stats.ts";
import { ReadThrough } from "./read-through.ts";
import { Recorder } from "./recorder.ts";
import { openBlockSink } from "./recording-file.ts";
import { ROUTES } from "./routes.ts";
import { ProxySession } from "./session.ts";
import { answerPeer } from "./threads/answer-peer.ts";
import type { FlightClaims } from "./threads/flight-claims.ts";
import type { AnswerQuestion, Peers } from "./threads/peers.ts";
import type { ThreadTable } from "./threads/thread-table.ts";
import { trackingLimitAdvice } from "./tracking-limit.ts";

/** How often an origin that sends no invalidations is asked to. */
const TRACKING_RETRY_MS = 10_000;

export interface ProxyOptions {
  readonly settings: ProxySettings;
  /** The cache, made or joined. */
  readonly store: Store;
  /** Its `monotonicMs` is the time base of the cache: whole milliseconds near the Unix epoch's, in all threads alike. */
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: ClientRegistry;
  /** What all threads know of each other. */
  readonly threads: ThreadTable;
  /** Which of them this is. */
  readonly index: number;
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  readonly startedAtMs: number;
  /** Makes the way to the other threads, where there are others. @param answer how this one answers them */
  readonly joinPeers?: (answer: AnswerQuestion) => Peers;
  /** Which thread asks the origin for what, where there are others. */
  readonly claims?: FlightClaims;
}

/** The caching proxy, or one thread of it: composes cache, origin and sessions. */
export class CachingProxy implements Service, ProxyParts {
  readonly cache: CoherentCache;
  readonly origin: Origin;
  readonly fence: Fence;
  readonly readThrough: ReadThrough;
  readonly sentReads = new ByteSlab();
  readonly stats = new ProxyStats();
  readonly recorder: Recorder | undefined;
  readonly commands: CommandTable<ProxyContext>;
  readonly routes = new NameTable(ROUTES);
  readonly host: ServiceHost;
  readonly registry: ClientRegistry;
  readonly settings: ProxySettings;
  readonly threads: ThreadTable;
  readonly index: number;
  readonly peers: Peers | undefined;
  readonly runId: string;
  readonly nowMs: () => number;
  port = 0;
  readonly #names: NameTable<{ readonly name: string }>;
  readonly #options: ProxyOptions;
  #isClosing = false;

  constructor(options: ProxyOptions) {
    const { settings, clock, registry, threads } = options;
    this.#options = options;
    this.settings = settings;
    this.registry = registry;
    this.threads = threads;
    this.index = options.index;
    this.runId = options.runId;
    this.nowMs = () => clock.monotonicMs();
    this.cache = new CoherentCache(options.store, threads.count > 1);
    this.origin = new Origin(
      {
        address: parseOrigin(settings.origin),
        clock,
        random: options.random,
        connectTimeoutMs: settings.originConnectTimeoutMs,
        timeoutMs: settings.originTimeoutMs,
        heartbeatMs: settings.heartbeatMs,
        heartbeatTimeoutMs: settings.heartbeatTimeoutMs,
        trackingRetryMs: TRACKING_RETRY_MS,
        pendingBytes: settings.originPendingBytes,
      },
      this.#originEvents(),
    );
    this.peers = options.joinPeers?.((question, then) => answerPeer(this, question, then));
    this.fence = new Fence({
      origin: this.origin,
      peers: this.peers,
      timeoutMs: settings.originTimeoutMs,
      giveUp: () => this.cache.invalidateAll(),
    });
    const { recording } = settings;
    if (recording !== undefined) {
      const { index: writer, log } = options;
      this.recorder = new Recorder({ settings: recording, sink: openBlockSink(recording.path), writer, log });
    }
    this.readThrough = new ReadThrough({
      cache: this.cache,
      origin: this.origin,
      threads,
      stats: this.stats,
      recorder: this.recorder,
      peers: this.peers,
      claims: options.claims,
      peerTimeoutMs: settings.originTimeoutMs,
      nowMs: this.nowMs,
      untrackedTtlMs: settings.ttlMs,
      unsafeSkipLeases: settings.unsafeSkipLeases,
    });
    this.commands = new CommandTable<ProxyContext>([
      ...connectionCommands,
      clientCommand,
      ...glassCommands,
      ...adminCommands(this),
    ]);
    this.#names = commandNames(this.commands.commands);
    this.host = {
      registry,
      clock,
      password: settings.password,
      database: this.origin.database,
      serverName: "redis",
      redisVersion: "7.2.4",
      version: settings.version,
      mode: "proxy",
      role: "master",
      startedAtMs: options.startedAtMs,
      commands: this.commands,
      onReset: (context) => (context as ProxySession).reset(),
    };
  }

  connect(connection: Connection): ProxySession {
    return new ProxySession(this, connection);
  }

  isCommandName(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#names.named(bytes, start, end) !== undefined;
  }

  close(): void {
    this.#isClosing = true;
    this.origin.close();
    this.peers?.close();
  }

  #originEvents(): OriginEvents {
    const { log, threads, index } = this.#options;
    const { ttlMs, memoryBytes, unsafeSkipLeases } = this.settings;
    let isUp = false;
    let isDownLogged = false;
    let isAdvised = false;
    return {
      invalidated: (bytes, start, end) => {
        // Invalidations of the proxy's own writes would soon mend what leases prevent.
        if (!unsafeSkipLeases) this.cache.pushed(bytes, start, end);
      },
      proven: (untilMs) => threads.prove(index, untilMs),
      allInvalidated: () => this.cache.invalidateAll(),
      lost: (error) => {
        this.cache.invalidateAll();
        // Nothing is left that this thread would have to vouch for.
        threads.prove(index, Number.POSITIVE_INFINITY);
        if (this.#isClosing) return;
        if (isUp) this.stats.channelLosses++;
        // Attempts that fail after the first are not told of: there may be many.
        if (!isDownLogged) log.warn(`${error.message}; nothing is served from the cache, connecting again`);
        isUp = false;
        isDownLogged = true;
      },
      silent: (silentMs) =>
        log.warn(
          `origin ${this.origin.name} has been silent for ${silentMs} ms: nothing is served from the cache, and ` +
            "requests wait; another connection is tried",
        ),
      answers: () => log.info(`origin ${this.origin.name} answers again`),
      ready: (tracking) => {
        isUp = true;
        isDownLogged = false;
        const { name, trackedKeysLimit, trackingRefusal } = this.origin;
        if (tracking) {
          log.info(`connected to origin ${name}, which sends invalidations`);
          const advice = trackingLimitAdvice(trackedKeysLimit, memoryBytes);
          if (advice !== undefined && !isAdvised) log.warn(`origin ${name} ${advice}`);
          isAdvised = true;
        } else {
          log.warn(
            `connected to origin ${name}, which sends no invalidations now (CLIENT TRACKING: ${trackingRefusal}): ` +
              `entries are kept for ${ttlMs} ms at most and may be stale for as long; ` +
              `asking again every ${TRACKING_RETRY_MS / 1000} s`,
          );
        }
      },
    };
  }
}
