/** Real programs as tests need them: Redis and memcached of the machine, our own server and proxy. */
import { join } from "node:path";
import type { IssuedIdentity } from "./certificates.ts";
import { freePort, Program, ProgramError, type ProgramOptions, TemporaryDirectory } from "./program.ts";
import { requireProgram } from "./requirements.ts";

const ROOT = join(import.meta.dir, "../..");
const START_ATTEMPTS = 5;

/** A server on a port of 127.0.0.1, in a process of its own. */
export class RunningServer implements AsyncDisposable {
  readonly port: number;
  readonly #start: () => Promise<Program>;
  readonly #directory: TemporaryDirectory;
  #program: Program;

  private constructor(
    port: number,
    program: Program,
    directory: TemporaryDirectory,
    start: () => Promise<Program>,
  ) {
    this.port = port;
    this.#program = program;
    this.#directory = directory;
    this.#start = start;
  }

  /**
   * @param start starts the program on that port (0: one of its own choice), with its data in that directory
   */
  static async start(
    start: (port: number, directory: string) => Promise<{ program: Program; ready: number }>,
  ): Promise<RunningServer> {
    const directory = new TemporaryDirectory();
    try {
      const { program, ready: port } = await start(0, directory.path);
      return new RunningServer(
        port,
        program,
        directory,
        async () => (await start(port, directory.path)).program,
      );
    } catch (error) {
      directory[Symbol.dispose]();
      throw error;
    }
  }

  get program(): Program {
    return this.#program;
  }

  /** Where its data lies; kept over restarts. */
  get directory(): string {
    return this.#directory.path;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    await this.#program.kill();
  }

  /** Starts it again, on the same port and data, after it has ended. */
  async restart(): Promise<void> {
    this.#program = await this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#program.kill();
    this.#directory[Symbol.dispose]();
  }
}

/**
 * A Redis that keeps nothing on disk unless `args` say otherwise.
 * @param args further arguments of `redis-server`
 */
export function startRedis({ args = [] }: { args?: readonly string[] } = {}): Promise<RunningServer> {
  return startRedisOn((port) => ["--port", port], args);
}

/** The same with TLS alone, for clients with certificates. @param authorities path of those who vouch for them */
export function startSecureRedis({
  identity: { certificatePath, keyPath },
  authorities,
}: {
  readonly identity: IssuedIdentity;
  readonly authorities: string;
}): Promise<RunningServer> {
  const files = ["--tls-cert-file", certificatePath, "--tls-key-file", keyPath];
  return startRedisOn(
    (port) => ["--port", "0", "--tls-port", port],
    [...files, "--tls-ca-cert-file", authorities],
  );
}

function startRedisOn(
  listening: (port: string) => readonly string[],
  args: readonly string[],
): Promise<RunningServer> {
  const { path } = requireProgram("redis-server");
  return RunningServer.start((port, directory) =>
    onPort(port, (chosen) =>
      Program.start(
        [
          path,
          ...[...listening(String(chosen)), "--bind", "127.0.0.1", "--dir", directory],
          ...["--save", "", "--appendonly", "no", "--loglevel", "notice"],
          ...args,
        ],
        (line) => (line.includes("Ready to accept connections") ? chosen : undefined),
      ),
    ),
  );
}

/** @param args further arguments of `memcached` */
export function startMemcached({ args = [] }: { args?: readonly string[] } = {}): Promise<RunningServer> {
  const { path } = requireProgram("memcached");
  // Daemons as root want to be told whom to become.
  const user = process.getuid?.() === 0 ? ["-u", "root"] : [];
  return RunningServer.start((port) =>
    onPort(port, (chosen) =>
      Program.start(
        [path, "-l", "127.0.0.1", "-p", String(chosen), "-U", "0", "-vv", ...user, ...args],
        (line) => (/server listening/.test(line) ? chosen : undefined),
      ),
    ),
  );
}

/**
 * Our server or proxy as users start it, on a free port of 127.0.0.1.
 * @param args the subcommand and its options; a server's data goes into a temporary directory
 */
export function startGlasscache(
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<RunningServer> {
  const [subcommand, ...rest] = args;
  return RunningServer.start((port, directory) =>
    Program.start(
      [
        join(ROOT, "bin/glasscache"),
        subcommand!,
        ...["--host", "127.0.0.1", "--port", String(port)],
        ...(subcommand === "server" ? ["--data", join(directory, "data")] : []),
        ...rest,
      ],
      readyPort,
      { ...options, env: { GLASSCACHE_LOG_FORMAT: "json", ...options.env } },
    ),
  );
}

/** The port in the line of the log that says that a server or proxy listens. */
function readyPort(line: string): number | undefined {
  if (!line.includes('"ready"')) return undefined;
  return (JSON.parse(line) as { ready: { port: number } }).ready.port;
}

/** Tries free ports until a program gets one: another process may take it between the choice and the start. */
export async function onPort<T>(port: number, start: (chosen: number) => Promise<T>): Promise<T> {
  if (port !== 0) return start(port);
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort());
    } catch (error) {
      const isTaken = error instanceof ProgramError && /address (?:already )?in use/i.test(error.message);
      if (!isTaken || attempt === START_ATTEMPTS) throw error;
    }
  }
}
