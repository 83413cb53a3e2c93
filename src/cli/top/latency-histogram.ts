import type { Bucket } from "./counter-log.ts";
import { durationText } from "./figure-text.ts";
import type { TopStyle } from "./top-style.ts";

/** Cells of the widest bar. */
const MOST_BAR_CELLS = 8;

/** Two histograms with the same bounds, in seconds. */
export interface Latencies {
  readonly hits: readonly Bucket[];
  readonly misses: readonly Bucket[];
}

/**
 * Draws latencies over a logarithmic axis in the manner of varnishhist: hits as `|`, misses as `#` on top of them. What
 * occurred at all has at least one mark.
 * @param rows of the bars and the axis below them
 */
export function histogramLines(
  { hits, misses }: Latencies,
  columns: number,
  rows: number,
  style: TopStyle,
): string[] {
  const bounds = (hits.length > 0 ? hits : misses).map(({ le }) => le);
  const height = rows - 1;
  if (bounds.length === 0 || height < 1) return [];
  const counts = bounds.map((_, at) => [hits[at]?.count ?? 0, misses[at]?.count ?? 0] as const);
  const most = Math.max(...counts.map(([hit, miss]) => hit + miss));
  const bars = counts.map(([hit, miss]) => marksOf(hit, miss, most, height));
  const width = Math.min(columns, bounds.length * MOST_BAR_CELLS);
  const starts = [...bounds, 0].map((_, at) => Math.floor((at * width) / bounds.length));
  const lines: string[] = [];
  for (let row = height; row >= 1; row--) {
    const line = bars.map((bar, at) => {
      const cells = starts[at + 1]! - starts[at]!;
      if (row <= bar.hits) return style.hits("|".repeat(cells));
      return row <= bar.hits + bar.misses ? style.misses("#".repeat(cells)) : " ".repeat(cells);
    });
    lines.push(line.join("").trimEnd());
  }
  return [...lines, axisText(bounds, starts)];
}

function marksOf(hits: number, misses: number, most: number, height: number) {
  const rowsOf = (count: number) => (count === 0 ? 0 : Math.max(1, Math.round((height * count) / most)));
  const all = Math.max(rowsOf(hits + misses), hits > 0 && misses > 0 ? 2 : 0);
  const total = Math.min(height, all);
  const ofMisses = misses === 0 ? 0 : Math.max(1, total - rowsOf(hits));
  return { hits: Math.max(0, total - ofMisses), misses: Math.min(total, ofMisses) };
}

/** Puts each power of ten below the end of its bucket, if there is room. */
function axisText(bounds: readonly number[], starts: readonly number[]): string {
  const width = starts.at(-1)!;
  let line = "";
  for (const [at, bound] of bounds.entries()) {
    if (!isPowerOfTen(bound)) continue;
    const label = durationText(bound * 1000).replace(" ", "");
    const from = starts[at + 1]!;
    if (line.length + (line === "" ? 0 : 1) > from || from + 1 + label.length > width) continue;
    line = `${line.padEnd(from, "-")}^${label}`;
  }
  return line.padEnd(width, "-");
}

function isPowerOfTen(bound: number): boolean {
  const exponent = Math.log10(bound);
  return Number.isFinite(exponent) && Math.abs(exponent - Math.round(exponent)) < 1e-9;
}

/** The least upper bound that holds a share of all values, in milliseconds; undefined if there are none. */
export function quantileMs(buckets: readonly Bucket[], share: number): number | undefined {
  const total = countOf(buckets);
  let below = 0;
  for (const { le, count } of buckets) {
    below += count;
    if (total > 0 && below >= share * total) return 1000 * le;
  }
  return undefined;
}

export function countOf(buckets: readonly Bucket[]): number {
  return buckets.reduce((sum, { count }) => sum + count, 0);
}
