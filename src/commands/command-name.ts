import type { Request } from "../protocol/protocol.ts";
import { COMMAND_FACTS } from "./command-facts.ts";

/** Commands whose first argument chooses what they do, and which CLIENT LIST shows with it. */
const CONTAINERS: ReadonlySet<string> = new Set(
  [...COMMAND_FACTS.keys()].filter((name) => name.includes("|")).map((name) => name.split("|")[0]!),
);

/** A command as CLIENT LIST names it: `client|list`. @param name in lower case */
export function commandName(name: string, request: Request): string {
  if (request.count < 2 || !CONTAINERS.has(name)) return name;
  const subcommand = request.text(1).toLowerCase();
  // It comes from the client, and stands in a line of words.
  return /^[a-z-]{1,32}$/.test(subcommand) ? `${name}|${subcommand}` : name;
}
