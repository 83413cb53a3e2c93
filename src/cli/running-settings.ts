import { connect } from "../client/client.ts";
import { flagName } from "../lib/number-setting.ts";
import type { Config } from "./config.ts";
import type { listenSettings } from "./listen-settings.ts";
import type { Settings } from "./setting.ts";

/** How long a service may take to answer. A proxy waits for an origin that it has not reached yet, for some seconds. */
const ANSWER_MS = 8000;

type Listening = ReturnType<typeof listenSettings>;

interface Asked {
  readonly password: string | undefined;
  /** The settings' names at the running service, if they are not those of the flags. */
  readonly names?: Readonly<Record<string, string>>;
  /** The settings that SIGHUP changes, under the names of their flags. */
  readonly changeable: readonly string[];
  /** Settings that it tells besides. */
  readonly fixed?: readonly string[];
  /** How many clients this machine lets it accept. */
  readonly connections: number;
}

/**
 * Asks the service that runs where this configuration would listen, and tells what in it is set otherwise: what SIGHUP
 * would change, and what takes a restart.
 * @returns no lines if none answers there, or if it does not tell
 */
export async function runningDifferences<S extends Settings & Listening>(
  settings: S,
  config: Config<S>,
  { password, names = {}, changeable, fixed = [], connections }: Asked,
): Promise<readonly string[]> {
  const { host, port } = config.values as { readonly host: string; readonly port: number };
  if (port === 0) return [];
  const asked = [...changeable, ...fixed].map((name) => names[name] ?? name);
  const running = await settingsAt(host, port, { ...config.values, password, asked });
  if (running === undefined) return [];
  const lines = Object.entries(settings).flatMap(([key, { read }]) => {
    const name = flagName(key);
    const present = running.get(names[name] ?? name);
    const text = config.texts[key];
    if (present === undefined || text === undefined) return [];
    const value = config.values[key];
    // The machine allows fewer, so nobody can have as many.
    if (key === "maxConnections" && value !== connections) return [];
    if (isSame(read, present, value)) return [];
    const when = changeable.includes(name) ? "SIGHUP changes it" : "takes a restart";
    return [`  ${name}: ${present} → ${text} (${when})`];
  });
  const place = `${host}:${port}`;
  return lines.length === 0
    ? [`What runs at ${place} has these settings already, as far as it tells them.`]
    : [`What runs at ${place} is set otherwise:`, ...lines];
}

/** Whether both texts mean the same: `64mb` and `67108864`. */
function isSame(read: (given: string) => unknown, present: string, value: unknown): boolean {
  try {
    return JSON.stringify(read(present)) === JSON.stringify(value);
  } catch {
    // The running service shows it in another form.
    return true;
  }
}

async function settingsAt(
  host: string,
  port: number,
  {
    password,
    asked,
    tlsCert,
    tlsPort,
  }: {
    readonly password: string | undefined;
    readonly asked: readonly string[];
    readonly tlsCert?: unknown;
    readonly tlsPort?: unknown;
  },
): Promise<ReadonlyMap<string, string> | undefined> {
  const isSecure = tlsCert !== undefined && tlsPort === undefined;
  try {
    await using client = await connect({
      host: host === "0.0.0.0" || host === "::" ? "localhost" : host,
      port,
      connectTimeoutMs: ANSWER_MS,
      timeoutMs: ANSWER_MS,
      reconnect: false,
      ...(password !== undefined && { password }),
      // It is asked on this machine, and told nothing but the password.
      ...(isSecure && { tls: { rejectUnauthorized: false } }),
    });
    if (!String(await client.command("INFO")).includes("glasscache_version:")) return undefined;
    const reply = await client.command("CONFIG", "GET", ...asked);
    if (!(reply instanceof Map)) return undefined;
    return new Map([...reply].map(([name, value]) => [String(name), String(value)]));
  } catch {
    return undefined;
  }
}
