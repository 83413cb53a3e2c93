import { formatShare, parseDuration, parseShare } from "../../src/lib/quantity.ts";
import type { WriteEffect } from "../../src/replay/replay-records.ts";

/** What surrounds the caches: times to live, the origin behind them, and what a write does. */
export interface Conditions {
  /** Of entries whose request gives none; 0: they do not expire. */
  readonly ttlMs: number;
  /** An entry lives up to this share of its time to live shorter. */
  readonly jitter: number;
  /** How long the origin takes to answer. */
  readonly originMs: number;
  /** The share of fetches that fail. */
  readonly failures: number;
  /** Whether requests for a key that is being fetched wait for that fetch. */
  readonly coalesces: boolean;
  readonly writes: WriteRule;
  /** Requests a second, where they have no times of their own. */
  readonly rate: number;
}

/**
 * `store`: write-through, the cache keeps what is written. `drop`: write-around, a cached copy is dropped. `back`:
 * write-back, the origin gets what was written when the entry leaves.
 */
export const WRITE_RULES = ["store", "drop", "back"] as const;
export type WriteRule = (typeof WRITE_RULES)[number];

/** What a write does to the cache's entries: write-back differs only in when the origin hears of it. */
export const effectOf = (writes: WriteRule): WriteEffect => (writes === "drop" ? "drop" : "store");

export const DEFAULT_CONDITIONS: Conditions = {
  ...{ ttlMs: 0, jitter: 0, originMs: 0, failures: 0 },
  ...{ coalesces: true, writes: "store", rate: 100 },
};

const DAY_MS = 86_400_000;
const TTL_LIMIT_MS = 365 * DAY_MS;
const ORIGIN_LIMIT_MS = 60_000;
const RATE_LIMIT = 1_000_000;

/** A setting in the address, under its name. */
export interface ConditionSetting {
  /** @throws RangeError */
  read(text: string): Partial<Conditions>;
  /** undefined: it has its default. */
  write(conditions: Conditions): string | undefined;
}

export const CONDITION_SETTINGS: Readonly<Record<string, ConditionSetting>> = {
  ttl: {
    read: (text) => ({ ttlMs: duration(text, TTL_LIMIT_MS, "365d") }),
    write: ({ ttlMs }) => (ttlMs === 0 ? undefined : durationSetting(ttlMs)),
  },
  jitter: {
    read: (text) => ({ jitter: share(text) }),
    write: ({ jitter }) => (jitter === 0 ? undefined : formatShare(jitter)),
  },
  origin: {
    read: readOrigin,
    write: ({ originMs, failures }) =>
      originMs === 0 && failures === 0
        ? undefined
        : `${durationSetting(originMs)}${failures === 0 ? "" : `,${formatShare(failures)}`}`,
  },
  coalescing: {
    read: (text) => ({ coalesces: oneOf(text, ["on", "off"] as const) === "on" }),
    write: ({ coalesces }) => (coalesces ? undefined : "off"),
  },
  writes: {
    read: (text) => ({ writes: oneOf(text, WRITE_RULES) }),
    write: ({ writes }) => (writes === DEFAULT_CONDITIONS.writes ? undefined : writes),
  },
  rate: {
    read: (text) => ({ rate: wholeNumber(text, 1, RATE_LIMIT) }),
    write: ({ rate }) => (rate === DEFAULT_CONDITIONS.rate ? undefined : String(rate)),
  },
};

/** Reads `20ms`, or with a share of failures `20ms,5%`. @throws RangeError */
function readOrigin(text: string): Partial<Conditions> {
  const [latency = "", failing, ...more] = text.split(",");
  if (more.length > 0) throw new RangeError(`"${text}" is not a latency and a share of failures: 20ms,5%`);
  return {
    originMs: duration(latency, ORIGIN_LIMIT_MS, "60s"),
    failures: failing === undefined ? 0 : share(failing),
  };
}

function duration(text: string, mostMs: number, most: string): number {
  const ms = parseDuration(text);
  if (ms > mostMs) throw new RangeError(`"${text}" is too long: the most is ${most}`);
  return ms;
}

function share(text: string): number {
  const part = parseShare(text);
  if (part > 1) throw new RangeError(`"${text}" is too large: the most is 100%`);
  return part;
}

function oneOf<T extends string>(text: string, known: readonly T[]): T {
  const found = known.find((each) => each === text);
  if (found === undefined) throw new RangeError(`"${text}" is none of ${known.join(", ")}`);
  return found;
}

/** Writes a duration as `parseDuration` reads it, in the largest unit that needs no fraction. */
export function durationSetting(ms: number): string {
  const [size, unit] = UNITS.find(([size]) => ms >= size && ms % size === 0) ?? [1, "ms"];
  return `${ms / size}${unit}`;
}

const UNITS = [
  [DAY_MS, "d"],
  [3_600_000, "h"],
  [60_000, "m"],
  [1000, "s"],
  [1, "ms"],
] as const;

/** @throws RangeError */
export function wholeNumber(text: string, least: number, most: number): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new RangeError(
      `"${text}" is not a whole number from ${least.toLocaleString("en")} to ${most.toLocaleString("en")}`,
    );
  }
  return value;
}
