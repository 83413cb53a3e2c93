import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Number of lines kept; the file may grow to twice as many before it is cut. */
export const HISTORY_LINES = 1000;

/**
 * The typed lines, in a file that only its owner can read. If the file cannot be read or written, there is no
 * history.
 */
export class History {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Returns the lines kept so far, newest first, as readline expects them. */
  load(): string[] {
    try {
      if (!existsSync(this.#path)) return [];
      const lines = readFileSync(this.#path, "utf8")
        .split("\n")
        .filter((line) => line !== "");
      const kept = lines.slice(-HISTORY_LINES);
      if (lines.length > 2 * HISTORY_LINES)
        writeFileSync(this.#path, `${kept.join("\n")}\n`, { mode: 0o600 });
      return kept.reverse();
    } catch {
      return [];
    }
  }

  /** Adds a line. The caller leaves out lines with passwords. */
  add(line: string): void {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 });
      // Even if another program has created the file.
      chmodSync(this.#path, 0o600);
    } catch {
      // A read-only home must not prevent anyone from working.
    }
  }
}

/** Returns the path of the history: in the state directory of the XDG base directory specification. */
export function historyPath(environment: Readonly<Record<string, string | undefined>>): string {
  const state = environment["XDG_STATE_HOME"];
  // By the specification, relative paths are ignored.
  const base = state?.startsWith("/") === true ? state : join(homedir(), ".local/state");
  return join(base, "glasscache/history");
}
