import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Subprocess } from "bun";
import { NO_ADMIN_PORT } from "./command-line.ts";

export interface ProgramOptions {
  readonly cwd?: string;
  readonly env?: Record<string, string>;
  /** How long the program may take to become ready; generous, as machines under load are slow. */
  readonly readyWithinMs?: number;
}

/** What a line of the output says: the program is ready (a value), or nothing about that (undefined). */
export type ReadyLine<T> = (line: string) => T | undefined;

/**
 * A program that a test has started. What it printed is kept, and shown when it does not become ready or ends
 * unasked; `GLASSCACHE_TEST_LOGS=1` shows it in any case. It is killed when it is disposed of.
 */
export class Program {
  readonly command: readonly string[];
  readonly #child: Subprocess<"ignore", "pipe", "pipe">;
  readonly #lines: string[] = [];
  readonly #drained: Promise<unknown>;
  #onLine: (line: string) => void = () => {};
  // Until it is ready: then whoever waits for that is told.
  #isExpectedToEnd = true;

  private constructor(command: readonly string[], options: ProgramOptions) {
    this.command = command;
    this.#child = Bun.spawn([...command], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...NO_ADMIN_PORT, ...options.env },
    });
    this.#drained = Promise.all([this.#collect(this.#child.stdout), this.#collect(this.#child.stderr)]);
    void this.#child.exited.then(async () => {
      await this.#drained;
      if (!this.#isExpectedToEnd) console.error(`${this.#description()} ended unasked\n${this.output}`);
      else if (process.env["GLASSCACHE_TEST_LOGS"] === "1") console.error(this.output);
    });
  }

  /**
   * Starts a program and waits for the line that says it is ready.
   * @throws Error with its output when it ends before, or takes too long
   */
  static async start<T>(
    command: readonly string[],
    ready: ReadyLine<T>,
    options: ProgramOptions = {},
  ): Promise<{ program: Program; ready: T }> {
    const program = new Program(command, options);
    const { readyWithinMs = 20_000 } = options;
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      const value = await new Promise<T>((resolve, reject) => {
        program.#onLine = (line) => {
          const said = ready(line);
          if (said !== undefined) resolve(said);
        };
        timer = setTimeout(
          () => reject(new Error(`was not ready within ${readyWithinMs} ms`)),
          readyWithinMs,
        );
        void program.#child.exited.then(async () => {
          await program.#drained;
          reject(new Error(`ended with ${program.#child.signalCode ?? `code ${program.#child.exitCode}`}`));
        });
      });
      program.#isExpectedToEnd = false;
      return { program, ready: value };
    } catch (error) {
      await program.kill();
      throw new ProgramError(`${program.#description()} ${(error as Error).message}\n${program.output}`);
    } finally {
      clearTimeout(timer);
      program.#onLine = () => {};
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Everything printed so far, standard output and standard error in the order of arrival. */
  get output(): string {
    return this.#lines.join("\n");
  }

  /** Sends a signal after which the program may go on. */
  signal(signal: "SIGSTOP" | "SIGCONT" | "SIGHUP" | "SIGUSR1"): void {
    process.kill(this.pid, signal);
  }

  /** Asks it to end and waits until it has. @returns its exit code, or the signal's name */
  async end(signal: "SIGTERM" | "SIGINT" = "SIGTERM"): Promise<number | string> {
    this.#isExpectedToEnd = true;
    this.#child.kill(signal);
    await this.#child.exited;
    await this.#drained;
    return this.#child.signalCode ?? this.#child.exitCode ?? 0;
  }

  /** Waits until it ends by itself. @returns its exit code, or the signal's name */
  async exited(): Promise<number | string> {
    this.#isExpectedToEnd = true;
    await this.#child.exited;
    await this.#drained;
    return this.#child.signalCode ?? this.#child.exitCode ?? 0;
  }

  /** SIGKILL, and waits until it is gone. Also of use on a stopped program, and on one that has ended. */
  async kill(): Promise<void> {
    this.#isExpectedToEnd = true;
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    await this.#drained;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  #description(): string {
    return `\`${this.command.join(" ")}\``;
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    let unfinished = "";
    for await (const chunk of stream) {
      unfinished += decoder.decode(chunk, { stream: true });
      const lines = unfinished.split("\n");
      unfinished = lines.pop() ?? "";
      for (const line of lines) this.#line(line);
    }
    if (unfinished !== "") this.#line(unfinished);
  }

  #line(line: string): void {
    this.#lines.push(line);
    this.#onLine(line);
  }
}

/** A program did not become ready. The message holds what it printed. */
export class ProgramError extends Error {
  override name = "ProgramError";
}

/** A port that nobody listens on at this moment, for programs that cannot choose one themselves. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

/** A directory that vanishes, with all it holds, when it is disposed of. */
export class TemporaryDirectory {
  readonly path: string = mkdtempSync(join(tmpdir(), "glasscache-test-"));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
