import { SeededRandom } from "../../../src/lib/random.ts";
import { cachesOf, hitsOf, type StagedRun } from "../../lesson/staged-run.ts";
import { MISS } from "../../play/cache-run.ts";
import { openRequests, type Requests } from "../../play/requests.ts";
import { Run } from "../../play/run.ts";
import { generatedWorkload, typedWorkload } from "../../play/settings.ts";

const KEYS = "ABCDEFGHI";
export const PLACES = 4;
export const COUNTED = 20;
export const CACHES = cachesOf(["lru", "belady"], PLACES);
const WARM_UP = 28;
const SHOWN_BEFORE = 6;
/** Behind the end of the stage: without a future Belady’s rule has nothing to go by. */
const BEYOND = 8;
const SEED = 16;

/** The run of lesson 6: the same requests for LRU and for the rule that knows the future. */
export async function futureRun(): Promise<StagedRun> {
  const random = new SeededRandom(SEED);
  const count = WARM_UP + COUNTED + BEYOND;
  const words = Array.from({ length: count }, () => KEYS[Math.floor(KEYS.length * random.next() ** 1.5)]!);
  const workload = typedWorkload(words.join(" "));
  const requests = await openRequests({ workload, seed: SEED });
  const end = WARM_UP + COUNTED;
  const counted = [{ title: `The next ${COUNTED}`, from: WARM_UP, to: end }];
  return { workload, requests, caches: CACHES, from: WARM_UP - SHOWN_BEFORE, askAt: WARM_UP, end, counted };
}

/** An entry, and after how many requests it is asked for again: 1 is the very next; undefined: not any more. */
export interface Thread {
  readonly name: string;
  readonly after: number | undefined;
}

/** The entries that a cache has now, those first that are asked for soonest. */
export function threadsOf({ caches, requests, at }: Run, index: number): Thread[] {
  const threads: Thread[] = [];
  caches[index]!.cache.forEach((object) => {
    threads.push({ name: requests.nameOf(object), after: nextRequest(requests, object, at) });
  });
  const far = Number.POSITIVE_INFINITY;
  return threads.toSorted((a, b) => (a.after ?? far) - (b.after ?? far));
}

function nextRequest({ batch, count }: Requests, object: number, at: number): number | undefined {
  const next = batch.objects.subarray(at, count).indexOf(object);
  return next < 0 ? undefined : next + 1;
}

/** A request at which both caches evicted, but not the same entry. */
export interface Parting {
  readonly name: string;
  readonly lru: Thread;
  readonly belady: Thread;
}

/** Of all partings in the stage the one whose entry LRU would have needed soonest. */
export function worstParting({ requests, caches, askAt, end }: StagedRun): Parting {
  const run = new Run(requests, caches);
  let worst: Parting | undefined;
  for (let at = askAt; at < end; at++) {
    run.seek(at);
    const before = run.caches.map((_, i) => threadsOf(run, i));
    run.seek(at + 1);
    if (run.caches.some(({ results }) => results[at] !== MISS)) continue;
    const [lru, belady] = run.caches.map(({ cache }, i) => {
      const names = new Set<string>();
      cache.forEach((object) => void names.add(requests.nameOf(object)));
      const { name, after } = before[i]!.find((thread) => !names.has(thread.name))!;
      // From the request on that made it leave.
      return { name, after: after === undefined ? undefined : after - 1 };
    }) as [Thread, Thread];
    const isWorse = (lru.after ?? Number.POSITIVE_INFINITY) < (worst?.lru.after ?? Number.POSITIVE_INFINITY);
    if (lru.name !== belady.name && isWorse) {
      worst = { name: requests.nameOf(requests.batch.objects[at]!), lru, belady };
    }
  }
  return worst!;
}

/** A small cache at the moment at which it must choose. */
export const CHOICE = { typed: "A B C D B A D B C", at: 3, places: 3 } as const;

export async function choiceThreads(): Promise<Thread[]> {
  const requests = await openRequests({ workload: typedWorkload(CHOICE.typed), seed: SEED });
  const run = new Run(requests, [{ policy: "belady", size: CHOICE.places, unit: "entries" }]);
  run.seek(CHOICE.at);
  return threadsOf(run, 0);
}

export const LONG = 10_000;
export const LONG_KEYS = 400;
export const LONG_WORKLOAD = generatedWorkload(`zipf(n=${LONG_KEYS},alpha=0.8)`, LONG);
export const SIZES = [5, 10, 20, 40, 60, 80, 120, 160, 200, 300, LONG_KEYS] as const;
export const COMPARED = ["lru", "s3-fifo", "w-tinylfu", "belady"] as const;

/** Hits of each policy, of 100 requests, with so many places. */
export async function hitsWith(places: number): Promise<number[]> {
  const requests = await openRequests({ workload: LONG_WORKLOAD, seed: 1 });
  return hitsOf(requests, cachesOf(COMPARED, places)).map((hits) => (100 * hits) / LONG);
}
