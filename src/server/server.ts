import { randomBytes } from "node:crypto";
import { Access } from "../commands/acl/access.ts";
import { aclCommand } from "../commands/acl/acl-commands.ts";
import { MOST_USERS_BYTES } from "../commands/acl/users.ts";
import { clientCommand } from "../commands/client-commands.ts";
import type { ClientContext } from "../commands/client-context.ts";
import { describeClient } from "../commands/client-description.ts";
import { commandNames } from "../commands/command-names.ts";
import { CommandTable, type NameTable } from "../commands/command-table.ts";
import { connectionCommands } from "../commands/connection-commands.ts";
import { Monitors } from "../commands/monitors.ts";
import { REDIS_VERSION } from "../commands/redis-version.ts";
import type { Engine, RemovalListener } from "../engine/engine.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { SharedText } from "../lib/shared-text.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import { VERSION } from "../lib/version.ts";
import type { BatchTimer } from "../net/batch-timer.ts";
import { ClientPause, PAUSE_NUMBERS } from "../net/client-pause.ts";
import { ClientRegistry } from "../net/client-registry.ts";
import type { Connection } from "../net/connection.ts";
import type { Adjustable } from "../net/limits.ts";
import { DEFAULT_DRAIN_MS, Listener, type ListenerTls, tellOfDrain } from "../net/listener.ts";
import { type ListeningPorts, NO_PORTS } from "../net/listening-ports.ts";
import type { Service } from "../net/service.ts";
import { type UsersStart, usersAtStart, usersFileAt } from "../net/users-file.ts";
import { ActiveExpiry } from "./active-expiry.ts";
import { Channels } from "./channels.ts";
import { adminCommands, type StorageSettings } from "./commands/admin.ts";
import { bitFieldCommands } from "./commands/bitfields.ts";
import { bitCommands } from "./commands/bits.ts";
import { debugCommand } from "./commands/debug.ts";
import { expiryCommands } from "./commands/expiry.ts";
import { functionCommand } from "./commands/functions.ts";
import { keyCommands } from "./commands/keys.ts";
import { latencyCommand } from "./commands/latency.ts";
import { lcsCommand } from "./commands/lcs.ts";
import { numberCommands } from "./commands/numbers.ts";
import { objectCommand } from "./commands/objects.ts";
import { pubsubCommand } from "./commands/pubsub.ts";
import { savingCommands } from "./commands/saving.ts";
import { slowlogCommand } from "./commands/slowlog.ts";
import { stringCommands } from "./commands/strings.ts";
import { subscriptionCommands } from "./commands/subscriptions.ts";
import { textCommands } from "./commands/text.ts";
import { timeCommand } from "./commands/time.ts";
import { transactionCommands } from "./commands/transactions.ts";
import type { ServerContext } from "./context.ts";
import type { DebugAccess } from "./debug-access.ts";
import { Keyspace } from "./keyspace.ts";
import type { ServerLimits } from "./limits.ts";
import { ServerNumbers } from "./numbers.ts";
import { ServerSession, type SessionHost } from "./session.ts";
import { Slowlog } from "./slowlog.ts";
import { Tracking } from "./tracking.ts";

export interface ServerOptions extends UsersStart {
  /**
   * Opens the engine; the server closes it. The engine calls `onRemoval` for each key that it removes itself, and
   * `failed` as soon as a write to disk fails.
   */
  readonly openEngine: (onRemoval: RemovalListener, failed: (error: Error) => void) => Engine;
  readonly limits: ServerLimits;
  /** Which clients may use DEBUG; none by default. */
  readonly debugAccess?: DebugAccess | undefined;
  /** Settings of the engine that `openEngine` opens, for CONFIG and INFO. */
  readonly storage: StorageSettings;
  readonly clock: Clock;
  readonly random: Random;
  /** Secret of the key hash. */
  readonly hashKey: HashKey;
  readonly log: Log;
}

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls?: ListenerTls | undefined;
  /** Speak RESP only: input that does not begin with `*` is an inline command. */
  readonly respOnly?: boolean | undefined;
}

/** How often the server publishes its numbers for other threads, in milliseconds. */
const PUBLISH_INTERVAL_MS = 100;

/** The key-value server: an engine, the commands on it, and all clients. */
export class Server implements Service, SessionHost {
  readonly engine: Engine;
  readonly keyspace: Keyspace;
  /** The server's own copy: CONFIG SET changes some of them. */
  readonly limits: Adjustable<ServerLimits>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly access: Access;
  /** The text of all users, for the instruments. */
  readonly usersText: SharedText = SharedText.create(MOST_USERS_BYTES);
  password: string | undefined;
  readonly registry = new ClientRegistry();
  readonly tracking: Tracking;
  readonly channels = new Channels();
  readonly slowlog = new Slowlog();
  readonly pause: ClientPause;
  readonly numbers: ServerNumbers;
  readonly monitors = new Monitors();
  readonly commands: CommandTable<ServerContext>;
  readonly textCommands: CommandTable<ServerContext>;
  readonly serverName = "redis";
  readonly redisVersion = REDIS_VERSION;
  readonly version = VERSION;
  readonly mode = "standalone";
  readonly role = "master";
  readonly startedAtMs: number;
  readonly #names: NameTable<{ readonly name: string }>;
  readonly activeExpiry: ActiveExpiry;
  readonly debugAccess: DebugAccess;
  readonly #publishing: ReturnType<typeof setInterval>;
  readonly #listeners: Listener[] = [];
  #storageFailed = false;
  #closing: Promise<void> | undefined;

