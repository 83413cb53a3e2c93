import type { FactsRow } from "../facts.ts";

/** HyperLogLogs. */
export const HYPERLOGLOGS_FACTS: readonly FactsRow[] = [
  ["pfadd", -2, "write denyoom fast", "creates 1", "integer", "2.8.9"],
  ["pfcount", -2, "readonly may_replicate", "changes 1..-1", "integer", "2.8.9"],
  ["pfdebug", 3, "write denyoom admin", "changes 2", "any", "2.8.9"],
  ["pfmerge", -2, "write denyoom", "creates 1; reads 2..-1", "status", "2.8.9"],
  ["pfselftest", 1, "admin", "", "status", "2.8.9"],
];
