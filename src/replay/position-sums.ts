/**
 * A binary indexed tree (P. M. Fenwick: "A new data structure for cumulative frequency tables", Software: Practice
 * and Experience 24(3), 1994) over positions from 1 to a power of two. It sums between two positions, and moves an
 * amount from one to another. Both take time logarithmic in the distance between the positions, so an object
 * requested again soon costs little.
 */
export type PositionSums = Int32Array | Float64Array;

/** Returns the sum over the positions after `from`, up to and including `to`. */
export function sumBetween(sums: PositionSums, from: number, to: number): number {
  let sum = 0;
  while (to > from) {
    sum += sums[to]!;
    to &= to - 1;
  }
  while (from > to) {
    sum -= sums[from]!;
    from &= from - 1;
  }
  return sum;
}

export function addAt(sums: PositionSums, position: number, amount: number): void {
  for (const end = sums.length; position < end; position += position & -position) sums[position]! += amount;
}

/** Moves `amount` from one position to another. Stops where their paths up the tree meet: nothing changes above. */
export function moveBetween(sums: PositionSums, from: number, to: number, amount: number): void {
  const end = sums.length;
  while (from !== to) {
    if (from < to) {
      sums[from]! -= amount;
      from += from & -from;
      if (from >= end) from = Number.MAX_SAFE_INTEGER;
    } else {
      sums[to]! += amount;
      to += to & -to;
      if (to >= end) to = Number.MAX_SAFE_INTEGER;
    }
  }
}

/** Turns amounts by position into sums, in place. */
export function buildSums(sums: PositionSums): void {
  const end = sums.length;
  for (let position = 1; position < end; position++) {
    const parent = position + (position & -position);
    if (parent < end) sums[parent]! += sums[position]!;
  }
}
