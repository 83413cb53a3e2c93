import { SeededRandom } from "../../../src/lib/random.ts";
import { cachesOf, type Outcome, outcomesOf, type StagedRun } from "../../lesson/staged-run.ts";
import { HIT } from "../../play/cache-run.ts";
import { openRequests } from "../../play/requests.ts";
import { Run } from "../../play/run.ts";
import { typedWorkload } from "../../play/settings.ts";

/** The run of lesson 4: regulars keep coming, a scan of strangers comes by, and the regulars come again. */
export interface ScanRun extends StagedRun {
  /** The position at which the scan is over. It begins where the stage asks. */
  readonly after: number;
}

export const REGULARS = "ABCDEFGHIJKL";
/** The regular that has been asked for only once before the scan. */
export const NEWCOMER = "L";
const SEED = 28;
export const SCAN = 24;
export const AFTER = 20;
export const PLACES = 20;
export const CACHES = cachesOf(["lru", "s3-fifo"], PLACES);
const WARM_UP = 160;
const QUIET = 10;
/** In the warm-up, one request in so many is a stranger's. */
const STRANGER_EVERY = 4;
/** Of a slow scan, so many requests of regulars come between two of its own. */
export const SLOW_BETWEEN = 3;

/** Makes the requests for a scan of this length. The same seed gives the same regulars, whatever the length. */
export async function scanRun(scan: number, between = 0, seed = SEED): Promise<ScanRun> {
  const random = new SeededRandom(seed);
  const old = REGULARS.replace(NEWCOMER, "");
  const regular = (): string => old[Math.floor(old.length * random.next() ** 1.6)]!;
  // Strangers of the scan are numbered from 1; those before it from 50.
  let stranger = 50;
  const words: string[] = [];
  for (let i = 0; i < WARM_UP; i++) words.push(i % STRANGER_EVERY === 2 ? String(stranger++) : regular());
  const quiet = words.length;
  for (let i = 0; i < QUIET; i++) words.push(i === QUIET - 4 ? NEWCOMER : regular());
  const scanAt = words.length;
  const after = Array.from({ length: AFTER }, (_, i) => (i === 6 || i === 13 ? NEWCOMER : regular()));
  for (let i = 1; i <= scan; i++) {
    words.push(String(i));
    for (let n = 0; n < between; n++) words.push(regular());
  }
  const afterAt = words.length;
  const workload = typedWorkload([...words, ...after].join(" "));
  const requests = await openRequests({ workload, seed });
  const end = requests.count;
  const counted = [{ title: `The ${AFTER} after the scan`, from: afterAt, to: end }];
  return { workload, requests, caches: CACHES, from: quiet, askAt: scanAt, end, counted, after: afterAt };
}

/** What a cache made of a run. */
export interface ScanResult extends Outcome {
  /** Regulars that are cached before the scan, and after it. */
  readonly regularsBefore: number;
  readonly regularsLeft: number;
  /** Hits among the regulars' requests while the scan comes by, and those requests. */
  readonly during: readonly [hits: number, requests: number];
}

/** Replays a run through both caches. */
export function scanResults(scan: ScanRun): ScanResult[] {
  const { requests, askAt, after } = scan;
  const run = new Run(requests, CACHES);
  run.seek(askAt);
  const before = run.caches.map((_, i) => regularsIn(run, i));
  run.seek(after);
  const left = run.caches.map((_, i) => regularsIn(run, i));
  return outcomesOf(scan).map(([outcome], i) => {
    let hits = 0;
    let own = 0;
    for (let at = askAt; at < after; at++) {
      if (!REGULARS.includes(requests.nameOf(requests.batch.objects[at]!))) continue;
      own++;
      if (run.caches[i]!.results[at] === HIT) hits++;
    }
    return { ...outcome!, regularsBefore: before[i]!, regularsLeft: left[i]!, during: [hits, own] };
  });
}

function regularsIn({ caches, requests }: Run, index: number): number {
  let count = 0;
  caches[index]!.cache.forEach((object) => {
    if (REGULARS.includes(requests.nameOf(object))) count++;
  });
  return count;
}
