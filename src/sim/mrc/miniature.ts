/**
 * Miniature simulation (C. A. Waldspurger, T. Saemundsson, I. Ahmad, N. Park: "Cache modeling and optimization using
 * miniature simulations", USENIX ATC 2017): a cache of any policy is estimated by a small one of the same policy that
 * sees a sample of the keys, and whose size is scaled down by the sample's rate.
 *
 * Misses are divided by the requests that a sample of this rate should hold, not by those it happens to hold: the
 * difference comes from the most popular keys, which hit (as SHARDS-adj has it, see `shards.ts`).
 */
import type { RecordBatch } from "../../replay/records.ts";
import { hashKeys, rangeOf } from "../../replay/spatial-sample.ts";
import type { Pass } from "../pass.ts";
import type { MiniatureJob, MiniaturePlan } from "./miniature-plan.ts";
import { MiniatureSample } from "./miniature-sample.ts";

/**
 * A miniature has room for at least so many entries: with fewer, its policy does not behave as in the large cache.
 * Caches that would become smaller are simulated with a larger sample, and very small ones exactly.
 */
const LEAST_ENTRIES = 100;
/** Into so many disjoint parts each sample is divided for the estimate of its error. */
const PARTS = 4;

/** An estimate. */
export interface MiniatureResult {
  readonly missRatio: number;
  readonly byteMissRatio: number;
  /**
   * Of the miss ratio: how far off it is to be expected (one standard deviation). The sample is divided into four
   * parts with no key in common, each simulated in a cache a quarter as large; were they independent samples, the
   * standard deviation of the whole is half of that between the parts. 0 where all keys were looked at.
   */
  readonly standardError: number;
  /** What share of the keys was looked at. */
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

/** Whether the trace must be read a second time, besides for its extent. */
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

/** The least of the rate wanted and its doublings at which the miniature is large enough. */
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
