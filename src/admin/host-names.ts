import { isIP } from "node:net";
import { isLoopbackHost } from "../lib/loopback.ts";
import { Problem } from "./problem.ts";

/** A host without a password was about to be reachable from other machines. */
export class PasswordMissingError extends Error {
  override name = "PasswordMissingError";
}

/**
 * Holds an admin port that other machines can reach to having a password.
 * @throws PasswordMissingError if it has none
 */
export function requirePassword(host: string, hasPassword: boolean): void {
  if (hasPassword || isLoopbackHost(host)) return;
  throw new PasswordMissingError(
    `the admin port on ${host} can be reached from other machines, so it needs a password; set one, or use --admin localhost:PORT`,
  );
}

/**
 * Refuses names that this port was not told of. A page of another site can make a name of its own resolve to this
 * machine and then read what is here as if it were its own (DNS rebinding); it cannot choose the `Host` header.
 * @param header undefined: a client of HTTP/1.0, which no browser is
 * @throws Problem with status 421
 */
export function checkHost(header: string | undefined, adminHosts: readonly string[]): void {
  if (header === undefined) return;
  const name = hostName(header);
  if (name !== undefined) {
    if (isIP(name) !== 0 || name === "localhost") return;
    if (adminHosts.some((known) => hostName(known) === name)) return;
  }
  throw new Problem(
    421,
    "the Host header is neither an address nor localhost nor a name in --admin-hosts; use the address, or add the name there",
  );
}

/** The name or address in a `Host` header, in lower case; undefined if it has another form. */
function hostName(header: string): string | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::[0-9]{1,5})?$/i.exec(header);
  if (match === null) return undefined;
  return withoutBrackets(match[1]!).toLowerCase().replace(/\.$/, "");
}

function withoutBrackets(host: string): string {
  return host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
}
