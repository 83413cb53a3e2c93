import { fromUtf8 } from "../lib/bytes.ts";
import type { Request } from "../protocol/protocol.ts";

/** Errors that any command can reply, with Redis's texts. */

export const SYNTAX_ERROR = "ERR syntax error";
export const NOT_AN_INTEGER = "ERR value is not an integer or out of range";
export const OUTSIDE_INT32 = "ERR value is out of range, value must between -2147483648 and 2147483647";
export const NO_AUTHENTICATION = "NOAUTH Authentication required.";

/** The largest number where Redis takes a C `int`. Beyond it the error is OUTSIDE_INT32. */
export const INT32_MAX = 2_147_483_647n;

/** How many bytes of an argument an error repeats. */
const SHOWN_BYTES = 128;

/** The error for an unknown command. Repeats the beginning of its arguments. */
export function unknownCommand(request: Request): string {
  let shown = "";
  for (let index = 1; index < request.count && shown.length < SHOWN_BYTES; index++) {
    shown += `'${shownText(request, index, SHOWN_BYTES - shown.length)}' `;
  }
  return `ERR unknown command '${shownText(request, 0)}', with args beginning with: ${shown}`;
}

/** @param name in lower case; a subcommand as `client|kill` */
export function wrongArity(name: string): string {
  return `ERR wrong number of arguments for '${name}' command`;
}

/** The error for an unknown subcommand. @param container in lower case */
export function unknownSubcommand(container: string, request: Request): string {
  return `ERR unknown subcommand '${shownText(request, 1)}'. Try ${container.toUpperCase()} HELP.`;
}

/** The error for a subcommand with wrong arguments. */
export function wrongSubcommandArguments(container: string, request: Request): string {
  const name = shownText(request, 1);
  return `ERR unknown subcommand or wrong number of arguments for '${name}'. Try ${container.toUpperCase()} HELP.`;
}

/** Argument `index`, cut to a length, to be repeated in an error. */
export function shownText(request: Request, index: number, maxBytes: number = SHOWN_BYTES): string {
  const end = Math.min(request.ends[index]!, request.starts[index]! + maxBytes);
  return fromUtf8(request.bytes.subarray(request.starts[index]!, end));
}
