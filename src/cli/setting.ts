import {
  COUNT,
  DURATION,
  LONGEST_TIMEOUT,
  type NumberRange,
  type NumberSetting,
  readNumber,
  SIZE,
} from "../lib/number-setting.ts";

/**
 * From what was written to the value.
 * @throws RangeError that says what is wrong, and names what was written unless the setting is secret
 */
export type Reader<T> = ((given: string) => T) & {
  /** What may be written, where there are few ways: for completion. */
  readonly values?: readonly string[];
};

/**
 * One setting of a subcommand. Under its key in camel case (`maxValue`) the program finds its value; users give it
 * as a flag (`--max-value`), as a variable (`GLASSCACHE_MAX_VALUE`) or in a file (`"max-value"`).
 */
export interface Setting<T> {
  /** What stands behind the flag in the help, such as `<size>`; empty for a switch, which takes nothing. */
  readonly placeholder: string;
  readonly description: string;
  readonly read: Reader<T>;
  /** What holds when nothing was given, as it would be written; undefined: nothing. */
  readonly fallback: string | undefined;
  /** Heading in the help. */
  readonly group: string;
  readonly short: string | undefined;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What a table of settings comes to. */
export type ValuesOf<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

interface SettingText {
  readonly description: string;
  readonly placeholder?: string;
  readonly group?: string;
  readonly short?: string;
}

/** A setting with a default. */
export function setting<T>(read: Reader<T>, fallback: string, text: SettingText): Setting<T> {
  return {
    read,
    fallback,
    description: text.description,
    placeholder: text.placeholder ?? "<value>",
    group: text.group ?? "Options:",
    short: text.short,
  };
}

/** A setting that may be left out. */
export function optionalSetting<T>(read: Reader<T>, text: SettingText): Setting<T | undefined> {
  return { ...setting<T | undefined>(read, "", text), fallback: undefined };
}

/** A setting that is off unless its flag is given. */
export function switchSetting(text: SettingText): Setting<boolean> {
  return setting(parseSwitch, "no", { ...text, placeholder: "" });
}

/** Settings of which all is said where the program uses them. */
export function numberSettings<Name extends string>(
  table: Readonly<Record<Name, NumberSetting>>,
): Record<Name, Setting<number>> {
  const settings = Object.entries<NumberSetting>(table).map(
    ([name, { kind, initial, description, group, ...range }]) => {
      const text = { description, group: `${group}:`, placeholder: kind.placeholder };
      return [name, setting((given) => readNumber(given, kind, range), initial, text)];
    },
  );
  return Object.fromEntries(settings) as Record<Name, Setting<number>>;
}

const MOST_THREADS = 256;

/** Bytes, written as `64mb`. */
export function size(range: NumberRange = {}): Reader<number> {
  return (text) => readNumber(text, SIZE, range);
}

/** Milliseconds, written as `30s`. */
export function duration(range: NumberRange = {}): Reader<number> {
  return (text) => readNumber(text, DURATION, range);
}

/** A time-out. */
export function timeout(range: NumberRange = {}): Reader<number> {
  return duration({ most: LONGEST_TIMEOUT, ...range });
}

/** A whole number. */
export function count(range: NumberRange = {}): Reader<number> {
  return (text) => readNumber(text, COUNT, range);
}

/** How many threads to use: a number, or `auto` for as many as there are processors. */
export function threads(): Reader<number> {
  return (text) => {
    if (text.toLowerCase() === "auto") return Math.min(navigator.hardwareConcurrency, MOST_THREADS);
    const value = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
    if (value < 1 || value > MOST_THREADS) {
      throw new RangeError(`"${text}" is neither auto nor a number from 1 to ${MOST_THREADS}`);
    }
    return value;
  };
}

export function port(least: 0 | 1): Reader<number> {
  return (text) => {
    const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= least && value <= 65_535)) {
      throw new RangeError(`"${text}" is not a port: a number from ${least} to 65535`);
    }
    return value;
  };
}

export function choice<const T extends string>(...names: readonly T[]): Reader<T> {
  return offering(names, (text) => {
    const name = names.find((known) => known === text.toLowerCase());
    if (name === undefined) throw new RangeError(`"${text}" is not one of ${names.join(", ")}`);
    return name;
  });
}

/** A reader that tells what may be written, for completion. */
export function offering<T>(values: readonly string[], read: (given: string) => T): Reader<T> {
  return Object.assign((given: string) => read(given), { values });
}

/** Any text but an empty one. */
export function text(): Reader<string> {
  return (given) => {
    if (given === "") throw new RangeError("must not be empty");
    return given;
  };
}

function parseSwitch(text: string): boolean {
  switch (text.toLowerCase()) {
    case "yes":
    case "true":
    case "on":
    case "1":
      return true;
    case "no":
    case "false":
    case "off":
    case "0":
      return false;
    default:
      throw new RangeError(`"${text}" is neither yes nor no`);
  }
}
