import { Store } from "../cache/store.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { clientCommand } from "../net/client-commands.ts";
import type { ServiceHost } from "../net/client-context.ts";
import type { ClientRegistry } from "../net/client-registry.ts";
import { CommandTable, NameTable } from "../net/command-table.ts";
import type { Connection } from "../net/connection.ts";
import { connectionCommands, isPassword } from "../net/connection-commands.ts";
import type { Service } from "../net/service.ts";
import type { Request } from "../protocol/protocol.ts";
import type { TextWriter } from "../protocol/text-writer.ts";
import { parseOrigin } from "../upstream/address.ts";
import { Origin } from "../upstream/origin.ts";
import { adminCommands } from "./admin-commands.ts";
import { CoherentCache } from "./coherent-cache.ts";
import { glassCommands } from "./glass-commands.ts";
import { ProxyStats } from "./proxy-stats.ts";
import { ReadThrough } from "./read-through.ts";
import { ROUTES } from "./routes.ts";
import { ProxySession } from "./session.ts";

export interface ProxyOptions {
  /** `host:port` or `redis://[user:password@]host:port`. */
  readonly origin: string;
  /** The cache's budget, exact. */
  readonly memoryBytes: number;
  /** An eviction policy and its parameters, as `parsePolicy` reads them. */
  readonly policy: string;
  /** What clients must give; undefined: nothing. */
  readonly password: string | undefined;
  /** How long the origin may take: to connect, and for each reply. */
  readonly originTimeoutMs: number;
  /** How often the tracked connection is asked for a sign of life, and how long that may take. */
  readonly heartbeatMs: number;
  readonly heartbeatTimeoutMs: number;
  /** How long a value of an origin without CLIENT TRACKING may be served; 0: not at all. */
  readonly ttlMs: number;
  /** Request bytes waiting for an origin that does not read; further requests fail at once. */
  readonly originPendingBytes: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: ClientRegistry;
  readonly maxConnections: number;
  readonly version: string;
  /** For one test alone, which shows that its checker finds what leases prevent. */
  readonly unsafeSkipLeases?: boolean;
}

/** Expired entries and those of past epochs are looked for in small steps, so that no request waits for long. */
const SWEEP_INTERVAL_MS = 100;
const SWEEP_STEPS = 2000;

/** The caching proxy: composes cache, origin and sessions. */
export class CachingProxy implements Service {
  readonly cache: CoherentCache;
  readonly origin: Origin;
  readonly readThrough: ReadThrough;
  readonly stats = new ProxyStats();
  readonly commands: CommandTable<ProxySession>;
  readonly routes = new NameTable(ROUTES);
  readonly host: ServiceHost;
  readonly originTimeoutMs: number;
  readonly options: ProxyOptions;
  /** The time base of everything cached: milliseconds that never go back, near those of the Unix epoch. */
  readonly nowMs: () => number;
  /** Where it listens, for INFO; 0 before it does. */
  port = 0;
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  readonly #sweep: ReturnType<typeof setInterval>;
  #isClosing = false;

  constructor(options: ProxyOptions) {
    this.options = options;
    this.originTimeoutMs = options.originTimeoutMs;
    const clock = steadyClock(options.clock);
    this.nowMs = clock.monotonicMs;
    this.cache = new CoherentCache(
      Store.create({
        budgetBytes: options.memoryBytes,
        policy: options.policy,
        seed: Math.floor(options.random.next() * 2 ** 32),
      }),
    );
    this.origin = new Origin(
      {
        address: parseOrigin(options.origin),
        clock,
        random: options.random,
        timeoutMs: options.originTimeoutMs,
        heartbeatMs: options.heartbeatMs,
        heartbeatTimeoutMs: options.heartbeatTimeoutMs,
        pendingBytes: options.originPendingBytes,
      },
      this.#originEvents(),
    );
    this.readThrough = new ReadThrough({
      cache: this.cache,
      origin: this.origin,
      stats: this.stats,
      nowMs: this.nowMs,
      untrackedTtlMs: options.ttlMs,
      unsafeSkipLeases: options.unsafeSkipLeases ?? false,
    });
    this.runId = randomHex(options.random, 40);
    this.commands = new CommandTable<ProxySession>([
      ...connectionCommands,
      clientCommand,
      ...glassCommands,
      ...adminCommands(this),
    ]);
    this.host = {
      registry: options.registry,
      clock: options.clock,
      password: options.password,
      serverName: "redis",
      redisVersion: "7.2.4",
      version: options.version,
      mode: "proxy",
      role: "master",
      startedAtMs: options.clock.wallMs(),
      commands: this.commands,
      onReset: (context) => (context as ProxySession).reset(),
    };
    this.#sweep = setInterval(() => this.cache.store.sweep(this.nowMs(), SWEEP_STEPS), SWEEP_INTERVAL_MS);
    this.#sweep.unref();
  }

  connect(connection: Connection): ProxySession {
    return new ProxySession(this, connection);
  }

  /** The text protocol's `AUTH password`. */
  authenticateText(session: ProxySession, request: Request, reply: TextWriter): void {
    if (this.host.password === undefined) reply.error("ERR no password is asked for");
    else if (isPassword(this.host, request.view(1))) {
      session.connection.authenticate();
      reply.ok();
    } else reply.error("ERR wrong password");
  }

  close(): void {
    this.#isClosing = true;
    clearInterval(this.#sweep);
    this.origin.close();
  }

  #originEvents() {
    const { log } = this.options;
    let isUp = false;
    let isDownLogged = false;
    return {
      invalidated: (bytes: Uint8Array, start: number, end: number) =>
        this.cache.invalidate(bytes, start, end),
      allInvalidated: () => this.cache.invalidateAll(),
      lost: (error: Error) => {
        this.cache.invalidateAll();
        if (this.#isClosing) return;
        if (isUp) this.stats.channelLosses++;
        // Attempts that fail after the first are not told of: there may be many.
        if (!isDownLogged) log.warn(`${error.message}; nothing is served from the cache, connecting again`);
        isUp = false;
        isDownLogged = true;
      },
      ready: (tracking: boolean) => {
        isUp = true;
        isDownLogged = false;
        if (tracking) {
          log.info(`connected to origin ${this.origin.name}, which sends invalidations`);
        } else {
          log.warn(
            `connected to origin ${this.origin.name}, which cannot send invalidations (CLIENT TRACKING): ` +
              `entries are kept for ${this.options.ttlMs} ms at most and may be stale for as long`,
          );
        }
      },
    };
  }
}

function randomHex(random: Random, digits: number): string {
  let text = "";
  while (text.length < digits) text += Math.floor(random.next() * 16).toString(16);
  return text;
}

/** A clock whose monotonic time is whole milliseconds near the Unix epoch's. */
function steadyClock(clock: Clock): Clock {
  const baseMs = clock.wallMs() - clock.monotonicMs();
  return { wallMs: () => clock.wallMs(), monotonicMs: () => Math.floor(baseMs + clock.monotonicMs()) };
}
