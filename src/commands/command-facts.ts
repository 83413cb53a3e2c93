import { countedCommands, FIRST_COMMAND } from "./counted-commands.ts";
import { DATA_TABLES } from "./data-tables.ts";
import { type Arguments, type CommandFacts, readFacts } from "./facts.ts";
import { SERVICE_TABLES } from "./service-tables.ts";

/**
 * Every command and subcommand of Redis 7 to 8 and Valkey 7.2 to 9, by name. A test compares these facts with the
 * COMMAND reply of a redis-server.
 */
export const COMMAND_FACTS: ReadonlyMap<string, CommandFacts> = numbered(
  Object.entries({ ...DATA_TABLES, ...SERVICE_TABLES }).flatMap(([group, rows]) =>
    rows.map((row) => readFacts(group, row)),
  ),
);

/** What requests are counted as, by number. */
export const COUNTED_COMMANDS = countedCommands(
  [...COMMAND_FACTS.values()].filter(({ name }) => !name.includes("|")),
);

/**
 * The facts of a command in the tables.
 * @param name in lower case; a subcommand as `client|kill`
 * @throws RangeError if there are none
 */
export function factsOf(name: string): CommandFacts {
  const facts = COMMAND_FACTS.get(name);
  if (facts === undefined) throw new RangeError(`no facts of ${name}`);
  return facts;
}

/** The subcommands of each command that has any. */
export const SUBCOMMAND_FACTS: ReadonlyMap<string, ReadonlyMap<string, CommandFacts>> = subcommands();

/** The facts of the requested command or subcommand; undefined if it is not in the tables. */
export function factsOfRequest(request: Arguments): CommandFacts | undefined {
  const name = request.text(0).toLowerCase();
  const chosen = request.count < 2 ? undefined : SUBCOMMAND_FACTS.get(name);
  return chosen?.get(request.text(1).toLowerCase()) ?? COMMAND_FACTS.get(name);
}

function numbered(all: readonly CommandFacts[]): Map<string, CommandFacts> {
  const names = all.map(({ name }) => name).filter((name) => !name.includes("|"));
  const numbers = new Map(names.map((name, index) => [name, FIRST_COMMAND + index]));
  return new Map(
    all.map((facts) => [facts.name, { ...facts, number: numbers.get(facts.name.replace(/\|.*/, ""))! }]),
  );
}

function subcommands(): Map<string, Map<string, CommandFacts>> {
  const all = new Map<string, Map<string, CommandFacts>>();
  for (const [name, facts] of COMMAND_FACTS) {
    const [container, subcommand] = name.split("|");
    if (subcommand === undefined) continue;
    const own = all.get(container!) ?? new Map<string, CommandFacts>();
    all.set(container!, own.set(subcommand, facts));
  }
  return all;
}
