import { UsageError } from "./exit.ts";

/** What a wrong usage is told; nothing where it is right. */
export function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
  return [];
}
