import type { Answer } from "../../lesson/answer.ts";
import { taught } from "../../lesson/policies.ts";
import type { Outcome, StagedRun } from "../../lesson/staged-run.ts";
import { type Reasons, verdictText } from "../../lesson/verdict.ts";
import { countText, numberText } from "../../parts/text.ts";
import { listText } from "../../play/step-sentence.ts";
import { BEFORE, COMPARED, type Leftover, LONG, NEW, PLACES } from "./run.ts";

export function phase(at: number, { askAt, end }: StagedRun): string {
  if (at < askAt) return "Yesterday: A to F are the favourites. Look how they are kept.";
  if (at === askAt) return "Midnight. From now on nobody asks for A to F.";
  return at === end ? "The run is over." : "Today: U to Z are the favourites.";
}

/** Says why each cache had its hits today, from what happened in the run. */
export function because(
  yesterday: readonly Outcome[],
  today: readonly Outcome[],
  left: readonly (readonly Leftover[])[],
): string[] {
  const [lfu, aging, lru] = left as [Leftover[], Leftover[], Leftover[]];
  const most = lfu[0]!;
  return [
    `${names(lfu)} were still there at the end, though nobody had asked for them all day: ${most.name} alone was read ${most.reads} times, and no count is ever taken back. For today’s ${NEW.length} favourites there ${PLACES - lfu.length === 1 ? "was one place" : `were ${PLACES - lfu.length} places`}, in which they pushed out each other.`,
    `At first it was the same. But each newcomer begins a little higher than the one before, so today’s counts caught up with yesterday’s: at the end ${aging.length === 0 ? "none of the old favourites was" : `${aging.length} of the old favourites ${aging.length === 1 ? "was" : "were"}`} left. ${today[1]!.hits - today[0]!.hits} hits more than LFU.`,
    `It has no memory of yesterday at all: after ${PLACES} different keys ${lru.length === 0 ? "everything old had left" : "nearly everything old had left"}. But yesterday, when nothing moved, it was the worst of the three: each stranger took a favourite’s place.`,
  ].map((why, i) => `Yesterday ${yesterday[i]!.hits} of ${BEFORE}. ${why}`);
}

function names(left: readonly Leftover[]): string {
  return listText(left.map(({ name }) => name).toSorted());
}

const REASONS: Readonly<Record<string, Reasons>> = {
  lfu: [
    "A few places are left for today’s favourites, and a key that is asked for twice running is a hit the second time.",
    "Today’s favourites would have to be asked for more often than yesterday’s were, all day, before one of those leaves.",
  ],
  "lfu-da": [
    "Its counts age: each newcomer begins higher than the one before, until the old favourites are the lowest.",
    "It forgets, but slowly: at first the old favourites are still far above.",
  ],
  lru: [
    "It holds no past against anybody: a new favourite is at the front with its first request.",
    "Each new favourite must be fetched once, and strangers still push out entries.",
  ],
};

/** Compares a guess with the outcome. */
export function verdict(policy: string, guess: number, hits: number): string {
  return verdictText(taught(policy).title, guess, hits, REASONS[policy]!, 2);
}

/** Says how fast popularity moves. */
export function paceText(pace: number): string {
  return pace >= LONG ? "never" : `every ${countText(pace)} requests`;
}

/** Says what a pace does to the policies. */
export function paceSays(pace: number, hits: readonly number[]): string {
  const [lru, lfu, aging, still, climbing] = hits as [number, number, number, number, number];
  const best = hits.indexOf(Math.max(...hits));
  const when = pace >= LONG ? "Popularity stays as it is" : `A new favourite ${paceText(pace)}`;
  const figures = `${when}. Hits of 100 requests: LRU ${round(lru)}, LFU ${round(lfu)}, LFU-DA ${round(aging)}, W-TinyLFU climbing ${round(climbing)}.`;
  const unlike =
    climbing >= still + 2
      ? ` Without climbing it would have ${round(still)}.`
      : climbing <= still - 2
        ? ` Without climbing it would have ${round(still)}: trying has its price.`
        : "";
  return `${figures}${unlike} The best is ${taught(COMPARED[best]!).title}.`;
}

function round(hits: number): string {
  return numberText(hits, hits < 10 ? 1 : 0);
}

export const ANSWERS: readonly Answer[] = [
  {
    text: "LRU: it had most hits today.",
    hint: `It had most because everything changed. Look at the row of yesterday: what does LRU do with a favourite when ${PLACES} others come in between?`,
  },
  {
    text: "LFU-DA: it does both, so it is best in the long run.",
    hint: "It does both a little. But forgetting has a price: what it forgets here is true, and stays true for a year.",
  },
  { text: "LFU: nothing that it remembers becomes wrong." },
];
