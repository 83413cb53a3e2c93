import { type Clock, systemClock } from "../lib/clock.ts";
import { type Random, systemRandom } from "../lib/random.ts";
import type { Key } from "./arguments.ts";
import type { Reply } from "./call.ts";
import type { ConnectionLostError } from "./errors.ts";
import { checkOptions, checkSignal, checkType } from "./option-names.ts";

/** How to reach a server or proxy, and time limits. Every field has a default. */
export interface ConnectOptions {
  /**
   * `glasscache://[[user]:password@]host[:port]`; `redis://` means the same, and `glasscaches://` and `rediss://` the
   * same with TLS. Excludes `host` and `port`.
   */
  readonly url?: string;
  /** `localhost` by default. */
  readonly host?: string;
  /** 8080, the proxy's, by default. */
  readonly port?: number;
  readonly user?: string;
  readonly password?: string;
  /** Speak TLS; an object says how. False by default, unless the url wants it. */
  readonly tls?: TlsOptions | boolean;
  /** Time limit for connecting and authenticating. 5,000 by default. */
  readonly connectTimeoutMs?: number;
  /** Time limit of a call, including the wait for a connection; 0: no limit. 5,000 by default. */
  readonly timeoutMs?: number;
  /**
   * If replies are overdue and nothing at all has arrived for this time, the connection counts as dead, and the
   * client reconnects. 30,000 by default.
   */
  readonly silenceMs?: number;
  /** How to reconnect when the connection is lost; false: every call fails from then on. */
  readonly reconnect?: Partial<ReconnectPolicy> | false;
  /** Whether a read in flight when the connection is lost is sent once more on the next one. True by default. */
  readonly retryReads?: boolean;
  /** Most calls that may wait for a connection or for their reply; one more fails at once. 100,000 by default. */
  readonly maxPendingCalls?: number;
  /** Most bytes of keys and values in such calls. 256 MiB by default. */
  readonly maxPendingBytes?: number;
  /** Connections, besides the client's own, over which `getOrSet` stores loaded values. 4 by default. */
  readonly leaseConnections?: number;
  /** Called with events of the connection, and with pushed messages. Must not throw. */
  readonly onEvent?: (event: ClientEvent) => void;
  /** Cancels connecting (the first time only). */
  readonly signal?: AbortSignal;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** How to speak TLS, under the names that Node's `tls.connect` gives them. */
export interface TlsOptions {
  /** The certificates, in PEM, of the authorities that vouch for the server; those that the system trusts by default. */
  readonly ca?: string | Uint8Array;
  /** A certificate to show the server, and its private key, in PEM. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that the server's certificate must be for; the host by default. */
  readonly servername?: string;
  /** False takes any certificate: anybody on the way can read and change everything then. True by default. */
  readonly rejectUnauthorized?: boolean;
}

/**
 * Exponential backoff with full jitter: before attempt n (from 0) the client waits a random time up to `firstDelayMs`
 * · 2ⁿ, at most `maxDelayMs`.
 */
export interface ReconnectPolicy {
  /** 50 by default. */
  readonly firstDelayMs: number;
  /** 3,000 by default. */
  readonly maxDelayMs: number;
  /** Failed attempts in a row after which every call fails. Infinity by default. */
  readonly maxAttempts: number;
}

export type ClientEvent =
  | { readonly type: "connected" }
  /** Calls in flight have failed, except for reads that are sent again. */
  | { readonly type: "disconnected"; readonly error: ConnectionLostError }
  /** The next attempt follows after `delayMs`; `error` is why the last one, or the connection, failed. */
  | {
      readonly type: "reconnecting";
      readonly attempt: number;
      readonly delayMs: number;
      readonly error: Error;
    }
  /** There will be no further connection. */
  | { readonly type: "closed" }
  /** `getOrSet` has returned a loaded value that it could not store. */
  | {
      readonly type: "notStored";
      readonly key: Key;
      readonly reason: NotStoredReason;
      /** Present if the reason is `failed`. */
      readonly error?: Error;
    }
  | { readonly type: "push"; readonly kind: string; readonly items: readonly Reply[] };

/**
 * Why a loaded value was not stored. `lost`: the lease had expired (raise `leaseMs` above the time that a load takes)
 * or was dropped by a delete. `newer`: the key had been given a value in the meantime. `waited`: another process held
 * the lease for longer than `waitMs`. `failed`: the store replied with an error, or not at all.
 */
export type NotStoredReason = "lost" | "newer" | "waited" | "failed";

/** Options with all defaults filled in. */
export interface ResolvedOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsOptions | undefined;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly connectTimeoutMs: number;
  readonly timeoutMs: number;
  readonly silenceMs: number;
  readonly reconnect: ReconnectPolicy | false;
  readonly retryReads: boolean;
  readonly maxPendingCalls: number;
  readonly maxPendingBytes: number;
  readonly leaseConnections: number;
  readonly onEvent: (event: ClientEvent) => void;
  readonly clock: Clock;
  readonly random: Random;
}

