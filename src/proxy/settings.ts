import { MOST_LOG_ENTRIES, USUAL_LOG_ENTRIES } from "../commands/acl/access-log.ts";
import { MOST_SLOW_REQUESTS } from "../instruments/slow-log.ts";
import type { LogLevel } from "../lib/log.ts";
import {
  COUNT,
  DURATION,
  DURATION_OR_OFF,
  LONGEST_TIMEOUT,
  type NumberSetting,
  PERCENTAGE,
  SIZE,
} from "../lib/number-setting.ts";
import type { ClientTls } from "../lib/tls.ts";
import { DEFAULT_LIMITS } from "../net/limits.ts";
import type { RecordingSettings } from "./recording-file.ts";

/** A setting that is a number. */
interface ProxyNumber extends NumberSetting {
  /** Its name in `ProxySettings`. */
  readonly field: string;
}

/**
 * The settings that are numbers (limits of connections aside), under the names that users give them. Flags with their
 * help, defaults, and what CONFIG shows and sets are derived from this table.
 */
export const NUMBER_SETTINGS = {
  originConnectTimeout: {
    field: "originConnectTimeoutMs",
    ...{ kind: DURATION, initial: "5s", least: "1ms", most: LONGEST_TIMEOUT, group: "Origin" },
    description: "how long the origin may take to accept a connection and its password",
  },
  originTimeout: {
    field: "originTimeoutMs",
    ...{ kind: DURATION, initial: "60s", least: "1ms", most: LONGEST_TIMEOUT, group: "Origin" },
    description:
      "how long a request may wait for its reply, even while the origin is busy; " +
      "a script that takes longer continues at the origin, and its outcome is reported as unknown",
  },
  heartbeat: {
    field: "heartbeatMs",
    ...{ kind: DURATION, initial: "1s", least: "10ms", most: LONGEST_TIMEOUT, group: "Origin" },
    description: "how often to check that the origin answers; bounds how stale an entry can get",
  },
  heartbeatTimeout: {
    field: "heartbeatTimeoutMs",
    ...{ kind: DURATION, initial: "2s", least: "10ms", most: LONGEST_TIMEOUT, group: "Origin" },
    description:
      "how long the answer may take before nothing is served from the cache; adds to the bound on staleness, " +
      "and fails no request",
  },
  ttl: {
    field: "ttlMs",
    ...{ kind: DURATION, initial: "1s", group: "Cache" },
    description: "how long to keep entries of an origin that sends no invalidations; 0 keeps none",
  },
  audit: {
    field: "auditShare",
    ...{ kind: PERCENTAGE, initial: "0%", most: "100%", group: "Cache" },
    description:
      "share of cached reads to check against the origin, after they have been answered; each check asks the origin " +
      "once; 0% for none",
  },
  warmRate: {
    field: "warmRate",
    ...{ kind: COUNT, initial: "5000", most: "10000000", group: "Cache" },
    description:
      "most keys a second to read again at the start (--warm); 0: as many as the origin answers at ease",
  },
  warmEvery: {
    field: "warmEveryMs",
    ...{ kind: DURATION, initial: "5m", least: "1s", most: LONGEST_TIMEOUT, group: "Cache" },
    description: "how often to write which keys are cached (--warm)",
  },
  slowlogSlowerThan: {
    field: "slowerThanMs",
    ...{ kind: DURATION_OR_OFF, initial: "10ms", group: "Instruments" },
    description: "how long a request must take for GLASS.SLOWLOG to keep it; 0 keeps all, off none",
  },
  slowlogEntries: {
    field: "slowRequests",
    ...{ kind: COUNT, initial: "128", least: "1", most: String(MOST_SLOW_REQUESTS), group: "Instruments" },
    description: "how many requests GLASS.SLOWLOG keeps",
  },
  aclLogEntries: {
    field: "aclLogEntries",
    ...{ kind: COUNT, initial: String(USUAL_LOG_ENTRIES), most: String(MOST_LOG_ENTRIES), group: "Access" },
    description: "how many refusals ACL LOG keeps in each thread; 0 for none",
  },
  maxPendingRequests: {
    field: "originPendingBytes",
    ...{ kind: SIZE, initial: "64mb", least: "1mb", group: "Limits" },
    description:
      "request bytes that may wait for the origin to read them; beyond this, requests fail at once",
  },
} as const satisfies Record<string, ProxyNumber>;

