import type { User } from "../commands/acl/user.ts";
import { MOST_USERS_BYTES } from "../commands/acl/users.ts";
import { InstrumentsMemory } from "../instruments/instruments-memory.ts";
import type { ProxySource } from "../instruments/instruments-source.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { type Log, type LogLevel, silentLog } from "../lib/log.ts";
import { type Random, systemRandom } from "../lib/random.ts";
import type { SettingChange } from "../lib/setting-error.ts";
import { SharedText } from "../lib/shared-text.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import { readClock, steadyClock } from "../lib/steady-clock.ts";
import type { ServerTls } from "../lib/tls.ts";
import { type ConnectionLimits, DEFAULT_LIMITS } from "../net/limits.ts";
import { DEFAULT_DRAIN_MS, Listener, type ListenerTls, tellOfDrain } from "../net/listener.ts";
import { usersAtStart } from "../net/users-file.ts";
import { DEFAULT_POLICY } from "../policy/registry.ts";
import { Store } from "../store/store.ts";
import { readOrigin } from "../upstream/origin-kinds.ts";
import { giveBeats } from "./beats.ts";
import type { CacheObserver } from "./cache-observer.ts";
import { publishRegularly } from "./counters.ts";
import { LiveSettings } from "./live-settings.ts";
import { CachingProxy } from "./proxy.ts";
import { completeSettings, type OriginAccess, type ProxySettings, randomHex } from "./settings.ts";
import { changeSettings } from "./settings-change.ts";
import { SharedRegistry } from "./threads/shared-registry.ts";
import { ThreadTable } from "./threads/thread-table.ts";
import { keepWarm } from "./warm/warmth.ts";

type Settings = { readonly [K in keyof ProxySettings]?: ProxySettings[K] | undefined };

export interface StartProxyOptions extends Omit<Settings, "origin" | "maxConnections"> {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly tls?: ListenerTls | undefined;
  readonly origin: string;
  /** An eviction policy and its parameters, as `parsePolicy` reads them. */
  readonly policy?: string | undefined;
  readonly limits?: ConnectionLimits | undefined;
  readonly respOnly?: boolean | undefined;
  /** Another process may listen on the same ports. */
  readonly sharesPort?: boolean | undefined;
  /** How long open connections may go on when the proxy ends; 5 seconds by default. */
  readonly drainMs?: number | undefined;
  readonly clock?: Clock;
  readonly random?: Random;
  /** The secret of the key hashes; random by default. */
  readonly hashKey?: HashKey | undefined;
  readonly log?: Log;
  /** Sets the lowest level of messages that are logged (CONFIG SET log-level). */
  readonly setLogLevel?: (level: LogLevel) => void;
  /** The observer of the cache's keys, in place of the recorder. */
  readonly observer?: CacheObserver | undefined;
  /** Whether instruments may read what happens; false by default. */
  readonly instruments?: boolean | undefined;
}

export interface RunningProxy {
  /** What instruments read; undefined: they may not. Read it when they start: it tells the time. */
  readonly source: ProxySource | undefined;
  /** Takes over the locks of an instruments thread that has died, as `Store.recover`. */
  recover(holder: number): void;
  readonly port: number;
  /** The port with TLS; undefined: there is none. */
  readonly tlsPort: number | undefined;
  readonly proxy: CachingProxy;
  /** Uses another certificate for new clients, as `Listener.replaceTls`. */
  replaceTls(settings: ServerTls): void;
  /** Takes these users in place of all there are. */
  replaceUsers(users: readonly User[]): void;
  /** Changes settings, as `changeSettings`. */
  change(changes: readonly SettingChange[]): Promise<void>;
  /** Opens new connections to the origin in another way. */
  replaceOriginAccess(access: OriginAccess): void;
  /** Lets clients have their replies, then ends. */
  close(): Promise<void>;
}

/** Expired entries and those of past epochs are removed in small steps, so that no request waits for long. */
const SWEEP_INTERVAL_MS = 20;
const SWEEP_STEPS = 400;