const DEFAULT_PORT = 8080;
const PLAIN_PROTOCOLS = ["glasscache:", "redis:"];
const SECURE_PROTOCOLS = ["glasscaches:", "rediss:"];
const NUMBERS = [
  ...(["port", "connectTimeoutMs", "timeoutMs", "silenceMs", "maxPendingCalls", "maxPendingBytes"] as const),
  "leaseConnections",
] as const;
/** The longest time that a timer can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * @throws TypeError for an unknown option or one of the wrong type; RangeError naming an option with an invalid
 * value; messages never contain a password
 */
export function resolveOptions(options: ConnectOptions): ResolvedOptions {
  checkTypes(options);
  const address = options.url === undefined ? {} : parseUrl(options.url);
  if (options.url !== undefined && (options.host !== undefined || options.port !== undefined)) {
    throw new RangeError("give either a url or a host and port");
  }
  const port = options.port ?? address.port ?? DEFAULT_PORT;
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new RangeError(`port ${port} is not a whole number from 1 to 65535`);
  }
  const host = options.host ?? address.host ?? "localhost";
  if (host === "") throw new RangeError("the host is empty");
  const reconnect = options.reconnect ?? {};
  return {
    host,
    port,
    tls: tlsOf(options.tls, address.isSecure),
    user: options.user ?? address.user,
    password: options.password ?? address.password,
    connectTimeoutMs: duration("connectTimeoutMs", options.connectTimeoutMs ?? 5_000),
    timeoutMs: duration("timeoutMs", options.timeoutMs ?? 5_000),
    silenceMs: duration("silenceMs", options.silenceMs ?? 30_000),
    reconnect: reconnect !== false && {
      firstDelayMs: duration("reconnect.firstDelayMs", reconnect.firstDelayMs ?? 50),
      maxDelayMs: duration("reconnect.maxDelayMs", reconnect.maxDelayMs ?? 3_000),
      maxAttempts: atLeastOne("reconnect.maxAttempts", reconnect.maxAttempts ?? Number.POSITIVE_INFINITY),
    },
    retryReads: options.retryReads ?? true,
    maxPendingCalls: atLeastOne("maxPendingCalls", options.maxPendingCalls ?? 100_000),
    maxPendingBytes: atLeastOne("maxPendingBytes", options.maxPendingBytes ?? 256 * 1024 ** 2),
    leaseConnections: atLeastOne("leaseConnections", options.leaseConnections ?? 4),
    onEvent: options.onEvent ?? (() => {}),
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
  };
}

function checkTypes(options: ConnectOptions): void {
  checkOptions("connect", options);
  for (const name of ["url", "host", "user", "password"] as const) checkType(name, options[name], "string");
  for (const name of NUMBERS) checkType(name, options[name], "number");
  checkType("retryReads", options.retryReads, "boolean");
  checkType("onEvent", options.onEvent, "function");
  checkSignal(options.signal);
  checkTls(options.tls);
  const { reconnect } = options;
  if (reconnect === undefined || reconnect === false) return;
  checkOptions("reconnect", reconnect);
  for (const name of ["firstDelayMs", "maxDelayMs", "maxAttempts"] as const) {
    checkType(`reconnect.${name}`, reconnect[name], "number");
  }
}

