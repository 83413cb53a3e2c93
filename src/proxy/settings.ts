import type { LogLevel } from "../lib/log.ts";
import { DURATION, LONGEST_TIMEOUT, type NumberSetting, SIZE } from "../lib/number-setting.ts";
import { DEFAULT_LIMITS } from "../net/limits.ts";
import type { RecordingSettings } from "./recording-file.ts";

/** A setting of the proxy's that is a number. */
interface ProxyNumber extends NumberSetting {
  /** Under what `ProxySettings` has it. */
  readonly field: string;
}

/**
 * The settings that are numbers, but for limits of connections, under the names that users give them. Everything else
 * follows: flags and their help, defaults, what CONFIG shows and sets.
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
      "how long a request may wait for its reply, also while the origin is busy; " +
      "a script that runs longer goes on at the origin, and its outcome is reported as unknown",
  },
  heartbeat: {
    field: "heartbeatMs",
    ...{ kind: DURATION, initial: "1s", least: "10ms", most: LONGEST_TIMEOUT, group: "Origin" },
    description: "how often to ask whether the origin is there; bounds how stale an entry can get",
  },
  heartbeatTimeout: {
    field: "heartbeatTimeoutMs",
    ...{ kind: DURATION, initial: "2s", least: "10ms", most: LONGEST_TIMEOUT, group: "Origin" },
    description:
      "how long that may take before nothing is served from the cache until it answers; adds to the same bound, " +
      "and ends no request",
  },
  ttl: {
    field: "ttlMs",
    ...{ kind: DURATION, initial: "1s", group: "Cache" },
    description: "how long to keep an entry of an origin that cannot tell of changes; 0 keeps none",
  },
  maxPendingRequests: {
    field: "originPendingBytes",
    ...{ kind: SIZE, initial: "64mb", least: "1mb", group: "Limits" },
    description: "request bytes waiting for an origin that does not read; beyond it requests fail at once",
  },
} as const satisfies Record<string, ProxyNumber>;

type NumberField = (typeof NUMBER_SETTINGS)[keyof typeof NUMBER_SETTINGS]["field"];

/** One number for each of `NUMBER_SETTINGS`, in milliseconds or bytes. */
type ProxyNumbers = { readonly [Field in NumberField]: number };

/** What was chosen at start; everything in it can be sent to a worker. */
export interface ProxySettings extends ProxyNumbers {
  /** `host:port` or `redis://[user:password@]host:port`. */
  readonly origin: string;
  /** The cache's budget, exact. */
  readonly memoryBytes: number;
  /** What that may be set to while the proxy runs; undefined: no more. */
  readonly maxMemoryBytes: number | undefined;
  /** How many entries it holds at most, whatever their size; undefined: as many as the budget has room for. */
  readonly maxEntries: number | undefined;
  /** What clients must give; undefined: nothing. */
  readonly password: string | undefined;
  readonly maxConnections: number;
  /** Least level of messages to the operator. */
  readonly logLevel: LogLevel;
  /** Whether commands that act on the origin as a process are passed on, and all of its parameters can be set. */
  readonly allowAdmin: boolean;
  /** Where what clients ask for is recorded; undefined: nowhere. */
  readonly recording: RecordingSettings | undefined;
}

/** As users write it. */
export const DEFAULT_MEMORY = "64mb";

/** What is chosen where nothing was said. */
const DEFAULT_SETTINGS: Omit<ProxySettings, "origin"> = {
  ...numbersFrom(({ kind, initial }) => kind.parse(initial)),
  memoryBytes: SIZE.parse(DEFAULT_MEMORY),
  maxMemoryBytes: undefined,
  maxEntries: undefined,
  password: undefined,
  maxConnections: DEFAULT_LIMITS.connections,
  logLevel: "info",
  allowAdmin: false,
  recording: undefined,
};

/** The settings that are numbers, each as `numberFor` has it. */
export function numbersFrom(
  numberFor: (setting: NumberSetting, name: keyof typeof NUMBER_SETTINGS) => number,
): ProxyNumbers {
  const numbers = Object.entries<ProxyNumber>(NUMBER_SETTINGS).map(([name, setting]) => [
    setting.field,
    numberFor(setting, name as keyof typeof NUMBER_SETTINGS),
  ]);
  return Object.fromEntries(numbers) as ProxyNumbers;
}

/** Settings complete: what was given, over the defaults. */
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
