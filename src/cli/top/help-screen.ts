import { definitionList, wrapped } from "../wrapping.ts";
import type { TopStyle } from "./top-style.ts";

const KEYS = [
  ["1 … 6, Tab", "overview, what-if, hot keys, families, counters, biography"],
  ["↑ ↓ j k", "move; Page keys by a page, g and G to either end"],
  ["s", "another order"],
  ["b", "hot keys by rate, bytes, misses, origin time, size"],
  ["/", "a key's story: type its name (also b); counters: filter by name, Esc shows all"],
  ["+ -", "a longer, a shorter interval"],
  ["Space", "pause, go on"],
  ["r", "read now"],
  ["q Ctrl-C", "end"],
] as const;

const MARKS =
  "At other counters: averages over 10, 100 and 1,000 s, as far as this program has seen them. " +
  "docs/ADMIN.md explains every figure.";

export function helpLines(columns: number, { bold }: TopStyle): string[] {
  return [
    bold("Keys"),
    ...definitionList(KEYS, columns).split("\n"),
    "",
    ...wrapped(MARKS, columns).split("\n"),
  ];
}
