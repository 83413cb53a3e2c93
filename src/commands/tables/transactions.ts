import type { FactsRow } from "../facts.ts";

/** Transactions. */
export const TRANSACTIONS_FACTS: readonly FactsRow[] = [
  ["discard", 1, "noscript loading stale fast allow_busy", "", "status", "2.0.0"],
  ["exec", 1, "noscript loading stale skip_slowlog", "", "nullable-array", "1.2.0"],
  ["multi", 1, "noscript loading stale fast no_multi allow_busy", "", "status", "1.2.0"],
  ["unwatch", 1, "noscript loading stale fast allow_busy", "", "status", "2.2.0"],
  ["watch", -2, "noscript loading stale fast no_multi allow_busy", "reads 1..-1", "status", "2.2.0"],
];
