import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { factsOf } from "./command-facts.ts";
import { type CommandFacts, type FactsRow, keyRange, readFacts } from "./facts.ts";

/** A command that a service runs. */
export interface Command<Context> extends CommandFacts {
  /** Lower case; a subcommand's without that of its container. */
  readonly name: string;
  /** Positions of the keys: first, last (negative: from the end), step; undefined where a range cannot tell them. */
  readonly keys: readonly [first: number, last: number, step: number] | undefined;
  readonly summary: string;
  /** The rows its first argument chooses from (see `containerCommand`). */
  readonly subcommands?: readonly Command<Context>[];
  run(context: Context, request: Request, reply: ReplyWriter): void;
}

/** Runs a request with a number of arguments that its command takes. */
type Run<Context> = (context: Context, request: Request, reply: ReplyWriter) => void;

/**
 * A command of Redis, by the facts of the table.
 * @param name in lower case; a subcommand as `client|kill`
 * @throws RangeError when the table does not have it
 */
export function command<Context>(name: string, summary: string, run: Run<Context>): Command<Context> {
  return withFacts(factsOf(name), summary, run);
}

/** A command that Redis does not have. @param row as in the tables */
export function ownCommand<Context>(row: FactsRow, summary: string, run: Run<Context>): Command<Context> {
  return withFacts(readFacts("glasscache", row), summary, run);
}

function withFacts<Context>(facts: CommandFacts, summary: string, run: Run<Context>): Command<Context> {
  const name = facts.name.slice(facts.name.indexOf("|") + 1);
  return { ...facts, name, keys: keyRange(facts), summary, run };
}
