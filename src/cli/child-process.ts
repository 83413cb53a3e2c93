import type { Subprocess } from "bun";

/** What a child said when it was ready: the field `ready` of its log. */
export interface Ready {
  readonly port: number;
}

/** Lines kept to show when a child ends unasked. */
const KEPT_LINES = 20;

/**
 * One of this program's own subcommands as a process of its own. It ends with this process, however that ends: the
 * child watches its standard input, which closes then.
 */
export class ChildProcess {
  readonly name: string;
  readonly ready: Promise<Ready>;
  /** Resolves with the exit code when the child ends. */
  readonly exited: Promise<number>;
  readonly #child: Subprocess<"pipe", "ignore", "pipe">;
  readonly #lines: string[] = [];

  constructor(args: readonly string[]) {
    this.name = args[0]!;
    this.#child = Bun.spawn(
      [process.execPath, Bun.main, ...args, "--log-format", "json", "--until-input-ends"],
      {
        stdin: "pipe",
        stdout: "ignore",
        stderr: "pipe",
      },
    );
    this.exited = this.#child.exited;
    this.ready = this.#readLog();
    // Whoever waits for it hears of it; it is no fault of its own when nobody does.
    this.ready.catch(() => undefined);
  }

  /** The last messages, for people. */
  get messages(): string {
    return this.#lines.join("\n");
  }

  /** Asks it to end in order, and waits for that. */
  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.exited;
  }

  async #readLog(): Promise<Ready> {
    return await new Promise<Ready>((resolve, reject) => {
      void (async () => {
        let rest = "";
        for await (const chunk of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
          const lines = (rest + chunk).split("\n");
          rest = lines.pop()!;
          for (const line of lines) {
            const ready = this.#keep(line);
            if (ready !== undefined) resolve(ready);
          }
        }
        if (rest !== "") this.#keep(rest);
        await this.exited;
        reject(new Error(this.messages || `glasscache ${this.name} ended before it was ready`));
      })();
    });
  }

  #keep(line: string): Ready | undefined {
    let said: { msg?: string; ready?: Ready; err?: { stack?: string } } = { msg: line };
    try {
      said = JSON.parse(line);
    } catch {
      // Not a line of the log: what the runtime prints, or a message about wrong usage.
    }
    if (said.msg !== undefined) this.#lines.push(said.msg);
    if (said.err?.stack !== undefined) this.#lines.push(said.err.stack);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    return said.ready;
  }
}
