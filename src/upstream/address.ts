/** The address of an origin, and the credentials for it. */
export interface OriginAddress {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  /** The database that every connection selects; 0 by default. */
  readonly database?: number;
  /** Whether connections speak TLS; false by default. */
  readonly isSecure?: boolean;
}

const PLAIN_SCHEMES: readonly string[] = ["redis", "valkey", "glasscache"];
const SECURE_SCHEMES: readonly string[] = ["rediss", "valkeys", "glasscaches"];
/** URL schemes that all mean one server. */
export const SERVER_SCHEMES: readonly string[] = [...PLAIN_SCHEMES, ...SECURE_SCHEMES];

/**
 * Reads `host:port`, `[::1]:port` or `redis://[user][:password]@host[:port][/database]` (also with `valkey://` or
 * `glasscache://`; with TLS `rediss://`, `valkeys://` or `glasscaches://`). `?db=N` names the database, too.
 * @throws RangeError saying what is wrong; it never repeats the password
 */
export function parseOrigin(text: string): OriginAddress {
  if (!text.includes("://")) {
    const match = /^(\[[^\]]+\]|[^:\s]+):([0-9]{1,5})$/.exec(text);
    if (match === null) {
      // A text with an @ may have a password before it.
      const shown = text.includes("@") ? "" : ` "${text}"`;
      throw new RangeError(
        `origin${shown} is not of the form host:port or redis://[user:password@]host:port`,
      );
    }
    return { host: stripBrackets(match[1]!), port: checkedPort(Number(match[2])) };
  }
  const url = URL.parse(text);
  if (url === null) throw invalidUrl();
  const scheme = url.protocol.slice(0, -1);
  if (!SERVER_SCHEMES.includes(scheme)) {
    throw new RangeError(`origin scheme ${scheme}:// is not supported; use redis:// or, with TLS, rediss://`);
  }
  const database = databaseOf(url);
  if (url.hostname === "") throw new RangeError("origin names no host");
  const user = decoded(url.username);
  const password = decoded(url.password);
  return {
    host: stripBrackets(url.hostname),
    port: url.port === "" ? 6379 : checkedPort(Number(url.port)),
    ...(user === "" ? {} : { user }),
    ...(password === "" ? {} : { password }),
    ...(database === 0 ? {} : { database }),
    ...(SECURE_SCHEMES.includes(scheme) ? { isSecure: true } : {}),
  };
}

/** @throws RangeError */
function databaseOf(url: URL): number {
  const named: string[] = [];
  if (url.pathname !== "" && url.pathname !== "/") named.push(url.pathname.slice(1));
  for (const [name, value] of url.searchParams) {
    if (name !== "db")
      throw new RangeError(`origin has an unknown parameter "${name}"; only ?db=<number> is known`);
    named.push(value);
  }
  if (url.hash !== "") throw new RangeError('origin ends in a part behind "#", which means nothing here');
  const [first = "0"] = named;
  if (!/^[0-9]{1,9}$/.test(first)) {
    throw new RangeError(
      `origin names the database "${first}", which is not a number; the form is redis://host:port/2`,
    );
  }
  if (named.some((other) => other !== first)) throw new RangeError("origin names two databases");
  return Number(first);
}

/** Formats an address for messages, without the password. */
export function formatOrigin(address: OriginAddress): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidUrl();
  }
}

function invalidUrl(): RangeError {
  return new RangeError("origin is not a valid URL; the form is redis://[user:password@]host:port");
}

function stripBrackets(host: string): string {
  return host.startsWith("[") ? host.slice(1, -1) : host;
}

function checkedPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`${port} is not a port`);
  return port;
}
