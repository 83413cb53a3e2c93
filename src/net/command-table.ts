import type { ReplyWriter, Request } from "../protocol/protocol.ts";

/** A command is a row in a table: what it is called, how many arguments it takes, where its keys are, who runs it. */
export interface Command<Context> {
  /** Lower case. */
  readonly name: string;
  /** Number of arguments, the name included; negative: at least so many (as Redis counts). */
  readonly arity: number;
  /** Redis's command flags: `write`, `readonly`, `fast`, `noauth`, `admin`, `denyoom`, `blocking`, … */
  readonly flags: readonly CommandFlag[];
  /** Positions of the keys: first, last (negative: from the end), step. Absent: no keys. */
  readonly keys?: readonly [first: number, last: number, step: number];
  /** Redis's group: `string`, `generic`, `connection`, `transactions`, `server`. */
  readonly group: string;
  readonly summary: string;
  readonly since: string;
  /** Names of subcommands, lower case, for COMMAND. */
  readonly subcommands?: readonly string[];
  run(context: Context, request: Request, reply: ReplyWriter): void;
}

export type CommandFlag =
  | "write"
  | "readonly"
  | "denyoom"
  | "admin"
  | "noscript"
  | "loading"
  | "stale"
  | "fast"
  | "no_auth"
  | "skip_slowlog"
  | "allow_busy"
  | "no_multi";

/** Finds commands by the bytes of their name, in any case, without making a string. */
export class CommandTable<Context> {
  readonly commands: readonly Command<Context>[];
  readonly #slots: (Command<Context> | undefined)[];
  readonly #mask: number;

  /** @throws RangeError when two commands share a name */
  constructor(commands: readonly Command<Context>[]) {
    this.commands = commands;
    let size = 16;
    while (size < commands.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Array(size).fill(undefined);
    for (const command of commands) {
      let at = hashName(new TextEncoder().encode(command.name), 0, command.name.length) & this.#mask;
      while (this.#slots[at] !== undefined) {
        if (this.#slots[at]!.name === command.name) throw new RangeError(`two commands named ${command.name}`);
        at = (at + 1) & this.#mask;
      }
      this.#slots[at] = command;
    }
  }

  /** The command that argument `index` of a request names. */
  find(request: Request, index = 0): Command<Context> | undefined {
    const { bytes } = request;
    const start = request.starts[index]!;
    const end = request.ends[index]!;
    let at = hashName(bytes, start, end) & this.#mask;
    for (;;) {
      const command = this.#slots[at];
      if (command === undefined || isNamed(command.name, bytes, start, end)) return command;
      at = (at + 1) & this.#mask;
    }
  }
}

/** Whether a request has as many arguments as its command takes. */
export function arityFits(command: Command<never>, count: number): boolean {
  return command.arity >= 0 ? count === command.arity : count >= -command.arity;
}

function hashName(bytes: Uint8Array, start: number, end: number): number {
  let h = end - start;
  for (let at = start; at < end; at++) h = Math.imul(h, 31) + (bytes[at]! | 0x20);
  return h ^ (h >>> 11);
}

function isNamed(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
    if (lower !== name.charCodeAt(i)) return false;
  }
  return true;
}
