import { randomBytes } from "node:crypto";
import { CoherentCache, type InvalidatedAllBy } from "../coherence/coherent-cache.ts";
import { Access } from "../commands/acl/access.ts";
import { aclCommand } from "../commands/acl/acl-commands.ts";
import type { Users } from "../commands/acl/users.ts";
import { clientCommand } from "../commands/client-commands.ts";
import type { ServiceHost } from "../commands/client-context.ts";
import { describeClient } from "../commands/client-description.ts";
import { COMMAND_FACTS, factsOfRequest } from "../commands/command-facts.ts";
import { commandNames } from "../commands/command-names.ts";
import { CommandTable, NameTable } from "../commands/command-table.ts";
import { connectionCommands } from "../commands/connection-commands.ts";
import type { CommandFacts, KeyUse } from "../commands/facts.ts";
import { Monitors } from "../commands/monitors.ts";
import { EventWriter } from "../instruments/events/event-writer.ts";
import type { InstrumentsMemory } from "../instruments/instruments-memory.ts";
import { InstrumentsClient, instrumentsChannel } from "../instruments/questions.ts";
import { answerInstruments, threadsChannel } from "../instruments/thread-questions.ts";
import { ByteSlab } from "../lib/byte-slab.ts";
import { type Clock, exactReader } from "../lib/clock.ts";
import { KeyRef } from "../lib/key-ref.ts";
import type { Log, LogLevel } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { VERSION } from "../lib/version.ts";
import type { BatchTimer } from "../net/batch-timer.ts";
import { ClientPause, PAUSE_NUMBERS } from "../net/client-pause.ts";
import type { ClientRegistry } from "../net/client-registry.ts";
import type { Connection } from "../net/connection.ts";
import type { Adjustable, ConnectionLimits } from "../net/limits.ts";
import { type ListeningPorts, NO_PORTS } from "../net/listening-ports.ts";
import type { Service } from "../net/service.ts";
import { usersFileAt } from "../net/users-file.ts";
import type { Request } from "../protocol/protocol.ts";
import type { Store } from "../store/store.ts";
import { HostAddresses } from "../upstream/host-addresses.ts";
import { type Origin, type OriginEvents, usesHashSlots } from "../upstream/origin.ts";
import { readOrigin } from "../upstream/origin-kinds.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { adminCommands } from "./admin-commands.ts";
import { Auditor } from "./auditor.ts";
import type { CacheObserver } from "./cache-observer.ts";
import { ClientGroups } from "./client-groups.ts";
import type { ProxyContext, ProxyParts } from "./context.ts";
import { Fence } from "./fence.ts";
import { LIVE_NUMBERS, LiveSettings } from "./live-settings.ts";
import { monitorCommand } from "./monitor-command.ts";
import { ObserverGroup } from "./observer-group.ts";
import { OriginCommands } from "./origin-commands.ts";
import { OriginFacts } from "./origin-facts.ts";
import { askOrigin } from "./origin-question.ts";
import { ownCommands } from "./own-commands.ts";
import { ownParameters } from "./own-parameters.ts";
import { ProxyStats } from "./proxy-stats.ts";
import type { Question } from "./question.ts";
import { ReadOnlyScripts } from "./read-only-scripts.ts";
import { ReadThrough } from "./read-through.ts";
import { Recorder } from "./recorder.ts";
import { openBlockSink } from "./recording-file.ts";
import { ROUTES, type Route } from "./routes.ts";
import { ScriptLines } from "./script-lines.ts";
import { ProxySession } from "./session.ts";
import type { ProxySettings } from "./settings.ts";
import { OwnerChanges } from "./several-nodes/owner-changes.ts";
import { accessPeers } from "./threads/access-peers.ts";
import { answerPeer } from "./threads/answer-peer.ts";
import type { FlightClaims } from "./threads/flight-claims.ts";
import type { AnswerQuestion, Peers } from "./threads/peers.ts";
import type { ThreadTable } from "./threads/thread-table.ts";
import { trackingLimitAdvice } from "./tracking-limit.ts";
import { unblock } from "./unblock.ts";

/** How often to ask an origin that sends no invalidations for them. */
const TRACKING_RETRY_MS = 10_000;

