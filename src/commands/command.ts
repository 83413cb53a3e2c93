import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { factsOf } from "./command-facts.ts";
import { type CommandFacts, type FactsRow, keyRange, readFacts } from "./facts.ts";

/** A command that a service runs. */
export interface Command<Context> extends CommandFacts {
  /** In lower case. A subcommand's name does not include its container's. */
  readonly name: string;
  /** Positions of the keys: first, last (negative: from the end), step. Undefined if they are not a range. */
  readonly keys: readonly [first: number, last: number, step: number] | undefined;
  readonly summary: string;
  /** The subcommands, one of which the first argument names (see `containerCommand`). */
  readonly subcommands?: readonly Command<Context>[];
  run(context: Context, request: Request, reply: ReplyWriter): void;
}

/** Runs a request. The number of its arguments has been checked. */
type Run<Context> = (context: Context, request: Request, reply: ReplyWriter) => void;

/**
 * A command of Redis, with its facts from the table.
 * @param name in lower case; a subcommand as `client|kill`
 * @throws RangeError if the table does not have it
 */
export function command<Context>(name: string, summary: string, run: Run<Context>): Command<Context> {
  return withFacts(factsOf(name), summary, run);
}

/** A command that Redis does not have. @param row in the form of the tables */
export function ownCommand<Context>(row: FactsRow, summary: string, run: Run<Context>): Command<Context> {
  return withFacts(readFacts("glasscache", row), summary, run);
}

function withFacts<Context>(facts: CommandFacts, summary: string, run: Run<Context>): Command<Context> {
  const name = facts.name.slice(facts.name.indexOf("|") + 1);
  return { ...facts, name, keys: keyRange(facts), summary, run };
}
