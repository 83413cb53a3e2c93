import { systemClock } from "../lib/clock.ts";
import { formatPolicy, type PolicyChoice } from "../policy/registry.ts";
import { NextAccesses } from "../replay/next-access.ts";
import { NumberedBatch } from "../replay/numbered-batch.ts";
import { Numbering } from "../replay/numbering.ts";
import { READ, type RecordBatch, type RecordSource, TraceError } from "../replay/records.ts";
import type { WriteEffect } from "../replay/replay-records.ts";
import type { SizeUnit } from "../replay/simulated-cache.ts";
import type { Counting, Counts } from "../replay/tally.ts";
import { type CacheSize, distinctSizes, needsWorkingSet, resolveSize } from "./cache-size.ts";
import type { Job, JobResult } from "./jobs.ts";
import type { Pass } from "./pass.ts";
import { CallingThreadPool, type SimulationPool } from "./simulation-pool.ts";
import { type WorkingSet, WorkingSetMeter } from "./working-set.ts";

/** What to simulate, and how. */
export interface RunPlan {
  readonly source: RecordSource;
  readonly policies: readonly PolicyChoice[];
  readonly sizes: readonly CacheSize[];
  /** Whether every object counts as 1, whatever its size. */
  readonly ignoresSizes: boolean;
  readonly writes: WriteEffect;
  readonly counting: Counting;
  /** Names a family of keys; absent if families are not counted. */
  familyName?(family: number): string;
  readonly seed: number;
  /** Whether all invariants of every cache are checked at the end. */
  readonly isChecked?: boolean;
  /** Number of threads; with 1, the calling thread does everything. */
  readonly threads: number;
  /** Called now and then with the progress of a pass, in the unit of `source.extent`. */
  progress?(pass: Pass, done: number): void;
}

/** The result of one policy at one size. */
export interface ResultRow {
  readonly trace: string;
  readonly policy: string;
  readonly size: number;
  readonly sizeUnit: SizeUnit;
  readonly requests: number;
  readonly misses: number;
  readonly missRatio: number;
  readonly bytesMissed: number;
  readonly byteMissRatio: number;
  /** Time that this simulation took, without reading the trace. */
  readonly seconds: number;
  /** Miss ratio over time, if it was requested. */
  readonly windows?: readonly WindowRow[];
  /** Misses by family of keys, most misses first, if they were requested. */
  readonly families?: readonly FamilyRow[];
}

export interface WindowRow {
  /** The window's first record, counted from 0. */
  readonly from: number;
  readonly requests: number;
  readonly misses: number;
  readonly missRatio: number;
  readonly byteMissRatio: number;
}

export interface FamilyRow {
  readonly family: string;
  readonly requests: number;
  readonly misses: number;
  readonly missRatio: number;
}

export interface RunResult {
  /** By size, then by policy. */
  readonly rows: readonly ResultRow[];
  /** The working set of the whole trace, warm-up included; undefined if no pass measured it. */
  readonly workingSet: WorkingSet | undefined;
  readonly records: number;
  readonly objects: number;
}

const BATCH_RECORDS = 16_384;
/**
 * If many simulations take turns on one processor, each finds its memory gone from the processor's caches at its
 * turn. A longer turn reduces that cost: 200 simulations took a sixth less time than with small batches.
 */
const LARGE_BATCH_RECORDS = 65_536;
const FEW_JOBS = 4;

/** Tells whether the trace must be read twice: for shares, sizes in bytes, and policies that know the future. */
export function needsTwoPasses({ policies, sizes }: Pick<RunPlan, "policies" | "sizes">): boolean {
  return sizes.some(needsWorkingSet) || policies.some(({ type }) => type.offline === true);
}

/**
 * Simulates all policies at all sizes in one pass over the trace, after a measuring pass if one is needed.
 * @throws TraceError if the trace is broken, or must be read twice and cannot be
 */
export async function run(plan: RunPlan): Promise<RunResult> {
  const { source, policies } = plan;
  const isOffline = policies.some(({ type }) => type.offline === true);
  const isMeasured = needsTwoPasses(plan);
  if (isMeasured && !source.isRepeatable) throw new TraceError(explainTwoPasses(plan));
  using nextAccesses = isOffline
    ? new NextAccesses(new (await import("./temporary-words.ts")).TemporaryWords())
    : undefined;
  const workingSet = isMeasured ? await measure(plan, nextAccesses) : undefined;
  const sizes = distinctSizes(plan.sizes.map((size) => resolveSize(size, workingSet)));
  const { seed, writes, counting, isChecked = false } = plan;
  const jobs = sizes.flatMap((size) =>
    policies.map(
      (policy): Job => ({ ...size, policy: formatPolicy(policy), seed, writes, counting, isChecked }),
    ),
  );
  const threads = Math.min(plan.threads, jobs.length);
  const batchRecords = jobs.length > FEW_JOBS ? LARGE_BATCH_RECORDS : BATCH_RECORDS;
  const pool = await openPool(jobs, threads, batchRecords);
  try {
    return await simulate(plan, jobs, pool, workingSet, nextAccesses);
  } finally {
    await pool.stop();
  }
}

async function openPool(
  jobs: readonly Job[],
  threads: number,
  batchRecords: number,
): Promise<SimulationPool> {
  if (threads === 1) return new CallingThreadPool(jobs, batchRecords, systemClock);
  const { WorkerPool } = await import("./worker-pool.ts");
  return new WorkerPool(jobs, threads, batchRecords);
}

