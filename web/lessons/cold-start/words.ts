import type { Answer } from "../../lesson/answer.ts";
import type { Outcome, StagedRun } from "../../lesson/staged-run.ts";
import { verdictText } from "../../lesson/verdict.ts";
import { counted, numberText } from "../../parts/text.ts";
import { listText } from "../../play/step-sentence.ts";
import { COUNTED, firstsIn, type Warmth } from "./run.ts";

export function phase(at: number, { askAt, end }: StagedRun): string {
  if (at === 0) return "The cache has just been started. It is empty.";
  if (at < askAt) return "The first requests. Watch what the cache keeps.";
  if (at === askAt) return "Four requests have been made.";
  return at === end ? "The run is over." : `Request ${at - askAt} of the ${end - askAt}.`;
}

/** Says why there were so many hits, from what happened in the run. */
export function because({ hits, requests: told }: Outcome, { requests, askAt, end }: StagedRun): string {
  const firsts = firstsIn(requests, askAt, end);
  const last = told.at(-1)!;
  const lastOne = last.isHit
    ? ""
    : ` Even the very last request is a miss: it is the first one for ${last.name}. How long the cache has been running does not help ${last.name}.`;
  return `Of the ${told.length} requests, ${firsts.length} were the first for their key: ${listText(firsts)}. Nobody had fetched them before, so there was no copy. All others found the copy that an earlier request had left: ${told.length} − ${firsts.length} = ${hits}.${lastOne}`;
}

/** Compares a guess with the outcome. */
export function verdict(_policy: string, guess: number, hits: number): string {
  return verdictText(undefined, guess, hits, [
    "A copy stays: no key misses twice here, however many different keys are asked for in between.",
    "There is a copy only of what was fetched before: the first request for a key cannot be a hit.",
  ]);
}

export const ANSWERS: readonly Answer[] = [
  {
    text: "All of them: with a warm cache nothing has to be fetched.",
    hint: `None of the ${COUNTED + 4} has to be fetched, true. But somebody filled the cache before. Count what the store had to answer then, too.`,
  },
  {
    text: "One for each additional hit.",
    hint: "Each of those hits was a miss before, and cost one fetch. Where has that fetch gone? Count what the store answered before anybody came.",
  },
  { text: "None: the same fetches are made earlier, when nobody waits for them." },
];

/** Says how warm the cache is. */
export function warmthSays({ requests, hits, latestHits, latest }: Warmth): string {
  const share = numberText((100 * hits) / requests);
  const soFar = `After ${counted(requests, "request")}: ${counted(hits, "hit")} so far, ${share} %.`;
  if (requests <= latest) return `${soFar} Nearly every request is a first one.`;
  const late = `Of the latest ${latest}, ${latestHits} were hits.`;
  const moral =
    latestHits / latest > hits / requests + 0.1
      ? " The ratio so far is still pulled down by the beginning."
      : "";
  return `${soFar} ${late}${moral}`;
}
