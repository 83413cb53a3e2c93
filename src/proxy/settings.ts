import { DURATION, LONGEST_TIMEOUT, type NumberSetting, SIZE } from "../lib/number-setting.ts";
import { DEFAULT_LIMITS } from "../net/limits.ts";
import type { ProxySettings } from "./context.ts";

/** A setting of the proxy's that is a number, and where `ProxySettings` has it. */
interface ProxyNumber extends NumberSetting {
  readonly field: NumberField;
}

type NumberField = {
  [Field in keyof ProxySettings]: ProxySettings[Field] extends number ? Field : never;
}[keyof ProxySettings];

/** The settings that are numbers, but for limits of connections, under the names that users give them. */
export const NUMBER_SETTINGS = {
  heartbeat: {
    ...{ field: "heartbeatMs", kind: DURATION, initial: "1s" },
    ...{ least: "10ms", most: LONGEST_TIMEOUT },
  },
  heartbeatTimeout: {
    ...{ field: "heartbeatTimeoutMs", kind: DURATION, initial: "2s" },
    ...{ least: "10ms", most: LONGEST_TIMEOUT },
  },
  originConnectTimeout: {
    ...{ field: "originConnectTimeoutMs", kind: DURATION, initial: "5s" },
    ...{ least: "1ms", most: LONGEST_TIMEOUT },
  },
  originTimeout: {
    ...{ field: "originTimeoutMs", kind: DURATION, initial: "60s" },
    ...{ least: "1ms", most: LONGEST_TIMEOUT },
  },
  ttl: { field: "ttlMs", kind: DURATION, initial: "1s" },
  maxPendingRequests: { field: "originPendingBytes", kind: SIZE, initial: "64mb", least: "1mb" },
  memory: { field: "memoryBytes", kind: SIZE, initial: "64mb", least: "1mb" },
} satisfies Record<string, ProxyNumber>;

type Numbers = { [Field in NumberField]: number };

/** What is chosen where nothing was said. */
const DEFAULT_SETTINGS: Omit<ProxySettings, "origin"> = {
  ...(Object.fromEntries(
    Object.values(NUMBER_SETTINGS).map(({ field, kind, initial }) => [field, kind.parse(initial)]),
  ) as Numbers),
  maxEntries: undefined,
  password: undefined,
  maxConnections: DEFAULT_LIMITS.connections,
  logLevel: "info",
  allowAdmin: false,
  recording: undefined,
};

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
