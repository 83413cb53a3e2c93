import type { Client } from "./client.ts";
import { NO_AUTHENTICATION } from "./command-errors.ts";
import type { CommandFacts } from "./facts.ts";

/**
 * Decides whether a client may run a command. Server and proxy ask before they run one, and nowhere else.
 * @param command undefined if it is unknown; then the client must have authenticated
 * @returns the error that refuses it; undefined if the client may run it
 */
export function admit(
  connection: Pick<Client, "isUnrestricted" | "protocol">,
  command: Pick<CommandFacts, "flags"> | undefined,
): string | undefined {
  if (connection.isUnrestricted || command?.flags.includes("no_auth") === true) return undefined;
  return connection.protocol === "text" ? `${NO_AUTHENTICATION} Send AUTH password first` : NO_AUTHENTICATION;
}
