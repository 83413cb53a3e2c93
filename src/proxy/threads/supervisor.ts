import { Worker } from "node:worker_threads";
import type { User } from "../../commands/acl/user.ts";
import { MOST_USERS_BYTES, type Users } from "../../commands/acl/users.ts";
import { InstrumentsMemory } from "../../instruments/instruments-memory.ts";
import type { ProxySource } from "../../instruments/instruments-source.ts";
import { type Clock, systemClock } from "../../lib/clock.ts";
import { type Log, type LogLevel, silentLog } from "../../lib/log.ts";
import { systemRandom } from "../../lib/random.ts";
import type { SettingChange } from "../../lib/setting-error.ts";
import { SharedText } from "../../lib/shared-text.ts";
import { readClock, steadyClock } from "../../lib/steady-clock.ts";
import type { ServerTls } from "../../lib/tls.ts";
import { DEFAULT_LIMITS } from "../../net/limits.ts";
import { DEFAULT_DRAIN_MS } from "../../net/listener.ts";
import { ListenError, requireFreePort } from "../../net/listening-sockets.ts";
import { usersAtStart } from "../../net/users-file.ts";
import type { Store } from "../../store/store.ts";
import { readOrigin } from "../../upstream/origin-kinds.ts";
import { LiveSettings } from "../live-settings.ts";
import { completeSettings, type OriginAccess, type ProxySettings, randomHex } from "../settings.ts";
import { createStore, recoverStore, type StartProxyOptions, sourceOf } from "../start.ts";
import { FlightClaims } from "./flight-claims.ts";
import { Peers } from "./peers.ts";
import type { FromThread, ThreadStart, ToThread } from "./thread-messages.ts";
import { ThreadTable } from "./thread-table.ts";

export interface StartThreadsOptions extends Omit<StartProxyOptions, "clock"> {
  /** At least 1. */
  readonly threads: number;
}

/** The settings that all threads share, including threads that replace others. */
type ThreadsStart = Omit<ThreadStart, "index" | "holder" | "clock">;
interface SupervisorOptions {
  readonly log: Log;
  readonly setLogLevel: ((level: LogLevel) => void) | undefined;
  readonly drainMs: number | undefined;
}

type Ports = Pick<FromThread & { readonly type: "listening" }, "port" | "tlsPort">;

/** The least delay before a thread that died is started again. */
const RESTART_DELAY_MS = 100;
/** The delay before a shard's lock that was held for too long is tried again. */
const RELEASE_DELAY_MS = 100;
/** Shards of the cache for each thread: enough that two threads seldom want the same one. */
const SHARDS_PER_THREAD = 4;
const SHARD_LEAST_BYTES = 8 * 1024 ** 2;
const SHARD_LEAST_ENTRIES = 1000;

/**
 * A proxy of several threads over one cache. Each thread has its own event loop, clients and connections to the
 * origin. All listen on the same port; the system distributes new clients among them. A thread that dies is replaced.
 */
export class Supervisor {
  /** Threads that died and were replaced. */
  restarts = 0;
  #start: ThreadsStart;
  /** Used only in ways that never wait for a lock: a dead thread may hold it until `recover`. */
  readonly #store: Store;
  readonly #table: ThreadTable;
  readonly #users: Users;
  readonly #drainMs: number;
  readonly #log: Log;
  readonly #setLogLevel: ((level: LogLevel) => void) | undefined;
  /** The time of all threads. */
  readonly #clock: Clock = steadyClock(systemClock);
  readonly #workers: (Worker | undefined)[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #nextHolder = 2;
  #nextChange = 0;
  #tlsPort: number | undefined;
  #closing = false;

  private constructor(
    start: ThreadsStart,
    store: Store,
    table: ThreadTable,
    users: Users,
    { log, setLogLevel, drainMs = DEFAULT_DRAIN_MS }: SupervisorOptions,
  ) {
    this.#start = start;
    this.#store = store;
    this.#table = table;
    this.#users = users;
    this.#log = log;
    this.#drainMs = drainMs;
    this.#setLogLevel = setLogLevel;
  }

