import { NumberedBatch } from "../../replay/numbered-batch.ts";
import { Numbering } from "../../replay/numbering.ts";
import type { RecordSource } from "../../replay/records.ts";
import type { WriteEffect } from "../../replay/replay-records.ts";
import type { SizeUnit } from "../../replay/simulated-cache.ts";
import { WorkingSetMeter } from "../working-set.ts";
import { EXACT_BITS, LruCurve, type MissRatioCurve } from "./lru-curve.ts";
import { RequestCount } from "./request-count.ts";

/** Which curves of which trace to compute. */
export interface CurvePlan {
  readonly source: RecordSource;
  /** Units of the cache size, one curve for each. */
  readonly units: readonly SizeUnit[];
  /** Whether every object counts as 1, whatever its size. */
  readonly ignoresSizes: boolean;
  readonly writes: WriteEffect;
  /** Number of records at the beginning that are not counted. */
  readonly warmupRecords: number;
  progress?(done: number): void;
}

export interface CurveResult {
  /** In the order of the units. */
  readonly curves: readonly MissRatioCurve[];
  readonly extent: TraceExtent;
  /** The share of the keys that was sampled, at the end of the trace. */
  readonly rate: number;
}

/** The extent of a trace. Objects and bytes are estimates if the trace was sampled. */
export interface TraceExtent {
  /** Number of different keys. */
  readonly objects: number;
  /** Total size of the objects, each at its largest. */
  readonly bytes: number;
  readonly records: number;
  /** Counted reads, and the bytes that they request. */
  readonly requests: number;
  readonly bytesRequested: number;
  /** The smallest size in any record. */
  readonly smallestBytes: number;
  /** Whether any size is other than 1. */
  readonly hasSizes: boolean;
}

export const BATCH_RECORDS = 16_384;

/**
 * Computes the miss ratio of LRU at every size, in one pass. Exact for sizes in entries. For sizes in bytes, exact at
 * powers of two and within a 4096th of the size elsewhere, from the size of the largest object on. Takes time
 * logarithmic in the reuse distance for each record. Takes 35 to 75 bytes of memory per object for one unit, about
 * 100 with bytes, and 8 bytes for every distance that occurs.
 */
export async function exactLru(plan: CurvePlan): Promise<CurveResult> {
  const { source, units, ignoresSizes, writes, warmupRecords } = plan;
  const hasSizes = source.hasSizes && !ignoresSizes;
  const curves = units.map((unit) => new LruCurve({ unit, hasSizes, writes, resolutionBits: EXACT_BITS }));
  const numbering = new Numbering(ignoresSizes, false);
  const meter = new WorkingSetMeter();
  const batch = new NumberedBatch(BATCH_RECORDS);
  const actual = new RequestCount(ignoresSizes, warmupRecords);
  await source.read((records) => {
    const countedFrom = actual.add(records);
    for (let from = 0; from < records.count; from += BATCH_RECORDS) {
      numbering.number(records, from, batch);
      meter.add(batch, numbering.objects);
      for (const curve of curves) curve.replay(batch, numbering.objects, countedFrom - from, 1);
    }
    return true;
  }, plan.progress);
  return {
    curves: curves.map((curve) => curve.finish()),
    extent: traceExtent(meter.finish(), 1, actual),
    rate: 1,
  };
}

/** @param rate sampling rate of `found` */
export function traceExtent(
  found: { readonly objects: number; readonly bytes: number },
  rate: number,
  { records, requests, bytes, smallestBytes, hasSizes }: RequestCount,
): TraceExtent {
  return {
    objects: Math.round(found.objects / rate),
    bytes: Math.round(found.bytes / rate),
    records,
    requests,
    bytesRequested: bytes,
    smallestBytes,
    hasSizes,
  };
}
