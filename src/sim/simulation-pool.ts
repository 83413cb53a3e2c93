import type { Clock } from "../lib/clock.ts";
import { NumberedBatch } from "../replay/numbered-batch.ts";
import { type Job, JobGroup, type JobResult } from "./jobs.ts";

/** Runs simulations, each of which replays every batch. */
export interface SimulationPool {
  /**
   * Returns a batch to fill and pass to `replay`. While all batches are being replayed, it returns a promise of one.
   */
  freeBatch(): NumberedBatch | Promise<NumberedBatch>;
  /**
   * Starts the replay of a batch that `freeBatch` returned.
   * @param objects number of objects in the trace so far
   */
  replay(batch: NumberedBatch, objects: number): void;
  /** Records replayed so far, summed over the jobs. */
  readonly replayed: number;
  /** Called when `replayed` has changed. */
  onReplayed: () => void;
  /**
   * Waits for the end of all simulations.
   * @returns their results, in the order of the jobs
   */
  finish(): Promise<JobResult[]>;
  /** Ends at once, without results. */
  stop(): Promise<void>;
}

/** Runs all simulations on the calling thread. */
export class CallingThreadPool implements SimulationPool {
  readonly #group: JobGroup;
  readonly #batch: NumberedBatch;
  replayed = 0;
  onReplayed: () => void = () => {};

  constructor(jobs: readonly Job[], batchRecords: number, clock: Clock) {
    this.#group = new JobGroup(jobs, clock);
    this.#batch = new NumberedBatch(batchRecords);
  }

  freeBatch(): NumberedBatch {
    return this.#batch;
  }

  replay(batch: NumberedBatch, objects: number): void {
    this.#group.replay(batch, objects, () => {
      this.replayed += batch.count;
      this.onReplayed();
    });
  }

  async finish(): Promise<JobResult[]> {
    return this.#group.finish();
  }

  async stop(): Promise<void> {}
}
