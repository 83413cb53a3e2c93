import { formatPolicy, type PolicyChoice, parsePolicy } from "../cache/registry.ts";
import type { DepartureListener, Engine } from "../engine/engine.ts";
import { type Clock, systemClock } from "../lib/clock.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { type Random, systemRandom } from "../lib/random.ts";
import type { ConnectionLimits } from "../net/limits.ts";
import { DEFAULT_SERVER_LIMITS, type ServerLimits } from "./limits.ts";
import { type ListenOptions, Server } from "./server.ts";

export interface StartOptions extends ListenOptions {
  readonly engine: "lmdb" | "memory";
  /** Where `lmdb` keeps its data. */
  readonly dataDirectory: string;
  /** `lmdb`: whether a write is answered once it is on disk, or disks are written to every second. */
  readonly sync: "always" | "interval";
  /** Memory for entries: all of them, or for `lmdb` those in use. */
  readonly memoryBytes: number;
  readonly policy?: PolicyChoice | undefined;
  /** `memory`: make room when the budget is spent, or refuse writers. */
  readonly whenFull?: "evict" | "refuse" | undefined;
  readonly password?: string | undefined;
  readonly limits?: (ConnectionLimits & Partial<ServerLimits>) | undefined;
  readonly log?: Log | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

export interface RunningServer {
  readonly port: number;
  readonly server: Server;
  /** Lets clients have the replies to what they have asked for, makes everything durable, and ends. */
  close(): Promise<void>;
}

const DEFAULT_POLICY = parsePolicy("s3-fifo");

/**
 * Starts a key-value server that listens.
 * @throws ListenError, or the engine's error when its data cannot be opened
 */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  const { clock = systemClock, random = systemRandom, log = silentLog } = options;
  const openEngine = await engineOpener(options, clock, random);
  const server = Server.create({
    openEngine,
    password: options.password,
    limits: { ...DEFAULT_SERVER_LIMITS, ...options.limits },
    storage: {
      directory: options.engine === "lmdb" ? options.dataDirectory : "",
      sync: options.sync,
      policy: formatPolicy(options.policy ?? DEFAULT_POLICY),
      whenFull: options.whenFull ?? "evict",
    },
    clock,
    random,
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

/** Loads the engine that is wanted, and only that one. */
async function engineOpener(
  options: StartOptions,
  clock: Clock,
  random: Random,
): Promise<(departed: DepartureListener) => Engine> {
  const policy = formatPolicy(options.policy ?? DEFAULT_POLICY);
  const { MemoryEngine } = await import("../engine/memory.ts");
  return (onDeparture) =>
    new MemoryEngine({
      budgetBytes: options.memoryBytes,
      policy,
      whenFull: options.whenFull ?? "evict",
      clock,
      random,
      seed: Math.floor(random.next() * 0x1_0000_0000),
      onDeparture,
    });
}
