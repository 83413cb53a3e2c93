import type { Answer } from "../../lesson/answer.ts";
import { taught } from "../../lesson/policies.ts";
import type { Outcome, StagedRun } from "../../lesson/staged-run.ts";
import { type Reasons, verdictText } from "../../lesson/verdict.ts";
import { counted } from "../../parts/text.ts";
import { listText } from "../../play/step-sentence.ts";
import { ALL, KEYS, LOOP, LOOP_REQUESTS, PLACES, POLICIES } from "./run.ts";

export function phase(at: number, { askAt, end }: StagedRun): string {
  if (at < askAt) return "The caches are full. Watch which entry leaves, and which one moves.";
  if (at === askAt) return "The caches are full: each fill makes an entry leave.";
  return at === end ? "The run is over." : `Request ${at - askAt} of ${end - askAt}.`;
}

/** Says why each policy had its hits, beside those of LRU. */
export function because(outcomes: readonly Outcome[]): string[] {
  const missed = outcomes.map(({ requests }) =>
    requests.filter(({ isHit }) => !isHit).map(({ name }) => name),
  );
  const [fifo, lru, clock] = missed as [string[], string[], string[]];
  const lostTo = (misses: readonly string[]): string[] =>
    misses.filter((name) => count(misses, name) > count(lru, name));
  const favourite = mostAskedFor(outcomes[0]!);
  const ofFavourite = count(fifo, favourite);
  return [
    `Missed: ${listText(fifo)}. The line does not change when an entry is asked for, so it does not help to be popular. ${favourite} is asked for most of all, and ${ofFavourite === 0 ? "stayed by luck" : `still had to leave once it had come to the end of the line`}. Of these, LRU had ${listText(lostTo(fifo))}.`,
    `Missed: ${listText(lru)}. These had not been asked for while ${PLACES} different others were. An entry that is asked for often goes to the front again and again, and never comes near the end.`,
    `Missed: ${listText(clock)}. It notes that an entry was asked for since the last look, not when. So ${listText(lostTo(clock))}, which LRU kept, had to leave. It has less work for that: a hit moves nothing.`,
  ];
}

function count(names: readonly string[], name: string): number {
  return names.filter((each) => each === name).length;
}

/** The key with most requests. */
export function mostAskedFor({ requests }: Outcome): string {
  const names = requests.map(({ name }) => name);
  return names.toSorted((a, b) => count(names, b) - count(names, a))[0]!;
}

const REASONS: Readonly<Record<string, Reasons>> = {
  fifo: [
    "Half of the keys fit, but not just any half: what is asked for often is fetched again soon after it had to leave, and is there for a while.",
    "Its line moves on with every miss, and popular entries fall off its end like any other.",
  ],
  lru: [
    "Half of the keys fit, but not just any half: those that are asked for often keep themselves at the front.",
    "The rare keys are many: one of them comes every few requests, and hardly any of them is there.",
  ],
  clock: [
    "A second round is nearly as good as a place at the front.",
    "The rare keys are many, and now and then a popular one has not been asked for since the last look.",
  ],
};

/** Compares a guess with the outcome. */
export function verdict(policy: string, guess: number, hits: number): string {
  return verdictText(taught(policy).title, guess, hits, REASONS[policy]!);
}

/** Says what caches of a size do. @param larger the hits with one place more */
export function sizeSays(places: number, hits: readonly number[], larger: readonly number[]): string {
  const each = POLICIES.map((policy, i) => `${taught(policy).title} ${hits[i]}`).join(", ");
  const said = `${counted(places, "place")} for ${KEYS.length} keys. Hits of ${ALL} requests: ${each}.`;
  if (places >= KEYS.length) {
    return `${said} Everything fits. Only the first request for each key is a miss, and the rule does not matter.`;
  }
  if (places === 1) return `${said} With one place there is nothing to choose.`;
  const gained = larger[1]! - hits[1]!;
  return `${said} Between the best rule and the worst lie ${counted(Math.max(...hits) - Math.min(...hits), "hit")}; one place more gives LRU ${gained}.`;
}

export const ANSWERS: readonly Answer[] = [
  {
    text: `About ${Math.round((LOOP_REQUESTS * PLACES) / LOOP.length)}: six of seven files are there.`,
    hint: "Six of them are there, true. But which six? A to F fill the cache. Then G comes, and one has to leave: the one that was asked for longest ago. Who is asked for next?",
  },
  {
    text: `About ${LOOP_REQUESTS / 2}: half of the time the right ones are there.`,
    hint: "There is no chance in it. Go through it by hand: A to F fill the cache, then G comes. Who leaves, and who is asked for next?",
  },
  { text: "None." },
];
