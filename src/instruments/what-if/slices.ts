import { GROUPS } from "./simulated-size.ts";

/** What was counted at one size. Misses are those of all keys, as the sample tells them, by group. */
interface SizeCount {
  /** Reads of all keys while the size was simulated. */
  reads: number;
  /** By policy. */
  readonly misses: readonly Float64Array[];
  /** Those of LRU among the same reads. */
  readonly within: Float64Array;
}

/** What was counted at one size in a slice of time. */
interface Tally extends SizeCount {
  /** Of complete stretches: how many, and by policy the sum of the differences to LRU, and of their squares. */
  stretches: number;
  readonly sums: Float64Array;
  readonly squares: Float64Array;
}

/** What was counted in a slice of time. */
export interface Slice {
  /** Reads of all keys that were counted. */
  reads: number;
  /** Reads that were not: their events were lost, or the caches were warming up. */
  unseen: number;
  /** Misses of LRU by size and group, of all keys, as the sample tells them. */
  readonly lru: readonly Float64Array[];
  readonly sizes: readonly Tally[];
}

/** A stretch under way: what has not been added to the tally yet, and what has. */
export interface Stretch extends SizeCount {
  /** Misses beyond LRU's, by policy. */
  readonly differences: Float64Array;
}

/** A miss ratio, and half the width of the interval that has the true one in 9 of 10 cases. */
export interface Estimate {
  readonly missRatio: number;
  readonly error: number;
}

export function emptySlice(sizes: number, policies: number): Slice {
  return {
    reads: 0,
    unseen: 0,
    lru: Array.from({ length: sizes }, () => new Float64Array(GROUPS)),
    sizes: Array.from({ length: sizes }, () => ({
      ...emptyCount(policies),
      stretches: 0,
      sums: new Float64Array(policies),
      squares: new Float64Array(policies),
    })),
  };
}

export function newStretch(policies: number): Stretch {
  return { ...emptyCount(policies), differences: new Float64Array(policies) };
}

function emptyCount(policies: number): SizeCount {
  return {
    reads: 0,
    misses: Array.from({ length: policies }, () => new Float64Array(GROUPS)),
    within: new Float64Array(GROUPS),
  };
}

/** Adds a stretch's misses to the tally, and notes how far they are from LRU's. */
export function takeStretch({ misses, within, differences }: Stretch, tally: Tally): void {
  const lru = sumOf(within);
  misses.forEach((counts, policy) => {
    differences[policy]! += sumOf(counts) - lru;
    addAll(tally.misses[policy]!, counts);
    counts.fill(0);
  });
  addAll(tally.within, within);
  within.fill(0);
}

export function closeStretch(stretch: Stretch, tally: Tally): void {
  const { reads, differences } = stretch;
  if (reads > 0) {
    tally.stretches++;
    differences.forEach((difference, policy) => {
      tally.sums[policy]! += difference / reads;
      tally.squares[policy]! += (difference / reads) ** 2;
    });
  }
  stretch.reads = 0;
  differences.fill(0);
}

/** The 95th percentile of Student's t with 15 degrees of freedom. */
const T_15 = 1.753;
export const GROUP_ERROR: number = T_15;
/** How different a miniature is from the full cache, besides what its groups and stretches tell. Measured. */
const MINIATURE = 0.005;
/** How different the miss ratio of reads that nobody has seen may be. */
const UNSEEN = 0.25;
/** A size that missed a smaller share of the reads than this was simulated without interruption. */
const ALWAYS = 0.02;
/** The error if there has been one stretch at most, and nobody knows how different others are. */
const UNKNOWN = 0.05;

/**
 * @param size its index
 * @param ratio the share of the keys that was seen
 */
export function estimateLru(slices: readonly Slice[], size: number, ratio: number): Estimate {
  if (slices.every(({ reads }) => reads === 0)) return { missRatio: 0, error: 1 };
  const { mean, variance } = meanOf(lruOf(slices, size));
  return estimateOf(mean, variance, Math.hypot(ratio < 1 ? MINIATURE : 0, errorOfUnseen(slices)));
}

