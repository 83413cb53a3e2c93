/** What the program ends with. */
export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
export const EXIT_USAGE = 2;
/** `glasscache client`: there is no such key. */
export const EXIT_MISSING = 3;

/** What the user asked for cannot be right: one line for each mistake, and exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
  readonly problems: readonly string[];

  constructor(...problems: string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** It could not be done, for a reason that the message says in one line: exit code 1. */
export class FailedError extends Error {
  override name = "FailedError";
}
