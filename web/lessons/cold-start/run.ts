import { SeededRandom } from "../../../src/lib/random.ts";
import { cachesOf, hitsOf, type StagedRun } from "../../lesson/staged-run.ts";
import { HIT } from "../../play/cache-run.ts";
import { openRequests, type Requests } from "../../play/requests.ts";
import { Run } from "../../play/run.ts";
import { typedWorkload } from "../../play/settings.ts";

/** There is room for all keys of the lesson, so nobody has to leave. */
export const PLACES = 12;
export const KEYS = "ABCDEFGHIJ";
export const COUNTED = 20;
export const CACHES = cachesOf(["lru"], PLACES);
/** The stage has made so many requests when it asks. */
const SHOWN = 4;
const SEED = 20;

/** The run of lesson 1: a cache that has just been started. */
export async function coldRun(): Promise<StagedRun> {
  const words = keysAskedFor(KEYS, SHOWN + COUNTED, SEED, 1.7);
  const workload = typedWorkload(words.join(" "));
  const requests = await openRequests({ workload, seed: SEED });
  const end = requests.count;
  const counted = [{ title: `The next ${COUNTED}`, from: SHOWN, to: end }];
  return { workload, requests, caches: CACHES, from: 0, askAt: SHOWN, end, counted };
}

/** Names of the keys that are asked for first within a range. */
export function firstsIn({ batch, nameOf }: Requests, from: number, to: number): string[] {
  const seen = new Set(batch.objects.subarray(0, from));
  const firsts: string[] = [];
  for (const object of batch.objects.subarray(from, to)) {
    if (!seen.has(object)) firsts.push(nameOf(object));
    seen.add(object);
  }
  return firsts;
}

/** What the store is asked for in all, with the cache empty at first, and with each key asked for once before. */
export async function warmingFetches(): Promise<{ readonly cold: number; readonly warm: number }> {
  const { requests, workload } = await coldRun();
  const warmed = typedWorkload(`${[...KEYS].join(" ")} ${workload.text}`);
  const all = await openRequests({ workload: warmed, seed: SEED });
  const [hits] = hitsOf(requests, CACHES);
  const [warmHits] = hitsOf(all, CACHES);
  return { cold: requests.count - hits!, warm: all.count - warmHits! };
}

const LONG_KEYS = "ABCDEFGHIJKLMNOPQRSTUVWX";
const LONG_SEED = 3;
export const LONGEST = 200;
export const LATEST = 20;

/** How warm a cache is after so many requests. */
export interface Warmth {
  readonly requests: number;
  readonly hits: number;
  /** Hits of the latest 20 requests, or of all while there are fewer. */
  readonly latestHits: number;
  readonly latest: number;
}

/** A longer start, looked at after every request, beginning with the first. */
export async function warmingUp(): Promise<Warmth[]> {
  const words = keysAskedFor(LONG_KEYS, LONGEST, LONG_SEED, 2.4);
  const requests = await openRequests({ workload: typedWorkload(words.join(" ")), seed: LONG_SEED });
  const run = new Run(requests, [{ policy: "lru", size: LONG_KEYS.length, unit: "entries" }]);
  run.seek(LONGEST);
  const isHit = Array.from(run.caches[0]!.results, (result) => (result === HIT ? 1 : 0));
  const sum = (from: number, to: number): number =>
    isHit.slice(from, to).reduce<number>((total, one) => total + one, 0);
  return isHit.map((_, i) => {
    const from = Math.max(0, i + 1 - LATEST);
    return { requests: i + 1, hits: sum(0, i + 1), latestHits: sum(from, i + 1), latest: i + 1 - from };
  });
}

/** Draws keys, the first ones more often. */
function keysAskedFor(keys: string, count: number, seed: number, skew: number): string[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, () => keys[Math.floor(keys.length * random.next() ** skew)]!);
}
