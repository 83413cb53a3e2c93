import { HIT } from "../play/cache-run.ts";
import { viewOf } from "../play/play-view.ts";
import { openRequests, type Requests } from "../play/requests.ts";
import { Run } from "../play/run.ts";
import { generatedWorkload, type MadeWorkload, type PlayCache } from "../play/settings.ts";
import type { StepSentence } from "../play/step-sentence.ts";

/** The picture of the first page: the latest requests, those that ended at the cache, and what it holds. */
export interface Glass {
  /** The oldest first. */
  readonly requests: readonly { readonly name: string; readonly isHit: boolean }[];
  readonly hits: number;
  /** What is cached, from the entrance to the exit. */
  readonly entries: readonly { readonly id: string; readonly name: string; readonly reads: number }[];
  /** What the latest request did. */
  readonly sentence: StepSentence;
}

export const PLACES = 12;
/** Requests that are drawn. */
const DRAWN = 40;
export const REQUESTS = 400;
export const CACHE: PlayCache = { policy: "lru", size: PLACES, unit: "entries" };
/** Fourteen keys that come again and again; one request in seven is for a key that never comes again. */
export const WORKLOAD: MadeWorkload = generatedWorkload(
  "loop(n=1000,share=0.14,others=14,alpha=0.8)",
  REQUESTS,
);
export const SEED = 7;
/** Where the picture begins, with a cache that is warm. */
export const FIRST = 72;

/** A run through the picture's cache. */
export class GlassRun {
  readonly #run: Run;
  readonly #requests: Requests;

  private constructor(requests: Requests) {
    this.#requests = requests;
    this.#run = new Run(requests, [CACHE]);
  }

  static async open(): Promise<GlassRun> {
    return new GlassRun(await openRequests({ workload: WORKLOAD, seed: SEED }));
  }

  /** The picture once so many requests have been made; at least one. */
  at(position: number): Glass {
    this.#run.seek(position);
    const { queues, sentence } = viewOf(this.#run, true).caches[0]!;
    const { results } = this.#run.caches[0]!;
    const { batch, nameOf } = this.#requests;
    const from = Math.max(0, position - DRAWN);
    const requests = Array.from({ length: position - from }, (_, i) => ({
      name: nameOf(batch.objects[from + i]!),
      isHit: results[from + i] === HIT,
    }));
    const entries = queues[0]!.members.toReversed().map(({ id, key, entry }) => ({
      id,
      name: key !== undefined && "text" in key ? key.text : id,
      reads: entry?.reads ?? 0,
    }));
    const hits = requests.filter(({ isHit }) => isHit).length;
    return { requests, hits, entries, sentence: sentence! };
  }
}
