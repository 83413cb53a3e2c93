import type { Request } from "../protocol/protocol.ts";
import type { Command } from "./command-table.ts";

/** How many keys a request has, by its command's row. */
export function keyCount(command: Command<never>, request: Request): number {
  if (command.keys === undefined) return 0;
  const [first, last, step] = command.keys;
  const stop = Math.min(last < 0 ? request.count + last : last, request.count - 1);
  return stop < first ? 0 : Math.floor((stop - first) / step) + 1;
}

/** Which argument of a request is its key number `ordinal`, counted from 0. */
export function keyArgument(command: Command<never>, ordinal: number): number {
  const [first, , step] = command.keys!;
  return first + ordinal * step;
}
