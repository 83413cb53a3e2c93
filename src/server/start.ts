import type { User } from "../commands/acl/user.ts";
import type { Engine, RemovalListener } from "../engine/engine.ts";
import type { ServerSource } from "../instruments/instruments-source.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { drawHashKey } from "../lib/hash-key.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { type Random, systemRandom } from "../lib/random.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import { readClock, steadyClock } from "../lib/steady-clock.ts";
import type { ServerTls } from "../lib/tls.ts";
import type { ConnectionLimits } from "../net/limits.ts";
import type { UsersStart } from "../net/users-file.ts";
import { DEFAULT_POLICY, formatPolicy, type PolicyChoice, parsePolicy } from "../policy/registry.ts";
import { giveBeats } from "./beats.ts";
import type { StorageSettings } from "./commands/admin.ts";
import type { DebugAccess } from "./debug-access.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import { type ListenOptions, Server } from "./server.ts";
import { changeSettings } from "./settings-change.ts";

export interface StartOptions extends ListenOptions, UsersStart {
  readonly engine: "lmdb" | "memory";
  /** Directory of `lmdb`'s data. */
  readonly dataDirectory: string;
  /** `lmdb`: `always` answers a write once it is on disk; `interval` writes to disk every second. */
  readonly sync: "always" | "interval";
  /** `lmdb`: go on with the readable part of damaged data; else starting fails. */
  readonly isRecovering?: boolean | undefined;
  /** Memory for entries, in bytes: for all entries, or with `lmdb` for those in use. */
  readonly memoryBytes: number;
  /** The largest `memoryBytes` that can be set while the server runs; `memoryBytes` by default. */
  readonly maxMemoryBytes?: number | undefined;
  readonly policy?: PolicyChoice | undefined;
  /** `memory`: make room when the budget is spent, or refuse writes. */
  readonly whenFull?: "evict" | "refuse" | undefined;
  /** How long open connections may go on when the server ends; 5 seconds by default. */
  readonly drainMs?: number | undefined;
  /** Which clients may use DEBUG; none by default. */
  readonly debugAccess?: DebugAccess | undefined;
  readonly limits?: (ConnectionLimits & Partial<ServerLimits>) | undefined;
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Secret of the hash of keys in memory; random by default. */
  readonly hashKey?: HashKey | undefined;
}

export interface RunningServer {
  /** What instruments read. Read it when they start: it tells the time. */
  readonly source: ServerSource;
  /** The instruments of a server hold no locks. */
  recover(): void;
  readonly port: number;
  /** The port with TLS; undefined: there is none. */
  readonly tlsPort: number | undefined;
  readonly server: Server;
  /** Uses another certificate for new clients, as `Listener.replaceTls`. */
  replaceTls(settings: ServerTls): void;
  /** Takes these users in place of all there are. */
  replaceUsers(users: readonly User[]): void;
  /** Changes settings, as `changeSettings`. */
  change(changes: Parameters<typeof changeSettings>[1]): void;
  /** Lets clients read the replies to their requests, makes everything durable, and ends. */
  close(): Promise<void>;
}

/**
 * Starts a key-value server that listens.
 * @throws ListenError, or the engine's error when its data cannot be opened
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { clock = systemClock, random = systemRandom, log = silentLog, hashKey = drawHashKey() } = options;
  const storage: StorageSettings = {
    directory: options.engine === "lmdb" ? options.dataDirectory : "",
    sync: options.sync,
    policy: formatPolicy(options.policy ?? parsePolicy(DEFAULT_POLICY)),
    whenFull: options.whenFull ?? "evict",
  };
  const { memoryBytes, maxMemoryBytes, isRecovering = false } = options;
  const server = Server.create({
    openEngine: await engineOpener(storage, {
      ...{ memoryBytes, maxMemoryBytes, isRecovering },
      ...{ clock, random, hashKey, log },
    }),
    password: options.password,
    usersFile: options.usersFile,
    debugAccess: options.debugAccess,
    limits: { ...DEFAULT_SERVER_LIMITS, ...options.limits },
    storage,
    clock,
    random,
    hashKey,
    log,
  });
  try {
    const listener = server.listen(options);
    const { port, tlsPort } = listener;
    const steady = steadyClock(clock);
    const { beats, stop } = giveBeats(server, steady);
    return {
      ...{ port, tlsPort, server },
      replaceTls: (settings) => listener.replaceTls(settings),
      replaceUsers: (users) => server.access.replaceUsers(users),
      change: (changes) => changeSettings(server, changes),
      get source() {
        const users = server.usersText.buffer;
        return {
          kind: "server",
          ...{ users, beats },
          numbers: server.numbers.buffer,
          clock: readClock(steady),
        } as const;
      },
      recover() {},
      async close() {
        stop();
        await server.close(options.drainMs);
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

interface OpenerOptions {
  readonly memoryBytes: number;
  readonly maxMemoryBytes: number | undefined;
  readonly isRecovering: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly hashKey: HashKey;
  readonly log: Log;
}

/** Loads the wanted engine, and only that one. */
async function engineOpener(
  { directory, sync, policy, whenFull }: StorageSettings,
  { memoryBytes, maxMemoryBytes, isRecovering, clock, random, hashKey, log }: OpenerOptions,
): Promise<(onRemoval: RemovalListener, failed: (error: Error) => void) => Engine> {
  if (directory === "") {
    const { MemoryEngine } = await import("../engine/memory.ts");
    return (onRemoval) =>
      new MemoryEngine({
        ...{ budgetBytes: memoryBytes, mostBudgetBytes: maxMemoryBytes },
        ...{ policy, whenFull, clock, random, hashKey, onRemoval },
      });
  }
  const { LmdbEngine } = await import("../engine/lmdb.ts");
  // The server does not exist yet. Keys that expired before the data was opened need no listener; a failure is kept
  // for it.
  let listener: RemovalListener = () => undefined;
  const onRemoval: RemovalListener = (key, cause) => listener(key, cause);
  let failure: Error | undefined;
  let onFailure = (error: Error): void => {
    failure = error;
  };
  const engine = await LmdbEngine.open({
    directory,
    sync,
    arenaBytes: memoryBytes,
    mostArenaBytes: maxMemoryBytes,
    policy,
    clock,
    random,
    onRemoval,
    isRecovering,
    onFailure: (error) => onFailure(error),
    log,
  });
  const { journaledWrites, voidBytes } = engine.recovery;
  if (journaledWrites > 0)
    log.info({ journaledWrites }, "recovered writes that had not reached the database");
  if (voidBytes > 0)
    log.warn({ voidBytes }, "dropped the end of the journal, which a crash had left unfinished");
  return (serverListener, failed) => {
    listener = serverListener;
    onFailure = failed;
    if (failure !== undefined) failed(failure);
    return engine;
  };
}
