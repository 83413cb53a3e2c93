import { Command, CommanderError, Option } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { VERSION } from "../lib/version.ts";
import { strangeVariables } from "./environment.ts";
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, UsageError } from "./exit.ts";
import { standardOutput } from "./standard-output.ts";
import type { Subcommand } from "./subcommand.ts";
import { displayLines } from "./terminal-text.ts";

/** Subcommands are loaded on demand: one alone loads in half the time of all, and in less memory. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<Subcommand>>> = {
  server: async () => (await import("./server.ts")).server,
  proxy: async () => (await import("./proxy.ts")).proxy,
  client: async () => (await import("./client.ts")).client,
  demo: async () => (await import("./demo.ts")).demo,
  simulate: async () => (await import("./simulate.ts")).simulate,
  top: async () => (await import("./top.ts")).top,
  learn: async () => (await import("./learn.ts")).learn,
  completion: async () => (await import("./completion.ts")).completion(loadAll),
  version: async () => (await import("./version.ts")).version,
};

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  let exitCode = EXIT_DONE;
  const program = new Command("glasscache")
    .description(manifest.description)
    .enablePositionalOptions()
    .showHelpAfterError("(--help lists all options)")
    .configureOutput({
      writeOut: (text) => standardOutput().write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "glasscache: ")),
    })
    .exitOverride();
  tellingVersion(program);
  const subcommands = await loadSubcommands(args);
  const known = Object.fromEntries(subcommands.map(({ name, settingNames }) => [name, settingNames]));
  const done = (code: number) => {
    exitCode = code;
  };
  for (const definition of subcommands) {
    const command = definition.command({ environment: process.env, known, done });
    program.addCommand(tellingVersion(command.copyInheritedSettings(program)));
  }
  const [first, ...behind] = args;
  const called = subcommands.find((definition) => definition.name === first);
  try {
    await program.parseAsync(called === undefined ? args : [called.name, ...called.ordered(behind)], {
      from: "user",
    });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
    const name = called === undefined ? "glasscache" : `glasscache ${called.name}`;
    if (error instanceof UsageError) {
      for (const problem of error.problems) process.stderr.write(`${name}: ${displayLines(problem)}\n`);
      return EXIT_USAGE;
    }
    process.stderr.write(`${name}: ${describeFailure(error)}\n`);
    return EXIT_FAILED;
  }
}

/**
 * Loads the subcommand that is called. Loads all if none is called, or if a configuration file or a variable may name
 * settings of any.
 */
async function loadSubcommands(args: readonly string[]): Promise<Subcommand[]> {
  const load =
    args[0] !== undefined && Object.hasOwn(SUBCOMMANDS, args[0]) ? SUBCOMMANDS[args[0]] : undefined;
  const hasFile = process.env["GLASSCACHE_CONFIG"] || args.some((arg) => arg.startsWith("--config"));
  if (load === undefined || hasFile) return loadAll();
  const called = await load();
  return strangeVariables(process.env, called).length === 0 ? [called] : loadAll();
}

function loadAll(): Promise<Subcommand[]> {
  return Promise.all(Object.values(SUBCOMMANDS).map((load) => load()));
}

/** Adds `-v` and `--version`, and the former `-V`. */
function tellingVersion(command: Command): Command {
  return command
    .version(VERSION, "-v, --version", "print the version")
    .addOption(new Option("-V").hideHelp())
    .on("option:V", () => {
      standardOutput().write(`${VERSION}\n`);
      throw new CommanderError(EXIT_DONE, "commander.version", VERSION);
    });
}

/** Returns one line for an expected failure, the whole trace for a fault of the program. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return displayLines(String(error));
  const isFault = ["AssertionError", "TypeError", "ReferenceError"].includes(error.name);
  return displayLines(isFault ? (error.stack ?? error.message) : error.message);
}
