import type { Answer } from "../../lesson/answer.ts";
import { type Outcome, reuseDistances, type StagedRun } from "../../lesson/staged-run.ts";
import { verdictText } from "../../lesson/verdict.ts";
import { numberText } from "../../parts/text.ts";
import { listText } from "../../play/step-sentence.ts";
import { COUNTED, directMs, FAVOURITES, meanMs, PLACES } from "./run.ts";

export function phase(at: number, { askAt, end }: StagedRun): string {
  if (at < askAt) return "All keys are alike: each is as likely as the other.";
  if (at === askAt) return `${COUNTED} requests have been made with all keys alike.`;
  return at === end ? "The run is over." : "The same keys, but a few of them are favourites.";
}

/** The middle one of the distances of a range, without first requests. */
function usualDistance(run: StagedRun, row: number): number {
  const { from, to } = run.counted[row]!;
  const known = reuseDistances(run.requests, from, to).filter((distance) => distance !== undefined);
  return known.toSorted((a, b) => a - b)[(known.length - 1) >> 1]!;
}

/** Says why there were few hits at first and many later, from what happened in the run. */
export function because(run: StagedRun, outcomes: readonly Outcome[]): string {
  const [before, after] = outcomes as readonly [Outcome, Outcome];
  const missed = after.requests.filter(({ isHit }) => !isHit).map(({ name }) => name);
  const favourites = missed.filter((name) => FAVOURITES.includes(name));
  return `At first, a key usually came again after ${usualDistance(run, 0)} different others, and the cache has ${PLACES} places. So nearly always its entry had been pushed out before: ${before.hits} hits. Then a key usually came again after ${usualDistance(run, 1)} others. That is soon enough: ${after.hits} hits. Of the ${missed.length} misses, ${favourites.length} were for favourites that had not come again yet (${listText(favourites)}); the others, for keys that are hardly ever asked for. “Usually” is the middle one of the ${COUNTED}.`;
}

/** Compares a guess with the outcome. */
export function verdict(_policy: string, guess: number, hits: number): string {
  return verdictText(undefined, guess, hits, [
    "The cache is as small as before, but it need not hold all keys. It is enough that it holds those that come again soon.",
    "A favourite must be fetched once, too, before it is a hit. And one request in four is still for any of the keys.",
  ]);
}

export const ANSWERS: readonly Answer[] = [
  {
    text: "It has five requests of a hundred less to answer, so about 5 % less to do.",
    hint: "Five of a hundred requests, yes. But how many of the hundred did the store answer before? It never sees hits.",
  },
  { text: "It has half as much to do as before." },
  {
    text: "Next to nothing: 90 of 100 were hits already.",
    hint: "That is how much the hits change. The store sees misses alone: count those, before and after.",
  },
];

/** The hits of the two halves, at a distance of the store. */
export function distanceSays(distanceMs: number, [before, after]: readonly [number, number]): string {
  const direct = directMs(distanceMs);
  const mean = meanMs(after, distanceMs);
  const where = distanceMs === 0 ? "The store is on the same machine" : `The store is ${distanceMs} ms away`;
  const figures = `${where}: without a cache a request takes ${msText(direct)}, with ${before} hits of ${COUNTED} ${msText(meanMs(before, distanceMs))} on the average, with ${after} hits ${msText(mean)}.`;
  if (mean > direct) {
    return `${figures} Here the cache is one stop more, and saves nobody any time. What it saves is work: of ${COUNTED} requests the store answers ${COUNTED - after}.`;
  }
  return `${figures} That is ${numberText(direct / mean, 1)} times as fast as without.`;
}

export function msText(ms: number): string {
  return `${numberText(ms, ms < 10 ? 2 : 0)} ms`;
}

export const FAVOURITES_TEXT = `${[...FAVOURITES].slice(0, -1).join(", ")} and ${FAVOURITES.at(-1)}`;
