import type { Clock } from "../lib/clock.ts";
import { parsePolicy } from "../policy/registry.ts";
import type { NumberedBatch, NumberedHeader } from "../replay/numbered-batch.ts";
import type { WriteEffect } from "../replay/replay-records.ts";
import type { SizeUnit } from "../replay/simulated-cache.ts";
import { Simulation, type SimulationResult } from "../replay/simulation.ts";
import type { Counting } from "../replay/tally.ts";

/** A simulation, in a form that can be sent to another thread. */
export interface Job {
  /** In the form that `parsePolicy` reads. */
  readonly policy: string;
  readonly capacity: number;
  readonly unit: SizeUnit;
  readonly maxEntries: number;
  readonly seed: number;
  readonly writes: WriteEffect;
  readonly counting: Counting;
  /** Whether all invariants are checked at the end. */
  readonly isChecked: boolean;
}

export interface JobResult extends SimulationResult {
  /** Time that the replay took. */
  readonly seconds: number;
}

/**
 * Several simulations on one thread. All replay a batch before the next one, so that it stays in the processor's
 * cache.
 */
export class JobGroup {
  readonly #clock: Clock;
  readonly #jobs: readonly Job[];
  readonly #simulations: readonly Simulation[];
  readonly #ms: Float64Array;

  constructor(jobs: readonly Job[], clock: Clock) {
    this.#clock = clock;
    this.#jobs = jobs;
    this.#simulations = jobs.map((job) => new Simulation({ ...job, policy: parsePolicy(job.policy) }));
    this.#ms = new Float64Array(jobs.length);
  }

  /** @param onJob called after each simulation with the number of simulations that have replayed the batch */
  replay(batch: NumberedBatch, objects: number, onJob?: (done: number) => void): void {
    let before = this.#clock.monotonicMs();
    for (let i = 0; i < this.#simulations.length; i++) {
      this.#simulations[i]!.replay(batch, objects);
      const after = this.#clock.monotonicMs();
      this.#ms[i]! += after - before;
      before = after;
      onJob?.(i + 1);
    }
  }

  /** @throws AssertionError if a simulation is checked and one of its invariants does not hold */
  finish(): JobResult[] {
    return this.#simulations.map((simulation, i) => {
      if (this.#jobs[i]!.isChecked) simulation.check();
      return { ...simulation.finish(), seconds: this.#ms[i]! / 1000 };
    });
  }
}

/** The data that a worker starts with. */
export interface WorkerStart {
  readonly jobs: readonly Job[];
  readonly batchRecords: number;
  readonly buffers: readonly SharedArrayBuffer[];
}

/** Messages to a worker: replay a batch, or end. */
export type ToWorker =
  | {
      readonly kind: "batch";
      readonly index: number;
      readonly header: NumberedHeader;
      readonly objects: number;
    }
  | { readonly kind: "end" };

/**
 * Messages from a worker: records replayed since the last message, a batch is done, or the results of all its jobs.
 */
export type FromWorker =
  | { readonly kind: "progress"; readonly replayed: number }
  | { readonly kind: "done"; readonly index: number; readonly replayed: number }
  | { readonly kind: "results"; readonly results: JobResult[] };
