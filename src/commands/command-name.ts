import type { Request } from "../protocol/protocol.ts";
import { SUBCOMMAND_FACTS } from "./command-facts.ts";

/** A command as CLIENT LIST names it: `client|list`. @param name in lower case */
export function commandName(name: string, request: Request): string {
  if (request.count < 2 || !SUBCOMMAND_FACTS.has(name)) return name;
  const subcommand = request.text(1).toLowerCase();
  // It comes from the client, and stands in a line of words.
  return /^[a-z-]{1,32}$/.test(subcommand) ? `${name}|${subcommand}` : name;
}
