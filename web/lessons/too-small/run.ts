import { SeededRandom } from "../../../src/lib/random.ts";
import { cachesOf, hitsOf, type StagedRun } from "../../lesson/staged-run.ts";
import { openRequests } from "../../play/requests.ts";
import { typedWorkload } from "../../play/settings.ts";

export const KEYS = "ABCDEFGHIJKL";
export const PLACES = 6;
export const COUNTED = 20;
export const POLICIES = ["fifo", "lru", "clock"] as const;
const SHOWN_BEFORE = 8;
const COUNTED_FROM = 40;
/** Requests of the runs over which the size is changed. */
export const ALL = 240;
const SEED = 52;

/** The run of lesson 3: more keys than places, some asked for more often than others. */
export async function smallRun(): Promise<StagedRun> {
  const { workload, requests } = await allRequests();
  const end = COUNTED_FROM + COUNTED;
  const counted = [{ title: `The next ${COUNTED}`, from: COUNTED_FROM, to: end }];
  const from = COUNTED_FROM - SHOWN_BEFORE;
  return { workload, requests, caches: cachesOf(POLICIES, PLACES), from, askAt: COUNTED_FROM, end, counted };
}

/** The hits of all requests, for each policy, in caches with so many places. */
export async function hitsWith(places: number): Promise<number[]> {
  const { requests } = await allRequests();
  return hitsOf(requests, cachesOf(POLICIES, places));
}

/** The keys of the loop: one more than there are places. */
export const LOOP = "ABCDEFG";
const ROUNDS = 10;
export const LOOP_REQUESTS = LOOP.length * ROUNDS;

/** The hits of a loop, for each policy, in caches with so many places. */
export async function loopHits(places: number): Promise<number[]> {
  const text = Array<string>(ROUNDS)
    .fill([...LOOP].join(" "))
    .join(" ");
  return hitsOf(
    await openRequests({ workload: typedWorkload(text), seed: SEED }),
    cachesOf(POLICIES, places),
  );
}

async function allRequests() {
  const random = new SeededRandom(SEED);
  const words = Array.from({ length: ALL }, () => KEYS[Math.floor(KEYS.length * random.next() ** 1.8)]!);
  const workload = typedWorkload(words.join(" "));
  return { workload, requests: await openRequests({ workload, seed: SEED }) };
}
