import type { ToldQueue } from "../../src/instruments/view.ts";
import type { PolicyQueue } from "../../src/policy/policy-queue.ts";
import type { CacheRun } from "./cache-run.ts";
import type { Costs } from "./origin.ts";
import { membersOf } from "./places.ts";
import type { Requests } from "./requests.ts";
import type { Run } from "./run.ts";
import type { PlayCache } from "./settings.ts";
import { type StepSentence, stepSentence } from "./step-sentence.ts";

/** All that the page shows of a position; it depends on settings and position alone. */
export interface PlayView {
  readonly at: number;
  readonly count: number;
  /** The time of the latest request, after the first one. */
  readonly clockMs: number;
  /** Names of the latest requests, the newest last, and of those to come. */
  readonly past: readonly string[];
  readonly coming: readonly string[];
  readonly caches: readonly CacheView[];
}

export interface CacheView {
  readonly settings: PlayCache;
  /** Reads so far, and misses among them. */
  readonly requests: number;
  readonly misses: number;
  readonly entries: number;
  /** What the latest requests were, the newest last: HIT, MISS, CHANGE, UNDER_WAY or FAILURE. */
  readonly results: Uint8Array;
  readonly costs: Readonly<Costs>;
  /** Written entries that the origin has yet to hear of. */
  readonly dirty: number;
  readonly queues: readonly PlayQueue[];
  /** Whether its policy, written in the page, has decided nothing from an earlier request on. */
  readonly isStopped: boolean;
  /** What the last request did; undefined while it goes fast, and at the beginning. */
  readonly sentence: StepSentence | undefined;
}

/** A queue. Of a large cache it has a field in place of members. */
export interface PlayQueue extends ToldQueue {
  /** How often each member was read, from the entrance to the exit: 0, 1, … `WARMEST`; `GHOST` for ghosts. */
  readonly field?: Uint8Array;
}

export const GHOST = 255;
const WARMEST = 4;

/** Caches with more entries are shown as fields. */
export const TILES_LIMIT = 300;
/** Members of one queue that a field shows. */
const FIELD_LIMIT = 50_000;
const PAST = 240;
const COMING = 40;

/** @param isTold whether the last step is told, which takes a look at all queues before it */
export function viewOf(run: Run, isTold: boolean): PlayView {
  const events = isTold ? run.seekTold(run.at) : undefined;
  const { requests, at } = run;
  const { objects } = requests.batch;
  const names = (from: number, to: number): string[] =>
    Array.from(objects.subarray(Math.max(0, from), Math.min(to, requests.count)), requests.nameOf);
  return {
    at,
    count: requests.count,
    clockMs: run.caches[0]!.nowMs,
    past: names(at - PAST, at),
    coming: names(at, at + COMING),
    caches: run.caches.map((cache, i) => {
      const told = at === 0 || cache.isStopped ? undefined : events?.[i];
      const sentence =
        told &&
        stepSentence(
          objects[at - 1]!,
          cache.results[at - 1]!,
          told,
          requests.nameOf,
          run.conditions.coalesces,
        );
      return cacheView(cache, requests, sentence);
    }),
  };
}

function cacheView(run: CacheRun, requests: Requests, sentence: StepSentence | undefined): CacheView {
  const { settings, cache, results, at, counts } = run;
  const hasTiles =
    cache.resident <= TILES_LIMIT && settings.size <= TILES_LIMIT * BYTES_PER_TILE[settings.unit];
  return {
    settings,
    requests: counts.requests,
    misses: counts.misses,
    entries: cache.resident,
    results: results.slice(Math.max(0, at - PAST), at),
    costs: { ...run.costs },
    dirty: run.dirty,
    isStopped: run.isStopped,
    queues: run
      .queues()
      .map((queue) => (hasTiles ? queueOfTiles(queue, run, requests) : queueOfPixels(queue, run))),
    sentence,
  };
}

/** A cache in bytes may have few entries now and many soon; its number alone decides. */
const BYTES_PER_TILE = { entries: 1, bytes: Number.POSITIVE_INFINITY };

function rulesOf({ name, kind, order, entrance, exit, weight, share }: PolicyQueue, length: number) {
  return {
    ...{ name, kind, order, entrance, exit, length },
    ...(weight !== undefined && { weight }),
    ...(share !== undefined && { share }),
    ...{ walkedFromExit: length, walkedFromEntrance: 0 },
  };
}

function queueOfTiles(queue: PolicyQueue, run: CacheRun, { nameOf }: Requests): PlayQueue {
  const { cache, reads, filledAt, at } = run;
  const members = membersOf(queue, Number.POSITIVE_INFINITY);
  return {
    ...rulesOf(queue, members.length),
    members: members.map((member, i) => {
      const object = queue.hashOf(member);
      const common = { id: String(object), key: { text: nameOf(object) }, rank: i + 1, isSampled: true };
      if (queue.kind === "ghost") return common;
      const valueBytes = cache.weightOf?.[member] ?? 1;
      const turn = queue.turn?.(member);
      return {
        ...common,
        entry: {
          ...{
            reads: reads[member]!,
            valueBytes,
            chargedBytes: valueBytes,
            ageMs: at - filledAt[member]!,
            ttlMs: lifeLeft(run, member),
          },
          ...(turn !== undefined && { turn }),
        },
      };
    }),
  };
}

function queueOfPixels(queue: PolicyQueue, { reads }: CacheRun): PlayQueue {
  const members = membersOf(queue, FIELD_LIMIT).reverse();
  const isGhost = queue.kind === "ghost";
  const field = Uint8Array.from(members, (member) => (isGhost ? GHOST : warmth(reads[member]!)));
  return { ...rulesOf(queue, members.length), members: [], field };
}

/** What is left of an entry's time to live; -1: it does not expire. */
function lifeLeft({ cache, nowMs }: CacheRun, slot: number): number {
  const expiresAtMs = cache.expiryOf(slot);
  return expiresAtMs === Number.POSITIVE_INFINITY ? -1 : expiresAtMs - nowMs;
}

/** 0 without reads, then one more for ten times as many. */
function warmth(reads: number): number {
  return reads < 1 ? 0 : reads < 10 ? 1 : reads < 100 ? 2 : reads < 1000 ? 3 : WARMEST;
}
