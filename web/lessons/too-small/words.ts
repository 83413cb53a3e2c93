import type { Answer } from "../../lesson/answer.ts";
import { taught } from "../../lesson/policies.ts";
import type { Outcome, StagedRun } from "../../lesson/staged-run.ts";
import { counted } from "../../parts/text.ts";
import { listText } from "../../play/step-sentence.ts";
import { ALL, KEYS, LOOP, LOOP_REQUESTS, PLACES, POLICIES } from "./run.ts";

export function phase(at: number, { askAt, end }: StagedRun): string {
  if (at < askAt) return "The caches are full. Watch who leaves, and who moves.";
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
    `Missed: ${listText(fifo)}. The line does not move when an entry is asked for, so being popular does not help. ${favourite} is asked for most of all, and ${ofFavourite === 0 ? "stayed by luck" : `still had to leave once it had come to the end of the line`}. Of these, LRU had ${listText(lostTo(fifo))}.`,
    `Missed: ${listText(lru)}. These had not been asked for while ${PLACES} different others were. Who is asked for often goes to the front again and again, and never comes near the end.`,
    `Missed: ${listText(clock)}. It knows whether an entry was asked for since it came by last, not when. So ${listText(lostTo(clock))}, which LRU kept, had to leave. It does less work for it: a hit moves nothing, it only leaves a mark.`,
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

/** Compares a guess with the outcome; too low and too high have different reasons. */
export function verdict(policy: string, guess: number, hits: number): string {
  const said = `${taught(policy).title}: you said ${guess}, it was ${hits}.`;
  if (guess === hits) return `${said} Exactly.`;
  if (Math.abs(guess - hits) === 1) return `${said} Nearly.`;
  if (guess < hits) {
    return `${said} Half of the keys have room, but they are not just any half: those that are asked for often are there more often than not.`;
  }
  return policy === "fifo"
    ? `${said} Its line moves on with every miss, and popular entries fall off its end like any other.`
    : `${said} The rare keys are many: one of them comes every few requests, and hardly any of them is there.`;
}

/** Says what caches of a size do. */
export function sizeSays(places: number, hits: readonly number[]): string {
  const each = POLICIES.map((policy, i) => `${taught(policy).title} ${hits[i]}`).join(", ");
  const said = `${counted(places, "place")} for ${KEYS.length} keys: of ${ALL} requests hits are ${each}.`;
  if (places >= KEYS.length) {
    return `${said} Everything fits. Only the first request for each key is a miss, and the rule does not matter.`;
  }
  if (places === 1) return `${said} With one place there is nothing to choose.`;
  return hits[0] === Math.max(...hits)
    ? said
    : `${said} The better rule is worth ${counted(Math.max(...hits) - hits[0]!, "hit")} here.`;
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
