import type { FactsRow } from "../facts.ts";

/** Bits of byte strings. */
export const BITMAPS_FACTS: readonly FactsRow[] = [
  ["bitcount", -2, "readonly", "reads 1", "integer", "2.6.0"],
  ["bitfield", -2, "write denyoom", "creates 1", "array", "3.2.0"],
  ["bitfield_ro", -2, "readonly fast", "reads 1", "array", "6.0.0"],
  ["bitop", -4, "write denyoom", "replaces 2; reads 3..-1", "integer", "2.6.0"],
  ["bitpos", -3, "readonly", "reads 1", "integer", "2.8.7"],
  ["getbit", 3, "readonly fast", "reads 1", "integer", "2.2.0"],
  ["setbit", 4, "write denyoom", "creates 1", "integer", "2.2.0"],
];
