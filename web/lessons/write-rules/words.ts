import type { Answer } from "../../lesson/answer.ts";
import { type Reasons, verdictText } from "../../lesson/verdict.ts";
import { timeText } from "../../model/time-text.ts";
import { counted, numberText } from "../../parts/text.ts";
import {
  ASK_AT,
  MOMENTS_MS,
  type RuleOutcome,
  WRITE_EVERY_MS,
  type WriteRule,
  type WriteRulesFacts,
  type WriteRulesSettings,
} from "./run.ts";

const TITLES: Readonly<Record<WriteRule, string>> = {
  around: "Write-around",
  through: "Write-through",
  back: "Write-back",
};

export function titleOf(rule: WriteRule): string {
  return TITLES[rule];
}

/** Says where a run is. @param at which of its moments */
export function phase(at: number): string {
  const time = timeText(MOMENTS_MS[at]!);
  if (at === 0) return "The auction begins. The same bids come to three caches, each with its own rule.";
  if (at < ASK_AT) return `The auction, after ${time}.`;
  if (at === ASK_AT) return `After ${time} somebody trips over the cable.`;
  return at === MOMENTS_MS.length - 1
    ? "The run is over. Compare both rows."
    : "The caches are off. What only they had is gone.";
}

/** Names several things: `A, B and D`. */
function listText(names: readonly string[]): string {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)!}`;
}

/** Says what a rule did, from what happened in a run. */
export function because(facts: WriteRulesFacts, { rule, flushMs }: WriteRulesSettings): string {
  const { writes, acknowledgedAfterMs, originWrites, firstReads, firstReadHits } = facts;
  const waited = timeText(acknowledgedAfterMs);
  const first = `Of ${numberText(firstReads)} first reads after a bid, ${numberText(firstReadHits)} were hits`;
  switch (rule) {
    case "around":
      return `Each bid went to the origin, and the cache dropped its copy of the lot. A bidder waited ${waited} for the answer: there and back. ${first}: the lot had to be fetched again.`;
    case "through":
      return `Each bid went to the origin, and the cache was filled behind it with what the origin then had. A bidder waited ${waited}. ${first}; the others came while the value was on its way.`;
    case "back":
      return `The cache said yes at once, before anybody else had the bid, and passed on what had gathered every ${timeText(flushMs)}. Of several bids for one lot the last is enough, so the origin was given ${numberText(originWrites)} of ${numberText(writes)}. ${first}: a bid that waits is the newest copy there is.`;
  }
}

/** Says what was lost with a cache. */
export function lossText({
  acknowledged,
  lost,
  lostKeys,
  unknown,
  unknownExecuted,
}: WriteRulesFacts): string {
  if (lost > 0) {
    const [bids, lots] = [
      counted(lost, "bid"),
      `${lostKeys.length === 1 ? "lot" : "lots"} ${listText(lostKeys)}`,
    ];
    return `<b>${bids} of the ${numberText(acknowledged)} that had been confirmed ${lost === 1 ? "is" : "are"} lost</b>, for ${lots}. Their bidders have been told that all is well.`;
  }
  const none = `<b>Nothing is lost</b>: all ${numberText(acknowledged)} bids that had been confirmed are at the origin.`;
  if (unknown === 0) return none;
  const had =
    unknownExecuted === 0
      ? "The origin never got it"
      : unknown === 1
        ? "The origin had it"
        : `The origin had ${numberText(unknownExecuted)} of them`;
  return `${none} ${counted(unknown, "bid")} had no answer yet. ${had}: whoever gets no answer does not know, and must look.`;
}

/** No guess is too low where nothing is lost. */
const REASONS: Readonly<Record<WriteRule, Reasons>> = {
  around: ["", "This cache says yes when the origin has the bid. It holds nothing that nobody else has."],
  through: ["", "It holds every bid, but says yes when the origin has it: its copy is never the only one."],
  back: [
    `A bid came every ${WRITE_EVERY_MS} ms. All that came since the cache last passed on what it had were nowhere else.`,
    "What had been passed on before is safe at the origin.",
  ],
};

/** Compares a guess of how many confirmed bids are lost with the outcome. */
export function verdict(rule: WriteRule, guess: number, { lost }: WriteRulesFacts): string {
  return verdictText(titleOf(rule), guess, lost, REASONS[rule], rule === "back" ? 1 : 0);
}

/** Says what is lost if the plug is pulled at a moment. */
export function plugSays(outcomes: readonly RuleOutcome[]): string {
  const { settings, facts } = outcomes.find((one) => one.settings.rule === "back")!;
  const others = outcomes.filter(({ settings: { rule } }) => rule !== "back");
  const most = Math.max(...others.map((one) => one.facts.lost));
  const lots =
    facts.lost === 0
      ? ""
      : `, of ${facts.lostKeys.length === 1 ? "lot" : "lots"} ${listText(facts.lostKeys)}`;
  return `Pulled after ${timeText(settings.stopsAtMs)}: write-back loses ${counted(facts.lost, "confirmed bid")}${lots}; write-around and write-through lose ${most === 0 ? "none" : numberText(most)}.`;
}

/** Says what the rules cost and save, if nobody pulls the plug. */
export function rulesSay([around, through, back]: readonly RuleOutcome[]): string {
  const wait = ({ facts }: RuleOutcome): string => timeText(facts.acknowledgedAfterMs);
  return `Why would anybody write back? Because it answers after ${wait(back!)} in place of ${wait(around!)}, and gives the origin ${numberText(back!.facts.originWrites)} writes in place of ${numberText(around!.facts.originWrites)} over the whole auction. Writing through has the better answer for readers: ${hits(through!)} of 100 reads are hits, with writing around ${hits(around!)}.`;
}

function hits({ facts }: RuleOutcome): string {
  return numberText(100 * facts.hitRatio);
}

/** One key counts the views of a page, a thousand a second; the last second may be lost. Which rule? */
export const ANSWERS: readonly Answer[] = [
  {
    text: "Write-through: then each view finds the counter in the cache.",
    hint: "Each view would still be a write at the origin: a thousand a second.",
  },
  {
    text: "Write-around: the counter is rarely read.",
    hint: "That spares the cache, not the origin.",
  },
  { text: "Write-back: the origin is told once a second." },
];
