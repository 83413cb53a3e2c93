import type { CountedHistogram } from "../live/sections.ts";

/** A range of durations in seconds, and what happened a second within it. */
export interface Bin {
  readonly from: number;
  readonly to: number;
  readonly hits: number;
  readonly misses: number;
}

/** Joins what hits and misses have gained into one histogram, by its buckets. */
export function binsOf(
  hits: CountedHistogram | undefined,
  misses: CountedHistogram | undefined,
  seconds: number,
): Bin[] {
  const bounds = Object.keys(hits?.buckets ?? misses?.buckets ?? {})
    .map(Number)
    .sort((a, b) => a - b);
  const upTo = (histogram: CountedHistogram | undefined, le: number | undefined) =>
    le === undefined ? 0 : (histogram?.buckets[String(le)] ?? 0);
  return bounds.map((to, at) => {
    const below = bounds[at - 1];
    return {
      from: below ?? to / 2,
      to,
      hits: Math.max(0, upTo(hits, to) - upTo(hits, below)) / seconds,
      misses: Math.max(0, upTo(misses, to) - upTo(misses, below)) / seconds,
    };
  });
}

/** How many requests a second one mark stands for, so that at most `most` marks are drawn: 0.1, 0.2, 0.5, 1, 2, … */
export function markUnit(bins: readonly Bin[], most: number): number {
  const all = bins.reduce((sum, { hits, misses }) => sum + hits + misses, 0);
  for (let power = 0.1; ; power *= 10) {
    for (const step of [1, 2, 5]) if (all / (step * power) <= most) return step * power;
  }
}
