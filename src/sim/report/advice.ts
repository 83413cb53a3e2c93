import { policyNames } from "../../policy/registry.ts";
import { percent } from "./html-table.ts";
import { isOutOfReach } from "./line-styles.ts";
import { type CurveRow, describeSize } from "./svg.ts";

/** Beyond the recommended size, doubling it lowers the miss ratio by less than this. */
const WORTH_DOUBLING = 0.02;
/** A simpler policy is preferred if it misses at most this much more: another day's traffic can reverse the order. */
const AS_GOOD = 0.01;

/**
 * One sentence for each trace and unit of size: which policy, how much memory. The size is the bend in the curve of
 * the best policies; the policy is the simplest one that is nearly the best there.
 * @param firstRequests by trace, where known, the share of the requests that are the first for their object
 */
export function adviceOf(
  rows: readonly CurveRow[],
  firstRequests: ReadonlyMap<string, number> = new Map(),
): string[] {
  const telling = rows.filter(({ policy, isResolved }) => !isOutOfReach(policy) && isResolved !== false);
  const groups = [...Map.groupBy(telling, ({ trace, sizeUnit }) => `${sizeUnit} ${trace}`).values()];
  return groups.map(
    (group) =>
      (groups.length > 1 ? `${group[0]!.trace}: ` : "") + adviseOn(group, firstRequests.get(group[0]!.trace)),
  );
}

function adviseOn(rows: readonly CurveRow[], firstShare: number | undefined): string {
  const sizes = [...Map.groupBy(rows, ({ size }) => size).values()]
    .map((ofSize) => ({ ofSize, size: ofSize[0]!.size, least: leastOf(ofSize) }))
    .sort((one, other) => one.size - other.size);
  /** How much the miss ratio falls per doubling, from each size to the next. */
  const gains = sizes
    .slice(1)
    .map(({ size, least }, i) => (sizes[i]!.least - least) / Math.log2(size / sizes[i]!.size));
  const bend = gains.findLastIndex((gain) => gain >= WORTH_DOUBLING) + 1;
  const { ofSize, least } = sizes[bend]!;
  const chosen = simplest(ofSize, least);
  const what = `${chosen.policy} with ${describeSize(chosen)} misses ${percent(chosen.missRatio)}`;
  return `${what}${comparedTo(chosen, ofSize, least)}${beyond(gains, bend, least, firstShare)}.`;
}

function leastOf(rows: readonly CurveRow[]): number {
  return Math.min(...rows.map(({ missRatio }) => missRatio));
}

function simplest(rows: readonly CurveRow[], least: number): CurveRow {
  const order = policyNames();
  const rank = ({ policy }: CurveRow): number => order.indexOf(policy.replace(/\(.*/, ""));
  return rows
    .filter(({ missRatio }) => missRatio <= least + AS_GOOD)
    .reduce((one, other) => (rank(other) < rank(one) ? other : one));
}

function comparedTo(chosen: CurveRow, rows: readonly CurveRow[], least: number): string {
  if (rows.length === 1) return "";
  if (chosen.missRatio === least) return ", the least of all online policies";
  return `, within a point of the least (${percent(least)}), and is simpler`;
}

/** What more memory is worth. No cache avoids the misses of first requests. */
function beyond(
  gains: readonly number[],
  bend: number,
  least: number,
  firstShare: number | undefined,
): string {
  if (gains.length === 0) return "";
  if (bend < gains.length)
    return `; from there on, doubling the memory gains less than ${100 * WORTH_DOUBLING} points`;
  const gained = `; up to this size, the largest that was tried, each doubling gained ${points(gains.at(-1)!)} points`;
  if (firstShare === undefined) return `${gained}, so larger ones may gain more`;
  const left = Math.max(0, least - firstShare);
  return `${gained}, and ${points(left)} are left to gain: ${percent(firstShare)} are first requests, which miss in every cache`;
}

function points(share: number): string {
  return (100 * share).toFixed(1);
}
