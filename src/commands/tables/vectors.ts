import type { FactsRow } from "../facts.ts";

/** Vector sets (Redis 8). */
export const VECTORS_FACTS: readonly FactsRow[] = [
  ["vadd", -5, "write denyoom", "creates 1", "any", "8.0.0"],
  ["vcard", 2, "readonly fast", "reads 1", "integer", "8.0.0"],
  ["vdim", 2, "readonly fast", "reads 1", "integer", "8.0.0"],
  ["vemb", -3, "readonly fast", "reads 1", "any", "8.0.0"],
  ["vgetattr", 3, "readonly fast", "reads 1", "bulk", "8.0.0"],
  ["vinfo", 2, "readonly fast", "reads 1", "any", "8.0.0"],
  ["vismember", 3, "readonly", "reads 1", "any", "8.2.0"],
  ["vlinks", -3, "readonly fast", "reads 1", "any", "8.0.0"],
  ["vrandmember", -2, "readonly", "reads 1", "any", "8.0.0"],
  ["vrange", -4, "readonly", "reads 1", "any", "8.4.0"],
  ["vrem", 3, "write", "changes 1", "any", "8.0.0"],
  ["vsetattr", 4, "write fast", "changes 1", "any", "8.0.0"],
  ["vsim", -4, "readonly", "reads 1", "any", "8.0.0"],
];
