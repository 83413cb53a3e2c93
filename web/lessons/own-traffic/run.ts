import { READ } from "../../../src/replay/records.ts";
import { cachesOf } from "../../lesson/staged-run.ts";
import type { PlaygroundSettings } from "../../lesson/start.tsx";
import { CacheRun } from "../../play/cache-run.ts";
import { type Conditions, DEFAULT_CONDITIONS } from "../../play/conditions.ts";
import { deciderOf } from "../../play/decider.ts";
import { AS_DETECTED } from "../../play/reading.ts";
import type { Requests } from "../../play/requests.ts";
import type { PlayCache } from "../../play/settings.ts";
import { TRACES } from "../../play/traces.ts";

/** A recording of the proxy, and caches that might have been. */

export const TRACE = TRACES.find(({ name }) => name === "demo")!;

/** The cache that there is, in entries, and the one that could be bought. */
export const HAVE = 100;
export const BUY = 800;

const [LRU, S3] = [cachesOf(["lru"], HAVE)[0]!, cachesOf(["s3-fifo"], HAVE)[0]!];

/** What is replayed: what there is, another rule, more memory. */
export const REPLAYED: readonly PlayCache[] = [LRU, S3, ...cachesOf(["lru"], BUY)];

/** Of the replayed caches, those that the reader guesses. */
export const GUESSED: readonly number[] = [1, 2];

/** As the proxy does: a write removes the entry. */
const CONDITIONS: Conditions = { ...DEFAULT_CONDITIONS, writes: "drop" };

export const PLAYGROUND: PlaygroundSettings = {
  workload: { kind: "trace", name: TRACE.name, reading: AS_DETECTED },
  caches: [LRU, S3],
  conditions: CONDITIONS,
};

/** Sizes and policies to choose from. */
export const SIZES: readonly number[] = [25, 50, 100, 150, 200, 300, 400, 600, 800, 1200, 1600];
export const POLICIES: readonly string[] = ["lru", "s3-fifo", "w-tinylfu", "belady"];

/** A replay is drawn in so many steps. */
export const STEPS = 50;

/** The misses of 100 reads so far, after each step of the replay: the first value is that before any request. */
export function missesSoFar(requests: Requests, cache: PlayCache): number[] {
  const run = new CacheRun(deciderOf(cache), cache, requests, CONDITIONS);
  return Array.from({ length: STEPS + 1 }, (_, step) => {
    run.advance(Math.round((requests.count * step) / STEPS));
    return step === 0 ? 100 : missesOf(run);
  });
}

/** The misses of 100 reads, for each policy, with caches of a size. */
export function missesAt(requests: Requests, size: number): number[] {
  return cachesOf(POLICIES, size).map((cache) => {
    const run = new CacheRun(deciderOf(cache), cache, requests, CONDITIONS);
    run.advance(requests.count);
    return missesOf(run);
  });
}

const isRead = ({ batch }: Requests, at: number): boolean =>
  !batch.hasOperations || batch.operation[at] === READ;

/** How many of the requests are reads. */
export function readsIn(requests: Requests): number {
  let reads = 0;
  for (let at = 0; at < requests.count; at++) if (isRead(requests, at)) reads++;
  return reads;
}

/** Of 100 reads, those that are the first request for their key. */
export function firstsOf(requests: Requests): number {
  const seen = new Set<number>();
  let firsts = 0;
  for (let at = 0; at < requests.count; at++) {
    const object = requests.batch.objects[at]!;
    if (isRead(requests, at) && !seen.has(object)) firsts++;
    seen.add(object);
  }
  return (100 * firsts) / readsIn(requests);
}

function missesOf({ counts }: CacheRun): number {
  return (100 * counts.misses) / counts.requests;
}
