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
 * Reads a value from its written form.
 * @throws RangeError that says what is wrong, and quotes the text unless the setting is secret
 */
export type Reader<T> = ((given: string) => T) & {
  /** The possible values if there are few, for completion. */
  readonly values?: readonly string[];
  /** Whether several of them may be given, with commas between them. */
  readonly isList?: boolean;
};

/**
 * One setting of a subcommand. The program knows it by its key in camel case (`maxValue`); users write it as a flag
 * (`--max-value`), as a variable (`GLASSCACHE_MAX_VALUE`) or in a file (`"max-value"`).
 */
export interface Setting<T> {
  /** The value's name in the help, such as `<size>`; empty for a switch, which has no value. */
  readonly placeholder: string;
  readonly description: string;
  readonly read: Reader<T>;
  /** The default in its written form; undefined if there is none. */
  readonly fallback: string | undefined;
  /** Heading in the help. */
  readonly group: string;
  readonly short: string | undefined;
}

export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The types of the values in a table of settings. */
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

/** Settings from a table of numbers that the code which uses them has defined. */
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

/** Reads bytes, written as `64mb`. */
export function size(range: NumberRange = {}): Reader<number> {
  return (text) => readNumber(text, SIZE, range);
}

/** Reads milliseconds, written as `30s`. */
export function duration(range: NumberRange = {}): Reader<number> {
  return (text) => readNumber(text, DURATION, range);
}

/** Reads a time-out in milliseconds. */
export function timeout(range: NumberRange = {}): Reader<number> {
  return duration({ most: LONGEST_TIMEOUT, ...range });
}

/** Reads a whole number. */
export function count(range: NumberRange = {}): Reader<number> {
  return (text) => readNumber(text, COUNT, range);
}

/** Reads a number of threads, or `auto` for as many as there are processors. */
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

/** Adds the list of possible values to a reader, for completion. */
export function offering<T>(values: readonly string[], read: (given: string) => T): Reader<T> {
  return Object.assign((given: string) => read(given), { values });
}

/** Does the same for a reader of several values with commas between them. */
export function offeringList<T>(values: readonly string[], read: (given: string) => T): Reader<T> {
  return Object.assign((given: string) => read(given), { values, isList: true });
}

/** Reads any text that is not empty. */
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
