import { parsePolicy } from "../../src/policy/registry.ts";
import { type CacheImage, imageBytes, imageOf, restoreImage } from "../../src/replay/cache-image.ts";
import { READ } from "../../src/replay/records.ts";
import { replayRecords } from "../../src/replay/replay-records.ts";
import { SimulatedCache } from "../../src/replay/simulated-cache.ts";
import { type Counts, noCounts } from "../../src/replay/tally.ts";
import { resolveSize } from "../../src/sim/cache-size.ts";
import type { Requests } from "./requests.ts";
import type { PlayCache } from "./settings.ts";

/** What a request was to a cache. Writes and deletes are neither hit nor miss. */
export const HIT = 1;
export const MISS = 2;
export const CHANGE = 3;

/** As `glasscache simulate` seeds policies that draw at random. */
const POLICY_SEED = 1;

/** One cache on its way through the requests. */
export class CacheRun {
  readonly settings: PlayCache;
  readonly cache: SimulatedCache;
  /** What each request was, as far as the cache has come. */
  readonly results: Uint8Array;
  /** By slot: reads since the fill, and the request that filled it, from 0. */
  readonly reads: Uint32Array;
  readonly filledAt: Uint32Array;
  readonly #requests: Requests;
  #counts: Counts = noCounts();
  #at = 0;

  constructor(settings: PlayCache, requests: Requests) {
    const { policy, size, unit } = settings;
    const { workingSet } = requests;
    this.settings = settings;
    this.cache = new SimulatedCache({
      policy: parsePolicy(policy),
      ...resolveSize({ kind: unit, amount: size }, unit === "bytes" ? workingSet : undefined),
      seed: POLICY_SEED,
    });
    this.cache.coverObjects(workingSet.objects);
    this.results = new Uint8Array(requests.count);
    this.reads = new Uint32Array(this.cache.maxEntries + 1);
    this.filledAt = new Uint32Array(this.cache.maxEntries + 1);
    this.#requests = requests;
  }

  /** How many requests it has had. */
  get at(): number {
    return this.#at;
  }

  get counts(): Readonly<Counts> {
    return this.#counts;
  }

  /** Replays the requests up to a position ahead. */
  advance(to: number): void {
    replayTold(this.cache, this.#requests, this.#at, to, this.#counts, this);
    this.#at = to;
  }

  image(): RunImage {
    const { reads, filledAt } = this;
    return {
      at: this.#at,
      cache: imageOf(this.cache),
      reads: reads.slice(),
      filledAt: filledAt.slice(),
      counts: { ...this.#counts },
    };
  }

  restore({ at, cache, reads, filledAt, counts }: RunImage): void {
    restoreImage(this.cache, cache);
    this.reads.set(reads);
    this.filledAt.set(filledAt);
    this.#counts = { ...counts };
    this.#at = at;
  }
}

/** A copy of a cache on its way. */
export interface RunImage {
  readonly at: number;
  readonly cache: CacheImage;
  readonly reads: Uint32Array;
  readonly filledAt: Uint32Array;
  readonly counts: Counts;
}

export function runImageBytes({ cache, reads, filledAt }: RunImage): number {
  return imageBytes(cache) + reads.byteLength + filledAt.byteLength;
}

/** Replays requests one by one, and notes what each was. */
function replayTold(
  cache: SimulatedCache,
  { batch }: Requests,
  from: number,
  to: number,
  counts: Counts,
  { results, reads, filledAt }: Pick<CacheRun, "results" | "reads" | "filledAt">,
): void {
  const { objects, operation, hasOperations } = batch;
  const { slotOf } = cache;
  for (let i = from; i < to; i++) {
    const object = objects[i]!;
    const before = slotOf[object]!;
    const misses = counts.misses;
    replayRecords(cache, batch, i, i + 1, "store", counts, undefined);
    const slot = slotOf[object]!;
    const isRead = !hasOperations || operation[i] === READ;
    results[i] = !isRead ? CHANGE : counts.misses > misses ? MISS : HIT;
    if (slot <= 0) continue;
    if (before <= 0) {
      reads[slot] = 0;
      filledAt[slot] = i;
    } else if (isRead) {
      reads[slot]!++;
    }
  }
}
