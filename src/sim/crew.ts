import { Worker } from "node:worker_threads";
import { parsePolicy } from "../cache/registry.ts";
import type { Clock } from "../lib/clock.ts";
import { NumberedBatch, type NumberedHeader } from "./numbered-batch.ts";
import type { WriteEffect } from "./replay-records.ts";
import type { SizeUnit } from "./simulated-cache.ts";
import { Simulation, type SimulationResult } from "./simulation.ts";
import type { Counting } from "./tally.ts";

/** A simulation as it is told to another thread. */
export interface Job {
  /** As `parsePolicy` reads it. */
  readonly policy: string;
  readonly capacity: number;
  readonly unit: SizeUnit;
  readonly maxEntries: number;
  readonly seed: number;
  readonly writes: WriteEffect;
  readonly counting: Counting;
}

export interface JobResult extends SimulationResult {
  /** Time taken by the replay alone. */
  readonly seconds: number;
}

/** Whoever carries out simulations: each of them replays every batch. */
export interface Crew {
  /** A batch to fill and to hand over; waits while all of them are being replayed. */
  freeBatch(): Promise<NumberedBatch>;
  /** Has a batch replayed that `freeBatch` gave. @param objects how many objects there have been */
  replay(batch: NumberedBatch, objects: number): void;
  /** Waits for the end of all simulations. @returns their results, in the order of the jobs */
  finish(): Promise<JobResult[]>;
  /** Ends at once. */
  stop(): Promise<void>;
}

/** Several simulations on one thread, batch by batch, so that a batch is in the processor's cache for all of them. */
export class Bench {
  readonly #clock: Clock;
  readonly #simulations: readonly Simulation[];
  readonly #ms: Float64Array;

  constructor(jobs: readonly Job[], clock: Clock) {
    this.#clock = clock;
    this.#simulations = jobs.map((job) => new Simulation({ ...job, policy: parsePolicy(job.policy) }));
    this.#ms = new Float64Array(jobs.length);
  }

  replay(batch: NumberedBatch, objects: number): void {
    let before = this.#clock.monotonicMs();
    for (let i = 0; i < this.#simulations.length; i++) {
      this.#simulations[i]!.replay(batch, objects);
      const after = this.#clock.monotonicMs();
      this.#ms[i]! += after - before;
      before = after;
    }
  }

  finish(): JobResult[] {
    return this.#simulations.map((simulation, i) => ({
      ...simulation.finish(),
      seconds: this.#ms[i]! / 1000,
    }));
  }
}

/** The calling thread does it all. */
export class SingleCrew implements Crew {
  readonly #bench: Bench;
  readonly #batch: Promise<NumberedBatch>;

  constructor(jobs: readonly Job[], batchRecords: number, clock: Clock) {
    this.#bench = new Bench(jobs, clock);
    this.#batch = Promise.resolve(new NumberedBatch(batchRecords));
  }

  freeBatch(): Promise<NumberedBatch> {
    return this.#batch;
  }

  replay(batch: NumberedBatch, objects: number): void {
    this.#bench.replay(batch, objects);
  }

  async finish(): Promise<JobResult[]> {
    return this.#bench.finish();
  }

  async stop(): Promise<void> {}
}

/** What a worker is started with. */
export interface WorkerStart {
  readonly jobs: readonly Job[];
  readonly batchRecords: number;
  readonly buffers: readonly SharedArrayBuffer[];
}

/** To a worker: a batch to be replayed, or that there are no more. */
export type ToWorker =
  | {
      readonly kind: "batch";
      readonly index: number;
      readonly header: NumberedHeader;
      readonly objects: number;
    }
  | { readonly kind: "end" };

/** From a worker: a batch has been replayed, or all that came of its jobs. */
export type FromWorker =
  | { readonly kind: "done"; readonly index: number }
  | { readonly kind: "results"; readonly results: JobResult[] };

/** Batches under way at once: enough that a worker with slow jobs does not hold up the others at every one. */
const BATCHES = 8;

/**
 * Threads that share the jobs and replay the same batches, which lie in shared memory. The reader is held up while
 * all batches are in use: by as much as the slowest worker needs.
 */
export class WorkerCrew implements Crew {
  readonly #jobCount: number;
  readonly #workers: Worker[];
  readonly #batches: NumberedBatch[];
  readonly #free: NumberedBatch[];
  /** How many workers still replay each batch. */
  readonly #pending: number[];
  readonly #results: Promise<JobResult[]>[];
  readonly #failed: Promise<never>;
  #wake: () => void = () => {};

  constructor(jobs: readonly Job[], threads: number, batchRecords: number) {
    this.#jobCount = jobs.length;
    this.#batches = Array.from({ length: BATCHES }, () => new NumberedBatch(batchRecords));
    this.#free = [...this.#batches];
    this.#pending = this.#batches.map(() => 0);
    const buffers = this.#batches.map((batch) => batch.buffer);
    const { promise: failed, reject } = Promise.withResolvers<never>();
    // Whoever waits next is told; nobody may be waiting when it happens.
    failed.catch(() => undefined);
    this.#failed = failed;
    this.#workers = [];
    this.#results = [];
    for (let thread = 0; thread < threads; thread++) {
      const start: WorkerStart = {
        jobs: jobs.filter((_, index) => threadOf(index, threads) === thread),
        batchRecords,
        buffers,
      };
      const worker = new Worker(new URL("./simulation-worker.ts", import.meta.url), { workerData: start });
      const { promise, resolve } = Promise.withResolvers<JobResult[]>();
      worker.on("message", (message: FromWorker) => {
        if (message.kind === "results") resolve(message.results);
        else this.#replayed(message.index);
      });
      worker.on("error", reject);
      worker.on("exit", () => reject(new Error("a simulation's thread has ended before its work was done")));
      this.#workers.push(worker);
      this.#results.push(promise);
    }
  }

  async freeBatch(): Promise<NumberedBatch> {
    for (;;) {
      const batch = this.#free.pop();
      if (batch !== undefined) return batch;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await Promise.race([promise, this.#failed]);
    }
  }

  replay(batch: NumberedBatch, objects: number): void {
    const index = this.#batches.indexOf(batch);
    this.#pending[index] = this.#workers.length;
    this.#tell({ kind: "batch", index, header: batch.header, objects });
  }

  async finish(): Promise<JobResult[]> {
    this.#tell({ kind: "end" });
    const byThread = await Promise.race([Promise.all(this.#results), this.#failed]);
    const threads = this.#workers.length;
    return Array.from(
      { length: this.#jobCount },
      (_, index) => byThread[threadOf(index, threads)]![Math.floor(index / threads)]!,
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #tell(message: ToWorker): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  #replayed(index: number): void {
    this.#pending[index]!--;
    if (this.#pending[index] !== 0) return;
    this.#free.push(this.#batches[index]!);
    this.#wake();
  }
}

/**
 * Jobs are dealt in rounds, each round beginning one thread further on, so that a policy that is slow at every size
 * burdens all threads alike.
 */
function threadOf(index: number, threads: number): number {
  return (index + Math.floor(index / threads)) % threads;
}
