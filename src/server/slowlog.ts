import type { Command } from "../commands/command.ts";
import { shownArguments } from "../commands/shown-arguments.ts";
import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";

/** A slow command. */
export interface SlowCommand {
  /** Counts up from 0, and continues after `clear`. */
  readonly id: number;
  /** Unix seconds. */
  readonly endedAt: number;
  readonly micros: number;
  /** Cut to a maximum length. */
  readonly arguments: readonly Uint8Array[];
  readonly clientAddress: string;
  readonly clientName: string;
}

const DEFAULT_SLOWER_THAN_MICROS = 10_000;
const DEFAULT_LENGTH = 128;

/** The latest slow commands. */
export class Slowlog {
  /** Commands that take at least this long are kept: all of them at 0, none when it is negative. */
  slowerThanMicros = DEFAULT_SLOWER_THAN_MICROS;
  /** Most entries kept. A lower number takes effect with the next entry. */
  maxLength = DEFAULT_LENGTH;
  /** Oldest first. */
  readonly #entries: SlowCommand[] = [];
  #nextId = 0;

  get length(): number {
    return this.#entries.length;
  }

  /**
   * Whether to measure a command. Reading a clock twice is a large part of the time that GET and SET take. So
   * commands that Redis calls fast, and SET, are measured only when the threshold is below the default.
   */
  measures(command: Command<never>): boolean {
    const { slowerThanMicros } = this;
    const { flags, name } = command;
    if (slowerThanMicros >= DEFAULT_SLOWER_THAN_MICROS && (name === "set" || flags.includes("fast")))
      return false;
    return slowerThanMicros >= 0 && !flags.includes("skip_slowlog");
  }

  /** Keeps a command if it took long enough. @param wallMs when it ended */
  executed(request: Request, name: string, connection: Connection, wallMs: number, micros: number): void {
    if (micros < this.slowerThanMicros) return;
    this.#entries.push({
      id: this.#nextId++,
      endedAt: Math.floor(wallMs / 1000),
      micros: Math.floor(micros),
      arguments: shownArguments(request, name),
      clientAddress: connection.remoteAddress,
      clientName: connection.name,
    });
    while (this.#entries.length > this.maxLength) this.#entries.shift();
  }

  /** Returns the latest commands, newest first. */
  newest(count: number): SlowCommand[] {
    return count === 0 ? [] : this.#entries.slice(-count).reverse();
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
