/** Moves positions that are closer than a line of text apart, evenly in both directions, within the bounds. */
export function spread(wanted: readonly number[], lineHeight: number, least: number, most: number): number[] {
  const order = wanted.map((_, i) => i).sort((one, other) => wanted[one]! - wanted[other]!);
  // Neighbours that would overlap form a block around the mean of their wanted positions.
  const blocks: { members: number[]; top: number }[] = [];
  for (const i of order) {
    let block = { members: [i], top: clamp(wanted[i]!, least, most) };
    for (;;) {
      const above = blocks.at(-1);
      if (above === undefined || above.top + above.members.length * lineHeight <= block.top) break;
      blocks.pop();
      const members = [...above.members, ...block.members];
      const tops = members.map((member, at) => wanted[member]! - at * lineHeight);
      const mean = tops.reduce((sum, top) => sum + top, 0) / tops.length;
      block = { members, top: clamp(mean, least, most - (members.length - 1) * lineHeight) };
    }
    blocks.push(block);
  }
  const places = [...wanted];
  for (const { members, top } of blocks) {
    for (const [at, member] of members.entries()) places[member] = top + at * lineHeight;
  }
  return places;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
