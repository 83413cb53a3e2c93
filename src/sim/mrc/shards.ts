/**
 * Approximate miss-ratio curves of LRU from a sample of the keys (C. A. Waldspurger, N. Park, A. Garthwaite, I.
 * Ahmad: "Efficient MRC construction with SHARDS", FAST 2015). Reuse distances within the sample, divided by its
 * rate, estimate those in the whole trace. A sample has too many or too few requests, depending on how many of the
 * most popular keys it happens to contain. The number it should have is known, and the difference is added to the
 * shortest distance, where those keys are (SHARDS-adj in the paper).
 */
import { assert } from "../../lib/assert.ts";
import { NumberedBatch } from "../../replay/numbered-batch.ts";
import { Numbering } from "../../replay/numbering.ts";
import { RecordBatch } from "../../replay/records.ts";
import { hashKeys, rangeOf, rateOf, takeSample } from "../../replay/spatial-sample.ts";
import { WorkingSetMeter } from "../working-set.ts";
import { BATCH_RECORDS, type CurvePlan, type CurveResult, traceExtent } from "./exact-lru.ts";
import { FINE_BITS, LruCurve } from "./lru-curve.ts";
import { RequestCount } from "./request-count.ts";
import { SampledKeys } from "./sampled-keys.ts";

/** A sample of fixed rate. Its memory grows with the number of objects, by the rate. */
export interface FixedRate {
  /** The share of the keys to sample, above 0 and at most 1. */
  readonly rate: number;
  readonly seed: number;
}

/** A sample of fixed size. Its memory is bounded for any trace; the rate falls as more objects appear. */
export interface FixedSize {
  /** The most objects. */
  readonly objects: number;
  readonly seed: number;
}

/** Computes the curve of a sample of fixed rate. */
export async function shardsOfRate(plan: CurvePlan, { rate: wanted, seed }: FixedRate): Promise<CurveResult> {
  const { source, ignoresSizes, warmupRecords } = plan;
  const range = rangeOf(wanted, 0, 1);
  const rate = rateOf(range);
  assert(rate > 0 && rate <= 1, "a share of the keys");
  const curves = sampledCurves(plan);
  const numbering = new Numbering(ignoresSizes, false);
  const meter = new WorkingSetMeter();
  const batch = new NumberedBatch(BATCH_RECORDS);
  const actual = new RequestCount(ignoresSizes, warmupRecords);
  let hashes = new Uint32Array(0);
  let sampled = new RecordBatch(0);
  await source.read((records) => {
    if (records.capacity > sampled.capacity) {
      sampled = new RecordBatch(records.capacity);
      hashes = new Uint32Array(records.capacity);
    }
    hashKeys(records, seed, hashes);
    const countedFrom = takeSample(records, hashes, range, sampled, actual.add(records));
    for (let from = 0; from < sampled.count; from += BATCH_RECORDS) {
      numbering.number(sampled, from, batch);
      meter.add(batch, numbering.objects);
      for (const curve of curves) curve.replay(batch, numbering.objects, countedFrom - from, rate);
    }
    return true;
  }, plan.progress);
  const extent = traceExtent(meter.finish(), rate, actual);
  return { curves: curves.map((curve) => curve.finish(actual)), extent, rate: wanted };
}

/**
 * Computes the curve of a sample of fixed size. Each reference has the weight 1/rate at its time, which is equivalent
 * to the paper's rescaling of earlier counts.
 */
export async function shardsOfSize(plan: CurvePlan, { objects, seed }: FixedSize): Promise<CurveResult> {
  const { source, ignoresSizes, warmupRecords } = plan;
  assert(objects >= 1, "a sample of something");
  const curves = sampledCurves(plan);
  for (const curve of curves) curve.coverObjects(objects);
  const keys = new SampledKeys(objects);
  const sizeOf = new Float64Array(objects + 1);
  const giveUp = (object: number): void => {
    sizeOf[object] = 0;
    for (const curve of curves) curve.forget(object);
  };
  const actual = new RequestCount(ignoresSizes, warmupRecords);
  let hashes = new Uint32Array(0);
  await source.read((records) => {
    if (records.capacity > hashes.length) hashes = new Uint32Array(records.capacity);
    hashKeys(records, seed, hashes);
    const countedFrom = actual.add(records);
    const { keyLow, keyHigh, size, operation, timeMs, ttlMs } = records;
    for (let i = 0; i < records.count; i++) {
      const object = keys.numberOf(keyLow[i]!, keyHigh[i]!, hashes[i]!, giveUp);
      if (object === 0) continue;
      const bytes = ignoresSizes ? 1 : size[i]!;
      sizeOf[object] = Math.max(sizeOf[object]!, bytes);
      const { rate } = keys;
      for (const curve of curves) {
        curve.record(object, bytes, operation[i]!, timeMs[i]!, ttlMs[i]!, i >= countedFrom, rate);
      }
    }
    return true;
  }, plan.progress);
  const sampled = { objects: keys.objects, bytes: sizeOf.reduce((sum, size) => sum + size, 0) };
  const extent = traceExtent(sampled, keys.rate, actual);
  return { curves: curves.map((curve) => curve.finish(actual)), extent, rate: keys.rate };
}

function sampledCurves({ source, units, ignoresSizes, writes }: CurvePlan): LruCurve[] {
  const hasSizes = source.hasSizes && !ignoresSizes;
  return units.map((unit) => new LruCurve({ unit, hasSizes, writes, resolutionBits: FINE_BITS }));
}
