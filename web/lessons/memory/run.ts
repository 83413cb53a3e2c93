import { cachesOf, hitsOf, reuseDistances } from "../../lesson/staged-run.ts";
import { openRequests, type Requests } from "../../play/requests.ts";
import { generatedWorkload } from "../../play/settings.ts";

/** Keys that a job reads in turn, again and again: 1 to 50. And favourites, which are letters, and others besides. */
export const LOOP = 50;
const OTHERS = 40;
export const REQUESTS = 2000;
export const SEED = 1;
export const WORKLOAD = generatedWorkload(`loop(n=${LOOP},share=0.5,others=${OTHERS},alpha=1.3)`, REQUESTS);

/** Places: what you have, what you might buy, and the largest cache that is looked at. */
export const HAVE = 30;
export const BUY = 60;
export const LARGEST = 80;

export function memoryRequests(): Promise<Requests> {
  return openRequests({ workload: WORKLOAD, seed: SEED });
}

/**
 * Misses of 100 requests in LRU caches of all sizes from 0 places on, from one look at the requests: one is a hit in
 * every cache with more places than different others came between it and the last request for its key.
 */
export function lruCurve(requests: Requests): number[] {
  const distances = reuseDistances(requests, 0, requests.count);
  return Array.from({ length: LARGEST + 1 }, (_, places) => {
    const misses = distances.filter((distance) => distance === undefined || distance >= places).length;
    return (100 * misses) / requests.count;
  });
}

/** The least and the greatest number of different others between two requests for a key of the loop. */
export function loopDistances(requests: Requests): readonly [least: number, most: number] {
  const { batch, nameOf } = requests;
  const far = reuseDistances(requests, 0, requests.count).filter(
    (distance, at): distance is number =>
      distance !== undefined && Number(nameOf(batch.objects[at]!)) <= LOOP,
  );
  return [Math.min(...far), Math.max(...far)];
}

export const SIZES = Array.from({ length: LARGEST / 5 }, (_, i) => 5 * (i + 1));
export const COMPARED = ["lru", "s3-fifo", "w-tinylfu", "belady"] as const;

/** Misses of 100 requests, for each policy, in caches of a size. */
export function missesWith(requests: Requests, places: number): number[] {
  return hitsOf(requests, cachesOf(COMPARED, places)).map((hits) => 100 - (100 * hits) / requests.count);
}
