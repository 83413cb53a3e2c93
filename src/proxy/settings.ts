import { DEFAULT_LIMITS } from "../net/limits.ts";
import type { ProxySettings } from "./context.ts";

/** What is chosen where nothing was said. */
const DEFAULT_SETTINGS: Omit<ProxySettings, "origin"> = {
  memoryBytes: 64 * 1024 ** 2,
  maxEntries: undefined,
  password: undefined,
  originConnectTimeoutMs: 5000,
  originTimeoutMs: 60_000,
  heartbeatMs: 1000,
  heartbeatTimeoutMs: 2000,
  ttlMs: 1000,
  originPendingBytes: 64 * 1024 ** 2,
  maxConnections: DEFAULT_LIMITS.connections,
  logLevel: "info",
  allowAdmin: false,
  version: "0.1.0",
  recording: undefined,
};

export const DEFAULT_POLICY = "s3-fifo";

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
