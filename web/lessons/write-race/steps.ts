import type { Happening } from "../../model/happenings.ts";
import { happeningText, textsOf } from "../../model/sentences.ts";
import type { Race } from "./run.ts";

export interface Step {
  readonly step: number;
  readonly told: readonly string[];
}

/** Tells what each of the steps so far has led to. */
export function stepsOf({ world: { happenings }, prologue }: Race, at: number, hasLeases = true): Step[] {
  const base = happenings[prologue - 1]!.step;
  const textOf = textsOf(happenings);
  return Array.from({ length: at }, (_, i) => {
    const of = happenings.slice(prologue).filter(({ step }) => step === base + i + 1);
    const told = of.flatMap((one) => happeningText(one, textOf, hasLeases) || []);
    return { step: i + 1, told: told.length > 0 ? told : [quietText(of, happenings)] };
  });
}

/** Says what a step was that changed nothing: something has arrived. */
function quietText(of: readonly Happening[], happenings: readonly Happening[]): string {
  const arrived = of.find((one) => one.what === "arrived");
  const isUp = happenings.some((one) => one.what === "sent" && one.frame === arrived?.frame && one.load.up);
  return isUp
    ? "The origin gets the question, and answers."
    : "The message that the price has changed reaches the proxy, which does not heed it.";
}
