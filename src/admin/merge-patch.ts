/** What JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [name: string]: Json };

/**
 * Returns the JSON merge patch (RFC 7386) that makes `to` of `from`: only members that differ, `null` for those that
 * are gone, arrays whole. undefined: they are equal. Within objects `null` and absence are the same, as the RFC says.
 */
export function mergePatch(from: Json | undefined, to: Json): Json | undefined {
  if (from === to) return undefined;
  if (!isObject(to)) return isEqual(from, to) ? undefined : to;
  if (!isObject(from)) return withoutNulls(to);
  const patch: Record<string, Json> = {};
  let isChanged = false;
  const set = (name: string, value: Json): void => {
    isChanged = true;
    // An assignment to `__proto__` would not add a member.
    Object.defineProperty(patch, name, { value, enumerable: true });
  };
  for (const [name, value] of Object.entries(to)) {
    if (value === null) continue;
    const old = own(from, name);
    const change = mergePatch(old === null ? undefined : old, value);
    if (change !== undefined) set(name, change);
  }
  for (const [name, value] of Object.entries(from)) {
    if (value !== null && (own(to, name) ?? null) === null) set(name, null);
  }
  return isChanged ? patch : undefined;
}

/** Drops members that are `null`, arrays excepted: a patch could not tell them from removed ones. */
export function withoutNulls(value: Json): Json {
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(entries.map(([name, member]) => [name, withoutNulls(member)]));
}

function own(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEqual(a: Json | undefined, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
