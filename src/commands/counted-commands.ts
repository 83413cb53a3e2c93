import { FAMILIES, OTHER, TEXT } from "./families.ts";

/**
 * What requests are counted as, by number: each command of the tables, with its subcommands, in the tables' order;
 * before them the text protocol, and commands that the tables do not have.
 */
export const OTHER_COMMAND = 0;
export const TEXT_COMMAND = 1;
/** The number of the first command of the tables. */
export const FIRST_COMMAND = 2;

/** A command that is counted. */
interface Counted {
  /** In lower case. */
  readonly name: string;
  /** The place of its group in `FAMILIES`. */
  readonly family: number;
}

/** Adds the text protocol and unknown commands to the commands of the tables, each of which has its number. */
export function countedCommands(commands: Iterable<Counted>): readonly Counted[] {
  return [{ name: "other", family: OTHER }, { name: "text", family: TEXT }, ...commands];
}

/**
 * Adds up counts of commands by family.
 * @param counts of each command, one for each of `results` results
 * @param sums receives the same of each family
 */
export function sumByFamily(
  commands: readonly Counted[],
  counts: Float64Array,
  results: number,
  sums: Float64Array,
): void {
  sums.fill(0, 0, FAMILIES.length * results);
  for (let command = 0; command < commands.length; command++) {
    const from = command * results;
    const to = commands[command]!.family * results;
    for (let result = 0; result < results; result++) sums[to + result]! += counts[from + result]!;
  }
}
