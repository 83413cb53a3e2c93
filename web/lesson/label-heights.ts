/**
 * Moves labels so far apart that none lies over another, and all lie between two heights, as near to their places as
 * that allows. Heights grow downwards. There must be room for all.
 */
export function labelHeights(
  places: readonly number[],
  { top, bottom, gap }: { readonly top: number; readonly bottom: number; readonly gap: number },
): number[] {
  const placed = [...places];
  const fromBelow = places.map((_, i) => i).toSorted((a, b) => places[b]! - places[a]!);
  let lowest = bottom;
  for (const i of fromBelow) {
    placed[i] = Math.min(placed[i]!, lowest);
    lowest = placed[i]! - gap;
  }
  // Those that were pushed out at the top come back, and push the others down.
  let highest = top;
  for (const i of fromBelow.toReversed()) {
    placed[i] = Math.max(placed[i]!, highest);
    highest = placed[i]! + gap;
  }
  return placed;
}
