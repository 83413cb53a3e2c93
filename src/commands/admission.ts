import type { Client } from "./client.ts";
import { NO_AUTHENTICATION } from "./command-errors.ts";
import type { CommandFacts } from "./facts.ts";

/**
 * The one gate before a command is run, in server and proxy alike: whether this client may run it.
 * @param command undefined: not known, and nobody runs it who has not given the password
 * @returns the error that refuses it; undefined where it may pass
 */
export function admit(
  connection: Pick<Client, "isUnrestricted" | "protocol">,
  command: Pick<CommandFacts, "flags"> | undefined,
): string | undefined {
  if (connection.isUnrestricted || command?.flags.includes("no_auth") === true) return undefined;
  return connection.protocol === "text" ? `${NO_AUTHENTICATION} Send AUTH password first` : NO_AUTHENTICATION;
}
