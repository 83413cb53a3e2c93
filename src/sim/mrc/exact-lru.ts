import { NumberedBatch } from "../../replay/numbered-batch.ts";
import { Numbering } from "../../replay/numbering.ts";
import type { RecordSource } from "../../replay/records.ts";
import type { WriteEffect } from "../../replay/replay-records.ts";
import type { SizeUnit } from "../../replay/simulated-cache.ts";
import { WorkingSetMeter } from "../working-set.ts";
import { EXACT_BITS, LruCurve, type MissRatioCurve } from "./lru-curve.ts";
import { RequestCount } from "./request-count.ts";

/** What curve is wanted of which trace. */
export interface CurvePlan {
  readonly source: RecordSource;
  /** In what sizes are counted. */
  readonly units: readonly SizeUnit[];
  /** Every object counts as 1, whatever the trace says. */
  readonly ignoresSizes: boolean;
  readonly writes: WriteEffect;
  /** So many records at the beginning are not counted. */
  readonly warmupRecords: number;
  progress?(done: number): void;
}

export interface CurveResult {
  /** In the order of the units. */
  readonly curves: readonly MissRatioCurve[];
  readonly extent: TraceExtent;
  /** What share of the keys was looked at, in the end. */
  readonly rate: number;
}

/** What was found in the trace; objects and bytes are estimates where it was sampled. */
export interface TraceExtent {
  /** Different keys. */
  readonly objects: number;
  /** What they take together, each at its largest. */
  readonly bytes: number;
  readonly records: number;
  /** Reads that were counted, and what they asked for. */
  readonly requests: number;
  readonly bytesRequested: number;
  /** The smallest size of all records. */
  readonly smallestBytes: number;
  /** Whether any size is other than 1. */
  readonly hasSizes: boolean;
}

export const BATCH_RECORDS = 16_384;

/**
 * The miss ratio of LRU at every size, in one pass: exact to the last miss for sizes in entries; for sizes in bytes
 * within a 4096th of the size (exact where that is a power of two), and from the size of the largest object on.
 *
 * Time is logarithmic in the reuse distance, for each record. Memory: 35 to 75 bytes an object for one unit, some
 * 100 for bytes; besides 8 bytes for every distance that occurs.
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

/** @param rate at which `found` was sampled */
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
