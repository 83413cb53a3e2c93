import type { Fault } from "./messages.ts";
import { RuleBroken } from "./rule-broken.ts";

/** Characters of a text that somebody else has written. */
const TEXT_LIMIT = 400;

/**
 * Puts what was thrown into words.
 * @param lines how many lines the reader's code has; what follows them in the script is ours
 */
export function faultOf(thrown: unknown, lines: number): Fault {
  if (thrown instanceof RuleBroken) return { text: clipped(thrown.message), line: undefined };
  try {
    if (thrown instanceof Error) {
      const { name, message, stack } = thrown;
      return { text: clipped(`${name}: ${message}`), line: lineOf(String(stack), lines) };
    }
    return { text: clipped(`it threw ${String(thrown)}`), line: undefined };
  } catch {
    // What it threw throws again when it is looked at.
    return { text: "it threw something that cannot be told", line: undefined };
  }
}

/** Finds the innermost place within the reader's code: `…blob:null/4f1c…:12:7` in all browsers. */
export function lineOf(stack: string, lines: number): number | undefined {
  for (const [, line] of stack.matchAll(/blob:[^\s:()]+:([0-9]+)(?::[0-9]+)?/g)) {
    if (Number(line) >= 1 && Number(line) <= lines) return Number(line);
  }
  return undefined;
}

function clipped(text: string): string {
  return text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text;
}
