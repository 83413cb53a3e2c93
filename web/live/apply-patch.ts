/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * Applies a JSON merge patch (RFC 7386). What did not change is the same object as before, so that comparing
 * references tells which parts changed.
 * @returns undefined: the value is gone
 */
export function applyPatch(value: Json | undefined, patch: Json | undefined): Json | undefined {
  if (patch === undefined) return value;
  if (patch === null) return undefined;
  if (!isObject(patch)) return patch;
  const members = new Map(Object.entries(isObject(value) ? value : {}));
  for (const [name, change] of Object.entries(patch)) {
    const next = applyPatch(members.get(name), change);
    if (next === undefined) members.delete(name);
    else members.set(name, next);
  }
  return Object.fromEntries(members);
}

function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