function checkTls(tls: TlsOptions | boolean | undefined): void {
  if (tls === undefined || typeof tls === "boolean") return;
  checkOptions("tls", tls);
  for (const name of ["ca", "cert", "key"] as const) {
    if (!(tls[name] instanceof Uint8Array)) checkType(`tls.${name}`, tls[name], "string");
  }
  checkType("tls.servername", tls.servername, "string");
  checkType("tls.rejectUnauthorized", tls.rejectUnauthorized, "boolean");
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    throw new RangeError("tls.cert and tls.key: a certificate needs its key, and a key its certificate");
  }
}

/** @param wanted by the url; undefined: there is none */
function tlsOf(tls: TlsOptions | boolean | undefined, wanted: boolean | undefined): TlsOptions | undefined {
  const isOn = tls !== undefined && tls !== false;
  if (wanted !== undefined && tls !== undefined && isOn !== wanted) {
    throw new RangeError(
      wanted
        ? "tls: false contradicts the url, which wants TLS"
        : "tls: the url is without TLS; write it as glasscaches:// or rediss://",
    );
  }
  if (!isOn && wanted !== true) return undefined;
  return typeof tls === "object" ? tls : {};
}

interface UrlParts {
  isSecure?: boolean;
  host?: string;
  port?: number;
  user?: string;
  password?: string;
}

function parseUrl(text: string): UrlParts {
  const form = "glasscache://[[user]:password@]host[:port]";
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new RangeError(`the url is not of the form ${form}`);
  }
  const isSecure = SECURE_PROTOCOLS.includes(url.protocol);
  if (!isSecure && !PLAIN_PROTOCOLS.includes(url.protocol)) {
    throw new RangeError(`the url begins with ${url.protocol}//; the form is ${form}`);
  }
  if ((url.pathname !== "" && url.pathname !== "/") || url.search !== "" || url.hash !== "") {
    throw new RangeError(`the url has extra text after the port; the form is ${form}`);
  }
  const parts: UrlParts = { isSecure };
  if (url.hostname !== "") parts.host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (url.port !== "") parts.port = Number(url.port);
  try {
    if (url.username !== "") parts.user = decodeURIComponent(url.username);
    if (url.password !== "") parts.password = decodeURIComponent(url.password);
  } catch {
    throw new RangeError(
      "the user or password of the url holds a % that does not begin an escape such as %25",
    );
  }
  return parts;
}

/** @throws RangeError unless it is a whole number from 1, or undefined; TypeError for anything but a number */
export function checkWholeFrom1(name: string, value: number | undefined): void {
  checkType(name, value, "number");
  if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1)) {
    throw new RangeError(`${name}: ${value} is not a whole number from 1`);
  }
}

/** @throws RangeError unless `ms` is a time that a timer can be set to, or 0; TypeError for anything but a number */
export function duration(name: string, ms: number): number {
  checkType(name, ms, "number");
  if (!(ms >= 0 && ms <= MAX_TIMER_MS))
    throw new RangeError(`${name}: ${ms} is not from 0 to ${MAX_TIMER_MS}`);
  return ms;
}

function atLeastOne(name: string, value: number): number {
  if (!(value >= 1)) throw new RangeError(`${name}: ${value} is less than 1`);
  return value;
}

/** Returns the time to wait before the next attempt, after `attempt` failed ones. */
export function reconnectDelayMs(policy: ReconnectPolicy, attempt: number, random: Random): number {
  // Avoids larger powers, which the minimum would cut anyway.
  const most = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** Math.min(attempt, 31));
  return random.next() * most;
}

/** Formats an address for messages: `localhost:8080`, `[::1]:8080`. */
export function formatAddress({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
