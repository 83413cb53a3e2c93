import type { Request } from "../protocol/protocol.ts";
import { SUBCOMMAND_FACTS } from "./command-facts.ts";

/** The name of a command in CLIENT LIST, such as `client|list`. @param name in lower case */
export function commandName(name: string, request: Request): string {
  if (request.count < 2 || !SUBCOMMAND_FACTS.has(name)) return name;
  const subcommand = request.text(1).toLowerCase();
  // The client chose the subcommand, and CLIENT LIST separates fields by spaces.
  return /^[a-z-]{1,32}$/.test(subcommand) ? `${name}|${subcommand}` : name;
}
