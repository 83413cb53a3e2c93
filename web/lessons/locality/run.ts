import { SeededRandom } from "../../../src/lib/random.ts";
import { cachesOf, type StagedRun } from "../../lesson/staged-run.ts";
import { openRequests } from "../../play/requests.ts";
import { typedWorkload } from "../../play/settings.ts";
import { MEASURED } from "./measured.ts";

export const PLACES = 8;
export const KEYS = "ABCDEFGHIJKLMNOPQRSTUVWX";
export const FAVOURITES = "CHKRT";
/** Of a hundred requests so many are for one of the favourites. */
export const FAVOURED = 75;
export const COUNTED = 20;
export const CACHES = cachesOf(["lru"], PLACES);
const WARM_UP = 30;
const SEED = 29;

/** The run of lesson 2: at first all keys are alike, then a few of the same keys are favourites. */
export async function localityRun(): Promise<StagedRun> {
  const random = new SeededRandom(SEED);
  const any = (keys: string): string => keys[random.below(keys.length)]!;
  const words = Array.from({ length: WARM_UP + COUNTED }, () => any(KEYS));
  for (let i = 0; i < COUNTED; i++) words.push(any(random.below(100) < FAVOURED ? FAVOURITES : KEYS));
  const workload = typedWorkload(words.join(" "));
  const requests = await openRequests({ workload, seed: SEED });
  const askAt = WARM_UP + COUNTED;
  const counted = [
    { title: `${COUNTED} with all keys alike`, from: WARM_UP, to: askAt },
    { title: `${COUNTED} with favourites`, from: askAt, to: requests.count },
  ];
  return {
    ...{ workload, requests, caches: CACHES, counted },
    ...{ from: WARM_UP, askAt, end: requests.count },
  };
}

/** How far the store is: what the way there and back takes, in milliseconds. */
export const DISTANCES_MS = [0, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100] as const;

/** What a request takes on the average if so many of 20 are hits, and the store is so far. */
export function meanMs(hits: number, distanceMs: number): number {
  return (hits * MEASURED.hitMs + (COUNTED - hits) * (MEASURED.missMs + distanceMs)) / COUNTED;
}

/** What it takes without a cache. */
export function directMs(distanceMs: number): number {
  return MEASURED.directMs + distanceMs;
}
