import { ExpiryQueue } from "../../replay/expiry-queue.ts";
import type { NumberedBatch } from "../../replay/numbered-batch.ts";
import { DELETE, EXPIRE, READ } from "../../replay/records.ts";
import type { WriteEffect } from "../../replay/replay-records.ts";
import type { SizeUnit } from "../../replay/simulated-cache.ts";
import { type CumulativeDistances, DistanceHistogram } from "./distance-histogram.ts";
import { ReuseStack } from "./reuse-stack.ts";

export interface LruCurveOptions {
  /** In what the cache's size is counted. */
  readonly unit: SizeUnit;
  /** Whether sizes other than 1 occur. */
  readonly hasSizes: boolean;
  readonly writes: WriteEffect;
  /** See `DistanceHistogram`. */
  readonly resolutionBits: number;
}

/** Entries: every size by itself, whatever there is room for in memory. */
export const EXACT_BITS = 30;
/** Bytes and estimates: within a 4096th of the size. */
export const FINE_BITS = 12;

/**
 * Gathers the miss ratio of an LRU cache at every size from a stream of records, or from a sample of it.
 *
 * Records mean what they mean to a simulated cache: reads alone are requests, a write stores the object or drops it,
 * a delete drops it. When an entry expires is reckoned for a cache that never evicts; a smaller one has fetched it
 * later and may keep it longer, so for times to live the curve is an upper bound, exact everywhere else.
 */
export class LruCurve {
  readonly #options: LruCurveOptions;
  readonly #isWeighed: boolean;
  readonly #stack: ReuseStack;
  readonly #requests: DistanceHistogram;
  /** Bytes requested, where they differ from requests. */
  readonly #bytes: DistanceHistogram | undefined;
  #requestCount = 0;
  #bytesRequested = 0;
  #coldMisses = 0;
  /** When objects expire; undefined until there are times to live. */
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
   * Goes on with the next records.
   * @param objects how many there are up to the end of the batch
   * @param countedFrom the first record of the batch that is counted; those before warm up
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

  /** One record. @param rate what share of all objects is looked at: each reference stands for 1/rate of them */
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

  /** Takes an object out as if it had never been there; what has been counted remains. */
  forget(object: number): void {
    this.#stack.forget(object);
    this.#expiries?.delete(object);
  }

  #read(object: number, bytes: number, isCounted: boolean, rate: number): number {
    const weight = this.#isWeighed ? bytes : 1;
    // What has grown larger than the cache is no hit, however near the top it was.
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
   * The curve.
   * @param actual requests and bytes there were in all, where only a sample was looked at. The sample stands for
   * more or fewer of them as it happens to hold few or many popular objects. Those are found near the top, so the
   * difference is put into the shortest distance (SHARDS-adj, see `shards.ts`).
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
  /** Requests for what had not been there before, or was deleted or expired: misses at every size. */
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

  /** Misses of an LRU cache of so many entries or bytes; of a sample's curve an estimate, no whole number. */
  misses(size: number): number {
    return clamp(this.requests - this.#distances.within(size), this.requests);
  }

  bytesMissed(size: number): number {
    if (this.#byteDistances === undefined) return this.misses(size);
    return clamp(this.bytesRequested - this.#byteDistances.within(size), this.bytesRequested);
  }

  /** From 0 to 1; 0 where there was no request. */
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
