import { addressPart } from "../../lesson/address.ts";
import type { RaceRules } from "./run.ts";
import { RULES } from "./run.ts";

/** A letter for each place in which something can happen next. */
const LETTERS: readonly (readonly [letter: string, lane: string])[] = [
  ["A", "Ana"],
  ["B", "Ben"],
  ["C", "Cleo"],
  ["o", "proxy up"],
  ["p", "proxy down"],
  ["m", "pushes to proxy down"],
];

/** Each rule that can be changed, as the address has it. */
const CHANGES: readonly (readonly [word: string, change: Partial<RaceRules>])[] = [
  ["past", { writes: "past" }],
  ["noleases", { heedsLeases: false }],
  ["nomessages", { heedsPushes: false }],
  ["twowires", { hasPushWire: true }],
];

/** Writes rules and order as parts of the address: `race=noleases`, `order=AoBpopC`. */
export function raceParts(
  rules: RaceRules,
  choices: readonly string[],
): { readonly race: string; readonly order: string } {
  const words = CHANGES.filter(([, change]) => differs(rules, change)).map(([word]) => word);
  const order = choices.map((lane) => LETTERS.find(([, name]) => name === lane)![0]).join("");
  return { race: words.join(","), order };
}

/** Reads what `raceParts` writes. Words and letters that it does not know are left out. */
export function readRaceHash(hash: string): {
  readonly rules: RaceRules;
  readonly choices: readonly string[];
} {
  const chosen = (addressPart(hash, "race") ?? "").split(",");
  const order = addressPart(hash, "order") ?? "";
  const changes = CHANGES.filter(([word]) => chosen.includes(word)).map(([, change]) => change);
  const choices = [...order].flatMap((letter) => LETTERS.find(([one]) => one === letter)?.[1] ?? []);
  return { rules: Object.assign({ ...RULES }, ...changes), choices };
}

/** The order in which possible moves are offered: clients first. */
export function moveOrder(lane: string): number {
  return LETTERS.findIndex(([, name]) => name === lane);
}

function differs(rules: RaceRules, change: Partial<RaceRules>): boolean {
  return Object.entries(change).every(([name, value]) => rules[name as keyof RaceRules] === value);
}
