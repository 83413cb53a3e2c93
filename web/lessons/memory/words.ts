import type { Answer } from "../../lesson/answer.ts";
import { taught } from "../../lesson/policies.ts";
import { verdictText } from "../../lesson/verdict.ts";
import { counted, numberText } from "../../parts/text.ts";
import { BUY, COMPARED, HAVE, LARGEST, LOOP } from "./run.ts";

/** Of 100 requests, in whole ones. */
export function round(misses: number): number {
  return Math.round(misses);
}

export function phase(places: number): string {
  if (places < HAVE) return "The cache grows, place by place.";
  if (places === HAVE) return `You have ${HAVE} places.`;
  if (places < BUY) return "The cache grows on.";
  if (places === BUY) return `Twice the memory: ${BUY} places.`;
  return places === LARGEST ? "The run is over." : "And what if you went on?";
}

/** Says what a size is worth. */
export function sizeSays(places: number, curve: readonly number[]): string {
  const before = Math.max(0, places - 10);
  const saved = round(curve[before]!) - round(curve[places]!);
  const gain = places > 10 ? ` The last ten places saved ${saved === 0 ? "nothing" : saved}.` : "";
  return `${counted(places, "place")}: ${round(curve[places]!)} of 100 requests miss.${gain}`;
}

/** Compares a guess of the misses with twice the memory with what they are. */
export function verdict(guess: number, curve: readonly number[]): string {
  return verdictText(undefined, guess, round(curve[BUY]!), [
    `Twice the memory does not halve the misses: what counts is whether something that is asked for comes to fit, and between ${HAVE} and ${BUY} places hardly anything does.`,
    guess > round(curve[HAVE]!)
      ? "With LRU a larger cache never misses more than a smaller one."
      : "A few of the rare keys do find room.",
  ]);
}

/** Says what happened along the curve. */
export function because(curve: readonly number[], [least, most]: readonly [number, number]): string[] {
  const at = (places: number): number => round(curve[places]!);
  return [
    `<b>Steep at first.</b> With 15 places misses fall from ${at(1)} of 100 to ${at(15)}. These places hold the favourites, which come again after few others.`,
    `<b>Then flat.</b> From 15 places to ${BUY}, four times as many, they only fall to ${at(BUY)}. The bend in between is called the <b>knee</b>. What is still missed comes again too late for any cache of these sizes.`,
    `<b>Then a cliff.</b> From ${BUY} places to 70 misses fall from ${at(BUY)} to ${at(70)}. Half of the requests are a job’s, which reads the same ${LOOP} keys in turn. Until each comes again, ${least} to ${most} different others are asked for: the rest of the loop, and what else came in between. With ${least} places or fewer LRU has lost each of them just before it is asked for. With more than ${most} it loses none.`,
  ];
}

/** Says what other policies make of a size. */
export function policiesSay(places: number, misses: readonly number[]): string {
  const figures = COMPARED.map((policy, i) => `${taught(policy).title} ${round(misses[i]!)}`).join(", ");
  const said = `${places} places. Misses of 100 requests: ${figures}.`;
  const [lru, s3, tiny, best] = misses as [number, number, number, number];
  if (lru - best < 3) return `${said} Here everything fits that matters, and the rule hardly does.`;
  return lru - Math.min(s3, tiny) < 10
    ? said
    : `${said} They keep a part of the loop, and hit it in each round; LRU keeps running after it.`;
}

export const ANSWERS: readonly Answer[] = [
  {
    text: "Half to each: they miss as many as one another.",
    hint: "How many they miss says where they are on their curves. What more memory does depends on where the curve goes from there.",
  },
  { text: "All of it to the first. The second could even spare some of its own." },
  {
    text: "All of it to the second: it has gained least from its memory so far.",
    hint: "That is true, and it is why it will gain least from more of it, too, as far as its curve stays flat.",
  },
];

export function percentText(misses: number): string {
  return numberText(misses, 1);
}
