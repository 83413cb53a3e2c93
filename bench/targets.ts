import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { IssuedIdentity } from "../test/support/certificates.ts";
import { freePort, Program, TemporaryDirectory } from "../test/support/program.ts";

/** Servers run on one CPU; the load and the origins behind proxies run on the other. */
export const SERVER_CPU = "0";
export const LOAD_CPU = "1";

const LAUNCHER = fileURLToPath(new URL("../bin/glasscache", import.meta.url));

export type Wire = "resp" | "text" | "memcached";

/** The environment that puts one of our programs under a probe. */
export type Probe = Readonly<Record<string, string>>;

/** A program under measurement. */
export interface Target {
  readonly name: string;
  readonly wire: Wire;
  readonly port: number;
  readonly pid: number;
  /** Where keys must be written before reads are measured: the target itself, or the origin behind it. */
  readonly fillPort: number;
  /** Whether to measure SET. */
  readonly writes: boolean;
  /** Whether reads use so many keys that no cache in the target can hold them. */
  readonly missesOnly: boolean;
  /** Whether to measure only reads of keys that differ in popularity. */
  readonly zipf: boolean;
  stop(): Promise<void>;
}

/** A program that can be measured and stopped. */
export interface Started {
  readonly pid: number;
  kill(): Promise<void>;
}

function pinned(cpu: string, command: readonly string[]): string[] {
  return ["taskset", "-c", cpu, ...command];
}

export async function redis(
  cpu: string,
  args: readonly string[],
): Promise<{ program: Program; port: number }> {
  const port = await freePort();
  const command = ["redis-server", "--port", String(port), "--bind", "127.0.0.1", "--save", "", ...args];
  const { program } = await Program.start(pinned(cpu, command), (line) =>
    line.includes("Ready to accept connections") ? true : undefined,
  );
  return { program, port };
}

export async function glasscache(
  cpu: string,
  args: readonly string[],
  probe: Probe = {},
): Promise<{ program: Program; port: number }> {
  const { program, ready } = await Program.start(
    pinned(cpu, [LAUNCHER, args[0]!, "--host", "127.0.0.1", "--port", "0", ...args.slice(1)]),
    (line) => (line.includes('"ready"') ? (JSON.parse(line).ready.port as number) : undefined),
    { env: { GLASSCACHE_LOG_FORMAT: "json", ...probe } },
  );
  return { program, port: ready };
}

export async function redisTarget(): Promise<Target> {
  const { program, port } = await redis(SERVER_CPU, []);
  return target("redis-server", "resp", program, port, { writes: true });
}

/** The same with TLS, which asks for no certificate of clients. */
export async function secureRedisTarget(identity: IssuedIdentity): Promise<Target> {
  const { program, port } = await secureRedis(SERVER_CPU, identity);
  return target("redis-server", "resp", program, port, { writes: true });
}

/** @returns its port with TLS */
export async function secureRedis(
  cpu: string,
  { certificatePath, keyPath }: IssuedIdentity,
): Promise<{ program: Program; port: number }> {
  const port = await freePort();
  const files = ["--tls-cert-file", certificatePath, "--tls-key-file", keyPath];
  const more = ["--tls-ca-cert-file", certificatePath, "--tls-auth-clients", "no"];
  const { program } = await redis(cpu, ["--tls-port", String(port), ...files, ...more]);
  return { program, port };
}

export async function redisDurableTarget(): Promise<Target> {
  const directory = new TemporaryDirectory();
  const { program, port } = await redis(SERVER_CPU, [
    ...["--appendonly", "yes", "--appendfsync", "always", "--dir", directory.path],
  ]);
  return target("redis-server, appendfsync always", "resp", program, port, { writes: true }, async () => {
    directory[Symbol.dispose]();
  });
}

export async function memcachedTarget(): Promise<Target> {
  const port = await freePort();
  const user = process.getuid?.() === 0 ? ["-u", "root"] : [];
  const program = await startSilent(port, [
    ...["memcached", "-l", "127.0.0.1", "-p", String(port), "-U", "0", "-t", "1", "-c", "12000"],
    ...user,
  ]);
  return target("memcached, 1 thread", "memcached", program, port, { writes: true });
}

/** @param more further arguments */
export async function serverTarget(
  engine: "memory" | "lmdb",
  probe?: Probe,
  more: readonly string[] = [],
): Promise<Target> {
  const directory = new TemporaryDirectory();
  const args = engine === "lmdb" ? ["--data", directory.path, "--sync", "always", ...more] : more;
  const { program, port } = await glasscache(SERVER_CPU, ["server", "--engine", engine, ...args], probe);
  const name = engine === "memory" ? "our server, memory" : "our server, lmdb, sync always";
  return target(name, "resp", program, port, { writes: true }, async () => directory[Symbol.dispose]());
}