type NumberField = (typeof NUMBER_SETTINGS)[keyof typeof NUMBER_SETTINGS]["field"];

/** One number for each of `NUMBER_SETTINGS`, in milliseconds or bytes, or a share from 0 to 1. */
type ProxyNumbers = { readonly [Field in NumberField]: number };

/** The settings at the start. Can be sent to a worker. */
export interface ProxySettings extends ProxyNumbers {
  /** The origin's address as users write it; `readOrigin` reads it. */
  readonly origin: string;
  /** The password at the origin; undefined: the one in its address, if any. */
  readonly originPassword: string | undefined;
  /** How to speak TLS with an origin whose address wants it. */
  readonly originTls: ClientTls;
  /** The cache's exact budget. */
  readonly memoryBytes: number;
  /** The largest budget that can be set while the proxy runs; undefined: the budget. */
  readonly maxMemoryBytes: number | undefined;
  /** The most entries, whatever their size; undefined: as many as the budget has room for. */
  readonly maxEntries: number | undefined;
  /** The default user's password; undefined: it needs none, or the file of users says. */
  readonly password: string | undefined;
  /** A file in the form of Redis's ACL files; undefined: there is the default user alone. */
  readonly usersFile: string | undefined;
  readonly maxConnections: number;
  /** The lowest level of messages that are logged. */
  readonly logLevel: LogLevel;
  /** Whether to pass on commands that act on the origin as a process, and to allow setting all of its parameters. */
  readonly allowAdmin: boolean;
  /** Whether MSET and MSETNX of keys in several hash slots are executed slot after slot; otherwise they are refused. */
  readonly splitsWrites: boolean;
  /** Where requests are recorded; undefined: nowhere. */
  readonly recording: RecordingSettings | undefined;
  /** The file that says which keys were cached; undefined: none is written. */
  readonly warm: string | undefined;
}

/** How connections to the origin are opened, as far as it may change. What is absent stays as it is. */
export type OriginAccess = Partial<Pick<ProxySettings, "originPassword" | "originTls">>;

/** The default, as users write it. */
export const DEFAULT_MEMORY = "64mb";

/** The defaults. */
const DEFAULT_SETTINGS: Omit<ProxySettings, "origin"> = {
  ...numbersFrom(({ kind, initial }) => kind.parse(initial)),
  originPassword: undefined,
  originTls: { isInsecure: false },
  memoryBytes: SIZE.parse(DEFAULT_MEMORY),
  maxMemoryBytes: undefined,
  maxEntries: undefined,
  password: undefined,
  usersFile: undefined,
  maxConnections: DEFAULT_LIMITS.connections,
  logLevel: "info",
  allowAdmin: false,
  splitsWrites: false,
  recording: undefined,
  warm: undefined,
};

/** Returns the settings that are numbers, each from `numberFor`. */
export function numbersFrom(
  numberFor: (setting: NumberSetting, name: keyof typeof NUMBER_SETTINGS) => number,
): ProxyNumbers {
  const numbers = Object.entries<ProxyNumber>(NUMBER_SETTINGS).map(([name, setting]) => [
    setting.field,
    numberFor(setting, name as keyof typeof NUMBER_SETTINGS),
  ]);
  return Object.fromEntries(numbers) as ProxyNumbers;
}

/** Completes settings by the defaults. */
export function completeSettings(
  given: Pick<ProxySettings, "origin"> & {
    readonly [K in keyof ProxySettings]?: ProxySettings[K] | undefined;
  },
): ProxySettings {
  const settings = { ...DEFAULT_SETTINGS, origin: given.origin };
  const own = Object.entries(given).filter(([key, value]) => value !== undefined && key in settings);
  return { ...settings, ...Object.fromEntries(own) };
}

export function randomHex(random: { next(): number }, digits: number): string {
  let text = "";
  while (text.length < digits) text += Math.floor(random.next() * 16).toString(16);
  return text;
}