/** Composes a proxy of one thread, the present one, and its listener. @throws ListenError, RangeError */
export async function startProxy(options: StartProxyOptions): Promise<RunningProxy> {
  const { limits = DEFAULT_LIMITS, random = systemRandom, log = silentLog, respOnly = false } = options;
  const settings = completeSettings({ ...options, maxConnections: limits.connections });
  const clock = steadyClock(options.clock ?? systemClock);
  const store = createStore(settings, options.policy, random, options.hashKey);
  const threads = ThreadTable.create(1);
  const registry = new SharedRegistry(threads, 0);
  LiveSettings.publish(threads.common, { settings, limits });
  const instruments = options.instruments === true ? InstrumentsMemory.create(1) : undefined;
  const runId = randomHex(random, 40);
  const usersText = SharedText.create(MOST_USERS_BYTES);
  const proxy = new CachingProxy({
    settings,
    limits,
    users: usersAtStart(settings, usersText),
    store,
    clock,
    random,
    log,
    setLogLevel: options.setLogLevel,
    observer: options.observer,
    instruments,
    registry,
    threads,
    index: 0,
    runId,
    startedAtMs: clock.wallMs(),
    originMemory: readOrigin(settings.origin).createMemory?.(),
  });
  const drains = instruments && giveBeats(proxy, instruments);
  let listener: Listener;
  try {
    listener = Listener.open({
      host: options.host,
      port: options.port,
      tls: options.tls,
      service: proxy,
      registry,
      limits: proxy.limits,
      clock,
      log,
      respOnly,
      sharesPort: options.sharesPort ?? false,
      users: proxy.host.access.users,
    });
  } catch (error) {
    proxy.close();
    throw error;
  }
  proxy.ports = listener;
  const stopSweeping = sweepInSteps(store, clock, 1);
  const stopPublishing = publishRegularly(proxy, 0);
  const warmth = keepWarm(proxy, log);
  return {
    port: listener.port,
    tlsPort: listener.tlsPort,
    proxy,
    replaceTls: (settings) => listener.replaceTls(settings),
    replaceUsers: (users) => proxy.host.access.replaceUsers(users),
    change: (changes) => changeSettings(proxy, changes),
    replaceOriginAccess(access) {
      Object.assign(proxy.settings, access);
    },
    get source() {
      return instruments && sourceOf(instruments, store, threads, { runId, clock, users: usersText });
    },
    recover: (holder) => recoverStore(store, holder),
    async close() {
      drains?.();
      const saved = warmth?.finish();
      tellOfDrain(await listener.drain(options.drainMs ?? DEFAULT_DRAIN_MS), log);
      await saved;
      stopSweeping();
      stopPublishing();
      proxy.close();
      await proxy.recorder?.close();
    },
  };
}

export function sourceOf(
  { handle }: InstrumentsMemory,
  store: Store,
  { buffer, count }: ThreadTable,
  { runId, clock, users }: { readonly runId: string; readonly clock: Clock; readonly users: SharedText },
): ProxySource {
  return {
    ...{ kind: "proxy", instruments: handle, store: store.handle, threads: { buffer, count }, runId },
    ...{ clock: readClock(clock), users: users.buffer },
  };
}

/** Takes over a dead thread's locks. What it was changing cannot be trusted. */
export function recoverStore(store: Store, holder: number): void {
  store.recover(holder);
  store.releaseDead();
}

/** @throws RangeError */
export function createStore(
  { memoryBytes, maxMemoryBytes, maxEntries }: ProxySettings,
  policy: string | undefined,
  random: Random,
  hashKey: HashKey | undefined,
  shards = 1,
): Store {
  const seed = Math.floor(random.next() * 2 ** 32);
  const budget = { budgetBytes: memoryBytes, mostBudgetBytes: maxMemoryBytes, maxEntries };
  return Store.create({ ...budget, policy: policy ?? DEFAULT_POLICY, seed, hashKey, shards });
}

/**
 * Removes entries that nobody can see any more, in the background.
 * @param threads how many threads do this on the same store
 * @returns a function that stops it
 */
export function sweepInSteps(store: Store, clock: Clock, threads: number): () => void {
  const timer = setInterval(() => store.sweep(clock.monotonicMs(), SWEEP_STEPS), SWEEP_INTERVAL_MS * threads);
  timer.unref();
  return () => clearInterval(timer);
}