  /** @throws ListenError, RangeError */
  static async open(options: StartThreadsOptions): Promise<Supervisor> {
    const { threads, limits = DEFAULT_LIMITS, log = silentLog, respOnly = false } = options;
    const { random = systemRandom } = options;
    if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
      throw new RangeError(`the number of threads must be from 1 to 256, not ${threads}`);
    }
    const settings = completeSettings({ ...options, maxConnections: limits.connections });
    const { host, port, tls, sharesPort = false } = options;
    if (port !== 0 && !sharesPort) requireFreePort({ host, port });
    if (tls?.port && !sharesPort) requireFreePort({ host, port: tls.port, flag: "--tls-port" });
    const store = createStore(
      settings,
      options.policy,
      random,
      options.hashKey,
      shardsFor(settings, threads),
    );
    const table = ThreadTable.create(threads);
    LiveSettings.publish(table.common, { settings, limits });
    const usersText = SharedText.create(MOST_USERS_BYTES);
    const users = usersAtStart(settings, usersText);
    const instruments = options.instruments === true ? InstrumentsMemory.create(threads) : undefined;
    const runId = randomHex(random, 40);
    const supervisor = new Supervisor(
      {
        ...{ settings, host, port, tls, respOnly, limits, runId, count: threads },
        store: store.handle,
        table: table.buffer,
        users: usersText.buffer,
        instruments: instruments?.handle,
        claims: FlightClaims.createBuffer(),
        originMemory: readOrigin(settings.origin).createMemory?.(),
        channelName: `glasscache-${process.pid}-${runId}`,
        startedAtMs: systemClock.wallMs(),
      },
      store,
      table,
      users,
      { log, setLogLevel: options.setLogLevel, drainMs: options.drainMs },
    );
    try {
      // If the system chooses the port, it chooses for the first thread. It gives nobody a port that is shared.
      const ports = await supervisor.#run(0);
      supervisor.#tlsPort = ports.tlsPort;
      supervisor.#start = {
        ...supervisor.#start,
        port: ports.port,
        tls: tls && { ...tls, port: tls.port === undefined ? undefined : ports.tlsPort },
      };
      await Promise.all(Array.from({ length: threads - 1 }, (_, index) => supervisor.#run(index + 1)));
    } catch (error) {
      await supervisor.close();
      throw error;
    }
    return supervisor;
  }

  get port(): number {
    return this.#start.port;
  }

  /** The port with TLS; undefined: there is none. */
  get tlsPort(): number | undefined {
    return this.#tlsPort;
  }

  /** Uses another certificate for new clients, as `Listener.replaceTls`, in all threads. */
  replaceTls(settings: ServerTls): void {
    this.#start = { ...this.#start, tls: { ...this.#start.tls!, settings } };
    this.#tellAll({ type: "tls", settings });
  }

  /** Opens new connections to the origin in another way, in all threads. */
  replaceOriginAccess(access: OriginAccess): void {
    this.#start = { ...this.#start, settings: { ...this.#start.settings, ...access } };
    this.#tellAll({ type: "origin-access", access });
  }

  /** Takes these users in place of all there are. Resolves when all threads know. */
  async replaceUsers(users: readonly User[]): Promise<void> {
    this.#users.replaceBy(users);
    // A thread that starts later reads them then.
    await this.#askOne((id) => ({ type: "users", id })).catch(() => {});
  }

  /** Changes settings, as `changeSettings`. One of the threads does it for all. */
  change(changes: readonly SettingChange[]): Promise<void> {
    return this.#askOne((id) => ({ type: "change", id, changes }));
  }