export interface ProxyOptions {
  readonly settings: ProxySettings;
  readonly limits: ConnectionLimits;
  readonly users: Users;
  /** The cache, created or attached to. */
  readonly store: Store;
  /** `monotonicMs` is the time base of the cache: whole milliseconds close to Unix time, the same in all threads. */
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Sets the lowest level of messages that are logged. */
  readonly setLogLevel?: ((level: LogLevel) => void) | undefined;
  /** The observer of the cache's keys, in place of the recorder. */
  readonly observer?: CacheObserver | undefined;
  /** Where instruments read what happens in this thread; undefined: there are none. */
  readonly instruments?: InstrumentsMemory | undefined;
  readonly registry: ClientRegistry;
  /** What the threads know of each other. */
  readonly threads: ThreadTable;
  /** The number of this thread. */
  readonly index: number;
  /** 40 hexadecimal digits, new at each start. */
  readonly runId: string;
  readonly startedAtMs: number;
  /** What the origins of all threads share, if anything (`NamedOrigin.createMemory`). */
  readonly originMemory: SharedArrayBuffer | undefined;
  /** Opens the way to the other threads, if there are any. @param answer how this thread answers them */
  readonly joinPeers?: (answer: AnswerQuestion) => Peers;
  /** Which thread asks the origin for which key, if there are several. */
  readonly claims?: FlightClaims;
}

/** Tells the instruments as well, if there are any. */
function observerOf(
  observer: CacheObserver | undefined,
  instruments: InstrumentsMemory | undefined,
  { index, nowMs }: { readonly index: number; readonly nowMs: () => number },
): CacheObserver | undefined {
  if (instruments === undefined) return observer;
  const writer = new EventWriter(instruments.target(index), nowMs);
  return observer === undefined ? writer : new ObserverGroup(writer, observer);
}