  private constructor(options: ServerOptions) {
    this.limits = { ...options.limits };
    this.clock = options.clock;
    this.random = options.random;
    this.log = options.log;
    this.password = options.password;
    this.debugAccess = options.debugAccess ?? "no";
    this.access = new Access({
      users: usersAtStart(options, this.usersText),
      usersFile: usersFileAt(options.usersFile),
      secretBytes: randomBytes,
      clients: this.registry,
      clock: options.clock,
      logEntries: () => this.limits.aclLogEntries,
      describe: (client) => describeClient(client, this),
      scriptsMayAll: false,
    });
    this.pause = new ClientPause(new Float64Array(PAUSE_NUMBERS), () => options.clock.monotonicMs());
    this.startedAtMs = options.clock.wallMs();
    this.numbers = new ServerNumbers(options.clock, options.random);
    this.engine = options.openEngine(
      (key, cause) => this.keyspace.removedByEngine(key, cause),
      (error) => this.storageFailed(error),
    );
    this.tracking = new Tracking({
      hashKey: options.hashKey,
      findClient: (id) => this.registry.get(id),
    });
    this.keyspace = new Keyspace(this.engine, this.tracking, options.hashKey);
    this.commands = new CommandTable<ServerContext>([
      ...connectionCommands,
      clientCommand,
      aclCommand,
      ...stringCommands,
      ...numberCommands,
      ...bitCommands,
      ...bitFieldCommands,
      lcsCommand,
      objectCommand,
      ...keyCommands,
      ...expiryCommands,
      ...transactionCommands,
      ...subscriptionCommands,
      pubsubCommand,
      timeCommand,
      slowlogCommand,
      latencyCommand,
      ...savingCommands,
      functionCommand,
      debugCommand,
      ...adminCommands(this, {
        limits: this.limits,
        storage: options.storage,
        runId: hexDigits(options.random, 40),
        ports: () => this.ports,
      }),
    ]);
    this.#names = commandNames(this.commands.commands);
    this.textCommands = new CommandTable(textCommands);
    this.activeExpiry = new ActiveExpiry(this.engine, this.clock, (error) => this.storageFailed(error));
    this.activeExpiry.start();
    this.#publishing = setInterval(() => this.numbers.publish(this), PUBLISH_INTERVAL_MS);
    this.#publishing.unref();
  }

  static create(options: ServerOptions): Server {
    return new Server(options);
  }

  connect(connection: Connection): ServerSession {
    return new ServerSession(this, connection);
  }

  get batchTimes(): BatchTimer {
    return this.numbers.batchTimes;
  }

  runs(name: string): boolean {
    const [container, subcommand] = name.split("|");
    const command = this.commands.commands.find((each) => each.name === container);
    return command?.subcommands?.some((each) => each.name === subcommand) ?? command !== undefined;
  }

  isCommandName(bytes: Uint8Array, start: number, end: number): boolean {
    return this.#names.named(bytes, start, end) !== undefined;
  }

  onReset(context: ClientContext): void {
    const { transaction, connection } = context as ServerContext;
    transaction.end();
    this.tracking.forget(connection);
    this.channels.forget(connection);
    this.monitors.remove(connection);
  }

  get hasStorageFailed(): boolean {
    return this.#storageFailed;
  }

  storageFailed(error: unknown): void {
    if (!this.#storageFailed) this.log.error({ err: error }, "storage failed: writes are refused");
    this.#storageFailed = true;
  }

  /** Where the server listens. */
  get ports(): ListeningPorts {
    return this.#listeners[0] ?? NO_PORTS;
  }

  /** Accepts clients on one more address. @throws ListenError */
  listen(options: ListenOptions): Listener {
    const listener = Listener.open({
      host: options.host,
      port: options.port,
      tls: options.tls,
      service: this,
      registry: this.registry,
      limits: this.limits,
      clock: this.clock,
      log: this.log,
      respOnly: options.respOnly ?? false,
      users: this.access.users,
    });
    this.#listeners.push(listener);
    // Instruments that begin now tell of it at once.
    this.numbers.publish(this);
    return listener;
  }

  /**
   * Lets clients read the replies to their requests, closes all connections, then the engine.
   * @param drainMs how long open connections may go on
   */
  close(drainMs: number = DEFAULT_DRAIN_MS): Promise<void> {
    this.#closing ??= this.#close(drainMs);
    return this.#closing;
  }

  async #close(drainMs: number): Promise<void> {
    this.activeExpiry.stop();
    clearInterval(this.#publishing);
    for (const cutCount of await Promise.all(this.#listeners.map((listener) => listener.drain(drainMs)))) {
      tellOfDrain(cutCount, this.log);
    }
    await this.engine.close();
  }
}

function hexDigits(random: Random, count: number): string {
  let digits = "";
  while (digits.length < count) digits += Math.floor(random.next() * 16).toString(16);
  return digits;
}
