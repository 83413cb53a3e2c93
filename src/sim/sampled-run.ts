import { systemClock } from "../lib/clock.ts";
import { formatPolicy, type PolicyChoice } from "../policy/registry.ts";
import { type RecordSource, TraceError } from "../replay/records.ts";
import type { WriteEffect } from "../replay/replay-records.ts";
import type { SizeUnit } from "../replay/simulated-cache.ts";
import { type CacheSize, capacityOf, distinctSizes } from "./cache-size.ts";
import { type CurvePlan, type CurveResult, exactLru, type TraceExtent } from "./mrc/exact-lru.ts";
import { rateFor, simulateMiniatures } from "./mrc/miniature.ts";
import type { MiniatureJob } from "./mrc/miniature-plan.ts";
import { shardsOfRate, shardsOfSize } from "./mrc/shards.ts";
import type { Pass } from "./pass.ts";
import type { ResultRow } from "./runner.ts";
import { TemporaryWords } from "./temporary-words.ts";

/** Which keys are sampled: a share of them, or a number of them at most. */
export type Sample =
  | { readonly kind: "rate"; readonly rate: number }
  | { readonly kind: "objects"; readonly objects: number };

export interface SampledPlan {
  readonly source: RecordSource;
  readonly policies: readonly PolicyChoice[];
  readonly sizes: readonly CacheSize[];
  /** Additional sizes for LRU, whose curve contains them anyway, as far as the sample is large enough. */
  readonly curveSizes?: readonly CacheSize[];
  readonly ignoresSizes: boolean;
  readonly writes: WriteEffect;
  readonly warmupRecords: number;
  readonly seed: number;
  /** Undefined: all keys. */
  readonly sample: Sample | undefined;
  progress?(pass: Pass, done: number): void;
}

/** The result of one policy at one size: an estimate, unless all keys were sampled. */
export interface SampledRow extends ResultRow {
  /** The share of the keys that was sampled. */
  readonly sampleRate: number;
  /** Expected error of the miss ratio, if it is known. */
  readonly standardError?: number;
  /** Whether the sample holds enough of such a cache (`LEAST_ENTRIES`); if not, the estimate is unreliable. */
  readonly isResolved: boolean;
}

export interface SampledResult {
  /** By size, then by policy. */
  readonly rows: readonly SampledRow[];
  /** LRU at those of the plan's `curveSizes` that are not among the rows. */
  readonly between: readonly SampledRow[];
  readonly extent: TraceExtent;
  /** The least share of the keys that was sampled. */
  readonly rate: number;
}

const LRU = "lru";

interface Estimated {
  readonly missRatio: number;
  readonly byteMissRatio: number;
  readonly rate: number;
  readonly standardError?: number;
  readonly isResolved: boolean;
}

/**
 * Estimates miss ratios from a sample of the keys: LRU's from its curve (SHARDS), those of all other policies by
 * miniature simulation, which takes a second pass. If a sample holds too little of a cache (`LEAST_ENTRIES`), LRU too
 * is simulated in miniature with a larger sample, provided that the trace can be read again; if it cannot, the result
 * is marked as unresolved.
 * @throws TraceError if the trace is broken, or must be read twice and cannot be
 */
