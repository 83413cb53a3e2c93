import { flagName } from "../lib/number-setting.ts";
import type { Setting } from "./setting.ts";
import type { SubcommandOutline } from "./subcommand.ts";

/** The table of options that the help is made of, in the form that completions need. */

/** Possible values: one of some words, several of them with commas between, a file, a directory, or unknown. */
export type Candidates =
  | readonly string[]
  | { readonly list: readonly string[] }
  | "files"
  | "directories"
  | "unknown";

export interface CompletedOption {
  /** Such as `-x` and `--stdin`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Such as `<size>`; empty for a switch. */
  readonly placeholder: string;
  readonly values: Candidates;
}

/** Returns every option of a subcommand, in the order of its help. */
export function completedOptions({ settings }: SubcommandOutline): CompletedOption[] {
  const options = Object.entries(settings).map(([key, setting]) => ({
    flags: [...(setting.short === undefined ? [] : [setting.short]), `--${flagName(key)}`],
    description: setting.description,
    placeholder: setting.placeholder,
    values: candidatesOf(setting),
  }));
  const isSwitch = { placeholder: "", values: "unknown" } as const;
  if (options.length > 0) {
    const description = "read settings from a JSON file";
    options.push({ flags: ["--config"], description, placeholder: "<file>", values: "files" });
  }
  options.push({ flags: ["-v", "--version"], description: "print the version", ...isSwitch });
  options.push({ flags: ["-h", "--help"], description: "display help", ...isSwitch });
  return options;
}

function candidatesOf({ read, placeholder }: Setting<unknown>): Candidates {
  if (read.values !== undefined) return read.isList === true ? { list: read.values } : read.values;
  if (placeholder === "<file>") return "files";
  return placeholder === "<directory>" ? "directories" : "unknown";
}

/** Puts a text in single quotes for a shell. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
