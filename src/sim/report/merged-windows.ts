import type { WindowRow } from "../runner.ts";

/** Neighbouring windows merged into one: their common miss ratio, and the best and the worst of them. */
export interface MergedWindow {
  /** The first record. */
  readonly from: number;
  readonly missRatio: number;
  readonly lowest: number;
  readonly highest: number;
}

/** How many windows to merge into one, so that at most `most` remain: 1, 2 or 5 times a power of ten. */
export function windowsPerPoint(windows: number, most: number): number {
  for (let power = 1; ; power *= 10) {
    const count = [1, 2, 5].find((mantissa) => windows <= mantissa * power * most);
    if (count !== undefined) return count * power;
  }
}

/** Merges windows; leaves out those without a read, which have no miss ratio. */
export function mergeWindows(windows: readonly WindowRow[], perPoint: number): MergedWindow[] {
  const merged: MergedWindow[] = [];
  for (let first = 0; first < windows.length; first += perPoint) {
    const some = windows.slice(first, first + perPoint).filter(({ requests }) => requests > 0);
    if (some.length === 0) continue;
    const sum = (numberOf: (window: WindowRow) => number): number =>
      some.reduce((total, window) => total + numberOf(window), 0);
    const ratios = some.map(({ missRatio }) => missRatio);
    merged.push({
      from: windows[first]!.from,
      missRatio: sum(({ misses }) => misses) / sum(({ requests }) => requests),
      lowest: ratios.reduce((one, other) => Math.min(one, other)),
      highest: ratios.reduce((one, other) => Math.max(one, other)),
    });
  }
  return merged;
}
