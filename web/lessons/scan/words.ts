import type { Answer } from "../../lesson/answer.ts";
import { taught } from "../../lesson/policies.ts";
import { type Reasons, verdictText } from "../../lesson/verdict.ts";
import { AFTER, NEWCOMER, REGULARS, SCAN, type ScanResult, type ScanRun } from "./run.ts";

/** Says why a cache had so many hits after a scan, from what happened in the run. */
export function because(
  { policy, hits, requests, regularsBefore, regularsLeft }: ScanResult,
  scan: number,
): string {
  const misses = requests.length - hits;
  if (policy === "lru") {
    const lost = regularsBefore - regularsLeft;
    return `${scan} strangers came in at the front, each as welcome as any entry. Each pushed the line on by one place, and ${lost === regularsBefore ? `all ${lost}` : lost} regulars fell off its end. Then ${misses} of them were asked for again. Each missed once, was fetched, and was a hit from then on: ${AFTER} − ${misses} = ${hits}.`;
  }
  const missed = [...new Set(requests.filter(({ isHit }) => !isHit).map(({ name }) => name))];
  const newcomer = missed.includes(NEWCOMER)
    ? ` The miss is ${NEWCOMER}. It was new, had been asked for only once, and so looked like a stranger itself. Its ghost let it straight into the main queue when it came back. S3-FIFO is careful, not clever.`
    : "";
  return `Each stranger had to begin in the small queue. None was asked for again there, so they pushed out only one another. Of the ${regularsBefore} regulars that were cached before the scan, ${regularsLeft} were still there after it.${newcomer}`;
}

const REASONS: Readonly<Record<string, Reasons>> = {
  lru: [
    "A lost entry costs one miss, not all of its requests: after that it is cached again.",
    "That they had been asked for all day earned the regulars nothing: LRU looks at the last request alone.",
  ],
  "s3-fifo": [
    "No scan gets past the small queue by being long.",
    "One regular was too new to have proved itself.",
  ],
};

/** Compares a guess with the outcome; too low and too high have different reasons. */
export function verdict(policy: string, guess: number, hits: number): string {
  return verdictText(taught(policy).title, guess, hits, REASONS[policy]!);
}

export const ANSWERS: readonly Answer[] = [
  {
    text: `All of them, as before: ${SCAN} strangers are ${SCAN} strangers.`,
    hint: "Not this time. A regular that is asked for goes back to the front, far from the end. Count how many different others come between two of its requests.",
  },
  { text: "At most the few that are hardly ever asked for." },
  {
    text: "None, whatever happens: a slow scan is harmless.",
    hint: `Not quite. Some of the ${REGULARS.length} are asked for so rarely that ${AFTER} others come in between, strangers among them.`,
  },
];

/** Says where a run is. */
export function phase(at: number, { askAt, after, end }: ScanRun): string {
  if (at < askAt) return "A quiet day: watch what moves when an entry is asked for.";
  if (at === askAt) return "A quiet day has passed.";
  if (at <= after) return `The scan: stranger ${at - askAt} of ${after - askAt}. Look at the letters.`;
  return at === end ? "The run is over." : "After the scan: the regulars come again.";
}

/** Says what scans of a length do. */
export function lengthSays(scan: number, [lru, s3]: readonly ScanResult[]): string {
  const left = lru!.regularsLeft;
  const why =
    left === 0
      ? "All regulars have left LRU’s line; a longer scan can do no more harm."
      : scan === 0
        ? "Without a scan both keep them."
        : `LRU still has ${left} of its ${lru!.regularsBefore} regulars: those that were asked for last.`;
  return `A scan of ${scan}: LRU ${lru!.hits} of ${AFTER}, S3-FIFO ${s3!.hits} of ${AFTER}. ${why}`;
}
