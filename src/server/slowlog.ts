import type { Command } from "../commands/command.ts";
import { secretArguments } from "../commands/monitor-line.ts";
import { utf8 } from "../lib/bytes.ts";
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
/** The largest part of a command that an entry shows; the same as in Redis. */
const MOST_ARGUMENTS = 32;
const MOST_ARGUMENT_BYTES = 128;
const REDACTED = utf8("(redacted)");

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

function shownArguments(request: Request, name: string): Uint8Array[] {
  const secrets = secretArguments(request, name);
  const shown: Uint8Array[] = [];
  const count = request.count > MOST_ARGUMENTS ? MOST_ARGUMENTS - 1 : request.count;
  for (let index = 0; index < count; index++) {
    shown.push(secrets.has(index) ? REDACTED : shownArgument(request, index));
  }
  if (count < request.count) shown.push(utf8(`... (${request.count - count} more arguments)`));
  return shown;
}

function shownArgument(request: Request, index: number): Uint8Array {
  const whole = request.view(index);
  if (whole.length <= MOST_ARGUMENT_BYTES) return request.copy(index);
  const note = utf8(`... (${whole.length - MOST_ARGUMENT_BYTES} more bytes)`);
  const cut = new Uint8Array(MOST_ARGUMENT_BYTES + note.length);
  cut.set(whole.subarray(0, MOST_ARGUMENT_BYTES));
  cut.set(note, MOST_ARGUMENT_BYTES);
  return cut;
}
