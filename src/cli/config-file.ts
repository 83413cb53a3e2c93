import { readFileSync } from "node:fs";
import { z } from "zod";
import { type ConfigFile, reason, type Written } from "./config.ts";
import { UsageError } from "./exit.ts";

/** The names of every subcommand's settings. */
export type KnownSettings = Readonly<Record<string, ReadonlySet<string>>>;

const written: z.ZodType<Written> = z.union([z.string(), z.number(), z.boolean()], {
  error: ({ input }) => `must be a single value, not ${describeKind(input)}`,
});

/**
 * Reads a JSON file; comments and trailing commas are allowed. Checks that every name belongs to a setting and every
 * value is a single one; the settings check the values. Loaded only if there is such a file: loading zod takes as
 * long as everything else that a short command does.
 * @throws UsageError if it cannot be read or is not JSON, or with one line for each wrong name or value
 */
export function readConfigFile(path: string, label: string, known: KnownSettings): ConfigFile {
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
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new UsageError(`${label}: "${path}" must hold one JSON object`);
  }
  const result = contentOf(known).safeParse(parsed);
  if (!result.success) throw new UsageError(...result.error.issues.flatMap((issue) => describe(issue, path)));
  const common: Record<string, Written> = {};
  const sections: Record<string, Record<string, Written>> = {};
  for (const [name, value] of Object.entries(
    result.data as Record<string, Written | Record<string, Written>>,
  )) {
    if (typeof value === "object") sections[name] = value;
    else common[name] = value;
  }
  return { path, common, sections };
}

/** The schema of a file: settings of any subcommand, and a section of its own settings for each subcommand. */
function contentOf(known: KnownSettings) {
  const everyName = new Set(Object.values(known).flatMap((names) => [...names]));
  const sections = Object.entries(known).map(([subcommand, names]) => {
    const error = ({ code = "" }) =>
      code === "invalid_type" ? `must be an object with the settings of ${subcommand}` : undefined;
    return [subcommand, z.strictObject(shapeOf(names), { error }).optional()];
  });
  return z.strictObject({ ...shapeOf(everyName), ...Object.fromEntries(sections) });
}

function shapeOf(names: ReadonlySet<string>): Record<string, z.ZodType<Written>> {
  // Every name is optional. JSON has no undefined values.
  return Object.fromEntries([...names].map((name) => [name, written.optional() as z.ZodType<Written>]));
}

/** Returns one line for each mistake. */
function describe(issue: z.core.$ZodIssue, path: string): string[] {
  const place = (names: readonly PropertyKey[]): string => {
    const [first, second] = names.map((name) => `"${String(name)}"`);
    return second === undefined ? `${first} in ${path}` : `${second} of ${first} in ${path}`;
  };
  if (issue.code !== "unrecognized_keys") return [`${place(issue.path)}: ${issue.message}`];
  return issue.keys.map((key) => `${place([...issue.path, key])}: there is no such setting`);
}

function describeKind(value: unknown): string {
  return value === null ? "null" : Array.isArray(value) ? "a list" : "an object";
}

function jsonReason(error: unknown): string {
  if (!(error instanceof SyntaxError)) throw error;
  return error.message.replace(/^JSONC Parse error: /, "");
}
