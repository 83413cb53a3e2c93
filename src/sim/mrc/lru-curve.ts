import { ExpiryQueue } from "../../replay/expiry-queue.ts";
import type { NumberedBatch } from "../../replay/numbered-batch.ts";
import { DELETE, EXPIRE, READ } from "../../replay/records.ts";
import type { WriteEffect } from "../../replay/replay-records.ts";
import { ReuseStack } from "../../replay/reuse-stack.ts";
import type { SizeUnit } from "../../replay/simulated-cache.ts";
import { type CumulativeDistances, DistanceHistogram } from "./distance-histogram.ts";

export interface LruCurveOptions {
  /** The unit of the cache's size. */
  readonly unit: SizeUnit;
  /** Whether sizes other than 1 occur. */
  readonly hasSizes: boolean;
  readonly writes: WriteEffect;
  /** See `DistanceHistogram`. */
  readonly resolutionBits: number;
}

/** For sizes in entries: every size separately, as far as memory allows. */
export const EXACT_BITS = 30;
/** For bytes and estimates: within a 4096th of the size. */
export const FINE_BITS = 12;

/**
 * Computes the miss ratio of an LRU cache at every size from a stream of records, or from a sample of it. Records
 * have the same meaning as for a simulated cache: only reads are requests, a write stores the object or drops it, a
 * delete drops it. An entry's expiry is computed for a cache that never evicts. A smaller cache has fetched the entry
 * later and may keep it longer, so with times to live the curve is an upper bound; otherwise it is exact.
 */
export class LruCurve {
  readonly #options: LruCurveOptions;
  readonly #isWeighed: boolean;
  readonly #stack: ReuseStack;
  readonly #requests: DistanceHistogram;
  /** Bytes requested, if they differ from requests. */
  readonly #bytes: DistanceHistogram | undefined;
  #requestCount = 0;
  #bytesRequested = 0;
  #coldMisses = 0;
  /** When objects expire; undefined until a time to live occurs. */
  #expiries: ExpiryQueue | undefined = undefined;
  #objects = 0;

  constructor(options: LruCurveOptions) {
    this.#options = options;
    this.#isWeighed = options.unit === "bytes" && options.hasSizes;
    this.#stack = new ReuseStack(this.#isWeighed);
    this.#requests = new DistanceHistogram(options.resolutionBits);
    this.#bytes = options.hasSizes ? new DistanceHistogram(options.resolutionBits) : undefined;
  }

  /**
   * Replays the next records.
   * @param objects number of objects up to the end of the batch
   * @param countedFrom the first record of the batch that is counted; those before it warm up the cache
   */
  replay(batch: NumberedBatch, objects: number, countedFrom: number, rate: number): void {
    this.coverObjects(objects);
    // Sums of sizes are too large for a bucket each.
    if (batch.hasSizes && this.#isWeighed) {
      this.#requests.coarsen(FINE_BITS);
      this.#bytes?.coarsen(FINE_BITS);
    }
    const { hasSizes, hasOperations, size, operation, timeMs, ttlMs } = batch;
    for (let i = 0; i < batch.count; i++) {
      const object = batch.objects[i]!;
      const bytes = hasSizes ? size[i]! : 1;
      const isCounted = i >= countedFrom;
      if (hasOperations) {
        this.record(object, bytes, operation[i]!, timeMs[i]!, ttlMs[i]!, isCounted, rate);
      } else {
        this.#read(object, bytes, isCounted, rate);
      }
    }
  }

  /** Makes room for objects of greater numbers than before. */
  coverObjects(greatest: number): void {
    this.#stack.coverObjects(greatest);
    this.#objects = Math.max(this.#objects, greatest);
    this.#expiries?.cover(greatest);
  }

