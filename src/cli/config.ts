import { flagName } from "../lib/number-setting.ts";
import { UsageError } from "./exit.ts";
import type { Settings, ValuesOf } from "./setting.ts";

/** The sources of a subcommand's settings, in order of precedence. */
export interface ConfigSources {
  /** The subcommand's name, which is part of its own variables and the name of its section in the file. */
  readonly subcommand: string;
  /** Values from the command line, by key. */
  readonly flags: Readonly<Record<string, Written>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The file given by `--config` or GLASSCACHE_CONFIG. */
  readonly file: ConfigFile | undefined;
}

/** A value as written on the command line, in the environment, or in a file. */
export type Written = string | number | boolean;

/** A configuration file: settings for all subcommands, and a section for each that needs its own. */
export interface ConfigFile {
  readonly path: string;
  readonly common: Readonly<Record<string, Written>>;
  readonly sections: Readonly<Record<string, Readonly<Record<string, Written>>>>;
}

/** Where a value was found; a larger rank takes precedence. */
interface Source {
  readonly rank: number;
  /** Such as `--port`, `GLASSCACHE_PORT` or `"port" in glasscache.json`. */
  readonly label: string;
}

const DEFAULT_SOURCE: Source = { rank: 0, label: "" };

/** The values of all settings, and their sources. */
export interface Config<S extends Settings> {
  readonly values: ValuesOf<S>;
  /** How the user wrote each setting, for messages about values that contradict each other. */
  readonly labels: Readonly<Record<keyof S, string>>;
  readonly ranks: Readonly<Record<keyof S, number>>;
  /** How each value is written; undefined: it has none. */
  readonly texts: Readonly<Record<keyof S, string | undefined>>;
}

/**
 * Resolves settings. Flags take precedence over the environment (the subcommand's own variable over the common one),
 * then the file (the subcommand's section over the common part), then defaults.
 * @throws UsageError with one line for each mistake, naming the flag, variable or key and the value
 */
export function resolveConfig<S extends Settings>(settings: S, sources: ConfigSources): Config<S> {
  const values: Record<string, unknown> = {};
  const labels: Record<string, string> = {};
  const ranks: Record<string, number> = {};
  const texts: Record<string, string | undefined> = {};
  const problems: string[] = [];
  for (const [key, { read, fallback }] of Object.entries(settings)) {
    const [given, source] = lookUp(key, fallback, sources);
    labels[key] = source.rank === 0 ? `--${flagName(key)}` : source.label;
    ranks[key] = source.rank;
    texts[key] = given === undefined ? undefined : String(given);
    if (given === undefined) continue;
    try {
      values[key] = read(String(given));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      problems.push(`${source.label}: ${error.message}`);
    }
  }
  if (problems.length > 0) throw new UsageError(...problems);
  return {
    values: values as ValuesOf<S>,
    labels: labels as Config<S>["labels"],
    ranks: ranks as Config<S>["ranks"],
    texts: texts as Config<S>["texts"],
  };
}

function lookUp(
  key: string,
  fallback: string | undefined,
  sources: ConfigSources,
): [Written | undefined, Source] {
  const { subcommand, flags, environment, file } = sources;
  const name = flagName(key);
  if (flags[key] !== undefined) return [flags[key], { rank: 5, label: `--${name}` }];
  const suffix = name.toUpperCase().replaceAll("-", "_");
  const own = `GLASSCACHE_${subcommand.toUpperCase()}_${suffix}`;
  const common = `GLASSCACHE_${suffix}`;
  if (environment[own]) return [environment[own], { rank: 4, label: own }];
  if (environment[common]) return [environment[common], { rank: 3, label: common }];
  if (file !== undefined) {
    const section = file.sections[subcommand];
    if (section !== undefined && Object.hasOwn(section, name)) {
      return [section[name], { rank: 2, label: `"${name}" of "${subcommand}" in ${file.path}` }];
    }
    if (Object.hasOwn(file.common, name)) {
      return [file.common[name], { rank: 1, label: `"${name}" in ${file.path}` }];
    }
  }
  return [fallback, DEFAULT_SOURCE];
}

/** Puts a system error into words. */
export function reason(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  switch (code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
    case "EPERM":
      return "not allowed";
    case "EISDIR":
      return "it is a directory";
    default:
      return message ?? String(error);
  }
}
