import { Command, Option } from "commander";
import { flagName } from "../lib/number-setting.ts";
import { type Config, type ConfigFile, resolveConfig, type Written } from "./config.ts";
import type { KnownSettings } from "./config-file.ts";
import { refuseUnknownVariables } from "./environment.ts";
import { optionsFirst } from "./option-order.ts";
import type { Settings } from "./setting.ts";
import { standardOutput } from "./standard-output.ts";
import { wrapped } from "./wrapping.ts";

/** The definition of a subcommand: its help, its settings, and its function. */
export interface SubcommandDefinition<S extends Settings> {
  readonly name: string;
  /** One line for the list of subcommands. */
  readonly summary: string;
  /** The text above the options in its help. */
  readonly description: string;
  /** Its operands in the usage line, such as `[command...]`. */
  readonly operands?: string;
  /** Possible operands, for completion: words, or files. */
  readonly operandValues?: readonly string[] | "files";
  /**
   * Whether options may follow operands. By default everything after the first operand is an operand. `known`: all
   * words but known options are (see `optionsFirst`).
   */
  readonly optionsBehindOperands?: boolean | "known";
  readonly settings: S;
  /** The text below the examples in its help. */
  readonly notes?: string;
  /** Ways to call it, and their effects. */
  readonly examples: readonly (readonly [call: string, effect: string])[];
  /**
   * @param reread resolves the settings again, with what the file says now
   * @returns the exit code
   */
  run(config: Config<S>, operands: readonly string[], reread: () => Promise<Config<S>>): Promise<number>;
}

/** A subcommand without its function. */
export type SubcommandOutline = Pick<
  SubcommandDefinition<Settings>,
  "name" | "summary" | "operands" | "operandValues" | "settings"
>;

/** A subcommand as the main program sees it. */
export interface Subcommand {
  readonly name: string;
  /** The input of its help and of the shells' completions. */
  readonly outline: SubcommandOutline;
  /** Names of its settings as flags and in a file. */
  readonly settingNames: ReadonlySet<string>;
  /**
   * Returns the words after its name, with options that follow operands moved to the front.
   * @throws UsageError
   */
  ordered(args: readonly string[]): readonly string[];
  /** Creates its parser, which resolves the settings and runs it. */
  command(surroundings: Surroundings): Command;
}

interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The names of every subcommand's settings, which a configuration file may contain. */
  readonly known: KnownSettings;
  /** Receives the exit code. */
  done(exitCode: number): void;
}

export function subcommand<S extends Settings>(definition: SubcommandDefinition<S>): Subcommand {
  return {
    name: definition.name,
    outline: definition,
    settingNames: new Set(Object.keys(definition.settings).map(flagName)),
    ordered: (args) =>
      definition.optionsBehindOperands === "known" ? optionsFirst(args, definition.settings) : args,
    command: (surroundings) => commanderCommand(definition, surroundings),
  };
}

function commanderCommand<S extends Settings>(
  definition: SubcommandDefinition<S>,
  { environment, known, done }: Surroundings,
): Command {
  const { name, settings } = definition;
  const command = new Command(name).summary(definition.summary).description(definition.description);
  if (definition.operands !== undefined) {
    command.argument(definition.operands).passThroughOptions(definition.optionsBehindOperands !== true);
  }
  for (const [key, { short, placeholder, description, fallback, group }] of Object.entries(settings)) {
    const flags = `${short === undefined ? "" : `${short}, `}--${flagName(key)} ${placeholder}`.trim();
    const isSwitch = placeholder === "";
    const text = fallback === undefined || isSwitch ? description : `${description} (default: ${fallback})`;
    command.addOption(new Option(flags, text).helpGroup(group));
  }
  if (Object.keys(settings).length > 0) command.option("--config <file>", "read settings from a JSON file");
  command.addHelpText("after", helpEnd(definition));
  command.action(async () => {
    refuseUnknownVariables(environment, known);
    const flags = command.opts<Record<string, Written>>();
    const resolved = async (): Promise<Config<S>> => {
      const file = await configFile(flags["config"], environment["GLASSCACHE_CONFIG"], known);
      return resolveConfig(settings, { subcommand: name, flags, environment, file });
    };
    done(await definition.run(await resolved(), command.args, resolved));
  });
  return command;
}

/** Reads the file given by the flag or the variable, if any. */
async function configFile(
  flag: Written | undefined,
  variable: string | undefined,
  known: KnownSettings,
): Promise<ConfigFile | undefined> {
  const path = flag ?? variable;
  if (!path) return undefined;
  const { readConfigFile } = await import("./config-file.ts");
  return readConfigFile(String(path), flag === undefined ? "GLASSCACHE_CONFIG" : "--config", known);
}

function helpEnd({ name, examples, notes, settings }: SubcommandDefinition<Settings>): string {
  const columns = standardOutput().columns ?? 80;
  const parts: string[] = [];
  if (examples.length > 0) parts.push(["Examples:", ...examples.map(exampleText)].join("\n"));
  if (notes !== undefined) parts.push(wrapped(notes, columns));
  const withDefault = Object.entries(settings).find(([, { fallback }]) => fallback !== undefined);
  if (withDefault !== undefined) {
    const [key, { fallback }] = withDefault;
    const flag = flagName(key);
    const variable = flag.toUpperCase().replaceAll("-", "_");
    const inFile = `{"${flag}": "${fallback}"}`;
    const text =
      "Sizes are written as 64mb, times as 30s. What is not given as an option is looked for in the environment " +
      `(--${flag} as GLASSCACHE_${name.toUpperCase()}_${variable}, then GLASSCACHE_${variable}), then in the file ` +
      `that --config or GLASSCACHE_CONFIG names (as {"${name}": ${inFile}}, then ${inFile}).`;
    parts.push(wrapped(text, columns));
  }
  return parts.map((part) => `\n${part}`).join("\n");

  function exampleText([call, effect]: readonly [string, string]): string {
    return `  ${call}\n${wrapped(effect, columns, "      ")}`;
  }
}
