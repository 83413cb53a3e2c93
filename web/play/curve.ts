import { parsePolicy } from "../../src/policy/registry.ts";
import type { SizeUnit } from "../../src/replay/simulated-cache.ts";
import { Simulation } from "../../src/replay/simulation.ts";
import { resolveSize } from "../../src/sim/cache-size.ts";
import { CacheRun } from "./cache-run.ts";
import { type Conditions, DEFAULT_CONDITIONS, effectOf } from "./conditions.ts";
import { deciderOf } from "./decider.ts";
import type { Requests } from "./requests.ts";

/** The misses of a policy over the whole run, at one size. */
export interface CurvePoint {
  readonly policy: string;
  readonly size: number;
  readonly requests: number;
  readonly misses: number;
}

/** The optimum for entries of equal weight, and for others. */
export const OPTIMA: Readonly<Record<SizeUnit, string>> = { entries: "belady", bytes: "belady-size" };

const POINTS = 16;
const POLICY_SEED = 1;

/**
 * Returns the sizes of the curve, evenly spaced on a logarithmic scale from a small cache to one that holds
 * everything, and the size in question among them.
 */
export function curveSizes(
  { workingSet }: Pick<Requests, "workingSet">,
  unit: SizeUnit,
  own: readonly number[],
): number[] {
  const { objects, bytes } = workingSet;
  const all = unit === "entries" ? objects : bytes;
  const most = Math.max(2, all);
  const least = Math.max(1, most / 512);
  const spaced = Array.from({ length: POINTS }, (_, i) =>
    Math.round(least * (most / least) ** (i / (POINTS - 1))),
  );
  return [...new Set([...spaced, ...own])].filter((size) => size >= 1).sort((a, b) => a - b);
}

/**
 * Replays all requests with one policy at one size.
 * @param requests as `timed` returns them
 */
export function curvePoint(
  requests: Requests,
  policy: string,
  size: number,
  unit: SizeUnit,
  conditions: Conditions = DEFAULT_CONDITIONS,
): CurvePoint {
  // What could not be fetched is not kept: that takes a look at each request.
  if (conditions.failures > 0) {
    const cacheRun = new CacheRun(deciderOf({ policy }), { policy, size, unit }, requests, conditions);
    cacheRun.advance(requests.count);
    const { requests: reads, misses } = cacheRun.counts;
    return { policy, size, requests: reads, misses };
  }
  const { batch, workingSet } = requests;
  const simulation = new Simulation({
    policy: parsePolicy(policy),
    ...resolveSize({ kind: unit, amount: size }, workingSet),
    seed: POLICY_SEED,
    writes: effectOf(conditions.writes),
    counting: { warmupRecords: 0, windowRecords: 0, byFamily: false },
  });
  simulation.replay(batch, workingSet.objects);
  const { requests: reads, misses } = simulation.finish().total;
  return { policy, size, requests: reads, misses };
}
