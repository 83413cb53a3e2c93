import { COMMAND_FACTS } from "./command-facts.ts";
import { NameTable } from "./command-table.ts";

/**
 * All names that begin an inline command: those of the table and of the service. If the service does not have such a
 * command, it replies with an error in RESP.
 */
export function commandNames(
  own: readonly { readonly name: string }[],
): NameTable<{ readonly name: string }> {
  const known = [...COMMAND_FACTS.keys()].filter((name) => !name.includes("|"));
  const names = new Set([...known, ...own.map(({ name }) => name)]);
  return new NameTable([...names].map((name) => ({ name })));
}
