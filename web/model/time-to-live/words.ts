import { numberText, percentText } from "../../parts/text.ts";
import { timeText } from "../time-text.ts";
import type { TimeToLiveFacts, TimeToLiveSettings } from "./run.ts";

/** Says what the origin was asked in a run, and why. */
export function because(facts: TimeToLiveFacts, { keys, ttlMs, jitter }: TimeToLiveSettings): string {
  const { average, most, mostAtS, longestWaitMs, hitRatio } = facts;
  const peak = `In second ${mostAtS} the origin was asked ${numberText(most)} questions; on average it is asked ${numberText(average, 1)} a second.`;
  const wait = `The longest wait of a reader was ${timeText(longestWaitMs)}, and ${percentText(hitRatio)} % of the reads were hits.`;
  if (jitter === 0) {
    return `The ${numberText(keys)} entries came in at the same time and live equally long, so ${timeText(ttlMs)} later all of them expire together. Whatever is asked for next is a miss. ${peak} ${wait} Each round is a little less sharp than the one before, because an entry comes back only when somebody asks for it, but the herd finds together again and again.`;
  }
  return `Each entry lives up to ${percentText(jitter, 0)} % less than ${timeText(ttlMs)}, by chance, so they do not expire together. ${peak} ${wait}`;
}

/** Compares two runs, without jitter and with it: what it costs and what it saves. */
export function jitterSays(without: TimeToLiveFacts, withIt: TimeToLiveFacts): string {
  const more = withIt.average / without.average - 1;
  const cost =
    more < 0.02
      ? "at hardly any cost"
      : `for ${percentText(more, 0)} % more questions in all, since entries live less long`;
  return `The busiest second falls from ${numberText(without.most)} questions to ${numberText(withIt.most)}, ${cost}.`;
}

/** Compares a guess of the questions in the busiest second with the outcome. */
export function verdict(guess: number, { most, average }: TimeToLiveFacts): string {
  const said = `You said ${numberText(guess)}, it was ${numberText(most)}.`;
  if (Math.abs(guess - most) <= most / 10) return `${said} Nearly.`;
  return guess < most
    ? `${said} The average, ${numberText(average, 1)}, says nothing about the second in which all expire.`
    : `${said} An entry that has expired is fetched once somebody asks for it, and not all keys are asked for at once.`;
}

/** The answers to: one entry alone is asked for a thousand times a second, and expires. What reaches the origin? */
export const ANSWERS: readonly { readonly text: string; readonly hint?: string }[] = [
  {
    text: "As many questions as there are reads until the answer has come.",
    hint: "So it would be without coalescing. Reads that find a question under way wait for its answer.",
  },
  { text: "One question." },
  {
    text: "None, if its time to live has jitter.",
    hint: "Jitter keeps entries from expiring together. This one still expires, a little sooner.",
  },
];
