import { parseDuration, parseSize } from "../lib/quantity.ts";

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

/** `--max-value` is found under `maxValue`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const MOST_THREADS = 256;

interface Range {
  readonly least?: string;
  readonly most?: string;
}

/** Bytes, written as `64mb`. */
export function size(range: Range = {}): Reader<number> {
  return (text) => checkRange(text, parseSize, range);
}

/** Milliseconds, written as `30s`. */
export function duration(range: Range = {}): Reader<number> {
  return (text) => checkRange(text, parseDuration, range);
}

/** A time-out; timers cannot be set for longer than some 24 days. */
export function timeout(range: Range = {}): Reader<number> {
  return duration({ most: "24d", ...range });
}

/** A whole number. */
export function count(range: Range = {}): Reader<number> {
  return (text) => checkRange(text, parseCount, range);
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

function checkRange(text: string, parse: (text: string) => number, { least, most }: Range): number {
  const value = parse(text);
  if (least !== undefined && value < parse(least)) {
    throw new RangeError(`"${text}" is too small: the least is ${least}`);
  }
  if (most !== undefined && value > parse(most)) {
    throw new RangeError(`"${text}" is too large: the most is ${most}`);
  }
  return value;
}

function parseCount(text: string): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new RangeError(`"${text}" is not a whole number`);
  return value;
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
