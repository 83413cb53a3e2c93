import type { FamilyRow, ResultRow } from "../runner.ts";

/** Reports for people show so many families of keys. */
const FAMILIES_SHOWN = 20;

export interface FamilyShare extends FamilyRow {
  /** Of all misses of this cache. */
  readonly share: number;
}

/** The families that miss most, and how many more there are; undefined where they were not counted. */
export function familyShares({
  families,
  misses,
}: ResultRow): { readonly shown: readonly FamilyShare[]; readonly more: number } | undefined {
  if (families === undefined) return undefined;
  const shown = families
    .slice(0, FAMILIES_SHOWN)
    .map((family) => ({ ...family, share: misses === 0 ? 0 : family.misses / misses }));
  return { shown, more: families.length - shown.length };
}
