import { join } from "node:path";
import { awaited } from "./until.ts";

const LAUNCHER = join(import.meta.dir, "../../bin/glasscache");

export interface Finished {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** Tests run beside each other: without a port for it, none of them has the default admin port. */
export const NO_ADMIN_PORT = { GLASSCACHE_PROXY_ADMIN: "off", GLASSCACHE_SERVER_ADMIN: "off" } as const;

/** The environment without what would configure the program, but for the admin port. */
export function cleanEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const own = Object.entries(process.env).filter(
    ([name, value]) => value !== undefined && !/^(?:GLASSCACHE_|NO_COLOR$|FORCE_COLOR$)/.test(name),
  );
  return { ...(Object.fromEntries(own) as Record<string, string>), ...NO_ADMIN_PORT, ...more };
}

/** Runs `glasscache` as users do, to its end. */
export async function runGlasscache(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { stdout, ...rest } = await runGlasscacheForBytes(args, options);
  return { ...rest, stdout: new TextDecoder().decode(stdout) };
}

/** As `runGlasscache`, for output that is no text. */
export async function runGlasscacheForBytes(
  args: readonly string[],
  { stdin = "", env = {}, cwd = process.cwd() }: RunOptions = {},
): Promise<Omit<Finished, "stdout"> & { readonly stdout: Uint8Array }> {
  const child = Bun.spawn([LAUNCHER, ...args], {
    cwd,
    env: cleanEnvironment(env),
    stdin: typeof stdin === "string" ? new TextEncoder().encode(stdin) : stdin,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr] = await Promise.all([child.stdout.bytes(), child.stderr.text()]);
  await child.exited;
  return { code: child.signalCode ?? child.exitCode ?? 0, stdout, stderr };
}

/** `glasscache` on a terminal of its own. What it shows is kept, control sequences included. */
export class TerminalSession implements AsyncDisposable {
  shown = "";
  readonly #child: ReturnType<typeof spawnOnTerminal>;
  #wake: () => void = () => {};

  constructor(
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    { columns = 120, rows = 40 }: { readonly columns?: number; readonly rows?: number } = {},
  ) {
    this.#child = spawnOnTerminal(args, env, columns, rows, (text) => {
      this.shown += text;
      this.#wake();
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Gives the terminal another size. */
  resize(columns: number, rows: number): void {
    this.#child.terminal!.resize(columns, rows);
  }

  /** Presses keys. */
  type(keys: string): void {
    this.#child.terminal!.write(keys);
  }

  /**
   * Waits until `text` is shown behind what earlier calls have waited for.
   * @returns what came before it
   */
  async until(text: string): Promise<string> {
    for (;;) {
      const at = this.shown.indexOf(text, this.#seen);
      if (at >= 0) {
        const before = this.shown.slice(this.#seen, at);
        this.#seen = at + text.length;
        return before;
      }
      const what = () => `${JSON.stringify(text)} on a terminal that shows ${JSON.stringify(this.shown)}`;
      const change = Promise.race([
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        this.#child.exited.then((code) => {
          if (this.shown.indexOf(text, this.#seen) >= 0) return;
          throw new Error(`ended with code ${code} before it showed ${JSON.stringify(text)}:\n${this.shown}`);
        }),
      ]);
      await awaited(change, what);
    }
  }
  #seen = 0;

  /** @returns the exit code */
  get exited(): Promise<number> {
    return this.#child.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    this.#child.terminal!.close();
  }
}

function spawnOnTerminal(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cols: number,
  rows: number,
  shown: (text: string) => void,
) {
  const decoder = new TextDecoder();
  return Bun.spawn([LAUNCHER, ...args], {
    env: cleanEnvironment({ TERM: "xterm", ...env }),
    terminal: { cols, rows, data: (_, data) => shown(decoder.decode(data, { stream: true })) },
  });
}
