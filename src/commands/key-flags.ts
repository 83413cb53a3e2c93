import type { Arguments, KeyPermission, KeyUse } from "./facts.ts";

/** What a request does with its keys, in Redis's words. */

/** Commands whose key specification has `variable_flags`: their options decide. */
const VARIABLE: ReadonlySet<string> = new Set(["set", "bitfield"]);
/** Commands that only add: they neither replace nor change what is there. */
const INSERTING: ReadonlySet<string> = new Set(["append", "setnx", "msetnx"]);

/** Returns what a user must be allowed to do with a key for this request. */
export function permissionFor(use: KeyUse, name: string, request: Arguments): KeyPermission {
  if (name === "set") return hasWord(request, 3, "get") ? "RW" : "W";
  if (name === "bitfield") {
    for (let index = 2; index < request.count; index++) {
      if (/^(set|incrby)$/i.test(request.text(index))) return "RW";
    }
    return "R";
  }
  return use.permission;
}

/** Returns the flags that COMMAND GETKEYSANDFLAGS shows of a key. */
export function keyFlagsOf(use: KeyUse, name: string, request: Arguments): readonly string[] {
  return flagsFor(use, name, permissionFor(use, name, request));
}

/** Returns the flags of a key specification in COMMAND INFO. */
export function specificationFlags(use: KeyUse, name: string): readonly string[] {
  if (!VARIABLE.has(name)) return flagsFor(use, name, use.permission);
  return [...flagsFor(use, name, "RW"), "variable_flags"];
}

function flagsFor({ effect }: KeyUse, name: string, permission: KeyPermission): readonly string[] {
  const access = permission.includes("R") ? ["access"] : [];
  if (effect === "reads" || permission === "R") return ["RO", ...access];
  if (effect === "deletes") return access.length > 0 ? ["RW", "access", "delete"] : ["RM", "delete"];
  const change = INSERTING.has(name) ? "insert" : "update";
  if (effect === "replaces" && access.length === 0) return ["OW", change];
  return ["RW", ...access, change];
}

/** Whether an argument from this position on is this word. */
export function hasWord(request: Arguments, from: number, word: string): boolean {
  for (let index = from; index < request.count; index++) {
    if (request.text(index).toLowerCase() === word) return true;
  }
  return false;
}
