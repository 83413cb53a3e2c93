import { mix32 } from "../lib/hash.ts";
import type { RecordBatch } from "./records.ts";

const HASHES = 2 ** 32;

/**
 * Returns a key's position in samples: a hash of the key, uniform from 0 to 2^32 − 1. A key is in a sample of rate r
 * if its hash is less than r · 2^32. So all of a key's records are in the sample or none is, a smaller sample is a
 * part of a larger one, and samples from disjoint ranges of hashes have no key in common.
 * @param seed 32 bits; another seed gives another sample
 */
export function sampleHash(keyLow: number, keyHigh: number, seed: number): number {
  return mix32(mix32(keyLow ^ seed) ^ Math.imul(keyHigh, 0x9e37_79b1) ^ 0x2545_f491);
}

/** A range of hashes, from `from` up to but not including `to`. */
export interface HashRange {
  readonly from: number;
  readonly to: number;
}

/**
 * Divides the range of a sample of this rate into `parts` equal ranges.
 * @param part which of them to return, counted from 0
 */
export function rangeOf(rate: number, part: number, parts: number): HashRange {
  const edge = (index: number): number => Math.round((rate * HASHES * index) / parts);
  return { from: edge(part), to: edge(part + 1) };
}

/** The share of all keys in the range. */
export function rateOf({ from, to }: HashRange): number {
  return (to - from) / HASHES;
}

/** Computes the hashes of the records' keys. */
export function hashKeys({ keyLow, keyHigh, count }: RecordBatch, seed: number, hashes: Uint32Array): void {
  for (let i = 0; i < count; i++) hashes[i] = sampleHash(keyLow[i]!, keyHigh[i]!, seed);
}

/**
 * Copies the records of a batch whose hashes lie in the range.
 * @param sampled is overwritten; has room for all records
 * @param countedFrom the first record of the batch that is counted; those before it warm up the cache
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
