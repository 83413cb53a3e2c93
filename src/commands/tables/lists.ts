import type { FactsRow } from "../facts.ts";

/** Lists. */
export const LISTS_FACTS: readonly FactsRow[] = [
  ["blmove", 6, "write denyoom blocking", "changes 1; creates 2", "bulk", "6.2.0"],
  ["blmpop", -5, "write blocking", "changes 2#", "nullable-array", "7.0.0"],
  ["blpop", -3, "write blocking", "changes 1..-2", "nullable-array", "2.0.0"],
  ["brpop", -3, "write blocking", "changes 1..-2", "nullable-array", "2.0.0"],
  ["brpoplpush", 4, "write denyoom blocking", "changes 1; creates 2", "bulk", "2.2.0"],
  ["lindex", 3, "readonly", "reads 1", "bulk", "1.0.0"],
  ["linsert", 5, "write denyoom", "changes 1", "integer", "2.2.0"],
  ["llen", 2, "readonly fast", "reads 1", "integer", "1.0.0"],
  ["lmove", 5, "write denyoom", "changes 1; creates 2", "bulk", "6.2.0"],
  ["lmpop", -4, "write", "changes 1#", "nullable-array", "7.0.0"],
  ["lpop", -2, "write fast", "changes 1", "bulk|nullable-array", "1.0.0"],
  ["lpos", -3, "readonly", "reads 1", "integer|array", "6.0.6"],
  ["lpush", -3, "write denyoom fast", "creates 1", "integer", "1.0.0"],
  ["lpushx", -3, "write denyoom fast", "changes 1", "integer", "2.2.0"],
  ["lrange", 4, "readonly", "reads 1", "array", "1.0.0"],
  ["lrem", 4, "write", "changes 1", "integer", "1.0.0"],
  ["lset", 4, "write denyoom", "changes 1", "status", "1.0.0"],
  ["ltrim", 4, "write", "changes 1", "status", "1.0.0"],
  ["rpop", -2, "write fast", "changes 1", "bulk|nullable-array", "1.0.0"],
  ["rpoplpush", 3, "write denyoom", "changes 1; creates 2", "bulk", "1.2.0"],
  ["rpush", -3, "write denyoom fast", "creates 1", "integer", "1.0.0"],
  ["rpushx", -3, "write denyoom fast", "changes 1", "integer", "2.2.0"],
];
