/** Where an origin is and how to be let in. */
export interface OriginAddress {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
}

/**
 * Reads `host:port`, `[::1]:port` or `redis://[[user]:password@]host[:port]` (`valkey://`, `glasscache://` likewise).
 * @throws RangeError saying what is wrong; never repeats the password
 */
export function parseOrigin(text: string): OriginAddress {
  if (!text.includes("://")) {
    const match = /^(\[[^\]]+\]|[^:\s]+):([0-9]{1,5})$/.exec(text);
    if (match === null) {
      // What has an @ may have a password before it.
      const shown = text.includes("@") ? "" : ` "${text}"`;
      throw new RangeError(
        `origin${shown} is not of the form host:port or redis://[user:password@]host:port`,
      );
    }
    return { host: stripBrackets(match[1]!), port: checkedPort(Number(match[2])) };
  }
  const url = URL.parse(text);
  if (url === null) throw invalidUrl();
  if (!["redis:", "valkey:", "glasscache:"].includes(url.protocol)) {
    throw new RangeError(`origin scheme ${url.protocol}// is not supported; use redis://`);
  }
  if (url.pathname !== "" && url.pathname !== "/" && url.pathname !== "/0") {
    throw new RangeError("origin databases other than 0 are not supported");
  }
  if (url.hostname === "") throw new RangeError("origin names no host");
  const user = decoded(url.username);
  const password = decoded(url.password);
  if (user !== "" && password === "") throw new RangeError("origin has a user without a password");
  return {
    host: stripBrackets(url.hostname),
    port: url.port === "" ? 6379 : checkedPort(Number(url.port)),
    ...(user === "" ? {} : { user }),
    ...(password === "" ? {} : { password }),
  };
}

/** For messages: without the password. */
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
