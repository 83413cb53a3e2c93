import type { Clock } from "../lib/clock.ts";
import { type Comparison, compare } from "../sim/comparison.ts";
import { describeSize } from "../sim/report/svg.ts";
import { type ResultRow, run } from "../sim/runner.ts";
import { runSampled, type SampledPlan, type SampledRow } from "../sim/sampled-run.ts";

export interface EstimatePlan extends SampledPlan {
  /** Whether every cache is also simulated exactly, for comparison. */
  readonly isCompared: boolean;
  readonly threads: number;
  readonly clock: Clock;
}

export interface EstimateResult {
  readonly rows: readonly SampledRow[];
  /** The rows, and the plan's sizes between them if it has any, by size. */
  readonly curve: readonly SampledRow[];
  readonly records: number;
  readonly objects: number;
  readonly bytes: number;
  /** The least share of the keys that was sampled. */
  readonly rate: number;
  readonly comparisons: readonly Comparison[] | undefined;
  /** Time that the estimates took, and the exact simulation that they are compared with. */
  readonly seconds: number;
  readonly exactSeconds: number;
}

/**
 * Estimates miss ratios from a sample of the keys (LRU's from all keys without a sample), and their errors if
 * requested.
 */
export async function estimate(plan: EstimatePlan): Promise<EstimateResult> {
  const { isCompared, clock } = plan;
  const begunMs = clock.monotonicMs();
  const { rows, between, extent, rate } = await runSampled(plan);
  const estimatedMs = clock.monotonicMs();
  const comparisons = isCompared ? compare(rows, await simulateExactly(plan, rows)) : undefined;
  const { records, objects, bytes } = extent;
  return {
    rows,
    curve: between.length === 0 ? rows : [...rows, ...between].sort((one, other) => one.size - other.size),
    records,
    objects,
    bytes,
    rate,
    comparisons,
    seconds: (estimatedMs - begunMs) / 1000,
    exactSeconds: (clock.monotonicMs() - estimatedMs) / 1000,
  };
}

/** Simulates the same caches with all keys. */
async function simulateExactly(
  plan: EstimatePlan,
  estimates: readonly SampledRow[],
): Promise<readonly ResultRow[]> {
  const sizes = new Map(
    estimates.map(({ size, sizeUnit }) => [`${size} ${sizeUnit}`, { kind: sizeUnit, amount: size }]),
  );
  const counting = { warmupRecords: plan.warmupRecords, windowRecords: 0, byFamily: false };
  return (await run({ ...plan, sizes: [...sizes.values()], counting })).rows;
}

/** Describes the errors of the estimates in words, in percentage points. */
export function formatComparisons(result: EstimateResult): string {
  const { comparisons = [], seconds, exactSeconds } = result;
  const points = (ratio: number | undefined): string => (ratio === undefined ? "" : (100 * ratio).toFixed(2));
  const columns = [
    ["Estimates against exact", ...comparisons.map(({ policy }) => policy)],
    ["sizes", ...comparisons.map(({ sizes }) => String(sizes))],
    ["mean error, points", ...comparisons.map(({ meanAbsoluteError }) => points(meanAbsoluteError))],
    ["greatest", ...comparisons.map(({ greatestError }) => points(greatestError))],
    ["expected", ...comparisons.map(({ meanStandardError }) => points(meanStandardError))],
  ];
  const widths = columns.map((column) => Math.max(...column.map((text) => text.length)));
  const table = columns[0]!
    .map((_, line) =>
      columns
        .map((column, at) =>
          at === 0 ? column[line]!.padEnd(widths[0]!) : column[line]!.padStart(widths[at]!),
        )
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
  const times = `estimated in ${seconds.toFixed(1)} s, simulated exactly in ${exactSeconds.toFixed(1)} s`;
  return `${table}\n\n${describeSizes(result)}\n${times}`;
}

/** Describes the sizes that the mean is taken over. */
function describeSizes({ rows }: EstimateResult): string {
  const sizes = distinctSizes(rows.filter(({ isResolved }) => isResolved));
  const leftOut = distinctSizes(rows).length - sizes.length;
  const rest = leftOut === 0 ? "" : `; ${leftOut} are left out, because the sample holds too little of them`;
  if (sizes.length === 0) return `no mean${rest}`;
  const mean =
    sizes.length === 1
      ? `of one size, ${sizes[0]}`
      : `the mean of ${sizes.length} sizes, ${sizes[0]} to ${sizes.at(-1)}, each counted once`;
  return mean + rest;
}

/** Returns the different sizes in words, in order. */
function distinctSizes(rows: readonly SampledRow[]): string[] {
  return [...new Set(rows.map(describeSize))];
}

/** The same for programs: one object per line. */
export function formatComparisonLines(trace: string, comparisons: readonly Comparison[]): string {
  return comparisons.map((comparison) => `${JSON.stringify({ trace, ...comparison })}\n`).join("");
}
