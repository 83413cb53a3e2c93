import { HIT } from "../play/cache-run.ts";
import type { Requests } from "../play/requests.ts";
import { Run } from "../play/run.ts";
import type { MadeWorkload, PlayCache } from "../play/settings.ts";

/** A run that a stage shows. All of it follows from the lesson's seed. */
export interface StagedRun {
  readonly workload: MadeWorkload;
  readonly requests: Requests;
  readonly caches: readonly PlayCache[];
  /** Positions: where the stage begins, where it asks for a guess, and its end. */
  readonly from: number;
  readonly askAt: number;
  readonly end: number;
  /** Requests whose hits are counted, in rows of boxes. The hits of the last row are to be guessed. */
  readonly counted: readonly Counted[];
}

export interface Counted {
  readonly title: string;
  readonly from: number;
  readonly to: number;
}

/** What a cache made of the requests of a row. */
export interface Outcome {
  readonly policy: string;
  readonly requests: readonly { readonly name: string; readonly isHit: boolean }[];
  readonly hits: number;
}

/** Replays the whole run. Returns the rows of each cache. */
export function outcomesOf({ requests, caches, counted, end }: StagedRun): Outcome[][] {
  const run = new Run(requests, caches);
  run.seek(end);
  return run.caches.map(({ settings, results }) =>
    counted.map(({ from, to }) => {
      const told = Array.from({ length: to - from }, (_, n) => ({
        name: requests.nameOf(requests.batch.objects[from + n]!),
        isHit: results[from + n] === HIT,
      }));
      return { policy: settings.policy, requests: told, hits: told.filter(({ isHit }) => isHit).length };
    }),
  );
}

/** How many requests the guess is about. */
export function guessedRow({ counted }: StagedRun): Counted {
  return counted.at(-1)!;
}

/** Caches of so many places, one for each policy. */
export function cachesOf(policies: readonly string[], places: number): PlayCache[] {
  return policies.map((policy) => ({ policy, size: places, unit: "entries" }));
}

/** A run that is not shown: hits among these requests, one cache after the other. */
export function hitsOf(
  requests: Requests,
  caches: readonly PlayCache[],
  from = 0,
  to = requests.count,
): number[] {
  const run = new Run(requests, caches);
  run.seek(to);
  return run.caches.map(({ results }) => hitsAmong(results, from, to));
}

/** Counts the hits in a range of results. */
export function hitsAmong(results: Uint8Array, from: number, to: number): number {
  return results.subarray(from, to).filter((result) => result === HIT).length;
}

/**
 * How many different other keys were asked for since the last request for the same key, for each request of a range;
 * undefined for the first one of a key. LRU with so many places or fewer has lost the entry.
 */
export function reuseDistances(
  { batch: { objects } }: Requests,
  from: number,
  to: number,
): (number | undefined)[] {
  return Array.from({ length: to - from }, (_, n) => {
    const others = new Set<number>();
    for (let at = from + n - 1; at >= 0; at--) {
      if (objects[at] === objects[from + n]) return others.size;
      others.add(objects[at]!);
    }
    return undefined;
  });
}
