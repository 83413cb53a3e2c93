import { Worker } from "node:worker_threads";
import { NumberedBatch } from "../replay/numbered-batch.ts";
import { divideJobs } from "./job-division.ts";
import type { FromWorker, Job, JobResult, ToWorker, WorkerStart } from "./jobs.ts";
import type { SimulationPool } from "./simulation-pool.ts";

/** Batches in progress at once: enough that a worker with slow jobs does not delay the others at every batch. */
const BATCHES = 8;

/**
 * Runs simulations on threads, which divide the jobs and replay the same batches in shared memory. The reader waits
 * while all batches are in use, so it is as fast as the slowest worker.
 */
export class WorkerPool implements SimulationPool {
  /** The thread of each job. */
  readonly #threadOf: readonly number[];
  readonly #workers: Worker[];
  readonly #batches: NumberedBatch[];
  readonly #free: NumberedBatch[];
  /** For each batch, how many workers have yet to replay it. */
  readonly #pending: number[];
  readonly #results: Promise<JobResult[]>[];
  readonly #failed: Promise<never>;
  #wake: () => void = () => {};
  replayed = 0;
  onReplayed: () => void = () => {};

  constructor(jobs: readonly Job[], threads: number, batchRecords: number) {
    this.#threadOf = divideJobs(jobs, threads);
    const buffers = Array.from(
      { length: BATCHES },
      () => new SharedArrayBuffer(NumberedBatch.bytes(batchRecords)),
    );
    this.#batches = buffers.map((buffer) => new NumberedBatch(batchRecords, buffer));
    this.#free = [...this.#batches];
    this.#pending = this.#batches.map(() => 0);
    const { promise: failed, reject } = Promise.withResolvers<never>();
    // The next await sees the failure; without this, one that nothing awaits yet would count as unhandled.
    failed.catch(() => undefined);
    this.#failed = failed;
    this.#workers = [];
    this.#results = [];
    for (let thread = 0; thread < threads; thread++) {
      const start: WorkerStart = {
        jobs: jobs.filter((_, index) => this.#threadOf[index] === thread),
        batchRecords,
        buffers,
      };
      const worker = new Worker(new URL("./simulation-worker.ts", import.meta.url), { workerData: start });
      const { promise, resolve } = Promise.withResolvers<JobResult[]>();
      worker.on("message", (message: FromWorker) => {
        if (message.kind === "results") {
          resolve(message.results);
          return;
        }
        this.replayed += message.replayed;
        if (message.kind === "done") this.#isReplayed(message.index);
        this.onReplayed();
      });
      worker.on("error", reject);
      worker.on("exit", () => reject(new Error("a simulation's thread has ended before its work was done")));
      this.#workers.push(worker);
      this.#results.push(promise);
    }
  }

  freeBatch(): NumberedBatch | Promise<NumberedBatch> {
    return this.#free.pop() ?? this.#nextBatch();
  }

  async #nextBatch(): Promise<NumberedBatch> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await Promise.race([promise, this.#failed]);
      const batch = this.#free.pop();
      if (batch !== undefined) return batch;
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
    const results = byThread.map((ofThread) => ofThread.values());
    return this.#threadOf.map((thread) => results[thread]!.next().value!);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #tell(message: ToWorker): void {
    for (const worker of this.#workers) worker.postMessage(message);
  }

  #isReplayed(index: number): void {
    this.#pending[index]!--;
    if (this.#pending[index] !== 0) return;
    this.#free.push(this.#batches[index]!);
    this.#wake();
  }
}