  /**
   * Replays one record.
   * @param rate the share of all objects that is sampled: each reference stands for 1/rate references
   */
  record(
    object: number,
    bytes: number,
    operation: number,
    timeMs: number,
    ttlMs: number,
    isCounted: boolean,
    rate: number,
  ): void {
    const expiries = this.#expiries;
    if (expiries !== undefined) while (expiries.nextMs <= timeMs) this.#stack.delete(expiries.take());
    if (operation === DELETE || (operation !== READ && this.#options.writes === "drop")) {
      this.#stack.delete(object);
      return;
    }
    let isFresh = true;
    if (operation === READ) isFresh = this.#read(object, bytes, isCounted, rate) === Number.POSITIVE_INFINITY;
    else if (operation !== EXPIRE) this.#stack.reference(object, this.#isWeighed ? bytes : 1);
    if (!isFresh) return;
    if (ttlMs > 0) this.#expiries ??= new ExpiryQueue(this.#objects);
    this.#expiries?.set(object, ttlMs > 0 ? timeMs + ttlMs : Number.POSITIVE_INFINITY);
  }

  /** Removes an object as if it had never been there, but keeps its counts. */
  forget(object: number): void {
    this.#stack.forget(object);
    this.#expiries?.delete(object);
  }

  #read(object: number, bytes: number, isCounted: boolean, rate: number): number {
    const weight = this.#isWeighed ? bytes : 1;
    // An object that has grown larger than the cache is a miss, however near the top it was.
    const distance = Math.max(this.#stack.reference(object, weight), weight);
    if (!isCounted) return distance;
    const count = 1 / rate;
    this.#requestCount += count;
    this.#bytesRequested += bytes * count;
    if (distance === Number.POSITIVE_INFINITY) {
      this.#coldMisses += count;
    } else {
      this.#requests.add(distance / rate, count);
      this.#bytes?.add(distance / rate, bytes * count);
    }
    return distance;
  }

  /**
   * Returns the curve.
   * @param actual the numbers of requests and bytes in the whole trace, if only a sample was replayed. The sample
   * stands for more or fewer requests, depending on how many popular objects it happens to contain. Those are near
   * the top of the stack, so the difference is added to the shortest distance (SHARDS-adj, see `shards.ts`).
   */
  finish(actual?: { readonly requests: number; readonly bytes: number }): MissRatioCurve {
    if (actual !== undefined) {
      const requests = actual.requests - this.#requestCount;
      const bytes = actual.bytes - this.#bytesRequested;
      this.#requests.add(1, requests);
      this.#bytes?.add(1, bytes);
      this.#requestCount += requests;
      this.#bytesRequested += bytes;
    }
    return new MissRatioCurve(
      this.#options.unit,
      this.#requestCount,
      this.#bytesRequested,
      this.#coldMisses,
      this.#requests.accumulate(),
      this.#bytes?.accumulate(),
    );
  }
}

/** The miss ratio at every size. */
export class MissRatioCurve {
  readonly unit: SizeUnit;
  readonly requests: number;
  readonly bytesRequested: number;
  /** Requests for objects that were new, deleted or expired: misses at every size. */
  readonly coldMisses: number;
  readonly #distances: CumulativeDistances;
  readonly #byteDistances: CumulativeDistances | undefined;

  constructor(
    unit: SizeUnit,
    requests: number,
    bytesRequested: number,
    coldMisses: number,
    distances: CumulativeDistances,
    byteDistances: CumulativeDistances | undefined,
  ) {
    this.unit = unit;
    this.requests = requests;
    this.bytesRequested = bytesRequested;
    this.coldMisses = coldMisses;
    this.#distances = distances;
    this.#byteDistances = byteDistances;
  }

  /**
   * Returns the misses of an LRU cache of this size in entries or bytes. For a sample this is an estimate, not a
   * whole number.
   */
  misses(size: number): number {
    return clamp(this.requests - this.#distances.within(size), this.requests);
  }

  bytesMissed(size: number): number {
    if (this.#byteDistances === undefined) return this.misses(size);
    return clamp(this.bytesRequested - this.#byteDistances.within(size), this.bytesRequested);
  }

  /** Returns the miss ratio from 0 to 1; 0 if there were no requests. */
  missRatio(size: number): number {
    return this.requests === 0 ? 0 : this.misses(size) / this.requests;
  }

  byteMissRatio(size: number): number {
    return this.bytesRequested === 0 ? 0 : this.bytesMissed(size) / this.bytesRequested;
  }
}

function clamp(count: number, most: number): number {
  return Math.min(most, Math.max(0, count));
}
