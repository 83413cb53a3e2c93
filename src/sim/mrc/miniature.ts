/**
 * Miniature simulation (C. A. Waldspurger, T. Saemundsson, I. Ahmad, N. Park: "Cache modeling and optimization using
 * miniature simulations", USENIX ATC 2017): a cache of any policy is estimated by a small cache of the same policy,
 * which sees a sample of the keys and whose size is scaled down by the sample's rate. Misses are divided by the
 * number of requests that a sample of this rate should hold, not by the number that it happens to hold: the
 * difference comes from the most popular keys, which hit (as in SHARDS-adj, see `shards.ts`).
 */
import type { RecordBatch } from "../../replay/records.ts";
import { hashKeys, rangeOf } from "../../replay/spatial-sample.ts";
import type { Pass } from "../pass.ts";
import type { MiniatureJob, MiniaturePlan } from "./miniature-plan.ts";
import { MiniatureSample } from "./miniature-sample.ts";

/**
 * The fewest entries of a miniature: with fewer, its policy behaves differently from the large cache. Caches that
 * would become smaller are simulated with a larger sample, and very small ones exactly.
 */
const LEAST_ENTRIES = 100;
/** Number of disjoint parts of a sample, for the estimate of its error. */
const PARTS = 4;

/** An estimate. */
export interface MiniatureResult {
  readonly missRatio: number;
  readonly byteMissRatio: number;
  /**
   * Standard deviation of the estimated miss ratio. The sample is divided into four parts with no key in common, each
   * simulated in a cache a quarter as large. If these were independent samples, the standard deviation of the whole
   * would be half of that between the parts. 0 if all keys were sampled.
   */
  readonly standardError: number;
  /** The share of the keys that was sampled. */
  readonly rate: number;
}

/** @returns estimates in the order of the jobs */
export async function simulateMiniatures(plan: MiniaturePlan): Promise<MiniatureResult[]> {
  const { jobs, warmupRecords } = plan;
  const rates = jobs.map((job) => rateFor(job, plan));
  using samples = new DisposableStack();
  const byRate = new Map(
    [...new Set(rates)].map((rate) => {
      const ranges = [rangeOf(rate, 0, 1)];
      if (rate < 1) for (let part = 0; part < PARTS; part++) ranges.push(rangeOf(rate, part, PARTS));
      const some = jobs.filter((_, index) => rates[index] === rate);
      return [rate, ranges.map((range) => samples.use(new MiniatureSample(plan, some, range)))];
    }),
  );
  const all = [...byRate.values()].flat();
  if (needsTwoPasses(plan)) {
    await readHashed(plan, "measuring", (records, hashes, seen) => {
      for (const sample of all) sample.look(records, hashes, warmupRecords - seen);
    });
  }
  for (const sample of all) sample.begin();
  await readHashed(plan, "simulating", (records, hashes) => {
    for (const sample of all) sample.replay(records, hashes);
  });
  const results = new Map(
    [...byRate].flatMap(([rate, [whole, ...parts]]) => {
      const ofParts = parts.map((part) => part.finish());
      return whole!
        .finish()
        .map((estimate, i): [MiniatureJob, MiniatureResult] => [
          whole!.jobs[i]!,
          { ...estimate, standardError: standardError(ofParts.map((part) => part[i]!.missRatio)), rate },
        ]);
    }),
  );
  return jobs.map((job) => results.get(job)!);
}

/** Tells whether the trace must be read a second time, in addition to the pass for its extent. */
function needsTwoPasses({ jobs, warmupRecords }: MiniaturePlan): boolean {
  return warmupRecords > 0 || jobs.some(({ policy }) => policy.type.offline === true);
}

async function readHashed(
  { source, seed, progress }: MiniaturePlan,
  pass: Pass,
  consume: (records: RecordBatch, hashes: Uint32Array, seen: number) => void,
): Promise<void> {
  let hashes = new Uint32Array(0);
  let seen = 0;
  await source.read(
    (records) => {
      if (records.count > hashes.length) hashes = new Uint32Array(records.capacity);
      hashKeys(records, seed, hashes);
      consume(records, hashes, seen);
      seen += records.count;
      return true;
    },
    (done) => progress?.(pass, done),
  );
}

/** Returns the smallest rate, the wanted one or a doubling of it, at which the miniature is large enough. */
export function rateFor(
  { size }: MiniatureJob,
  { rate: wanted, extent }: Pick<MiniaturePlan, "rate" | "extent">,
): number {
  const meanBytes = extent.bytes / Math.max(1, extent.objects);
  const entries = size.unit === "entries" ? size.capacity : size.capacity / meanBytes;
  let rate = wanted;
  while (rate < 1 && rate * entries < LEAST_ENTRIES) rate *= 2;
  return Math.min(1, rate);
}

function standardError(parts: readonly number[]): number {
  if (parts.length === 0) return 0;
  const mean = parts.reduce((sum, part) => sum + part, 0) / parts.length;
  const squares = parts.reduce((sum, part) => sum + (part - mean) ** 2, 0);
  return Math.sqrt(squares / (parts.length - 1) / parts.length);
}
