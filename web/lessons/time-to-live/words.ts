import type { Answer } from "../../lesson/answer.ts";
import { timeText } from "../../model/time-text.ts";
import { counted, numberText, percentText } from "../../parts/text.ts";
import { ASK_AT_S, quietWaitMs, TIME_TO_LIVE, type TimeToLiveFacts, type TimeToLiveSettings } from "./run.ts";

/** Says where a run is. @param seconds that have passed */
export function phase(seconds: number): string {
  if (seconds <= 1) return "The cache is filled.";
  if (seconds < ASK_AT_S) return "All is quiet: whatever is asked for is there.";
  if (seconds === ASK_AT_S) return "Ten seconds have passed. The entries are about to expire.";
  return seconds === TIME_TO_LIVE.seconds
    ? "The run is over."
    : "They expire together, and are fetched when somebody asks for them.";
}

/** Says what the origin was asked in the last of these seconds. */
export function secondSays(seconds: number, { questions }: TimeToLiveFacts): string {
  if (seconds === 0) return "Nothing has been asked yet.";
  return `Second ${seconds - 1}: the origin was asked ${counted(questions[seconds - 1]!, "question")}.`;
}

/** Says what the origin was asked in a run without jitter, and why. */
export function because(facts: TimeToLiveFacts, settings: TimeToLiveSettings): string[] {
  const { questions, average, most, mostAtS, longestWaitMs, hitRatio } = facts;
  const { keys, readsPerSecond, ttlMs } = settings;
  const left = keys - most;
  const round = ttlMs / 1000;
  const rounds = [2, 3, 4].map((n) => Math.max(...questions.slice(n * round, (n + 1) * round)));
  return [
    `<b>All at once.</b> The ${numberText(keys)} entries came in together and live equally long, so they also leave together. In second ${mostAtS} whatever is asked for is a miss: ${numberText(most)} questions reach the origin in that one second, and ${numberText(average)} a second on average. Such a crowd is called a <b>thundering herd</b>.`,
    `<b>Not all ${numberText(keys)}.</b> An entry that has expired is fetched when somebody asks for it, not before. In that second some ${numberText(readsPerSecond)} readers came, and several wanted the same page. ${counted(left, "page")} nobody wanted in what was left of it; their turn came later.`,
    `<b>It comes back.</b> What was fetched together will expire together. The busiest seconds of the next rounds have ${rounds
      .slice(0, -1)
      .map((one) => numberText(one))
      .join(
        ", ",
      )} and ${numberText(rounds.at(-1)!)} questions. Only the equal times to live keep the herd together.`,
    `<b>What readers notice.</b> The origin does one thing after another. A miss takes ${timeText(quietWaitMs(settings))} if nobody else is waiting; in the herd somebody waited ${timeText(longestWaitMs)}. And ${percentText(hitRatio, 0)} of 100 reads were hits, so the hit ratio shows none of this.`,
  ];
}

/** Says what jitter does: what it saves and what it costs. */
export function jitterSays(jitter: number, without: TimeToLiveFacts, withIt: TimeToLiveFacts): string {
  const { most, longestWaitMs, average } = withIt;
  const wait = `the longest wait ${timeText(longestWaitMs)}`;
  if (jitter === 0) {
    return `No jitter: the busiest second has ${numberText(most)} questions, the average one ${numberText(average)}; ${wait}.`;
  }
  const more = average / without.average - 1;
  const cost =
    more < 0.03
      ? "It costs hardly anything."
      : `Its price: entries live less long, and the origin is asked ${percentText(more, 0)} % more in all.`;
  return `Up to ${percentText(jitter, 0)} % less: the busiest second falls from ${numberText(without.most)} questions to ${numberText(most)}, ${wait}. ${cost}`;
}

/** Compares a guess of the questions in the busiest second with the outcome. */
export function verdict(guess: number, { most, average }: TimeToLiveFacts): string {
  const said = `You said ${numberText(guess)}, it was ${numberText(most)}.`;
  if (guess === most) return `${said} Exactly.`;
  if (Math.abs(guess - most) <= most / 10) return `${said} Nearly.`;
  if (guess < most) {
    return `${said} The average, ${numberText(average)} a second, says nothing about the second in which all expire.`;
  }
  return guess > TIME_TO_LIVE.keys
    ? `${said} There are only ${TIME_TO_LIVE.keys} pages. While one is being fetched, further readers of it wait for the same answer.`
    : `${said} An entry that has expired is fetched once somebody asks for it, and not every page is asked for within a second.`;
}

export const ANSWERS: readonly Answer[] = [
  {
    text: "Jitter: the entry then expires at another time.",
    hint: "Jitter keeps many entries from expiring together. This is one entry; it still expires, a little sooner.",
  },
  { text: "Readers who find the page being fetched wait for that one answer." },
  {
    text: "A longer time to live.",
    hint: "Then it happens more rarely, and is as bad each time. And the page is old for longer.",
  },
];
