import { NextAccesses } from "../../replay/next-access.ts";
import { NumberedBatch } from "../../replay/numbered-batch.ts";
import { Numbering } from "../../replay/numbering.ts";
import { RecordBatch } from "../../replay/records.ts";
import { type CacheShape, SLOT_LIMIT } from "../../replay/simulated-cache.ts";
import { Simulation } from "../../replay/simulation.ts";
import { type HashRange, rateOf, takeSample } from "../../replay/spatial-sample.ts";
import { BATCH_RECORDS } from "./exact-lru.ts";
import type { MiniatureJob, MiniaturePlan } from "./miniature-plan.ts";

/** A sample's estimate for one cache. */
export interface Estimate {
  readonly missRatio: number;
  readonly byteMissRatio: number;
}

/** One sample of the keys, and the miniature caches that replay it. */
export class MiniatureSample implements Disposable {
  readonly jobs: readonly MiniatureJob[];
  readonly #plan: MiniaturePlan;
  readonly #range: HashRange;
  readonly #batch = new NumberedBatch(BATCH_RECORDS);
  readonly #nextAccesses: NextAccesses | undefined;
  #numbering: Numbering;
  #sampled = new RecordBatch(0);
  #simulations: readonly Simulation[] = [];
  /** Records of the sample that warm up the caches. */
  #warmupRecords = 0;

  constructor(plan: MiniaturePlan, jobs: readonly MiniatureJob[], range: HashRange) {
    this.jobs = jobs;
    this.#plan = plan;
    this.#range = range;
    this.#numbering = new Numbering(plan.ignoresSizes, false);
    const isOffline = jobs.some(({ policy }) => policy.type.offline === true);
    this.#nextAccesses = isOffline ? new NextAccesses(plan.openWords()) : undefined;
  }

  /**
   * Collects what must be known before the replay.
   * @param countedFrom the first of these records that does not belong to the warm-up
   */
  look(records: RecordBatch, hashes: Uint32Array, countedFrom: number): void {
    this.#warmupRecords += this.#number(records, hashes, countedFrom, (batch) =>
      this.#nextAccesses?.append(batch),
    );
  }

  /** Prepares the replay, after all records have been passed to `look`. */
  begin(): void {
    this.#nextAccesses?.finish(this.#numbering.objects);
    const { ignoresSizes, seed, writes } = this.#plan;
    this.#numbering = new Numbering(ignoresSizes, false);
    const counting = { warmupRecords: this.#warmupRecords, windowRecords: 0, byFamily: false };
    this.#simulations = this.jobs.map(
      (job) =>
        new Simulation({ ...miniatureOf(job, rateOf(this.#range), this.#plan), seed, writes, counting }),
    );
  }

  replay(records: RecordBatch, hashes: Uint32Array): void {
    this.#number(records, hashes, 0, (batch, objects) => {
      if (this.#nextAccesses !== undefined) {
        this.#nextAccesses.take(batch.nextDistance, batch.count);
        batch.hasNextDistances = true;
      }
      for (const simulation of this.#simulations) simulation.replay(batch, objects);
    });
  }

  /** @returns estimates in the order of the jobs */
  finish(): Estimate[] {
    const { requests, bytesRequested } = this.#plan.extent;
    const rate = rateOf(this.#range);
    return this.#simulations.map((simulation) => {
      const { total } = simulation.finish();
      return {
        missRatio: share(total.misses, requests * rate),
        byteMissRatio: share(total.bytesMissed, bytesRequested * rate),
      };
    });
  }

  [Symbol.dispose](): void {
    this.#nextAccesses?.[Symbol.dispose]();
  }

  /** @returns the number of records of the sample before `countedFrom` */
  #number(
    records: RecordBatch,
    hashes: Uint32Array,
    countedFrom: number,
    consume: (batch: NumberedBatch, objects: number) => void,
  ): number {
    if (records.count > this.#sampled.capacity) this.#sampled = new RecordBatch(records.capacity);
    const first = takeSample(records, hashes, this.#range, this.#sampled, countedFrom);
    for (let from = 0; from < this.#sampled.count; from += BATCH_RECORDS) {
      this.#numbering.number(this.#sampled, from, this.#batch);
      consume(this.#batch, this.#numbering.objects);
    }
    return first;
  }
}

function miniatureOf(
  { policy, size }: MiniatureJob,
  rate: number,
  { extent: { objects, smallestBytes } }: MiniaturePlan,
): Omit<CacheShape, "seed"> {
  const capacity = Math.max(1, Math.round(size.capacity * rate));
  if (size.unit === "entries") return { policy, capacity, unit: "entries", maxEntries: capacity };
  // Six standard deviations above the expected number of objects, so hardly ever too few.
  const expected = objects * rate;
  const most = Math.ceil(expected + 6 * Math.sqrt(expected) + 1);
  const maxEntries = Math.max(1, Math.min(SLOT_LIMIT, most, Math.floor(capacity / smallestBytes)));
  return { policy, capacity, unit: "bytes", maxEntries };
}

/** At most 1: a small sample may have more misses than its rate predicts requests. */
function share(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.min(1, part / whole);
}
