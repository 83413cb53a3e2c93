import type { ResultRow } from "./runner.ts";
import type { SampledRow } from "./sampled-run.ts";

/** How far the estimates of one policy are from what is so. */
export interface Comparison {
  readonly policy: string;
  /** How many were compared, and how many were not: those of which the sample holds too little to tell. */
  readonly sizes: number;
  readonly unresolvedSizes: number;
  /** Of the miss ratio: the mean over the sizes compared, each of which counts as much as any other. */
  readonly meanAbsoluteError: number;
  readonly greatestError: number;
  /** What was to be expected: the mean of the standard errors; undefined where they are not known. */
  readonly meanStandardError: number | undefined;
}

/**
 * Sets estimates against exact results of the same caches; what is in one of the two lists only is left out, and so
 * is a policy none of whose sizes is resolved.
 */
export function compare(estimates: readonly SampledRow[], exact: readonly ResultRow[]): Comparison[] {
  const known = new Map(exact.map((row) => [cacheOf(row), row]));
  return [...Map.groupBy(estimates, ({ policy }) => policy)].flatMap(([policy, rows]): Comparison[] => {
    const resolved = rows.filter(({ isResolved }) => isResolved);
    const pairs = resolved.flatMap((row) => {
      const other = known.get(cacheOf(row));
      return other === undefined ? [] : [{ row, error: Math.abs(row.missRatio - other.missRatio) }];
    });
    if (pairs.length === 0) return [];
    const standardErrors = pairs.flatMap(({ row }) => row.standardError ?? []);
    return [
      {
        policy,
        sizes: pairs.length,
        unresolvedSizes: rows.length - resolved.length,
        meanAbsoluteError: mean(pairs.map(({ error }) => error)),
        greatestError: Math.max(...pairs.map(({ error }) => error)),
        meanStandardError: standardErrors.length === pairs.length ? mean(standardErrors) : undefined,
      },
    ];
  });
}

function cacheOf({ policy, size, sizeUnit }: ResultRow): string {
  return `${policy} ${size} ${sizeUnit}`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
