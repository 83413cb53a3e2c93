import { nearest } from "../lib/nearest.ts";
import { flagName } from "../lib/number-setting.ts";
import { UsageError } from "./exit.ts";
import type { Settings } from "./setting.ts";

/**
 * Reorders a command line: options first, then `--`, then the other words in order. For subcommands whose operands
 * may be any words, such as `GET key --json` or `INCRBY key -5`. An option is a word that is a flag of one of the
 * settings. Words after a `--` are not options.
 * @throws UsageError for a word after the first operand that begins with two hyphens and is not an option, so that a
 * misspelt option is never sent as data
 */
export function optionsFirst(args: readonly string[], settings: Settings): readonly string[] {
  const flags = flagsOf(settings);
  const options: string[] = [];
  const operands: string[] = [];
  let at = 0;
  while (at < args.length) {
    const word = args[at++]!;
    if (word === "--") {
      operands.push(...args.slice(at));
      break;
    }
    const name = word.startsWith("--") ? word.replace(/=.*$/s, "") : word;
    const placeholder = flags.get(name);
    if (placeholder !== undefined) {
      options.push(word);
      if (placeholder === "" || name !== word) continue;
      if (at === args.length) throw new UsageError(`option '${name} ${placeholder}' argument missing`);
      options.push(args[at++]!);
    } else if (operands.length === 0 && word.length > 1 && word.startsWith("-")) {
      // Before the operands, leave it to the parser, which knows it or reports it.
      options.push(word);
    } else if (/^--[a-z]/i.test(word)) {
      throw new UsageError(strayOption(name, flags.keys()));
    } else {
      operands.push(word);
    }
  }
  return operands.length === 0 ? options : [...options, "--", ...operands];
}

/** The placeholder of every flag: empty for a switch. */
function flagsOf(settings: Settings): Map<string, string> {
  const flags = new Map([
    ["--config", "<file>"],
    ["--help", ""],
    ["--version", ""],
  ]);
  for (const [key, { short, placeholder }] of Object.entries(settings)) {
    flags.set(`--${flagName(key)}`, placeholder);
    if (short !== undefined) flags.set(short, placeholder);
  }
  return flags;
}

function strayOption(name: string, flags: Iterable<string>): string {
  const long = [...flags].filter((flag) => flag.startsWith("--"));
  const meant = nearest(name, long);
  const advice = meant === undefined ? "." : `; did you mean ${meant}?`;
  return `there is no option ${name}${advice} Words of a command that begin with -- must follow a separate --`;
}
