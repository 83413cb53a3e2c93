import type { Clock } from "../../lib/clock.ts";

/** A refused request or a wrong password, for ACL LOG. */
export interface Refused {
  readonly reason: "command" | "key" | "channel" | "auth";
  readonly context: "toplevel" | "multi";
  /** The command, key or channel; of a wrong password, the command that gave it. One character a byte. */
  readonly object: string;
  /** One character a byte. */
  readonly username: string;
  /** The client, as CLIENT LIST shows it. */
  readonly clientInfo: string;
}

/** An entry of ACL LOG. */
export interface LogEntry extends Refused {
  readonly id: number;
  readonly count: number;
  /** Unix milliseconds. */
  readonly createdAtMs: number;
  readonly updatedAtMs: number;
}

/** The same thing within this time is one entry. */
const GROUPED_MS = 60_000;
/** How many entries ACL LOG keeps, unless somebody says otherwise, and at most. */
export const USUAL_LOG_ENTRIES = 128;
export const MOST_LOG_ENTRIES = 10_000;
/** How many of the newest entries are searched for the same thing. */
const SEARCHED = 10;

/** What ACL LOG shows: who was refused what. The newest entry is the first. */
export class AccessLog {
  readonly #clock: Clock;
  #entries: LogEntry[] = [];
  readonly #mostEntries: () => number;
  #nextId = 0;
  /** How many requests were refused, by reason, since the start. */
  readonly counts = { command: 0, key: 0, channel: 0, auth: 0 };

  /** @param mostEntries the most entries to keep, at present. A smaller number drops entries with the next one. */
  constructor(clock: Clock, mostEntries: () => number) {
    this.#clock = clock;
    this.#mostEntries = mostEntries;
  }

  add(refused: Refused): void {
    this.counts[refused.reason]++;
    const nowMs = this.#clock.wallMs();
    const at = this.#entries
      .slice(0, SEARCHED)
      .findIndex((entry) => isSame(entry, refused) && nowMs - entry.updatedAtMs <= GROUPED_MS);
    if (at >= 0) {
      const [entry] = this.#entries.splice(at, 1);
      const { clientInfo } = refused;
      this.#entries.unshift({ ...entry!, clientInfo, count: entry!.count + 1, updatedAtMs: nowMs });
      return;
    }
    const mostEntries = this.#mostEntries();
    if (mostEntries > 0) {
      this.#entries.unshift({
        ...refused,
        id: this.#nextId++,
        count: 1,
        createdAtMs: nowMs,
        updatedAtMs: nowMs,
      });
    }
    this.#entries.length = Math.min(this.#entries.length, mostEntries);
  }

  /** The newest entries, the newest first. */
  newest(count: number): readonly LogEntry[] {
    return this.#entries.slice(0, count);
  }

  reset(): void {
    this.#entries = [];
  }
}

function isSame(one: Refused, other: Refused): boolean {
  return (
    one.reason === other.reason &&
    one.context === other.context &&
    one.object === other.object &&
    one.username === other.username
  );
}
