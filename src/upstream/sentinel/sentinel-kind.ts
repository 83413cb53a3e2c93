import { formatOrigin } from "../address.ts";
import { parseHostList } from "../host-list.ts";
import type { OriginKind } from "../origin.ts";
import { MonitoredPrimary } from "./monitored-primary.ts";
import { SharedPrimary } from "./shared-primary.ts";

const DEFAULT_PORT = 26_379;
const USER = "sentinel-user";
const PASSWORD = "sentinel-password";

export const sentinelKind: OriginKind = {
  schemes: ["redis+sentinel", "rediss+sentinel", "valkey+sentinel", "valkeys+sentinel"],
  form:
    "redis+sentinel://[user:password@]host[:port][,host[:port]...]/name" +
    "[?db=N&sentinel-user=...&sentinel-password=...], with TLS rediss+sentinel://",
  read(text) {
    const { plain, user, password } = withoutCredentials(text);
    const { hosts, path } = parseHostList(plain, "sentinel", DEFAULT_PORT);
    const primaryName = decodedName(path);
    const [first] = hosts;
    const { host: _host, port: _port, ...login } = first!;
    const sentinels = hosts.map(({ host, port, isSecure }) => ({
      ...{ host, port },
      ...(isSecure === true && { isSecure }),
      ...(user !== undefined && { user }),
      ...(password !== undefined && { password }),
    }));
    return {
      name: `${hosts.map(formatOrigin).join(",")}/${primaryName}`,
      hasPassword: login.password !== undefined,
      isSecure: login.isSecure === true,
      lacksPassword: login.user !== undefined && login.password === undefined,
      createMemory: () => SharedPrimary.createMemory(),
      open: (options, events, memory) =>
        new MonitoredPrimary(
          { primaryName, sentinels, login },
          options,
          events,
          memory ?? SharedPrimary.createMemory(),
        ),
    };
  },
};

/** Takes the sentinels' own credentials out of an address. @throws RangeError */
function withoutCredentials(text: string): { plain: string; user?: string; password?: string } {
  const queryAt = text.indexOf("?");
  if (queryAt < 0) return { plain: text };
  const query = new URLSearchParams(text.slice(queryAt + 1));
  const own = { user: query.get(USER), password: query.get(PASSWORD) };
  if (query.getAll(USER).length > 1 || query.getAll(PASSWORD).length > 1) {
    throw new RangeError("origin names credentials of its sentinels twice");
  }
  if (own.user !== null && own.password === null) {
    throw new RangeError(`origin names a user of its sentinels without a password (${PASSWORD})`);
  }
  query.delete(USER);
  query.delete(PASSWORD);
  for (const name of query.keys()) {
    // It is not repeated: it may be a part of a password.
    if (name !== "db") {
      throw new RangeError(`origin has an unknown parameter; only db, ${USER} and ${PASSWORD} are known`);
    }
  }
  const rest = query.toString();
  return {
    plain: text.slice(0, queryAt) + (rest === "" ? "" : `?${rest}`),
    ...(own.user !== null && { user: own.user }),
    ...(own.password !== null && { password: own.password }),
  };
}

/** Reads `/name`. @throws RangeError */
function decodedName(path: string): string {
  const encoded = path.slice(1);
  if (encoded === "" || encoded.includes("/")) {
    throw new RangeError(
      "origin names no primary; the form is redis+sentinel://host:port,host:port/name, where name is the one " +
        "under which the sentinels know it",
    );
  }
  try {
    return decodeURIComponent(encoded);
  } catch {
    throw new RangeError("origin names its primary in a form that is not valid in a URL");
  }
}
