import type { Subprocess } from "bun";

/** The field `ready` of a child's log, written when it is ready. */
export interface Ready {
  readonly port: number;
  /** Whether a line about the admin port follows. */
  readonly hasAdmin?: boolean;
  /** Where the admin port listens; undefined: there is none. */
  readonly admin?: AdminAddress | undefined;
}

interface AdminAddress {
  readonly host: string;
  readonly port: number;
}

/** What is read of a line of the log. */
interface LogLine {
  readonly msg?: string;
  readonly ready?: Ready;
  /** "off": the admin port could not be opened. */
  readonly admin?: AdminAddress | "off";
  readonly err?: { readonly stack?: string };
}

/** Lines kept, to show them if a child ends unexpectedly. */
const KEPT_LINES = 20;

/**
 * A subcommand of this program in a process of its own. It ends with this process in any case: the child watches its
 * standard input, which closes then.
 */
export class ChildProcess {
  readonly name: string;
  readonly ready: Promise<Ready>;
  /** Resolves with the exit code when the child ends. */
  readonly exited: Promise<number>;
  readonly #child: Subprocess<"pipe", "ignore", "pipe">;
  readonly #lines: string[] = [];
  /** The service is ready, its admin port not yet. */
  #halfReady: Ready | undefined;

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
    // Awaiting `ready` reports the failure; if nothing awaits it, it must not count as unhandled.
    this.ready.catch(() => undefined);
  }

  /** The last messages, to show to the user. */
  get messages(): string {
    return this.#lines.join("\n");
  }

  /** Asks the child to shut down, and waits until it has ended. */
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
    let said: LogLine = { msg: line };
    try {
      said = JSON.parse(line);
    } catch {
      // Not a line of the log: output of the runtime, or a message about wrong usage.
    }
    if (said.msg !== undefined) this.#lines.push(said.msg);
    if (said.err?.stack !== undefined) this.#lines.push(said.err.stack);
    if (this.#lines.length > KEPT_LINES) this.#lines.shift();
    if (said.ready !== undefined) {
      if (said.ready.hasAdmin !== true) return said.ready;
      this.#halfReady = said.ready;
    }
    if (said.admin === undefined || this.#halfReady === undefined) return undefined;
    return { ...this.#halfReady, admin: said.admin === "off" ? undefined : said.admin };
  }
}
