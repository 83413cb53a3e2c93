import { readFileSync } from "node:fs";
import { UsageError } from "./exit.ts";
import { flagName, type Settings, type ValuesOf } from "./setting.ts";

/** Where the values of a subcommand's settings come from, the strongest first. */
export interface ConfigSources {
  /** The subcommand, whose name is part of its own variables and of its section in the file. */
  readonly subcommand: string;
  /** What was given on the command line, by key. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The file named by `--config` or GLASSCACHE_CONFIG. */
  readonly file: ConfigFile | undefined;
}

/** A configuration file: settings for all subcommands, and a section for each that needs its own. */
export interface ConfigFile {
  readonly path: string;
  readonly common: Readonly<Record<string, unknown>>;
  readonly sections: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** Where a value was found; the larger rank is the stronger. */
interface Source {
  readonly rank: number;
  /** `--port`, `GLASSCACHE_PORT` or `"port" in glasscache.json`. */
  readonly label: string;
}

const DEFAULT_SOURCE: Source = { rank: 0, label: "" };

/** The values of all settings, and where each came from. */
export interface Config<S extends Settings> {
  readonly values: ValuesOf<S>;
  /** How the user wrote the setting: for messages about a value that is wrong only together with others. */
  readonly labels: Readonly<Record<keyof S, string>>;
  readonly ranks: Readonly<Record<keyof S, number>>;
}

/**
 * Flags over the environment (the subcommand's own variable over the common one) over the file (the subcommand's
 * section over the common part) over defaults.
 * @throws UsageError with one line for each mistake, naming the flag, variable or key and the value
 */
export function resolveConfig<S extends Settings>(settings: S, sources: ConfigSources): Config<S> {
  const values: Record<string, unknown> = {};
  const labels: Record<string, string> = {};
  const ranks: Record<string, number> = {};
  const problems: string[] = [];
  for (const [key, { schema, fallback }] of Object.entries(settings)) {
    const [given, source] = lookUp(key, fallback, sources);
    labels[key] = source.rank === 0 ? `--${flagName(key)}` : source.label;
    ranks[key] = source.rank;
    if (given === undefined) continue;
    const parsed = schema.safeParse(given);
    if (parsed.success) values[key] = parsed.data;
    else problems.push(`${source.label}: ${problemText(parsed.error.issues[0], given)}`);
  }
  if (problems.length > 0) throw new UsageError(...problems);
  return {
    values: values as ValuesOf<S>,
    labels: labels as Config<S>["labels"],
    ranks: ranks as Config<S>["ranks"],
  };
}

function lookUp(key: string, fallback: string | undefined, sources: ConfigSources): [unknown, Source] {
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

function problemText(issue: { code: string; message: string } | undefined, given: unknown): string {
  if (issue?.code === "custom") return issue.message;
  const kind = given === null ? "null" : Array.isArray(given) ? "a list" : "an object";
  return `must be a single value, not ${kind}`;
}

/**
 * Reads a JSON file; comments and trailing commas are let pass.
 * @param known the names of every subcommand's settings
 * @throws UsageError when it cannot be read, is no JSON, or names what is no setting
 */
export function readConfigFile(
  path: string,
  label: string,
  known: Readonly<Record<string, ReadonlySet<string>>>,
): ConfigFile {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${label}: cannot read "${path}": ${reason(error)}`);
  }
  let parsed: unknown;
  try {
    parsed = Bun.JSONC.parse(content);
  } catch (error) {
    throw new UsageError(`${label}: "${path}" is not JSON: ${jsonReason(error)}`);
  }
  if (!isRecord(parsed)) throw new UsageError(`${label}: "${path}" must hold one JSON object`);
  const common: Record<string, unknown> = {};
  const sections: Record<string, Record<string, unknown>> = {};
  const problems: string[] = [];
  const everyName = new Set(Object.values(known).flatMap((names) => [...names]));
  for (const [key, value] of Object.entries(parsed)) {
    const ownNames = Object.hasOwn(known, key) ? known[key] : undefined;
    if (ownNames === undefined) {
      if (everyName.has(key)) common[key] = value;
      else problems.push(`"${key}" in ${path}: there is no such setting`);
      continue;
    }
    if (!isRecord(value)) {
      problems.push(`"${key}" in ${path}: must be an object with the settings of ${key}`);
      continue;
    }
    sections[key] = value;
    for (const name of Object.keys(value)) {
      if (!ownNames.has(name)) problems.push(`"${name}" of "${key}" in ${path}: there is no such setting`);
    }
  }
  if (problems.length > 0) throw new UsageError(...problems);
  return { path, common, sections };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function jsonReason(error: unknown): string {
  if (!(error instanceof SyntaxError)) throw error;
  return error.message.replace(/^JSONC Parse error: /, "");
}

/** What the system says, in words. */
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
