import type { FactsRow } from "../facts.ts";

/** Sets. */
export const SETS_FACTS: readonly FactsRow[] = [
  ["sadd", -3, "write denyoom fast", "creates 1", "integer", "1.0.0"],
  ["scard", 2, "readonly fast", "reads 1", "integer", "1.0.0"],
  ["sdiff", -2, "readonly", "reads 1..-1", "set", "1.0.0"],
  ["sdiffstore", -3, "write denyoom", "replaces 1; reads 2..-1", "integer", "1.0.0"],
  ["sinter", -2, "readonly", "reads 1..-1", "set", "1.0.0"],
  ["sintercard", -3, "readonly", "reads 1#", "integer", "7.0.0"],
  ["sinterstore", -3, "write denyoom", "replaces 1; reads 2..-1", "integer", "1.0.0"],
  ["sismember", 3, "readonly fast", "reads 1", "integer", "1.0.0"],
  ["smembers", 2, "readonly", "reads 1", "set", "1.0.0"],
  ["smismember", -3, "readonly fast", "reads 1", "array", "6.2.0"],
  ["smove", 4, "write fast", "changes 1; creates 2", "integer", "1.0.0"],
  ["spop", -2, "write fast", "changes 1", "bulk|set", "1.0.0"],
  ["srandmember", -2, "readonly", "reads 1", "bulk|set", "1.0.0"],
  ["srem", -3, "write fast", "changes 1", "integer", "1.0.0"],
  ["sscan", -3, "readonly", "reads 1", "array", "2.8.0"],
  ["sunion", -2, "readonly", "reads 1..-1", "set", "1.0.0"],
  ["sunionstore", -3, "write denyoom", "replaces 1; reads 2..-1", "integer", "1.0.0"],
];
