import type { Clock } from "../lib/clock.ts";
import { parsePolicy } from "../policy/registry.ts";
import type { NumberedBatch, NumberedHeader } from "../replay/numbered-batch.ts";
import type { WriteEffect } from "../replay/replay-records.ts";
import type { SizeUnit } from "../replay/simulated-cache.ts";
import { Simulation, type SimulationResult } from "../replay/simulation.ts";
import type { Counting } from "../replay/tally.ts";

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
  /** All invariants are checked at the end. */
  readonly isChecked: boolean;
}

export interface JobResult extends SimulationResult {
  /** Time taken by the replay alone. */
  readonly seconds: number;
}

/** Several simulations on one thread, batch by batch, so that a batch is in the processor's cache for all of them. */
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

  /** @param onJob told after each simulation how many of them have replayed the batch */
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

  /** @throws AssertionError where an invariant does not hold, of those that are checked */
  finish(): JobResult[] {
    return this.#simulations.map((simulation, i) => {
      if (this.#jobs[i]!.isChecked) simulation.check();
      return { ...simulation.finish(), seconds: this.#ms[i]! / 1000 };
    });
  }
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

/** From a worker: how many records its jobs have replayed since, that a batch is done, or all that came of its jobs. */
export type FromWorker =
  | { readonly kind: "progress"; readonly replayed: number }
  | { readonly kind: "done"; readonly index: number; readonly replayed: number }
  | { readonly kind: "results"; readonly results: JobResult[] };
