import type { Answer } from "../../lesson/answer.ts";
import { taught } from "../../lesson/policies.ts";
import { type Reasons, verdictText } from "../../lesson/verdict.ts";
import type { PlayCache } from "../../play/settings.ts";
import { BUY, HAVE, POLICIES, REPLAYED, SIZES, STEPS } from "./run.ts";

export function titleOf({ policy, size }: PlayCache): string {
  return `${taught(policy).title}, ${size} places`;
}

/** Of 100, in whole ones. */
export const round = Math.round;

/** Says where the replay is. @param at the first half of its steps replays what there is, the second half the others */
export function phase(at: number): string {
  if (at < STEPS) return `The recording is replayed through your cache: ${titleOf(REPLAYED[0]!)}.`;
  if (at === STEPS) return "That is the cache as it is.";
  return at === 2 * STEPS
    ? "The run is over."
    : "The same recording once more, through both caches that could be.";
}

/** Says how many misses there were so far. */
export function stepSays(at: number, curves: readonly (readonly number[])[]): string {
  const step = at <= STEPS ? at : at - STEPS;
  if (step === 0) return "No request has been replayed yet.";
  const shown = at <= STEPS ? [0] : [1, 2];
  const parts = shown.map((i) => `${titleOf(REPLAYED[i]!)}: ${round(curves[i]![step]!)}`);
  return `Misses of 100 reads so far. ${parts.join("; ")}.`;
}

const REASONS: readonly Reasons[] = [
  [
    "A rule does not add room: many keys come too rarely for any cache of this size.",
    "Many of these keys come once and never again, and S3-FIFO does not let them push out the others.",
  ],
  [
    "Nearly half of the reads are the first for their key. No memory has them.",
    "There are keys that come again after some hundred others. They fit now.",
  ],
];

/** Compares a guess with the misses that there were. @param index of the guess */
export function verdict(index: number, guess: number, misses: number): string {
  return verdictText(titleOf(REPLAYED[index + 1]!), guess, round(misses), REASONS[index]!);
}

/** Says what the replay has shown. */
export function because(
  [lru, s3, large]: readonly [number, number, number],
  firsts: number,
  best: number,
): string[] {
  return [
    `<b>Where you are.</b> Your cache misses ${round(lru)} of 100 reads. ${round(firsts)} of them are the first request for their key: these miss in every cache. So at most ${round(lru) - round(firsts)} are worth talking about.`,
    `<b>Another rule.</b> With S3-FIFO ${round(s3)} miss: ${round(lru) - round(s3)} fewer, and they cost nothing but a setting.`,
    `<b>More memory.</b> With ${BUY} places, ${BUY / HAVE} times as many, ${round(large)} miss: ${round(lru) - round(large)} fewer. What they cost is on your bill.`,
    `<b>What could be.</b> Belady’s optimum, which knows the future (lesson 6), would miss ${round(best)} with ${HAVE} places. What lies between ${round(best)} and ${round(s3)} is all that a better rule could still gain there.`,
  ];
}

/** Says what there is to choose from at a size. */
export function sizeSays(size: number, misses: readonly number[], lru: readonly number[]): string {
  const figures = POLICIES.map((policy, i) => `${taught(policy).title} ${round(misses[i]!)}`).join(", ");
  const said = `${size} places. Misses of 100 reads: ${figures}.`;
  const as = SIZES.find((other, i) => other > size && lru[i]! <= misses[1]!);
  if (as === undefined || lru[SIZES.indexOf(size)]! - misses[1]! < 1) {
    return `${said} LRU and S3-FIFO are about alike here.`;
  }
  return `${said} Of the sizes here, LRU needs ${as} places to do as well as S3-FIFO.`;
}

export const ANSWERS: readonly Answer[] = [
  {
    text: "A cache is of no use here.",
    hint: "Perhaps. But look at what these misses are: in one minute most keys had no time to come twice.",
  },
  { text: "Record for longer, and replay again." },
  {
    text: "The policy with the star in the table, since it is the best.",
    hint: "If all of them, and even Belady, miss 90 of 100, the table says something about the recording, not about the policies.",
  },
];
