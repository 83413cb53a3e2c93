import { HIT } from "../play/cache-run.ts";
import type { Requests } from "../play/requests.ts";
import { Run } from "../play/run.ts";
import type { PlayCache, Workload } from "../play/settings.ts";

/** A run that a stage shows. All of it follows from the lesson's seed. */
export interface StagedRun {
  readonly workload: Workload;
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
