/** A read of another client, as MONITOR has shown it. */
export interface SeenRead {
  readonly text: string;
  readonly keys: readonly string[];
  /** When it was shown. */
  readonly atMs: number;
}

/** What the proxy says of a key some time after the reads. */
export interface KeyFacts {
  readonly isCached: boolean;
  /** How long ago the entry was filled, and how often it has been a hit since. */
  readonly ageMs: number;
  readonly reads: number;
  /** When the proxy's answer had come: the age is that of a moment before. */
  readonly answeredAtMs: number;
  /** Whether there may have been other reads than those seen. */
  readonly isShared: boolean;
  /** When a request that may have changed it was shown last; -Infinity: not lately. */
  readonly namedAtMs: number;
}

/** MONITOR shows a request at most so long after it was made, even on a busy machine. */
const MOST_LAG_MS = 500;

/**
 * Tells what each of the reads was: "a hit", "a miss", or nothing if that is unknown. A key's first read is a miss if
 * the entry has been filled since; the entry's own count tells how many of them were hits.
 * @param reads in their order
 * @param facts by key; a key without facts is unknown
 */
export function outcomesOf(reads: readonly SeenRead[], facts: ReadonlyMap<string, KeyFacts>): string[] {
  const missesLeft = new Map<string, number | undefined>();
  for (const [key, told] of facts) {
    const own = reads.filter(({ keys }) => keys.includes(key));
    missesLeft.set(key, missesOf(own, told));
  }
  return reads.map(({ keys }) => {
    let misses = 0;
    for (const key of keys) {
      const left = missesLeft.get(key);
      if (left === undefined) return "";
      if (left === 0) continue;
      misses++;
      missesLeft.set(key, left - 1);
    }
    return outcomeText(keys.length - misses, misses);
  });
}

/** How many of a key's reads were misses; undefined: unknown. */
function missesOf(reads: readonly SeenRead[], facts: KeyFacts): number | undefined {
  const count = reads.length;
  const firstMs = reads[0]?.atMs ?? 0;
  if (facts.namedAtMs > firstMs) return undefined;
  if (!facts.isCached) return facts.isShared ? undefined : count;
  if (facts.ageMs > facts.answeredAtMs - firstMs + MOST_LAG_MS) return 0;
  if (facts.isShared && facts.reads > 0) return undefined;
  return Math.max(0, count - facts.reads);
}

export function outcomeText(hits: number, misses: number): string {
  const parts = [];
  if (hits > 0) parts.push(hits === 1 && misses === 0 ? "a hit" : `${hits} ${hits === 1 ? "hit" : "hits"}`);
  if (misses > 0) {
    parts.push(misses === 1 && hits === 0 ? "a miss" : `${misses} ${misses === 1 ? "miss" : "misses"}`);
  }
  return parts.length === 0 ? "" : `   ${parts.join(", ")}`;
}