/** @param more further arguments */
export async function proxyHitTarget(
  wire: "resp" | "text",
  probe?: Probe,
  more: readonly string[] = [],
): Promise<Target> {
  const origin = await redis(LOAD_CPU, []);
  const args = ["proxy", "--threads", "1", "--origin", `127.0.0.1:${origin.port}`, ...more];
  const proxy = await glasscache(SERVER_CPU, args, probe);
  const name = wire === "resp" ? "our proxy, hits" : "our proxy, hits, text protocol";
  return target(
    name,
    wire,
    proxy.program,
    proxy.port,
    { fillPort: origin.port, writes: wire === "resp" },
    () => origin.program.kill(),
  );
}

/**
 * Starts a proxy with one or two threads, both on the server's CPU: shows what a second thread costs in locks,
 * wake-ups and memory of its own. `shared-store.ts` measures the cost of sharing the cache between two CPUs.
 */
export async function proxyThreadsTarget(threads: 1 | 2): Promise<Target> {
  const origin = await redis(LOAD_CPU, []);
  const args = ["proxy", "--threads", String(threads), "--origin", `127.0.0.1:${origin.port}`];
  const proxy = await glasscache(SERVER_CPU, args);
  const name = threads === 1 ? "our proxy, one thread" : "our proxy, two threads";
  const options = { fillPort: origin.port, zipf: true };
  return target(name, "resp", proxy.program, proxy.port, options, () => origin.program.kill());
}

export async function proxyMissTarget(): Promise<Target> {
  const origin = await redis(LOAD_CPU, []);
  const proxy = await glasscache(SERVER_CPU, [
    ...[
      "proxy",
      "--threads",
      "1",
      "--origin",
      `127.0.0.1:${origin.port}`,
      "--memory",
      "1mb",
      "--policy",
      "lru",
    ],
  ]);
  return target(
    "our proxy, every GET a miss",
    "resp",
    proxy.program,
    proxy.port,
    { fillPort: origin.port, missesOnly: true },
    () => origin.program.kill(),
  );
}

export async function nutcrackerTarget(): Promise<Target> {
  const origin = await redis(LOAD_CPU, []);
  const directory = new TemporaryDirectory();
  const port = await freePort();
  const statsPort = await freePort();
  const file = `${directory.path}/nutcracker.yml`;
  writeFileSync(
    file,
    `bench:\n  listen: 127.0.0.1:${port}\n  redis: true\n  hash: fnv1a_64\n  distribution: ketama\n  servers:\n   - 127.0.0.1:${origin.port}:1\n`,
  );
  const program = await startSilent(port, [
    ...["nutcracker", "-c", file, "-a", "127.0.0.1", "-s", String(statsPort)],
    ...["-o", `${directory.path}/log`, "-p", `${directory.path}/pid`],
  ]);
  return target(
    "nutcracker (twemproxy)",
    "resp",
    program,
    port,
    { fillPort: origin.port, missesOnly: true, writes: true },
    async () => {
      directory[Symbol.dispose]();
      await origin.program.kill();
    },
  );
}

/** Starts a server that answers every event with a fixed reply and parses nothing, to measure the runtime itself. */
export async function floorTarget(probe: Probe = {}): Promise<Target> {
  const { program, port } = await script("./floor.ts", [], probe);
  return target("the runtime's floor", "resp", program, port, {});
}

/**
 * Starts a program that passes requests of one operation on to the nodes, and does nothing else, to measure what sockets
 * cost.
 */
export async function relay(
  operation: "get" | "set",
  nodes: readonly number[],
): Promise<{ program: Program; port: number }> {
  return script("./relay.ts", [operation, ...nodes.map(String)]);
}

/** Starts a script of this folder, which prints `port N` once it listens. */
async function script(
  name: string,
  args: readonly string[],
  probe: Probe = {},
): Promise<{ program: Program; port: number }> {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const { program, ready } = await Program.start(
    pinned(SERVER_CPU, [process.execPath, path, ...args]),
    (line) => (line.startsWith("port ") ? Number(line.slice(5)) : undefined),
    { env: { ...probe } },
  );
  return { program, port: ready };
}

/** Starts a program that prints nothing when it is ready; it is ready when it accepts connections. */
export async function startSilent(port: number, command: readonly string[]): Promise<Started> {
  const child = Bun.spawn(pinned(SERVER_CPU, command), {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "inherit",
  });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await child.exited;
  };
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port, socket: { data() {} } });
      socket.terminate();
      return { pid: child.pid, kill };
    } catch {
      await Bun.sleep(25);
    }
  }
  await kill();
  throw new Error(`${command[0]} does not listen on port ${port}`);
}

function target(
  name: string,
  wire: Wire,
  program: Started,
  port: number,
  options: { fillPort?: number; writes?: boolean; missesOnly?: boolean; zipf?: boolean },
  also: () => Promise<void> = async () => {},
): Target {
  return {
    name,
    wire,
    port,
    pid: program.pid,
    fillPort: options.fillPort ?? port,
    writes: options.writes ?? false,
    missesOnly: options.missesOnly ?? false,
    zipf: options.zipf ?? false,
    async stop() {
      await program.kill();
      await also();
    },
  };
}
