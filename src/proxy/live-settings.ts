import { LOG_LEVELS, type LogLevel } from "../lib/log.ts";
import { parseDuration, parseSize } from "../lib/quantity.ts";
import type { Adjustable, ConnectionLimits } from "../net/limits.ts";
import type { LiveParameters, ProxySettings } from "./context.ts";

/** What CONFIG SET changes; each thread has its own copy, which the shared numbers are read into. */
export interface LiveTargets {
  readonly settings: Adjustable<ProxySettings>;
  readonly limits: Adjustable<ConnectionLimits>;
}

/** A setting under its flag's name. Its value is a number, which all threads share. */
interface LiveSetting {
  readonly name: string;
  readonly kind: Kind;
  /** Bounds as users write them; the same as the flag's. */
  readonly least?: string;
  readonly most?: string;
  read(from: LiveTargets): number;
  write(to: LiveTargets, value: number): void;
}

interface Kind {
  parse(text: string): number;
  show(value: number): string;
}

const DURATION: Kind = { parse: parseDuration, show: (ms) => `${ms}ms` };
const SIZE: Kind = { parse: parseSize, show: String };
const COUNT: Kind = { parse: parseCount, show: String };
const LEVEL: Kind = {
  parse(text) {
    const at = LOG_LEVELS.indexOf(text.toLowerCase() as LogLevel);
    if (at < 0) throw new RangeError(`"${text}" is not one of ${LOG_LEVELS.join(", ")}`);
    return at;
  },
  show: (at) => LOG_LEVELS[at]!,
};

/** Timers cannot be set for longer. */
const LONGEST = "24d";

type NumberKey<T> = { [K in keyof T]: T[K] extends number ? K : never }[keyof T];

const SETTINGS: readonly LiveSetting[] = [
  ofSettings("heartbeat", DURATION, "heartbeatMs", { least: "10ms", most: LONGEST }),
  ofSettings("heartbeat-timeout", DURATION, "heartbeatTimeoutMs", { least: "10ms", most: LONGEST }),
  ofSettings("origin-connect-timeout", DURATION, "originConnectTimeoutMs", { least: "1ms", most: LONGEST }),
  ofSettings("origin-timeout", DURATION, "originTimeoutMs", { least: "1ms", most: LONGEST }),
  ofSettings("ttl", DURATION, "ttlMs", {}),
  ofSettings("max-pending-requests", SIZE, "originPendingBytes", { least: "1mb" }),
  {
    name: "log-level",
    kind: LEVEL,
    read: ({ settings }) => LOG_LEVELS.indexOf(settings.logLevel),
    write({ settings }, value) {
      settings.logLevel = LOG_LEVELS[value]!;
    },
  },
  {
    ...ofLimits("max-connections", COUNT, "connections", { least: "1", most: "1000000" }),
    write({ settings, limits }, value) {
      limits.connections = value;
      settings.maxConnections = value;
    },
  },
  ofParser("max-request", "parser", SIZE, "requestBytes", { least: "1kb", most: "1gb" }),
  ofParser("max-arguments", "parser", COUNT, "argumentCount", { least: "4", most: "16777216" }),
  ofParser("max-value", "parser", SIZE, "argumentBytes", { least: "64", most: "1gb" }),
  ofParser("max-unauthenticated-request", "unauthenticatedParser", SIZE, "requestBytes", {
    least: "256",
    most: "1gb",
  }),
  ofParser("max-unauthenticated-arguments", "unauthenticatedParser", COUNT, "argumentCount", {
    least: "4",
    most: "16777216",
  }),
  ofParser("max-unauthenticated-value", "unauthenticatedParser", SIZE, "argumentBytes", {
    least: "64",
    most: "1gb",
  }),
  ofLimits("max-pipeline", COUNT, "pipelineDepth", { least: "1" }),
  ofLimits("pause-pending-replies", SIZE, "pausedReplyBytes", { least: "1kb" }),
  ofLimits("idle-timeout", DURATION, "idleTimeoutMs", { most: LONGEST }),
  ofLimits("auth-timeout", DURATION, "authTimeoutMs", { most: LONGEST }),
  ofLimits("request-timeout", DURATION, "requestTimeoutMs", { most: LONGEST }),
  ofLimits("text-silence", DURATION, "textSilenceMs", { least: "1ms", most: "10s" }),
  ofLimits("text-write-silence", DURATION, "textWriteSilenceMs", { least: "1ms", most: "1m" }),
];

/** So many numbers are shared. */
export const LIVE_NUMBERS: number = SETTINGS.length;

/** The settings that can be changed while the proxy runs, for one thread of it. */
export class LiveSettings implements LiveParameters {
  readonly #shared: Float64Array;
  readonly #targets: LiveTargets;
  readonly #changed: () => void;

  /**
   * @param shared the numbers of all threads, as `publish` has filled them
   * @param changed called when the copy has been read anew
   */
  constructor(shared: Float64Array, targets: LiveTargets, changed: () => void) {
    this.#shared = shared;
    this.#targets = targets;
    this.#changed = changed;
    this.refresh();
  }

  /** What all threads begin with. */
  static publish(shared: Float64Array, from: LiveTargets): void {
    for (const [at, setting] of SETTINGS.entries()) shared[at] = setting.read(from);
  }

  get names(): readonly string[] {
    return SETTINGS.map(({ name }) => name);
  }

  show(name: string): string {
    const at = SETTINGS.findIndex((setting) => setting.name === name);
    return SETTINGS[at]!.kind.show(this.#shared[at]!);
  }

  prepare(name: string, text: string): () => () => void {
    const at = SETTINGS.findIndex((setting) => setting.name === name);
    const { kind, least, most } = SETTINGS[at]!;
    const value = kind.parse(text);
    if (least !== undefined && value < kind.parse(least)) {
      throw new RangeError(`"${text}" is too small: the least is ${least}`);
    }
    if (most !== undefined && value > kind.parse(most)) {
      throw new RangeError(`"${text}" is too large: the most is ${most}`);
    }
    return () => {
      const before = this.#shared[at]!;
      this.#shared[at] = value;
      return () => {
        this.#shared[at] = before;
      };
    };
  }

  refresh(): void {
    for (const [at, setting] of SETTINGS.entries()) {
      const value = this.#shared[at]!;
      if (setting.read(this.#targets) !== value) setting.write(this.#targets, value);
    }
    this.#changed();
  }
}

interface Bounds {
  readonly least?: string;
  readonly most?: string;
}

function ofSettings(name: string, kind: Kind, key: NumberKey<ProxySettings>, bounds: Bounds): LiveSetting {
  return {
    name,
    kind,
    ...bounds,
    read: ({ settings }) => settings[key],
    write({ settings }, value) {
      settings[key] = value;
    },
  };
}

function ofLimits(name: string, kind: Kind, key: NumberKey<ConnectionLimits>, bounds: Bounds): LiveSetting {
  return {
    name,
    kind,
    ...bounds,
    read: ({ limits }) => limits[key],
    write({ limits }, value) {
      limits[key] = value;
    },
  };
}

function ofParser(
  name: string,
  parser: "parser" | "unauthenticatedParser",
  kind: Kind,
  key: "requestBytes" | "argumentCount" | "argumentBytes",
  bounds: Bounds,
): LiveSetting {
  return {
    name,
    kind,
    ...bounds,
    read: ({ limits }) => limits[parser][key],
    write({ limits }, value) {
      limits[parser] = { ...limits[parser], [key]: value };
    },
  };
}

function parseCount(text: string): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new RangeError(`"${text}" is not a whole number`);
  return value;
}
