import { Command, CommanderError } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { EXIT_DONE, EXIT_FAILED, EXIT_USAGE, UsageError } from "./exit.ts";
import { standardOutput } from "./standard-output.ts";
import type { Subcommand } from "./subcommand.ts";
import { displayLines } from "./terminal-text.ts";

/** Loaded when they are called for: each alone is there in half the time of all, and in less memory. */
const SUBCOMMANDS: Readonly<Record<string, () => Promise<Subcommand>>> = {
  server: async () => (await import("./server.ts")).server,
  proxy: async () => (await import("./proxy.ts")).proxy,
  client: async () => (await import("./client.ts")).client,
  demo: async () => (await import("./demo.ts")).demo,
  simulate: async () => (await import("./simulate.ts")).simulate,
};

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit code */
async function main(args: readonly string[]): Promise<number> {
  let exitCode = EXIT_DONE;
  const program = new Command("glasscache")
    .description(manifest.description)
    .version(manifest.version, "-V, --version", "print the version")
    .enablePositionalOptions()
    .showHelpAfterError("(--help lists what there is)")
    .configureOutput({
      writeOut: (text) => standardOutput().write(text),
      outputError: (text, write) => write(text.replace(/^error: /, "glasscache: ")),
    })
    .exitOverride();
  const subcommands = await loadSubcommands(args);
  const known = Object.fromEntries(subcommands.map(({ name, settingNames }) => [name, settingNames]));
  const done = (code: number) => {
    exitCode = code;
  };
  for (const definition of subcommands) {
    const command = definition.command({ environment: process.env, known, done });
    program.addCommand(command.copyInheritedSettings(program));
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
    const name = ["glasscache", ...program.args.slice(0, 1)].join(" ");
    if (error instanceof UsageError) {
      for (const problem of error.problems) process.stderr.write(`${name}: ${displayLines(problem)}\n`);
      return EXIT_USAGE;
    }
    process.stderr.write(`${name}: ${describeFailure(error)}\n`);
    return EXIT_FAILED;
  }
}

/** The one that is called; all where none is, or where a configuration file may hold settings of any of them. */
function loadSubcommands(args: readonly string[]): Promise<Subcommand[]> {
  const called =
    args[0] !== undefined && Object.hasOwn(SUBCOMMANDS, args[0]) ? SUBCOMMANDS[args[0]] : undefined;
  const hasFile = process.env["GLASSCACHE_CONFIG"] || args.some((arg) => arg.startsWith("--config"));
  const loaders = called === undefined || hasFile ? Object.values(SUBCOMMANDS) : [called];
  return Promise.all(loaders.map((load) => load()));
}

/** One line for what can go wrong in the world; the whole trace for what is a fault of the program. */
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return displayLines(String(error));
  const isFault = ["AssertionError", "TypeError", "ReferenceError"].includes(error.name);
  return displayLines(isFault ? (error.stack ?? error.message) : error.message);
}
