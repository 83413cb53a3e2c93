/** A name with a larger share of mistakes among its letters is a different name. */
const MISTAKES = 0.4;

/**
 * Returns the name that was probably meant; undefined when none is near. Ignores case.
 * @param names in order: the first of equally near names is returned
 */
export function nearest(given: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const name of names) {
    const distance = editDistance(given.toLowerCase(), name.toLowerCase());
    if (distance < least && distance <= Math.max(1, MISTAKES * name.length)) [best, least] = [name, distance];
  }
  return best;
}

/** Formats ` "lur": did you mean lru?`, or ` "lur";` when no name is near, followed by the list of names. */
export function unknownName(what: string, given: string, names: readonly string[]): string {
  const meant = nearest(given, names);
  const known = `known are ${names.join(", ")}`;
  return meant === undefined
    ? `unknown ${what} "${given}"; ${known}`
    : `unknown ${what} "${given}": did you mean ${meant}? (${known})`;
}

/** Counts the letters to insert, delete, replace or swap with their neighbours (optimal string alignment). */
function editDistance(one: string, other: string): number {
  const rows = Array.from({ length: one.length + 1 }, (_, i) => [i, ...Array<number>(other.length).fill(0)]);
  for (let j = 0; j <= other.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= one.length; i++) {
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1];
      let least = Math.min(
        rows[i - 1]![j]! + 1,
        rows[i]![j - 1]! + 1,
        rows[i - 1]![j - 1]! + (isSame ? 0 : 1),
      );
      const isExchanged = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isExchanged) least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = least;
    }
  }
  return rows[one.length]![other.length]!;
}
