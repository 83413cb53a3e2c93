import { SeededRandom } from "../../src/lib/random.ts";
import { HIT } from "../play/cache-run.ts";
import { openRequests, type Requests } from "../play/requests.ts";
import { Run } from "../play/run.ts";
import { type PlayCache, typedWorkload, type Workload } from "../play/settings.ts";

/** The run of lesson 4: regulars keep coming, a scan of strangers comes by, and the regulars come again. */
export interface ScanRun {
  readonly workload: Workload;
  readonly requests: Requests;
  readonly scan: number;
  /** The positions at which the quiet day, the scan and the time after it begin, and the end. */
  readonly quiet: number;
  readonly scanAt: number;
  readonly after: number;
  readonly end: number;
}

export const REGULARS = "ABCDEFGHIJKL";
/** The regular that has been asked for only once before the scan. */
export const NEWCOMER = "L";
const SEED = 28;
export const SCAN = 24;
export const AFTER = 20;
export const PLACES = 20;
export const CACHES: readonly PlayCache[] = [
  { policy: "lru", size: PLACES, unit: "entries" },
  { policy: "s3-fifo", size: PLACES, unit: "entries" },
];
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
  return { workload, requests, scan, quiet, scanAt, after: afterAt, end: requests.count };
}

/** What a cache made of a run. */
export interface ScanResult {
  readonly policy: string;
  /** Of the requests after the scan: which they were, and whether they hit. */
  readonly after: readonly { readonly name: string; readonly isHit: boolean }[];
  readonly hits: number;
  /** Regulars that are cached before the scan, and after it. */
  readonly regularsBefore: number;
  readonly regularsLeft: number;
  /** Hits among the regulars' requests while the scan comes by, and those requests. */
  readonly during: readonly [hits: number, requests: number];
}

/** Replays a run through both caches. */
export function scanResults(scan: ScanRun): ScanResult[] {
  const { requests, scanAt, after, end } = scan;
  const run = new Run(requests, CACHES);
  run.seek(scanAt);
  const before = run.caches.map((_, i) => regularsIn(run, i));
  run.seek(after);
  const left = run.caches.map((_, i) => regularsIn(run, i));
  run.seek(end);
  const name = (at: number): string => requests.nameOf(requests.batch.objects[at]!);
  const isRegular = (at: number): boolean => REGULARS.includes(name(at));
  return run.caches.map(({ settings, results }, i) => {
    const isHit = (at: number): boolean => results[at] === HIT;
    const range = (from: number, to: number): number[] =>
      Array.from({ length: to - from }, (_, n) => from + n);
    const own = range(scanAt, after).filter(isRegular);
    return {
      policy: settings.policy,
      after: range(after, end).map((at) => ({ name: name(at), isHit: isHit(at) })),
      hits: range(after, end).filter(isHit).length,
      regularsBefore: before[i]!,
      regularsLeft: left[i]!,
      during: [own.filter(isHit).length, own.length],
    };
  });
}

function regularsIn({ caches, requests }: Run, index: number): number {
  let count = 0;
  caches[index]!.cache.forEach((object) => {
    if (REGULARS.includes(requests.nameOf(object))) count++;
  });
  return count;
}
