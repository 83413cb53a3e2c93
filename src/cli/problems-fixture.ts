import { UsageError } from "./exit.ts";

/** Returns the messages about wrong usage; none if the usage is right. */
export function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}
