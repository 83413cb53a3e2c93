import type { PolicyChoice } from "../../policy/registry.ts";
import { NumberedBatch } from "../../replay/numbered-batch.ts";
import { RecycledNumbering } from "../../replay/recycled-numbering.ts";
import { replayRecords } from "../../replay/replay-records.ts";
import { SimulatedCache, type SizeUnit } from "../../replay/simulated-cache.ts";
import { noCounts } from "../../replay/tally.ts";
import { boundOf, ratioOf, samplePosition } from "../events/event-control.ts";
import type { AccessCost } from "./access-cost.ts";

/** Few enough that the delay does not matter, and enough that a policy's code stays in the processor's cache. */
const BATCH_RECORDS = 256;
/** Groups of keys with separate counts, from which the error is estimated. */
export const GROUPS = 16;

/** A cache of one size: how large it is, and which share of the keys it sees. */
export interface SizeShape {
  /** The size of the whole cache that is simulated. */
  readonly size: number;
  readonly unit: SizeUnit;
  /** Most entries that the whole cache could hold. */
  readonly entries: number;
  readonly ratio: number;
}

/** A policy at one size. */
interface Candidate {
  readonly cache: SimulatedCache;
  /** Misses by group of keys, not yet taken. */
  readonly misses: Float64Array;
}

/**
 * Miniature caches of one size (Waldspurger et al., USENIX ATC 2017), one for each policy. All see the same sample of
 * the keys, and have the same share of the size. The numbers of keys are used again, so this may run for ever.
 */
export class SimulatedSize {
  readonly shape: SizeShape;
  /** Keys whose position lies below this are in the sample. */
  readonly bound: number;
  readonly #candidates: readonly Candidate[];
  readonly #numbering: RecycledNumbering;
  readonly #cost: AccessCost;
  readonly #batch = new NumberedBatch(BATCH_RECORDS);
  readonly #hashes = new Uint32Array(BATCH_RECORDS);
  /** The hash of the key of each number. */
  #hashOf = new Uint32Array(1024);
  readonly #noUpperHalf = new Uint32Array(BATCH_RECORDS);
  readonly #counts = noCounts();

  /** @param cost is told how long accesses take */
  constructor(policies: readonly PolicyChoice[], shape: SizeShape, cost: AccessCost) {
    this.#cost = cost;
    const { unit, ratio } = shape;
    const capacity = Math.max(1, Math.round(shape.size * ratio));
    const most = Math.max(1, Math.ceil(shape.entries * ratio));
    const maxEntries = unit === "entries" ? capacity : most;
    this.shape = shape;
    this.bound = boundOf(ratio);
    this.#candidates = policies.map((policy) => ({
      cache: new SimulatedCache({ policy, capacity, unit, maxEntries, seed: 1 }),
      misses: new Float64Array(GROUPS),
    }));
    this.#numbering = new RecycledNumbering(this.#candidates.map(({ cache }) => cache));
    this.#batch.hasFamilies = true;
    this.#batch.hasOperations = true;
    this.#batch.hasSizes = unit === "bytes";
  }

  /** The share of the keys in the sample, exactly. */
  get ratio(): number {
    return ratioOf(this.bound);
  }

  /** Takes over the contents of caches of this size that saw another share of the keys, as far as they fit. */
  takeOver(earlier: SimulatedSize): void {
    earlier.flush();
    const hashes = this.#hashes;
    const number = new Uint32Array(1);
    this.#candidates.forEach(({ cache }, index) => {
      const from = earlier.#candidates[index]!.cache;
      const count = from.resident;
      let place = 0;
      from.forEach((object, weight, expiresAtMs) => {
        const rank = count < 2 ? 1 : place++ / (count - 1);
        const hash = earlier.#hashOf[object]!;
        if (samplePosition(hash) >= this.bound) return;
        hashes[0] = hash;
        this.#number(1, number);
        cache.coverObjects(this.#numbering.greatest);
        cache.adopt(number[0]!, weight, expiresAtMs, rank);
      });
    });
  }

  /**
   * Adds a record of a key in the sample.
   * @param operation READ, DELETE or EXPIRE
   * @param weight in units of the size
   */
  add(hash: number, operation: number, weight: number, timeMs: number, ttlMs: number): void {
    const batch = this.#batch;
    const at = batch.count++;
    this.#hashes[at] = hash;
    batch.family[at] = hash & (GROUPS - 1);
    batch.operation[at] = operation;
    batch.size[at] = weight;
    batch.timeMs[at] = timeMs;
    batch.ttlMs[at] = ttlMs;
    if (batch.isFull) this.flush();
  }

  /** Counts a read of a key that has no value: no cache can have it. */
  addAbsent(hash: number): void {
    for (const { misses } of this.#candidates) misses[hash & (GROUPS - 1)]!++;
  }

  /** Replays what was added. */
  flush(): void {
    const batch = this.#batch;
    const { count } = batch;
    if (count === 0) return;
    const numbering = this.#numbering;
    this.#cost.begin();
    this.#number(count, batch.objects);
    for (const { cache, misses } of this.#candidates) {
      cache.coverObjects(numbering.greatest);
      replayRecords(cache, batch, 0, count, "drop", this.#counts, misses);
    }
    numbering.reclaim();
    this.#cost.end(count * this.#candidates.length);
    batch.count = 0;
  }

  #number(count: number, numbers: Uint32Array): void {
    this.#numbering.number(this.#hashes, this.#noUpperHalf, count, numbers);
    const { greatest } = this.#numbering;
    if (greatest >= this.#hashOf.length) {
      const hashOf = new Uint32Array(2 * greatest);
      hashOf.set(this.#hashOf);
      this.#hashOf = hashOf;
    }
    for (let i = 0; i < count; i++) this.#hashOf[numbers[i]!] = this.#hashes[i]!;
  }

  /** Removes everything, as when the channel for invalidations is lost. */
  empty(): void {
    this.flush();
    for (const { cache } of this.#candidates) cache.empty();
  }

  /**
   * Takes the misses since the last call.
   * @param sums the misses of all keys, as the sample tells them, are added here: by policy and group
   */
  takeMisses(sums: readonly Float64Array[]): void {
    const { ratio } = this;
    this.#candidates.forEach(({ misses }, policy) => {
      const sum = sums[policy]!;
      for (let group = 0; group < GROUPS; group++) sum[group]! += misses[group]! / ratio;
      misses.fill(0);
    });
  }

  dropMisses(): void {
    for (const { misses } of this.#candidates) misses.fill(0);
  }
}
