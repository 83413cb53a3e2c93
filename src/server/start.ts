import type { DepartureListener, Engine } from "../engine/engine.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { drawHashKey } from "../lib/hash-key.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { type Random, systemRandom } from "../lib/random.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import type { ConnectionLimits } from "../net/limits.ts";
import { DEFAULT_POLICY, formatPolicy, type PolicyChoice, parsePolicy } from "../policy/registry.ts";
import type { StorageSettings } from "./commands/admin.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import { type ListenOptions, Server } from "./server.ts";

export interface StartOptions extends ListenOptions {
  readonly engine: "lmdb" | "memory";
  /** Where `lmdb` keeps its data. */
  readonly dataDirectory: string;
  /** `lmdb`: whether a write is answered once it is on disk, or disks are written to every second. */
  readonly sync: "always" | "interval";
  /** `lmdb`: go on with what can be read where the data is damaged; else starting fails. */
  readonly isRecovering?: boolean | undefined;
  /** Memory for entries: all of them, or for `lmdb` those in use. */
  readonly memoryBytes: number;
  /** What that may be set to while the server runs; by default no more. */
  readonly maxMemoryBytes?: number | undefined;
  readonly policy?: PolicyChoice | undefined;
  /** `memory`: make room when the budget is spent, or refuse writers. */
  readonly whenFull?: "evict" | "refuse" | undefined;
  readonly password?: string | undefined;
  readonly limits?: (ConnectionLimits & Partial<ServerLimits>) | undefined;
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  /** Secret; of the hashes of keys in memory. Drawn by default. */
  readonly hashKey?: HashKey | undefined;
}

export interface RunningServer {
  readonly port: number;
  readonly server: Server;
  /** Lets clients have the replies to what they have asked for, makes everything durable, and ends. */
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
    limits: { ...DEFAULT_SERVER_LIMITS, ...options.limits },
    storage,
    clock,
    random,
    hashKey,
    log,
  });
  try {
    const { port } = server.listen(options);
    return { port, server, close: () => server.close() };
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

/** Loads the engine that is wanted, and only that one. */
async function engineOpener(
  { directory, sync, policy, whenFull }: StorageSettings,
  { memoryBytes, maxMemoryBytes, isRecovering, clock, random, hashKey, log }: OpenerOptions,
): Promise<(departed: DepartureListener, failed: (error: Error) => void) => Engine> {
  if (directory === "") {
    const { MemoryEngine } = await import("../engine/memory.ts");
    return (onDeparture) =>
      new MemoryEngine({
        ...{ budgetBytes: memoryBytes, mostBudgetBytes: maxMemoryBytes },
        ...{ policy, whenFull, clock, random, hashKey, onDeparture },
      });
  }
  const { LmdbEngine } = await import("../engine/lmdb.ts");
  // Nobody is there yet to hear of what had expired before the data was opened, or of a disk that fails meanwhile.
  let listener: DepartureListener = () => undefined;
  const onDeparture: DepartureListener = (key, departure) => listener(key, departure);
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
    onDeparture,
    isRecovering,
    onFailure: (error) => onFailure(error),
    log,
  });
  const { journaledWrites, voidBytes } = engine.recovery;
  if (journaledWrites > 0) log.info({ journaledWrites }, "took in writes that had not reached the database");
  if (voidBytes > 0)
    log.warn({ voidBytes }, "dropped the end of the journal, which a crash had left unfinished");
  return (departed, failed) => {
    listener = departed;
    onFailure = failed;
    if (failure !== undefined) failed(failure);
    return engine;
  };
}