/** Measures the working set, and the next access to every object, in a pass of its own. */
async function measure(plan: RunPlan, nextAccesses: NextAccesses | undefined): Promise<WorkingSet> {
  const { source, progress } = plan;
  const numbering = new Numbering(plan.ignoresSizes, false);
  const meter = new WorkingSetMeter();
  const batch = new NumberedBatch(BATCH_RECORDS);
  await source.read(
    (records) => {
      for (let from = 0; from < records.count; from += BATCH_RECORDS) {
        numbering.number(records, from, batch);
        meter.add(batch, numbering.objects);
        nextAccesses?.append(batch);
      }
      return true;
    },
    (done) => progress?.("measuring", done),
  );
  checkNotEmpty(source, numbering.objects);
  nextAccesses?.finish(numbering.objects);
  return meter.finish();
}

async function simulate(
  plan: RunPlan,
  jobs: readonly Job[],
  pool: SimulationPool,
  workingSet: WorkingSet | undefined,
  nextAccesses: NextAccesses | undefined,
): Promise<RunResult> {
  const { source, counting, progress } = plan;
  const numbering = new Numbering(plan.ignoresSizes, counting.byFamily);
  const familyRequests: number[] = [];
  let seen = 0;
  let batch: NumberedBatch | undefined;
  const handOver = (full: NumberedBatch): void => {
    if (nextAccesses !== undefined) {
      nextAccesses.take(full.nextDistance, full.count);
      full.hasNextDistances = true;
    }
    if (counting.byFamily) countFamilies(full, counting.warmupRecords - seen, familyRequests);
    seen += full.count;
    pool.replay(full, numbering.objects);
    batch = undefined;
  };
  const begin = (free: NumberedBatch): NumberedBatch => {
    free.count = 0;
    batch = free;
    return free;
  };
  /** Awaits only if no batch is free. */
  const take = (records: RecordBatch, start: number): boolean | Promise<boolean> => {
    for (let from = start; from < records.count; ) {
      if (batch === undefined) {
        const free = pool.freeBatch();
        if (free instanceof Promise) return free.then(begin).then(() => take(records, from));
        begin(free);
      }
      const taken = numbering.append(records, from, batch!);
      from += taken;
      if (taken === 0 || batch!.isFull) handOver(batch!);
    }
    return true;
  };
  let read = 0;
  let taken = 0;
  // The slowest simulation may be far behind the reader.
  const report = (): void => {
    const share = taken === 0 ? 0 : pool.replayed / (taken * jobs.length);
    progress?.("simulating", source.extent === undefined ? read : read * share);
  };
  pool.onReplayed = report;
  await source.read(
    (records) => {
      taken += records.count;
      return take(records, 0);
    },
    (done) => {
      read = done;
      report();
    },
  );
  if (batch !== undefined) handOver(batch);
  checkNotEmpty(source, numbering.objects);
  const results = await pool.finish();
  return {
    rows: jobs.map((job, index) => resultRow(plan, job, results[index]!, familyRequests)),
    workingSet,
    records: seen,
    objects: numbering.objects,
  };
}

function checkNotEmpty(source: RecordSource, objects: number): void {
  if (objects === 0) throw new TraceError(`${source.name}: there is no request in it`);
}

/**
 * Counts the requests of each family.
 * @param skipped records at the start of the batch that belong to the warm-up
 */
function countFamilies(batch: NumberedBatch, skipped: number, requests: number[]): void {
  const { family, operation, hasOperations, count } = batch;
  for (let i = Math.max(0, skipped); i < count; i++) {
    if (hasOperations && operation[i] !== READ) continue;
    const number = family[i]!;
    while (requests.length <= number) requests.push(0);
    requests[number]!++;
  }
}

function resultRow(
  { source, counting, familyName }: RunPlan,
  { policy, capacity, unit }: Job,
  { total, windows, familyMisses, seconds }: JobResult,
  familyRequests: readonly number[],
): ResultRow {
  return {
    trace: source.name,
    policy,
    size: capacity,
    sizeUnit: unit,
    requests: total.requests,
    misses: total.misses,
    missRatio: ratio(total.misses, total.requests),
    bytesMissed: total.bytesMissed,
    byteMissRatio: ratio(total.bytesMissed, total.bytesRequested),
    seconds,
    ...(counting.windowRecords > 0 && {
      windows: windows.map((counts, i) => windowRow(counts, i, counting)),
    }),
    ...(familyMisses !== undefined && {
      families: familyRequests
        .map((requests, family): FamilyRow => {
          const misses = familyMisses[family] ?? 0;
          const name = familyName?.(family) ?? String(family);
          return { family: name, requests, misses, missRatio: ratio(misses, requests) };
        })
        .filter(({ requests }) => requests > 0)
        .sort((one, other) => other.misses - one.misses),
    }),
  };
}

function windowRow(counts: Counts, index: number, { warmupRecords, windowRecords }: Counting): WindowRow {
  const { requests, misses, bytesRequested, bytesMissed } = counts;
  return {
    from: warmupRecords + index * windowRecords,
    requests,
    misses,
    missRatio: ratio(misses, requests),
    byteMissRatio: ratio(bytesMissed, bytesRequested),
  };
}

/** 0 of 0 is 0. */
function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function explainTwoPasses({ source, policies, sizes }: RunPlan): string {
  const offline = policies.find(({ type }) => type.offline === true);
  const reason =
    offline !== undefined
      ? `${offline.type.name} needs to know the future`
      : sizes.some(({ kind }) => kind === "share")
        ? "a size in percent is a share of its working set"
        : "for a cache of that many bytes or entries, the objects' sizes must be known";
  return `${source.name} can be read only once, and must be read twice: ${reason}`;
}
