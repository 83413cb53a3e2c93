import { type OriginAddress, parseOrigin } from "./address.ts";

/** The address of an origin that is found by asking any of several hosts. */
export interface HostList {
  readonly hosts: readonly OriginAddress[];
  /** What follows the hosts, such as `/name`; empty if there is nothing. */
  readonly path: string;
}

/**
 * Reads `redis+KIND://[user:password@]host[:port][,host[:port]…][/path][?db=N]`, with TLS `rediss+KIND://`. All hosts
 * have the same credentials.
 * @param defaultPort the port of a host without one
 * @throws RangeError saying what is wrong; it never repeats the password
 */
export function parseHostList(text: string, kind: string, defaultPort: number): HostList {
  const parts = /^([a-z]+)\+[a-z]+:\/\/(?:(.*)@)?([^/?#]*)([^?#]*)(.*)$/i.exec(text);
  const [, scheme = "", credentials, hostsText = "", path = "", rest = ""] = parts ?? [];
  const names = hostsText.split(",").map((name) => name.trim());
  if (parts === null || names.includes("")) {
    throw new RangeError(
      `origin names no host, or an empty one; the form is ${scheme || "redis"}+${kind}://host:port,host:port`,
    );
  }
  const login = credentials === undefined ? "" : `${credentials}@`;
  const hosts = names.map((name) => {
    const hasPort = /:\d+$/.test(name.replace(/^\[.*\]/, ""));
    const host = hasPort ? name : `${name}:${defaultPort}`;
    return parseOrigin(`${scheme}://${login}${host}${rest}`);
  });
  return { hosts, path };
}
