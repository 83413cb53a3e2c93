import { SeededRandom } from "../../../src/lib/random.ts";
import { cachesOf, hitsOf, type StagedRun } from "../../lesson/staged-run.ts";
import { openRequests } from "../../play/requests.ts";
import { Run } from "../../play/run.ts";
import { generatedWorkload, typedWorkload } from "../../play/settings.ts";

/** Yesterday's favourites, and today's. */
export const OLD = "ABCDEF";
export const NEW = "UVWXYZ";
export const PLACES = 8;
export const BEFORE = 20;
export const AFTER = 40;
export const CACHES = cachesOf(["lfu", "lfu-da", "lru"], PLACES);
const MOVES_AT = 100;
const STRANGERS = 0.12;
const SEED = 12;

/** The run of lesson 5: six keys are favourites, then six others. Now and then comes a stranger, asked for once. */
export async function moveRun(): Promise<StagedRun> {
  const random = new SeededRandom(SEED);
  let stranger = 1;
  const draw = (keys: string): string =>
    random.next() < STRANGERS ? String(stranger++) : keys[Math.floor(keys.length * random.next() ** 1.3)]!;
  const words = Array.from({ length: MOVES_AT }, () => draw(OLD));
  for (let i = 0; i < AFTER; i++) words.push(draw(NEW));
  const workload = typedWorkload(words.join(" "));
  const requests = await openRequests({ workload, seed: SEED });
  const end = requests.count;
  const counted = [
    { title: `The last ${BEFORE} of yesterday`, from: MOVES_AT - BEFORE, to: MOVES_AT },
    { title: `The first ${AFTER} of today`, from: MOVES_AT, to: end },
  ];
  return { workload, requests, caches: CACHES, from: MOVES_AT - BEFORE, askAt: MOVES_AT, end, counted };
}

/** A favourite of yesterday that is still there at the end, and how often it was read. */
export interface Leftover {
  readonly name: string;
  readonly reads: number;
}

/** What each cache still keeps of yesterday's favourites at the end. */
export function leftovers({ requests, caches, end }: StagedRun): Leftover[][] {
  const run = new Run(requests, caches);
  run.seek(end);
  return run.caches.map(({ cache, reads }) => {
    const left: Leftover[] = [];
    cache.forEach((object) => {
      const name = requests.nameOf(object);
      if (OLD.includes(name)) left.push({ name, reads: reads[cache.slotHolding(object)]! });
    });
    return left.toSorted((a, b) => b.reads - a.reads);
  });
}

/** After so many requests each, a new key becomes the favourite. The last is beyond the run: never. */
export const PACES = [2, 5, 10, 20, 50, 100, 500, 5000, 100_000] as const;
export const LONG = 20_000;
export const LONG_PLACES = 100;
export const LONG_KEYS = 1000;
export const COMPARED = ["lru", "lfu", "lfu-da", "w-tinylfu", "w-tinylfu-climb"] as const;

/** Hits of each policy, of 100 requests, at a pace. */
export async function hitsAtPace(pace: number): Promise<number[]> {
  const requests = await openRequests({ workload: longWorkload(pace), seed: 1 });
  return hitsOf(requests, cachesOf(COMPARED, LONG_PLACES)).map((hits) => (100 * hits) / LONG);
}

export function longWorkload(pace: number) {
  return generatedWorkload(`drift(n=${LONG_KEYS},alpha=1,every=${pace})`, LONG);
}
