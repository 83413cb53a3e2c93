import type { Request } from "../protocol/protocol.ts";
import type { Command } from "./command.ts";

/** Finds rows by the bytes of their names, in any case. Allocates nothing. */
export class NameTable<Row extends { readonly name: string }> {
  readonly #slots: (Row | undefined)[];
  readonly #mask: number;

  /** @throws RangeError if two rows have the same name */
  constructor(rows: readonly Row[]) {
    let size = 16;
    while (size < rows.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Array(size).fill(undefined);
    for (const row of rows) {
      let at = hashName(new TextEncoder().encode(row.name), 0, row.name.length) & this.#mask;
      while (this.#slots[at] !== undefined) {
        if (this.#slots[at]!.name === row.name) throw new RangeError(`two commands named ${row.name}`);
        at = (at + 1) & this.#mask;
      }
      this.#slots[at] = row;
    }
  }

  /** The row with the name in argument `index` of a request. */
  find(request: Request, index = 0): Row | undefined {
    return this.named(request.bytes, request.starts[index]!, request.ends[index]!);
  }

  /** The row with the name bytes[start, end). */
  named(bytes: Uint8Array, start: number, end: number): Row | undefined {
    let at = hashName(bytes, start, end) & this.#mask;
    for (;;) {
      const row = this.#slots[at];
      if (row === undefined || isNamed(row.name, bytes, start, end)) return row;
      at = (at + 1) & this.#mask;
    }
  }
}

/** All commands of a service. */
export class CommandTable<Context> extends NameTable<Command<Context>> {
  readonly commands: readonly Command<Context>[];

  constructor(commands: readonly Command<Context>[]) {
    super(commands);
    this.commands = commands;
  }
}

/** Whether a command takes `count` arguments. */
export function arityFits(command: { readonly arity: number }, count: number): boolean {
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
