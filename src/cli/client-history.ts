import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

/** Lines that are kept; the file may grow to twice as many before it is cut. */
export const HISTORY_LINES = 1000;

/**
 * What was typed, kept in a file that only its owner can read. Where the file cannot be read or written there is
 * simply no history.
 */
export class History {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The lines kept so far, the newest first, as readline wants them. */
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

  /** The caller leaves out what holds a password. */
  add(line: string): void {
    try {
      mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
      appendFileSync(this.#path, `${line}\n`, { mode: 0o600 });
      // Also where it was made by something else.
      chmodSync(this.#path, 0o600);
    } catch {
      // A home that cannot be written to must not keep anybody from working.
    }
  }
}

/** Where the history lies: in the state directory of the XDG base directory specification. */
export function historyPath(environment: Readonly<Record<string, string | undefined>>): string {
  const state = environment["XDG_STATE_HOME"];
  // The specification has relative paths ignored.
  const base = state?.startsWith("/") === true ? state : join(homedir(), ".local/state");
  return join(base, "glasscache/history");
}
