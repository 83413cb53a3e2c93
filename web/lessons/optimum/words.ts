import type { Answer } from "../../lesson/answer.ts";
import { taught } from "../../lesson/policies.ts";
import type { Outcome, StagedRun } from "../../lesson/staged-run.ts";
import { type Reasons, verdictText } from "../../lesson/verdict.ts";
import { counted, countText, numberText } from "../../parts/text.ts";
import { listText } from "../../play/step-sentence.ts";
import { COMPARED, LONG_KEYS, type Parting, PLACES, type Thread } from "./run.ts";

export function phase(at: number, { askAt, end }: StagedRun): string {
  if (at < askAt) return "Both caches get the same requests. One of them knows those to come.";
  if (at === askAt) return "Both caches are full.";
  return at === end ? "The run is over." : `Request ${at - askAt} of ${end - askAt}.`;
}

/** When an entry is asked for again. */
export function threadText({ after }: Thread): string {
  if (after === undefined) return "not any more";
  return after === 1 ? "by the next request" : `in ${countText(after)} requests`;
}

/** The threads in a sentence. */
export function threadsSay(threads: readonly Thread[]): string {
  const said = threads.map((thread) => `${thread.name} is asked for ${threadText(thread)}`);
  return threads.length === 0 ? "Empty." : `${listText(said)}: ${threads.at(-1)!.name} would leave.`;
}

/** Says why each cache had its hits, from what happened in the run. */
export function because(
  [lru, belady]: readonly [Outcome, Outcome],
  { name, lru: lost, belady: left }: Parting,
): [string, string] {
  const misses = (outcome: Outcome): number => outcome.requests.length - outcome.hits;
  return [
    `It looks back. When ${name} came and one had to leave, LRU evicted ${lost.name}, which was asked for longest ago. But ${lost.name} was asked for again ${lost.after === 1 ? "by the very next request" : `${lost.after} requests later`}, and had to be fetched. ${misses(lru)} misses.`,
    `It looks ahead. At the same moment its cache let ${left.name} go, which was asked for ${left.after === undefined ? "no more" : `only ${left.after} requests later`}. Even so there are ${counted(misses(belady), "miss", "misses")}: more keys were wanted than ${PLACES} places can hold, and each miss was put off as long as could be. Over the whole run no rule has fewer.`,
  ];
}

const REASONS: Readonly<Record<string, Reasons>> = {
  lru: [
    "The favourites come again soon, and those LRU keeps.",
    "There are nine keys for four places, and what was asked for last is often not what is asked for next.",
  ],
  belady: [
    "To know the future is worth more than one thinks: each eviction hits the entry that can be spared longest.",
    "Even with the whole future known there are only four places: an entry that is fetched must push out one that is wanted some time.",
  ],
};

/** Compares a guess with the outcome. */
export function verdict(policy: string, guess: number, hits: number): string {
  return verdictText(taught(policy).title, guess, hits, REASONS[policy]!);
}

/** Says how far policies are from the optimum in caches of a size. */
export function sizeSays(places: number, hits: readonly number[]): string {
  const [lru, s3, , best] = hits as [number, number, number, number];
  const figures = COMPARED.map((policy, i) => `${taught(policy).title} ${numberText(hits[i]!)}`).join(", ");
  const said = `${counted(places, "place")} for ${LONG_KEYS} keys. Hits of 100 requests: ${figures}.`;
  if (places >= LONG_KEYS) {
    return `${said} Everything fits: only first requests are misses, and those no rule can avoid.`;
  }
  const closed = (100 * (s3 - lru)) / (best - lru);
  return `${said} Of the way from LRU to the best there could be, S3-FIFO goes ${numberText(closed)} %.`;
}

export const ANSWERS: readonly Answer[] = [
  {
    text: "Another policy: 40 misses of 100 are many.",
    hint: "They are many. But how many of them could the best policy of all avoid, in a cache of this size?",
  },
  { text: "More memory, or fewer different keys: at this size there is hardly anything left to gain." },
  {
    text: "Nothing: 38 misses of 100 is a bound that no cache gets below.",
    hint: "It is a bound for a cache of this size. What does the line of the optimum do to the right, where there are more places?",
  },
];