/**
 * The policy's miss ratio in the stretches that were simulated, plus how much more LRU missed in all of the time and of
 * a larger sample than there. Misses of all policies rise and fall together, so the difference of two is steadier than
 * either: LRU is the control variate.
 */
export function estimatePolicy(
  slices: readonly Slice[],
  size: number,
  policy: number,
  ratio: number,
): Estimate {
  const tallies = slices.map(({ sizes }) => sizes[size]!);
  const reads = sum(tallies.map((tally) => tally.reads));
  const all = sum(slices.map((slice) => slice.reads));
  if (reads === 0) return { missRatio: meanOf(lruOf(slices, size)).mean, error: 1 };
  const ratios = lruOf(slices, size);
  for (const tally of tallies) {
    for (let group = 0; group < GROUPS; group++) {
      const difference = tally.misses[policy]![group]! - tally.within[group]!;
      ratios[group]! += (difference / reads) * GROUPS;
    }
  }
  const { mean, variance } = meanOf(ratios);
  const missed = Math.max(0, 1 - reads / all);
  const ofStretches = missed < ALWAYS ? 0 : missed * errorOfStretches(tallies, policy);
  const ofMiniature = ratio < 1 || missed >= ALWAYS ? MINIATURE : 0;
  return estimateOf(mean, variance, Math.hypot(ofStretches, ofMiniature, errorOfUnseen(slices)));
}

/** Returns the miss ratio of LRU in each group of keys. */
function lruOf(slices: readonly Slice[], size: number): Float64Array {
  const ratios = new Float64Array(GROUPS);
  const reads = sum(slices.map((slice) => slice.reads));
  if (reads === 0) return ratios;
  for (const slice of slices) addAll(ratios, slice.lru[size]!);
  return ratios.map((misses) => (misses / reads) * GROUPS);
}

/** Half the width of an interval for the mean difference to LRU over all possible stretches. */
function errorOfStretches(tallies: readonly Tally[], policy: number): number {
  const count = sum(tallies.map(({ stretches }) => stretches));
  if (count < 2) return UNKNOWN;
  const mean = sum(tallies.map(({ sums }) => sums[policy]!)) / count;
  const squares = sum(tallies.map((tally) => tally.squares[policy]!));
  const variance = Math.max(0, squares - count * mean ** 2) / (count - 1);
  return studentsT(count - 1) * Math.sqrt(variance / count);
}

function errorOfUnseen(slices: readonly Slice[]): number {
  const unseen = sum(slices.map((slice) => slice.unseen));
  const all = unseen + sum(slices.map(({ reads }) => reads));
  return all === 0 ? 0 : (UNSEEN * unseen) / all;
}

/** About the 95th percentile of Student's t. */
function studentsT(freedom: number): number {
  return 1.645 + 1.52 / freedom + (freedom < 3 ? 3.1 / freedom ** 3 : 0);
}

function estimateOf(mean: number, variance: number, error: number): Estimate {
  return {
    missRatio: Math.max(0, Math.min(1, mean)),
    error: Math.min(1, Math.hypot(GROUP_ERROR * Math.sqrt(variance), error)),
  };
}

/** The mean of the groups, and the variance of that mean. */
export function meanOf(values: Float64Array): { readonly mean: number; readonly variance: number } {
  const mean = sumOf(values) / values.length;
  let squares = 0;
  for (let at = 0; at < values.length; at++) squares += (values[at]! - mean) ** 2;
  return { mean, variance: squares / (values.length - 1) / values.length };
}

function addAll(to: Float64Array, from: Float64Array): void {
  for (let at = 0; at < to.length; at++) to[at]! += from[at]!;
}

function sumOf(values: Float64Array): number {
  let total = 0;
  for (let at = 0; at < values.length; at++) total += values[at]!;
  return total;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
