import { mix32 } from "../lib/hash.ts";
import type { RecordBatch } from "./records.ts";

const HASHES = 2 ** 32;

/**
 * Where a key lies in a sample: a hash of the key, evenly spread from 0 to 2^32 − 1. A key is in a sample of rate r
 * if its hash is less than r · 2^32, so all its records are in it or none is, smaller samples are parts of larger
 * ones, and samples from other ranges of hashes have no key in common.
 * @param seed 32 bits; another one gives another sample
 */
export function sampleHash(keyLow: number, keyHigh: number, seed: number): number {
  return mix32(mix32(keyLow ^ seed) ^ Math.imul(keyHigh, 0x9e37_79b1) ^ 0x2545_f491);
}

/** A range of hashes: from the first one, up to but not including the other. */
export interface HashRange {
  readonly from: number;
  readonly to: number;
}

/** The `part`th of `parts` ranges of equal length that together hold a sample of the rate. */
export function rangeOf(rate: number, part: number, parts: number): HashRange {
  const edge = (index: number): number => Math.round((rate * HASHES * index) / parts);
  return { from: edge(part), to: edge(part + 1) };
}

/** What share of all keys the range holds. */
export function rateOf({ from, to }: HashRange): number {
  return (to - from) / HASHES;
}

/** The hashes of the records' keys. */
export function hashKeys({ keyLow, keyHigh, count }: RecordBatch, seed: number, hashes: Uint32Array): void {
  for (let i = 0; i < count; i++) hashes[i] = sampleHash(keyLow[i]!, keyHigh[i]!, seed);
}

/**
 * Those records of a batch whose hashes lie in the range.
 * @param sampled is overwritten; has room for all of them
 * @param countedFrom the first record of the batch that is counted, those before warm up
 * @returns the first record of the sample that is counted
 */
export function takeSample(
  records: RecordBatch,
  hashes: Uint32Array,
  { from, to }: HashRange,
  sampled: RecordBatch,
  countedFrom: number,
): number {
  let at = 0;
  let firstCounted = 0;
  for (let i = 0; i < records.count; i++) {
    const hash = hashes[i]!;
    if (hash < from || hash >= to) continue;
    sampled.keyLow[at] = records.keyLow[i]!;
    sampled.keyHigh[at] = records.keyHigh[i]!;
    sampled.size[at] = records.size[i]!;
    sampled.timeMs[at] = records.timeMs[i]!;
    sampled.operation[at] = records.operation[i]!;
    sampled.ttlMs[at] = records.ttlMs[i]!;
    sampled.family[at] = records.family[i]!;
    at++;
    if (i < countedFrom) firstCounted = at;
  }
  sampled.count = at;
  return firstCounted;
}
