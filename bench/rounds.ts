import { parseArgs } from "node:util";

/** The lengths of a benchmark in rounds. */
export interface RoundLengths {
  readonly rounds: number;
  /** Of one target in one round. */
  readonly seconds: number;
}

/** The flags of such a benchmark, including its own. */
export interface RoundFlags<Own extends string> extends RoundLengths {
  readonly write: boolean;
  readonly own: Readonly<Partial<Record<Own, string>>>;
}

/** Reads `--quick`, `--rounds`, `--seconds`, `--write` and the benchmark's own flags, each of which takes a value. */
export function readRoundFlags<Own extends string>(
  usual: RoundLengths,
  quick: RoundLengths,
  ownNames: readonly Own[],
): RoundFlags<Own> {
  const flag = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      rounds: flag,
      seconds: flag,
      ...Object.fromEntries(ownNames.map((name) => [name, flag])),
    },
  });
  const lengths = values.quick ? quick : usual;
  return {
    rounds: Number(values.rounds ?? lengths.rounds),
    seconds: Number(values.seconds ?? lengths.seconds),
    write: values.write,
    own: values as Partial<Record<Own, string>>,
  };
}
