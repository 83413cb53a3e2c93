import { counted, numberText, percentText } from "../../parts/text.ts";
import { timeText } from "../time-text.ts";
import type { WriteRule, WriteRulesFacts, WriteRulesSettings } from "./run.ts";

const RULE_NAMES: Record<WriteRule, string> = {
  around: "write-around",
  through: "write-through",
  back: "write-back",
};

/** Says what a rule did, and what was lost with the cache, from what happened in a run. */
export function because(facts: WriteRulesFacts, { rule, stopsAtMs, flushMs }: WriteRulesSettings): string {
  const { writes, acknowledged, acknowledgedAfterMs, originWrites, firstReads, firstReadHits } = facts;
  const waited = timeText(acknowledgedAfterMs);
  const first = `Of ${numberText(firstReads)} first reads after a write, ${numberText(firstReadHits)} were hits`;
  const plug = stopsAtMs === undefined ? "" : ` ${lossText(facts)}`;
  switch (rule) {
    case "around":
      return `Each write went to the origin, and the cache dropped its entry. A client had its acknowledgement after ${waited}: there and back. ${first}: the key had to be fetched again.${plug}`;
    case "through":
      return `Each write went to the origin, with a question behind it that filled the cache with what the origin then had. A client had its acknowledgement after ${waited}. ${first}: the others came while the value was under way.${plug}`;
    case "back":
      return `The cache acknowledged each write after ${waited}, before anybody else had it, and passed on what had gathered every ${timeText(flushMs)}. So the origin executed ${numberText(originWrites)} writes in place of ${numberText(writes)}: of several to one key the last one is enough. ${first}.${stopsAtMs === undefined ? ` All ${numberText(acknowledged)} writes arrived in the end, because nobody pulled the plug.` : plug}`;
  }
}

function lossText({ acknowledged, lost, lostKeys, unknown, unknownExecuted }: WriteRulesFacts): string {
  const pulled = "Then the plug was pulled.";
  if (lost > 0) {
    return `${pulled} ${counted(lost, "write")} of the ${numberText(acknowledged)} that had been acknowledged ${lost === 1 ? "is" : "are"} gone, of ${lostKeys.join(" and ")}. Their clients have been told that all is well.`;
  }
  const none = `Of the ${numberText(acknowledged)} writes that had been acknowledged none is lost: the origin has them.`;
  if (unknown === 0) return `${pulled} ${none}`;
  return `${pulled} ${none} ${counted(unknown, "write")} had no answer yet, and the origin had executed ${numberText(unknownExecuted)} of them: such a client does not know, and must look.`;
}

/** Compares a guess of how many acknowledged writes are lost with the outcome. */
export function verdict(rule: WriteRule, guess: number, { lost }: WriteRulesFacts): string {
  const said = `You said ${numberText(guess)}, it was ${numberText(lost)}.`;
  if (guess === lost) return `${said} Exactly.`;
  if (rule !== "back")
    return `${said} With ${RULE_NAMES[rule]} a write is acknowledged when the origin has it. The cache holds nothing that nobody else has.`;
  return guess < lost
    ? `${said} Whatever came since the cache last passed its writes on was nowhere else.`
    : `${said} What had been passed on before is safe at the origin.`;
}

/** Says what the three rules cost and save, side by side. */
export function rulesSay(facts: Record<WriteRule, WriteRulesFacts>): string {
  const { around, through, back } = facts;
  return `Writing back answers in ${timeText(back.acknowledgedAfterMs)} in place of ${timeText(around.acknowledgedAfterMs)}, and spares the origin ${percentText(1 - back.originWrites / back.writes, 0)} % of the writes. Its price is ${counted(back.lost, "acknowledged write")} when the plug is pulled. Writing through gives ${percentText(through.hitRatio, 0)} % hits, writing around ${percentText(around.hitRatio, 0)} %, and neither loses anything.`;
}

/** The answers to: one key counts the views of a page, a thousand a second; the last second may be lost. Which rule? */
export const ANSWERS: readonly { readonly text: string; readonly hint?: string }[] = [
  {
    text: "Write-through: then each view finds the counter in the cache.",
    hint: "Each view would still be a write at the origin: a thousand a second.",
  },
  {
    text: "Write-around: the counter is rarely read.",
    hint: "That spares the cache, not the origin.",
  },
  { text: "Write-back: the origin is told once a second, and no harm is done if one second is lost." },
];
