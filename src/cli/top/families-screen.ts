import type { FamiliesReport } from "../../instruments/view.ts";
import { wrapped } from "../wrapping.ts";
import { amountText, durationText, percentText, sizeText } from "./figure-text.ts";
import { type Column, tableText } from "./flexible-table.ts";
import { cursorOf, GUTTER, noKeys, type ScreenBody, type ScreenInput } from "./screen-body.ts";
import { sortOf } from "./top-state.ts";

type Family = FamiliesReport["families"][number];

const TABLE: readonly Column<Family>[] = [
  { title: "family", importance: 9, leastCells: 12, cell: ({ name }) => name },
  { title: "requests/s", importance: 8, cell: (family) => amountText(family.requestsPerSecond) },
  { title: "hits", importance: 7, cell: ({ hitRatio }) => percentText(hitRatio) },
  { title: "memory", importance: 6, cell: ({ memoryBytes }) => sizeText(memoryBytes) },
  { title: "entries", importance: 4, cell: ({ entries }) => amountText(Math.round(entries)) },
  { title: "mean value", importance: 2, cell: (family) => sizeText(family.meanValueBytes) },
  { title: "time to live", importance: 3, cell: ({ meanTtlMs }) => durationText(meanTtlMs) },
  { title: "last read after", importance: 1, cell: (family) => durationText(family.lastReadAfterMs) },
  { title: "left/s", importance: 0, cell: (family) => amountText(family.churnPerSecond) },
];

/** Families of keys, and advice about the one under the cursor. */
export function familiesBody({ readings, state, style, columns }: ScreenInput): ScreenBody {
  if (readings.families === undefined) return { head: ["Reading…"], list: [], tail: [] };
  const families = sorted(readings.families.families, sortOf(state));
  if (families.length === 0) return { head: noKeys(readings, columns), list: [], tail: [] };
  const { head, rows } = tableText(TABLE, families, columns - GUTTER);
  const { name, advice } = families[cursorOf(state, families.length)]!;
  return {
    head: [`  ${style.bold(head)}`],
    list: rows,
    tail: advice === undefined ? [] : ["", ...wrapped(`${name}: ${advice}`, columns).split("\n")],
  };
}

function sorted(families: readonly Family[], by: string): readonly Family[] {
  if (by === "memory") return families.toSorted((a, b) => b.memoryBytes - a.memoryBytes);
  if (by === "hit ratio") return families.toSorted((a, b) => a.hitRatio - b.hitRatio);
  return by === "churn" ? families.toSorted((a, b) => b.churnPerSecond - a.churnPerSecond) : families;
}
