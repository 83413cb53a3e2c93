import type { Answer } from "../../lesson/answer.ts";
import { verdictText } from "../../lesson/verdict.ts";
import { timeText } from "../../model/time-text.ts";
import { counted, numberText } from "../../parts/text.ts";
import type { ColdKeyFacts, ColdKeySettings } from "./run.ts";
import type { Moment } from "./timeline.ts";

/** Says why so many questions reached the origin, from what happened in a run. */
export function because(facts: ColdKeyFacts, { clients, coalesces, serviceMs }: ColdKeySettings): string {
  const { questions, commands, mostWaiting, coalesced, hits, failed, firstMs, lastedMs, refused } = facts;
  const asked = numberText(clients);
  if (failed > 0) {
    const whom = failed === clients ? `All ${asked}` : `${numberText(failed)} of the ${asked}`;
    return `The connection broke while the question was under way. ${whom} clients were told that it failed: those who waited for it, and those who came while there was no connection. None of them waits for ever, and none is told that the page does not exist.`;
  }
  const later =
    hits === 0 ? "" : ` The other ${numberText(hits)} came after the first answer, and had hits at once.`;
  if (coalesces) {
    return `The first client’s question went to the origin. While it was under way, ${numberText(coalesced)} more asked for the same key. The proxy keeps a table of the questions that are under way, found this one there, and let them wait for its answer. It came after ${timeText(firstMs)}, for all of them at once.${later} The origin had ${commands} commands to execute.`;
  }
  const kept =
    refused === 0
      ? ""
      : ` And of the ${numberText(questions)} answers, ${numberText(refused)} were of no use to the cache: it had the page already.`;
  return `A copy was there only once the first answer was back, after ${timeText(firstMs)}. Until then every client that came missed, and every miss was a question of its own: ${counted(questions, "question")}, ${numberText(commands)} commands.${later} The origin takes ${numberText(serviceMs, 1)} ms for a command, one after the other, so up to ${numberText(mostWaiting)} stood in line there, and the last client had its answer after ${timeText(lastedMs)}. Whatever else the origin had to do stood in the same line.${kept}`;
}

/** Compares a guess of the questions at the origin with how many there were. */
export function verdict(guess: number, { questions, firstMs }: ColdKeyFacts): string {
  return verdictText(
    undefined,
    guess,
    questions,
    [
      `An empty cache answers nobody until the first answer is back. That took ${timeText(firstMs)}, and each client that came until then asked for itself.`,
      "Whoever came after the first answer was back had a hit.",
    ],
    20,
  );
}

/** Says where the run is. */
export function phase(
  ms: number,
  moment: Moment,
  { firstMs, lastedMs }: ColdKeyFacts,
  { withinMs }: ColdKeySettings,
): string {
  if (ms === 0) return "The copy has just been thrown away.";
  if (ms >= lastedMs) return "The run is over.";
  if (ms < firstMs) return `${counted(moment.come, "client")} came so far, and no answer is back yet.`;
  if (ms < withinMs) return "The first answer is back. Clients who come now have hits.";
  return "All clients have come. One of the two origins is still busy.";
}

/** Says what the way to the origin does to both proxies. */
export function latencySays(
  { latencyMs, clients }: ColdKeySettings,
  alone: ColdKeyFacts,
  together: ColdKeyFacts,
): string {
  const where = latencyMs === 0 ? "The origin is next door" : `The origin is ${timeText(latencyMs)} away`;
  return `${where}: the first answer is back after ${timeText(alone.firstMs)}. Where every miss asks, ${numberText(alone.questions)} of ${numberText(clients)} clients ask, and one waits for ${timeText(alone.waitsMs.at(-1))}. Where misses share, ${numberText(together.questions)} asks, and nobody waits for more than ${timeText(together.waitsMs.at(-1))}.`;
}

/** The answers to: twice as many clients come in the same time. How many questions reach the origin? */
export const ANSWERS: readonly Answer[] = [
  {
    text: "As many as before, with either proxy: the first answer is back as soon as before.",
    hint: "It is. But until then twice as many come. What does each of them do, with the one proxy and with the other?",
  },
  {
    text: "Twice as many, with either proxy.",
    hint: "With one of them. Where misses share a question, what does one more client do?",
  },
  { text: "Twice as many where every miss asks; one, as before, where misses share." },
];