  /** Has one of the threads do something in all. @throws RangeError with its reason not to */
  #askOne(message: (id: number) => ToThread): Promise<void> {
    const worker = this.#workers.find((one) => one !== undefined);
    if (worker === undefined) return Promise.reject(new RangeError("no thread is running; try again"));
    const id = this.#nextChange++;
    return new Promise((resolve, reject) => {
      const settle = (problem: string | undefined): void => {
        worker.off("message", heard);
        worker.off("exit", died);
        if (problem === undefined) resolve();
        else reject(new RangeError(problem));
      };
      const heard = (message: FromThread): void => {
        if (message.type === "changed" && message.id === id) settle(message.problem);
      };
      const died = (): void => settle("the thread that should change them has died; try again");
      worker.on("message", heard);
      worker.on("exit", died);
      worker.postMessage(message(id));
    });
  }

  #tellAll(message: ToThread): void {
    for (const worker of this.#workers) worker?.postMessage(message);
  }

  /** What instruments read; undefined: they may not. Read it when they start: it tells the time. */
  get source(): ProxySource | undefined {
    const { instruments, runId } = this.#start;
    if (instruments === undefined) return undefined;
    const rest = { runId, clock: this.#clock, users: new SharedText(this.#start.users) };
    return sourceOf(new InstrumentsMemory(instruments), this.#store, this.#table, rest);
  }

  /** Takes over the locks of an instruments thread that has died. */
  recover(holder: number): void {
    recoverStore(this.#store, holder);
  }

  get threadCount(): number {
    return this.#table.count;
  }

  /** Ends one thread as a crash would. */
  async killThread(index: number): Promise<void> {
    await this.#workers[index]?.terminate();
  }

  /** Lets clients have their replies, then ends all threads. */
  async close(): Promise<void> {
    this.#closing = true;
    for (const timer of this.#timers) clearTimeout(timer);
    const workers = this.#workers.filter((worker) => worker !== undefined);
    const ended = workers.map(
      (worker) => new Promise<void>((resolve) => worker.once("exit", () => resolve())),
    );
    const drained = workers.map((worker) => heard(worker, "drained"));
    this.#tellAll({ type: "drain", forMs: this.#drainMs });
    // When a thread's channel ends, what it has fetched is dropped. The others still serve it, or write down its keys.
    await Promise.all(workers.map((_, i) => Promise.race([drained[i], ended[i]])));
    this.#tellAll({ type: "end" });
    await Promise.all(ended);
  }

  /** Starts the thread with this number. @returns its ports, when it listens */
  #run(index: number): Promise<Ports> {
    const holder = this.#nextHolder++;
    const worker = new Worker(new URL("./thread.ts", import.meta.url), {
      workerData: { ...this.#start, index, holder, clock: readClock(this.#clock) } satisfies ThreadStart,
    });
    this.#workers[index] = worker;
    return new Promise((resolve, reject) => {
      worker.on("message", (message: FromThread) => {
        if (message.type === "listening") resolve(message);
        else if (message.type === "refused") reject(new ListenError(message.message, message.code));
        else if (message.type === "ended") void worker.terminate();
        else if (message.type === "changed" || message.type === "drained") return;
        else if (message.type === "log-level") this.#setLogLevel?.(message.level);
        // All threads report on the origin; logging one of them is enough.
        else if (index === 0 || message.level === "error") this.#log[message.level](message.message);
      });
      worker.on("error", (error) => {
        this.#log.error(`thread ${index} failed: ${error instanceof Error ? error.stack : String(error)}`);
      });
      worker.once("exit", () => {
        this.#workers[index] = undefined;
        reject(new Error(`thread ${index} ended before it listened`));
        if (!this.#closing) this.#replace(index, holder);
      });
    });
  }

  /**
   * Replaces a dead thread. Its clients are gone with its sockets. Half-finished changes to the cache cannot be
   * trusted, and nobody receives the invalidations of what it had fetched.
   */
  #replace(index: number, holder: number): void {
    this.restarts++;
    const emptied = this.#store.recover(holder);
    this.#store.bumpEpoch(undefined, false);
    this.#releaseDead();
    this.#table.clear(index);
    this.#table.numbers.retire(index);
    this.#table.calls.retire(index);
    FlightClaims.forget(this.#start.claims, index);
    Peers.announceDeath(this.#start.channelName, index);
    const locks =
      emptied === 0 ? "" : `; ${emptied} of the cache's shards were being changed and were emptied`;
    this.#log.error(`thread ${index} has died and is replaced; everything cached is dropped${locks}`);
    this.#later(RESTART_DELAY_MS, () => {
      this.#run(index).catch((error: Error) => {
        if (!this.#closing) this.#log.error(`thread ${index} could not be started again: ${error.message}`);
      });
    });
  }

  /**
   * Unpins what dead threads had pinned. Another dead thread may hold a lock that is needed, so this tries again
   * later.
   */
  #releaseDead(): void {
    if (!this.#store.releaseDead()) this.#later(RELEASE_DELAY_MS, () => this.#releaseDead());
  }

  /** Acts after a delay, unless the proxy is being closed by then. */
  #later(delayMs: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closing) act();
    }, delayMs);
    this.#timers.add(timer);
  }
}

/** Settles when a thread sends a message of this type. */
function heard(worker: Worker, type: FromThread["type"]): Promise<void> {
  return new Promise((resolve) => {
    worker.on("message", (message: FromThread) => {
      if (message.type === type) resolve();
    });
  });
}

/**
 * Returns the number of shards: a power of two. It is lower if the cache is so small that shards could not hold
 * entries of some size, or so few entries that some shards would evict while others have room.
 */
function shardsFor(
  { memoryBytes, maxEntries = Number.POSITIVE_INFINITY }: Pick<ProxySettings, "memoryBytes" | "maxEntries">,
  threads: number,
): number {
  const isRoomy = (count: number): boolean =>
    memoryBytes / count >= SHARD_LEAST_BYTES && maxEntries / count >= SHARD_LEAST_ENTRIES;
  let shards = 1;
  while (shards < threads * SHARDS_PER_THREAD && isRoomy(shards * 2)) shards *= 2;
  return threads === 1 ? 1 : shards;
}
