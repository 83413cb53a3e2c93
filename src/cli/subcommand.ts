import { Command, Option } from "commander";
import { type Config, type ConfigFile, resolveConfig, type Written } from "./config.ts";
import type { KnownSettings } from "./config-file.ts";
import { flagName, type Settings } from "./setting.ts";

/** What a subcommand is told, and what it does. */
export interface SubcommandDefinition<S extends Settings> {
  readonly name: string;
  /** One line for the list of subcommands. */
  readonly summary: string;
  /** What it does, above the options in its own help. */
  readonly description: string;
  /** How it is called besides its options, such as `[command...]`. */
  readonly operands?: string;
  /** Options may stand behind operands too; else everything behind the first operand is passed as it is. */
  readonly optionsBehindOperands?: boolean;
  readonly settings: S;
  /** Ways to call it, and what each does. */
  readonly examples: readonly (readonly [call: string, effect: string])[];
  /** @returns the exit code */
  run(config: Config<S>, operands: readonly string[]): Promise<number>;
}

/** A subcommand as the program sees it. */
export interface Subcommand {
  readonly name: string;
  /** The names its settings have as flags and in a file. */
  readonly settingNames: ReadonlySet<string>;
  /** Its parser, which resolves the settings and runs it. */
  command(surroundings: Surroundings): Command;
}

export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The setting names of every subcommand: what a configuration file may hold. */
  readonly known: KnownSettings;
  /** Is handed the exit code. */
  done(exitCode: number): void;
}

export function subcommand<S extends Settings>(definition: SubcommandDefinition<S>): Subcommand {
  return {
    name: definition.name,
    settingNames: new Set(Object.keys(definition.settings).map(flagName)),
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
  command.option("--config <file>", "read settings from a JSON file");
  command.addHelpText("after", helpEnd(definition));
  command.action(async () => {
    const flags = command.opts<Record<string, Written>>();
    const file = await configFile(flags["config"], environment["GLASSCACHE_CONFIG"], known);
    const config = resolveConfig(settings, { subcommand: name, flags, environment, file });
    done(await definition.run(config, command.args));
  });
  return command;
}

/** The file that the flag or the variable names, if any. */
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

function helpEnd({ name, examples, settings }: SubcommandDefinition<Settings>): string {
  const lines = ["", "Examples:"];
  for (const [call, effect] of examples) lines.push(`  ${call}`, `      ${effect}`);
  const [key = "", { fallback }] = Object.entries(settings).find(
    ([, { fallback }]) => fallback !== undefined,
  )!;
  const flag = flagName(key);
  const variable = flag.toUpperCase().replaceAll("-", "_");
  const inFile = `{"${flag}": "${fallback}"}`;
  lines.push(
    "",
    "Sizes are written as 64mb, times as 30s. What is not given as an option is looked for in the environment",
    `(--${flag} as GLASSCACHE_${name.toUpperCase()}_${variable}, then GLASSCACHE_${variable}), then in the file that --config or`,
    `GLASSCACHE_CONFIG names (as {"${name}": ${inFile}}, then ${inFile}).`,
  );
  return lines.join("\n");
}
