import { timeText } from "../../model/time-text.ts";
import { counted, numberText } from "../../parts/text.ts";
import type { ColdKeyFacts, ColdKeySettings } from "./run.ts";

/** Says why so many questions reached the origin, from what happened in a run. */
export function because(facts: ColdKeyFacts, { clients, coalesces, serviceMs }: ColdKeySettings): string {
  const { questions, commands, mostWaiting, coalesced, hits, failed, lastedMs, refused } = facts;
  const asked = numberText(clients);
  const queue = `The origin takes ${timeText(serviceMs)} for a command, one after the other`;
  if (failed > 0) {
    const whom = failed === clients ? `all ${asked}` : `${numberText(failed)} of the ${asked}`;
    return `The connection broke while the question was under way. ${counted(questions, "question")} had been asked, and ${whom} clients were told that it failed: none of them waits for ever, and none of them believes that the key does not exist.`;
  }
  if (coalesces) {
    const later = hits === 0 ? "" : ` The other ${numberText(hits)} came after the answer: hits.`;
    return `The first client’s question went to the origin. While it was under way, ${numberText(coalesced)} more asked for the same key. The proxy saw the question in its table of flights and let them wait for that answer, which came to all of them at once.${later} ${queue}: ${commands} commands, and the last client had its answer after ${timeText(lastedMs)}.`;
  }
  const kept =
    refused === 0
      ? ""
      : ` Of the ${numberText(questions)} answers one was stored: of several fills under way at once nobody can tell which is newer, so a lease is good for one.`;
  return `The key was in the cache only when the first answer had come. Until then each client’s miss was a question of its own: ${numberText(questions)} of them, ${numberText(commands)} commands. ${queue}, so up to ${numberText(mostWaiting)} of them stood in line, and the last client had its answer after ${timeText(lastedMs)}.${kept}`;
}

/** Compares a guess of the questions at the origin with the outcome. */
export function verdict(guess: number, { questions }: ColdKeyFacts, { coalesces }: ColdKeySettings): string {
  const said = `You said ${numberText(guess)}, it was ${numberText(questions)}.`;
  if (guess === questions) return `${said} Exactly.`;
  if (coalesces) return `${said} As long as one question is under way, nobody needs to ask it again.`;
  return guess < questions
    ? `${said} An empty cache answers nobody until the first answer has come back and has been stored.`
    : `${said} Whoever came after the first answer had been stored had a hit.`;
}

/** The answers to: one of the thousand clients is cut off while all wait for the one question. What happens? */
export const ANSWERS: readonly { readonly text: string; readonly hint?: string }[] = [
  {
    text: "If it was the first client, the question is lost, and all others wait in vain.",
    hint: "The question is the proxy’s, not the first client’s. It belongs to all who wait for it.",
  },
  { text: "The other 999 have their answer as before, whichever client it was." },
  {
    text: "The proxy asks again for those that are left.",
    hint: "Why should it? The answer is on its way, and is as good for 999 as for 1,000.",
  },
];