/** The caching proxy, or one thread of it. Composes cache, origin and sessions. */
export class CachingProxy implements Service, ProxyParts {
  readonly cache: CoherentCache<Store, Question>;
  readonly origin: Origin;
  readonly fence: Fence;
  readonly random: Random;
  readonly readThrough: ReadThrough;
  readonly sentRequests = new ByteSlab();
  readonly ownerChanges = new OwnerChanges();
  readonly stats: ProxyStats;
  readonly observer: CacheObserver | undefined;
  readonly recorder: Recorder | undefined;
  readonly instruments: InstrumentsClient | undefined;
  readonly commands: CommandTable<ProxyContext>;
  readonly routes = new NameTable(ROUTES);
  readonly host: ServiceHost;
  readonly registry: ClientRegistry;
  /** This thread's settings; CONFIG SET changes some of them. */
  readonly settings: Adjustable<ProxySettings>;
  readonly limits: Adjustable<ConnectionLimits>;
  readonly live: LiveSettings;
  readonly pause: ClientPause;
  readonly monitors: Monitors;
  readonly scriptLines: ScriptLines;
  readonly scripts = new ReadOnlyScripts({
    listFunctions: (then) => askOrigin(this, ["FUNCTION", "LIST"], then, { text: true }),
    tell: (digest) => void this.peers?.ask({ kind: "read-only-script", digest }),
  });
  readonly facts = new OriginFacts();
  readonly isOwnParameter: (name: string) => boolean;
  readonly threads: ThreadTable;
  readonly index: number;
  readonly peers: Peers | undefined;
  readonly runId: string;
  readonly nowMs: () => number;
  ports: ListeningPorts = NO_PORTS;
  readonly #originCommands = new OriginCommands((name, then) =>
    askOrigin(this, ["COMMAND", "INFO", name], then, { text: true }),
  );
  readonly #names: NameTable<{ readonly name: string }>;
  readonly #options: ProxyOptions;
  readonly #key = new KeyRef();
  #stopAnswering: (() => void) | undefined;
  #isClosing = false;

  constructor(options: ProxyOptions) {
    const { clock, registry, threads } = options;
    const settings: Adjustable<ProxySettings> = { ...options.settings };
    this.#options = options;
    this.random = options.random;
    this.stats = new ProxyStats(
      (name) => threads.numbers.histogram(options.index, name),
      exactReader(clock),
      options.random,
      { log: threads.slowLog, index: options.index, settings, wallMs: () => clock.wallMs() },
    );
    this.settings = settings;
    this.limits = { ...options.limits };
    let logLevel = settings.logLevel;
    this.live = new LiveSettings(threads.common.subarray(0, LIVE_NUMBERS), this, () => {
      if (settings.logLevel === logLevel) return;
      logLevel = settings.logLevel;
      options.setLogLevel?.(logLevel);
    });
    const shared = threads.common.subarray(LIVE_NUMBERS, LIVE_NUMBERS + PAUSE_NUMBERS);
    this.pause = new ClientPause(shared, () => clock.monotonicMs());
    this.monitors = new Monitors(
      {
        get hasMonitors() {
          return threads.hasMonitors;
        },
        changed: (by) => threads.addMonitors(options.index, by),
        tell: (line) => void this.peers?.ask({ kind: "monitored", line }),
      },
      () => this.scriptLines.end(),
    );
    this.registry = registry;
    this.threads = threads;
    this.index = options.index;
    this.runId = options.runId;
    this.nowMs = () => clock.monotonicMs();
    const { recording } = settings;
    if (recording !== undefined) {
      const { index: writer, log } = options;
      this.recorder = new Recorder({ settings: recording, sink: openBlockSink(recording.path), writer, log });
    }
    if (options.instruments !== undefined) {
      this.instruments = new InstrumentsClient(instrumentsChannel(options.runId), `thread ${options.index}`);
      const groups = new ClientGroups(registry, clock);
      this.#stopAnswering = answerInstruments(threadsChannel(options.runId), ({ kind }) => {
        if (kind === "clients") return groups.tell();
        this.live.refresh();
        return {};
      });
    }
    this.observer = observerOf(options.observer ?? this.recorder, options.instruments, this);
    const { observer } = this;
    options.store.onRemoval = observer?.left?.bind(observer);
    options.store.departures = options.instruments?.departures(options.index, this.nowMs);
    this.cache = new CoherentCache(options.store, threads.count > 1, observer);
    this.origin = readOrigin(settings.origin).open(
      (address) => ({
        get address() {
          const { originPassword: password } = settings;
          return password === undefined ? address : { ...address, password };
        },
        hosts: new HostAddresses(address.host),
        clock,
        random: options.random,
        get connectTimeoutMs() {
          return settings.originConnectTimeoutMs;
        },
        get timeoutMs() {
          return settings.originTimeoutMs;
        },
        get heartbeatMs() {
          return settings.heartbeatMs;
        },
        get heartbeatTimeoutMs() {
          return settings.heartbeatTimeoutMs;
        },
        get tls() {
          return settings.originTls;
        },
        trackingRetryMs: TRACKING_RETRY_MS,
        get pendingBytes() {
          return settings.originPendingBytes;
        },
      }),
      this.#originEvents(),
      options.originMemory,
    );
    if (usesHashSlots(this.origin)) options.store.useHashSlots();
    this.scriptLines = new ScriptLines(this.origin, (line) => this.monitors.shown(line));
    this.peers = options.joinPeers?.((question, then) => answerPeer(this, question, then));
    this.fence = new Fence({
      peers: this.peers,
      get timeoutMs() {
        return settings.originTimeoutMs;
      },
      giveUp: () => this.cache.invalidateAll("caution"),
    });
    const auditor = new Auditor({
      cache: this.cache,
      origin: this.origin,
      fence: this.fence,
      threads,
      counts: this.stats.audits,
      random: options.random,
      log: options.log,
      nowMs: this.nowMs,
      get share() {
        return settings.auditShare;
      },
    });
    this.readThrough = new ReadThrough({
      cache: this.cache,
      origin: this.origin,
      threads,
      stats: this.stats,
      observer: this.observer,
      auditor,
      peers: this.peers,
      claims: options.claims,
      get peerTimeoutMs() {
        return settings.originTimeoutMs;
      },
      nowMs: this.nowMs,
      get untrackedTtlMs() {
        return settings.ttlMs;
      },
    });
    this.commands = new CommandTable<ProxyContext>([
      ...connectionCommands,
      clientCommand,
      aclCommand,
      ...ownCommands,
      monitorCommand,
      ...adminCommands(this),
    ]);
    this.#names = commandNames(this.commands.commands);
    const own = new Set(ownParameters(this).map(({ name }) => name));
    this.isOwnParameter = (name) => own.has(name);
    const { facts, origin } = this;
    this.host = {
      registry,
      clock,
      access: new Access({
        users: options.users,
        usersFile: usersFileAt(settings.usersFile),
        secretBytes: randomBytes,
        clients: registry,
        clock,
        logEntries: () => this.settings.aclLogEntries,
        describe: (client) => describeClient(client, this.host),
        peers: this.peers && accessPeers(this.peers),
        scriptsMayAll: true,
      }),
      // All others are the origin's.
      runs: () => true,
      database: origin.database,
      get serverName() {
        return facts.server;
      },
      get redisVersion() {
        return facts.version;
      },
      version: VERSION,
      get mode() {
        // To its clients the proxy is one server.
        return usesHashSlots(origin) ? "standalone" : facts.mode;
      },
      get role() {
        return facts.role;
      },
      pause: this.pause,
      monitors: this.monitors,
      unblock: (context, client, reason, reply) => unblock(context as ProxyContext, client, reason, reply),
      startedAtMs: options.startedAtMs,
      commands: this.commands,
      onReset: (context) => (context as ProxySession).reset(),
    };
  }

  get hasSeveralSources(): boolean {
    return usesHashSlots(this.origin);
  }

  keyOf(request: Request, index: number): KeyRef {
    return this.cache.store.refer(this.#key, request.bytes, request.starts[index]!, request.ends[index]!);
  }

  learnedRoute(request: Request): Route | undefined {
    const name = request.text(0).toLowerCase();
    return COMMAND_FACTS.has(name) ? undefined : this.#originCommands.find(name)?.route;
  }

  learnedFacts(name: string): CommandFacts | undefined {
    return COMMAND_FACTS.has(name) ? undefined : this.#originCommands.find(name)?.facts;
  }

  askCommand(name: string, then: () => void): boolean {
    return this.#originCommands.ask(name, then);
  }

  usesOf({ name, reachesFar }: Route, request: Request): readonly KeyUse[] | undefined {
    // Such a command is about the origin itself and may change anything.
    if (reachesFar === true) return undefined;
    return (factsOfRequest(request) ?? this.#originCommands.find(name)?.facts)?.uses;
  }

  connect(connection: Connection): ProxySession {
    return new ProxySession(this, connection);
  }

  get batchTimes(): BatchTimer {
    return this.stats.hitTimes;
  }

  isCommandName(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#names.named(bytes, start, end) !== undefined;
  }

  close(): void {
    this.#isClosing = true;
    this.origin.close();
    this.instruments?.close();
    this.#stopAnswering?.();
    this.peers?.close();
  }

  #originEvents(): OriginEvents {
    const { log, threads, index } = this.#options;
    const up = new Set<OriginNode>();
    const loggedAsDown = new Set<OriginNode>();
    let isAdvised = false;
    const prove = (node: OriginNode): void => {
      threads.prove(index, this.origin.provenUntilMs);
      threads.proveNode(index, this.origin.numberOf(node), node.channel.provenUntilMs);
      this.ownerChanges.look(this.origin.orderVersion);
    };
    // What is void now is what was fetched from this node, which has these keys.
    const drop = (by: InvalidatedAllBy, node: OriginNode): void => {
      const slots = this.origin.hashSlotsOf(node);
      if (slots?.length !== 0) this.cache.invalidateAll(by, slots);
    };
    const what = (): string => (usesHashSlots(this.origin) ? "its keys are not" : "nothing is");
    return {
      invalidated: (_node, bytes, start, end) => this.cache.pushed(bytes, start, end),
      proven: prove,
      allInvalidated: (node) => drop("flush", node),
      clustered: ({ name }) => {
        this.cache.store.useHashSlots();
        this.cache.invalidateAll("channel");
        log.info(`origin ${name} is a node of a cluster: the whole cluster is the origin`);
      },
      moved: (slots) => {
        this.cache.invalidateAll("channel", slots);
        this.ownerChanges.noted();
      },
      lost: (node, error) => {
        drop("channel", node);
        // Nothing of this node is left that this thread would have to vouch for.
        prove(node);
        if (this.#isClosing) return;
        if (up.delete(node)) this.stats.channelLosses++;
        // Only the first failure is logged: there may be many.
        if (!loggedAsDown.has(node)) {
          log.warn(`${error.message}; ${what()} served from the cache, connecting again`);
        }
        loggedAsDown.add(node);
      },
      retired: (node) => {
        up.delete(node);
        loggedAsDown.delete(node);
        if (!this.#isClosing)
          log.info(`origin ${node.name} is not used any more: its connections are closed`);
      },
      unresolved: (error) => log.warn(`${error.message}; asking again`),
      silent: ({ name }, silentMs) =>
        log.warn(
          `origin ${name} has been silent for ${silentMs} ms: ${what()} served from the cache, and ` +
            "requests wait; another connection is tried",
        ),
      answers: ({ name }) => log.info(`origin ${name} answers again`),
      ready: (node, tracking) => {
        const { name, channel } = node;
        const { greeting, trackedKeysLimit, trackingRefusal } = channel;
        if (greeting !== undefined) this.facts.learn(greeting);
        this.#originCommands.forget();
        if (this.monitors.hasOwn) this.scriptLines.begin(() => {});
        up.add(node);
        loggedAsDown.delete(node);
        if (tracking) {
          log.info(`connected to origin ${name}, which sends invalidations`);
          const advice = trackingLimitAdvice(trackedKeysLimit, this.cache.store.budgetBytes);
          if (advice !== undefined && !isAdvised) log.warn(`origin ${name} ${advice}`);
          isAdvised = true;
        } else {
          log.warn(
            `connected to origin ${name}, which sends no invalidations now (CLIENT TRACKING: ${trackingRefusal}): ` +
              `entries are kept for ${this.settings.ttlMs} ms at most and may be stale for as long; ` +
              `asking again every ${TRACKING_RETRY_MS / 1000} s`,
          );
        }
      },
    };
  }
}
