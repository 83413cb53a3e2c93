import { assert } from "../lib/assert.ts";
import type { NumberedBatch } from "./numbered-batch.ts";
import { replayReads } from "./replay-reads.ts";
import { replayRecords, type WriteEffect } from "./replay-records.ts";
import { type CacheShape, SimulatedCache } from "./simulated-cache.ts";
import { addCounts, type Counting, type Counts, noCounts } from "./tally.ts";

export interface SimulationOptions extends CacheShape {
  readonly writes: WriteEffect;
  readonly counting: Counting;
}

/** The result of a simulation. */
export interface SimulationResult {
  readonly total: Counts;
  /** Counts of successive windows, if they were requested; the last one may be shorter. */
  readonly windows: readonly Counts[];
  /** Misses by family number, if they were requested. */
  readonly familyMisses: Float64Array | undefined;
}

/** A simulation of one policy at one size over one trace. */
export class Simulation {
  readonly #cache: SimulatedCache;
  readonly #writes: WriteEffect;
  readonly #counting: Counting;
  readonly #total: Counts = noCounts();
  readonly #windows: Counts[] = [];
  #familyMisses: Float64Array | undefined;
  /** Counts since the last boundary: of the warm-up, then of each window. */
  #current: Counts = noCounts();
  #recordsLeft: number;
  #isWarm: boolean;
  /** True while there have been only reads, so that the slots in use are those from 1. */
  #isPlain: boolean;

  constructor(options: SimulationOptions) {
    const { counting } = options;
    this.#cache = new SimulatedCache(options);
    this.#writes = options.writes;
    this.#counting = counting;
    this.#isWarm = counting.warmupRecords === 0;
    this.#recordsLeft = this.#isWarm ? windowLength(counting) : counting.warmupRecords;
    this.#familyMisses = counting.byFamily ? new Float64Array(16) : undefined;
    this.#isPlain = options.unit === "entries" && !this.#cache.isOffline && !counting.byFamily;
  }

  /** Replays the next records of the trace. */
  replay(batch: NumberedBatch, greatestObject: number): void {
    this.#cache.coverObjects(greatestObject);
    if (batch.hasSizes || batch.hasOperations) this.#isPlain = false;
    for (let from = 0; from < batch.count; ) {
      // Not Math.min: the compiler does not treat a minimum with Infinity as an integer.
      const isWithin = batch.count - from <= this.#recordsLeft;
      const to = isWithin ? batch.count : from + this.#recordsLeft;
      if (this.#isPlain) this.#replayReads(batch, from, to);
      else this.#replayRecords(batch, from, to);
      this.#recordsLeft -= to - from;
      if (this.#recordsLeft === 0) this.#closeWindow();
      from = to;
    }
  }

  /**
   * Checks the invariants of cache and policy by walking everything.
   * @throws AssertionError if one does not hold
   */
  check(): void {
    this.#cache.check();
  }

  /** Ends the last window and returns the result. */
  finish(): SimulationResult {
    const { windowRecords } = this.#counting;
    if (this.#isWarm && (windowRecords === 0 || this.#recordsLeft < windowRecords)) this.#closeWindow();
    assert(this.#total.misses <= this.#total.requests, "no more misses than requests");
    return { total: this.#total, windows: this.#windows, familyMisses: this.#familyMisses };
  }

  #replayReads(batch: NumberedBatch, from: number, to: number): void {
    const cache = this.#cache;
    const misses = replayReads(cache, batch.objects, from, to);
    cache.resident = Math.min(cache.maxEntries, cache.resident + misses);
    cache.slotsUsed = cache.resident;
    cache.used = cache.resident;
    cache.now += to - from;
    const counts = this.#current;
    counts.requests += to - from;
    counts.bytesRequested += to - from;
    counts.misses += misses;
    counts.bytesMissed += misses;
  }

  #replayRecords(batch: NumberedBatch, from: number, to: number): void {
    const familyMisses = this.#isWarm ? this.#familiesOf(batch, from, to) : undefined;
    replayRecords(this.#cache, batch, from, to, this.#writes, this.#current, familyMisses);
  }

  #familiesOf(batch: NumberedBatch, from: number, to: number): Float64Array | undefined {
    if (this.#familyMisses === undefined) return undefined;
    let greatest = 0;
    for (let i = from; i < to; i++) greatest = Math.max(greatest, batch.family[i]!);
    if (greatest >= this.#familyMisses.length) {
      const misses = new Float64Array(Math.max(2 * this.#familyMisses.length, greatest + 1));
      misses.set(this.#familyMisses);
      this.#familyMisses = misses;
    }
    return this.#familyMisses;
  }

  #closeWindow(): void {
    if (this.#isWarm) {
      addCounts(this.#total, this.#current);
      if (this.#counting.windowRecords > 0) this.#windows.push(this.#current);
    }
    this.#isWarm = true;
    this.#current = noCounts();
    this.#recordsLeft = windowLength(this.#counting);
  }
}

function windowLength({ windowRecords }: Counting): number {
  return windowRecords === 0 ? Number.POSITIVE_INFINITY : windowRecords;
}
