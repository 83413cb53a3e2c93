import { LOG_LEVELS, type LogLevel } from "../lib/log.ts";
import { flagName, type NumberKind, type NumberRange, readNumber } from "../lib/number-setting.ts";
import { type Adjustable, CHANGEABLE_LIMITS, type ConnectionLimits } from "../net/limits.ts";
import type { LiveParameters } from "./context.ts";
import { NUMBER_SETTINGS, type ProxySettings } from "./settings.ts";

/** The settings that CONFIG SET changes. Each thread has a copy, updated from the shared numbers. */
export interface LiveTargets {
  readonly settings: Adjustable<ProxySettings>;
  readonly limits: Adjustable<ConnectionLimits>;
}

/** A setting under its flag's name. Its value is a number that all threads share. */
interface LiveSetting extends NumberRange {
  readonly name: string;
  readonly kind: NumberKind;
  read(from: LiveTargets): number;
  write(to: LiveTargets, value: number): void;
}

const LEVEL: NumberKind = {
  placeholder: "<level>",
  parse(text) {
    const at = LOG_LEVELS.indexOf(text.toLowerCase() as LogLevel);
    if (at < 0) throw new RangeError(`"${text}" is not one of ${LOG_LEVELS.join(", ")}`);
    return at;
  },
  show: (at) => LOG_LEVELS[at]!,
};

const SETTINGS: readonly LiveSetting[] = [
  ...Object.entries(NUMBER_SETTINGS).map(
    ([key, { field, ...setting }]): LiveSetting => ({
      ...setting,
      name: flagName(key),
      read: ({ settings }) => settings[field],
      write({ settings }, value) {
        settings[field] = value;
      },
    }),
  ),
  {
    name: "log-level",
    kind: LEVEL,
    read: ({ settings }) => LOG_LEVELS.indexOf(settings.logLevel),
    write({ settings }, value) {
      settings.logLevel = LOG_LEVELS[value]!;
    },
  },
  ...CHANGEABLE_LIMITS.map(
    ([key, setting]): LiveSetting => ({
      ...setting,
      name: flagName(key),
      read: ({ limits }) => setting.read(limits),
      write({ settings, limits }, value) {
        setting.write(limits, value);
        settings.maxConnections = limits.connections;
      },
    }),
  ),
];

function placeOf(name: string): number {
  return SETTINGS.findIndex((setting) => setting.name === name);
}

/** The names of all settings that can be changed while the proxy runs, those of the cache included. */
export const CHANGEABLE_SETTINGS: readonly string[] = [
  "memory",
  "policy",
  ...SETTINGS.map(({ name }) => name),
];

/** The number of shared values. */
export const LIVE_NUMBERS: number = SETTINGS.length;

/** The settings that can be changed while the proxy runs, for one thread. */
export class LiveSettings implements LiveParameters {
  readonly #shared: Float64Array;
  readonly #targets: LiveTargets;
  readonly #changed: () => void;

  /**
   * @param shared the numbers of all threads, as `publish` has filled them
   * @param changed called when the copy has been updated
   */
  constructor(shared: Float64Array, targets: LiveTargets, changed: () => void) {
    this.#shared = shared;
    this.#targets = targets;
    this.#changed = changed;
    this.refresh();
  }

  /** Publishes the values at the start. */
  static publish(shared: Float64Array, from: LiveTargets): void {
    for (const [at, setting] of SETTINGS.entries()) shared[at] = setting.read(from);
  }

  /** Returns a number as all threads share it. @param name of the setting's flag */
  static read(shared: Float64Array, name: string): number {
    return shared[placeOf(name)]!;
  }

  /** Returns a value as a user would write it. @param name of the setting's flag */
  static show(shared: Float64Array, name: string): string {
    const at = placeOf(name);
    return SETTINGS[at]!.kind.show(shared[at]!);
  }

  /**
   * Changes a value. Each thread adopts it in `refresh`.
   * @param name of the setting's flag
   * @throws RangeError saying what is wrong with the text
   */
  static change(shared: Float64Array, name: string, text: string): void {
    const at = placeOf(name);
    const setting = SETTINGS[at]!;
    shared[at] = readNumber(text, setting.kind, setting);
  }

  get names(): readonly string[] {
    return SETTINGS.map(({ name }) => name);
  }

  show(name: string): string {
    return LiveSettings.show(this.#shared, name);
  }

  prepare(name: string, text: string): () => () => void {
    const at = placeOf(name);
    const setting = SETTINGS[at]!;
    const value = readNumber(text, setting.kind, setting);
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
