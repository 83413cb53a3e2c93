import type { Clock } from "../lib/clock.ts";
import { NumberedBatch } from "../replay/numbered-batch.ts";
import { type Job, JobGroup, type JobResult } from "./jobs.ts";

/** Whoever carries out simulations: each of them replays every batch. */
export interface Crew {
  /** A batch to fill and to hand over; to be waited for while all of them are being replayed. */
  freeBatch(): NumberedBatch | Promise<NumberedBatch>;
  /** Has a batch replayed that `freeBatch` gave. @param objects how many objects there have been */
  replay(batch: NumberedBatch, objects: number): void;
  /** How many records have been replayed, each counted for each job. */
  readonly replayed: number;
  /** Called when that has changed. */
  onReplayed: () => void;
  /** Waits for the end of all simulations. @returns their results, in the order of the jobs */
  finish(): Promise<JobResult[]>;
  /** Ends at once. */
  stop(): Promise<void>;
}

/** The calling thread does it all. */
export class SingleCrew implements Crew {
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
