import type { FamilyRow, ResultRow } from "../runner.ts";

/** Number of families that reports show. */
const FAMILIES_SHOWN = 20;

export interface FamilyShare extends FamilyRow {
  /** Share of all misses of this cache. */
  readonly share: number;
}

/** The families with the most misses, and the number of others; undefined if families were not counted. */
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
