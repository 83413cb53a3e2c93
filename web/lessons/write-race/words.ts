import type { Answer } from "../../lesson/answer.ts";
import { verdictText } from "../../lesson/verdict.ts";
import { judge } from "../../model/promises.ts";
import { textsOf } from "../../model/sentences.ts";
import { numberText } from "../../parts/text.ts";
import {
  ASK_AT,
  isStuck,
  KEY,
  NEW,
  OLD,
  type Race,
  type RaceOutcomes,
  type RaceRules,
  RULES,
  raceOutcomes,
  SIMPLE,
  STORY,
} from "./run.ts";

/** Says what the reader's own order has led to so far. */
export function outcomeSays(race: Race): string {
  const { happenings } = race.world;
  const { answers, broken } = judge(happenings, Number.POSITIVE_INFINITY);
  const textOf = textsOf(happenings);
  const [breach] = broken;
  if (breach !== undefined) {
    return `${breach.client} read ${textOf(breach.version)}, although ${KEY} = ${NEW} had been acknowledged before ${breach.client} asked. That is the stale read that must not be.`;
  }
  const isOver = race.world.moves().length === 0;
  if (isOver && isStuck(race)) {
    return `All is quiet, and the cache holds ${KEY} = ${OLD}. Nobody will tell it that this is old: it stays until somebody writes again.`;
  }
  const stale = answers.find(({ staleMs, version }) => staleMs > 0 || textOf(version) === OLD);
  if (!isOver) return answers.length === 0 ? "Nobody has an answer yet." : "Go on: more can happen.";
  return stale === undefined
    ? `Everybody read ${NEW}, and the cache holds nothing old.`
    : `${stale.client} read ${OLD}. That is allowed: when ${stale.client} asked, nobody had been told that it is ${NEW}. The cache holds nothing old.`;
}

/** Says what trying every order has shown. */
export function ordersSay(
  { orders, broken, stuck, refused }: RaceOutcomes,
  { heedsLeases, heedsPushes, hasPushWire, writes }: RaceRules,
): string {
  const all = `These things can happen in ${numberText(orders)} orders, and the proxy’s own code has gone through all of them.`;
  if (broken > 0) {
    return `${all} In ${numberText(broken)} of them somebody reads the old price after the new one was acknowledged: an answer that was asked for before the write comes back behind it, and is kept.`;
  }
  if (stuck > 0 && !heedsPushes) {
    return `${all} In ${numberText(stuck)} of them the cache keeps the old price for ever: the origin’s message was not heeded.`;
  }
  if (stuck > 0 && hasPushWire) {
    return `${all} In ${numberText(stuck)} of them the cache keeps the old price for ever. The message overtook the answer that it was about: it found nothing to drop, and then the old price arrived. No lease helps, because the proxy trusts the order of one connection, and there are two.`;
  }
  const none = "In none of them does anybody read the old price after the new one was acknowledged";
  if (writes === "past") {
    return `${all} In none of them does the cache keep the old price. Answers and messages come over one connection, so the message is never ahead of the answer that it is about.`;
  }
  if (!heedsLeases) return `${all} ${none}.`;
  return `${all} ${none}. In ${numberText(refused)} of them the lease was needed: an answer came back that had been asked for before the write, and was not kept.`;
}

/** Says where the story is. */
export function phase(at: number): string {
  if (at === 0) return "Nothing is cached, and tea costs 3.";
  if (at < ASK_AT) return "Ana asks. The proxy has no copy, so the origin is asked.";
  if (at === ASK_AT) return "Ana’s answer and Ben’s write are on the wire, and pass each other.";
  if (at === STORY.length) return "The run is over.";
  return at === ASK_AT + 1
    ? "The answer arrives. The proxy keeps it."
    : "The write is executed, and Ben gets his OK.";
}

/** Compares a guess of the orders that leave an old price with how many do. */
export function verdict(guess: number, { stuck }: RaceOutcomes): string {
  return verdictText(
    undefined,
    guess,
    stuck,
    [
      "It takes no bad luck: one question that is on its way while Ben writes, Ana’s or Cleo’s, is enough.",
      "In the others the answer came before Ben wrote, and was dropped, or the question reached the origin behind the write, and brought the new price.",
    ],
    2,
  );
}

/** What each rule does to all orders: in words, and the figures. */
export function ruleRows(): (readonly [rule: string, ...figures: string[]])[] {
  return RULE_ROWS.map(([rule, change]) => {
    const { orders, broken, stuck } = raceOutcomes({ ...RULES, ...change });
    return [rule, numberText(orders), numberText(broken), numberText(stuck)];
  });
}

const RULE_ROWS: readonly (readonly [rule: string, change: Partial<RaceRules>])[] = [
  ["all rules", {}],
  ["messages are not heeded", { heedsPushes: false }],
  ["no leases", { heedsLeases: false }],
  ["neither: the simple proxy", SIMPLE],
  ["Ben writes past the proxy", { writes: "past" }],
  ["past it, and messages are not heeded", { writes: "past", heedsPushes: false }],
  ["past it, and messages have a connection of their own", { writes: "past", hasPushWire: true }],
];

/** The answers to: why is the key's lease changed when the write is sent, and not when its OK comes back? */
export const ANSWERS: readonly Answer[] = [
  {
    text: "To be sooner: the cache is wrong from the moment in which Ben wants to write.",
    hint: "Until the origin has executed the write, the old price is the right one.",
  },
  {
    text: "Because a question that is sent behind the write brings the new price, and may be kept.",
  },
  {
    text: "Because the OK might get lost.",
    hint: "If the OK is lost, the connection is, too, and all that came over it counts no more.",
  },
];
