/** Exit codes. */
export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
/** `glasscache client`: the key does not exist. */
export const EXIT_MISSING = 3;

/** Wrong usage: one line for each mistake, and exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
  readonly problems: readonly string[];

  constructor(...problems: string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** A failure that the message explains in one line: exit code 1. */
export class FailedError extends Error {
  override name = "FailedError";
}