export async function runSampled(plan: SampledPlan): Promise<SampledResult> {
  const { source, policies, progress } = plan;
  if (!source.isRepeatable && needsRepeatable(plan)) {
    throw new TraceError(
      `${source.name} can be read only once, and must be read twice: policies other than lru are simulated ` +
        "once the working set is known",
    );
  }
  const begunMs = systemClock.monotonicMs();
  const found = await findCurves(plan);
  const { curves, extent, rate } = found;
  const curvesMs = systemClock.monotonicMs() - begunMs;
  if (extent.records === 0) throw new TraceError(`${source.name}: there is no request in it`);
  const sizes = distinctSizes(plan.sizes.map((size) => capacityOf(size, extent)));
  const curveSizes = (plan.curveSizes ?? []).map((size) => capacityOf(size, extent));
  const sizesBetween = distinctSizes([...sizes, ...curveSizes]).slice(sizes.length);
  const jobs = sizes.flatMap((size) => policies.map((policy): MiniatureJob => ({ policy, size })));
  const between = policies
    .filter(isLru)
    .flatMap((policy) =>
      sizesBetween
        .map((size): MiniatureJob => ({ policy, size }))
        .filter((job) => rateFor(job, found) <= rate),
    );
  const others = jobs.filter((job) => {
    const isFine = rateFor(job, found) <= rate;
    return !isLru(job.policy) || (!isFine && source.isRepeatable);
  });
  const estimates =
    others.length === 0
      ? []
      : await simulateMiniatures({
          ...plan,
          rate,
          extent,
          jobs: others,
          progress,
          openWords: () => new TemporaryWords(),
        });
  const miniaturesMs = systemClock.monotonicMs() - begunMs - curvesMs;
  const curveRow = (job: MiniatureJob): SampledRow => {
    const { capacity, unit } = job.size;
    // If all sizes are 1, the curve in bytes is the same.
    const curve = curves.find((one) => one.unit === unit) ?? curves[0]!;
    const point = {
      missRatio: curve.missRatio(capacity),
      byteMissRatio: curve.byteMissRatio(capacity),
      rate,
      isResolved: rateFor(job, found) <= rate,
    };
    return resultRow(plan, job, extent, point, curvesMs / 1000 / (sizes.length + between.length));
  };
  const rows = jobs.map((job): SampledRow => {
    const at = others.indexOf(job);
    if (at < 0) return curveRow(job);
    const estimated = { ...estimates[at]!, isResolved: true };
    return resultRow(plan, job, extent, estimated, miniaturesMs / 1000 / others.length);
  });
  return { rows, between: between.map(curveRow), extent, rate };
}

/** Tells whether the trace must be read more than once. */
export function needsRepeatable({ policies }: Pick<SampledPlan, "policies">): boolean {
  return policies.some((policy) => !isLru(policy));
}

function isLru({ type }: PolicyChoice): boolean {
  return type.name === LRU;
}

async function findCurves({ sample, seed, progress, ...plan }: SampledPlan): Promise<CurveResult> {
  const curvePlan: CurvePlan = {
    ...plan,
    units: unitsOf(plan),
    progress: (done) => progress?.("measuring", done),
  };
  if (sample === undefined) return exactLru(curvePlan);
  if (sample.kind === "rate") return shardsOfRate(curvePlan, { rate: sample.rate, seed });
  return shardsOfSize(curvePlan, { objects: sample.objects, seed });
}

type Sized = Pick<SampledPlan, "source" | "sizes" | "ignoresSizes">;

function unitsOf(plan: Sized): SizeUnit[] {
  // Whether a trace that may have sizes has any is known only at its end.
  const unitOfShare = plan.source.hasSizes && !plan.ignoresSizes ? "bytes" : "entries";
  return [...new Set(plan.sizes.map(({ kind }) => (kind === "share" ? unitOfShare : kind)))];
}

function resultRow(
  { source }: SampledPlan,
  { policy, size }: MiniatureJob,
  { requests, bytesRequested }: TraceExtent,
  { missRatio, byteMissRatio, rate, standardError, isResolved }: Estimated,
  seconds: number,
): SampledRow {
  return {
    trace: source.name,
    policy: formatPolicy(policy),
    size: size.capacity,
    sizeUnit: size.unit,
    requests,
    misses: Math.round(requests * missRatio),
    missRatio,
    bytesMissed: Math.round(bytesRequested * byteMissRatio),
    byteMissRatio,
    seconds,
    sampleRate: rate,
    isResolved,
    ...(standardError !== undefined && { standardError }),
  };
}
