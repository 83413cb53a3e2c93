import type { ResultRow } from "./runner.ts";
import type { SampledRow } from "./sampled-run.ts";

/** The errors of the estimates for one policy. */
export interface Comparison {
  readonly policy: string;
  /** Sizes that were compared, and sizes that were not because the sample holds too little of the cache. */
  readonly sizes: number;
  readonly unresolvedSizes: number;
  /** Errors of the miss ratio. The mean is over the sizes compared, all with equal weight. */
  readonly meanAbsoluteError: number;
  readonly greatestError: number;
  /** The expected error: the mean of the standard errors; undefined if they are unknown. */
  readonly meanStandardError: number | undefined;
}

/**
 * Compares estimates with exact results for the same caches. Leaves out caches that are in only one of the lists, and
 * policies without a resolved size.
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
