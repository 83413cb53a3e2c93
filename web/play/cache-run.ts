import type { PolicyQueue } from "../../src/policy/policy-queue.ts";
import { type CacheImage, imageBytes, imageOf, restoreImage } from "../../src/replay/cache-image.ts";
import { DELETE, READ, WRITE } from "../../src/replay/records.ts";
import { replayRecords } from "../../src/replay/replay-records.ts";
import { SimulatedCache } from "../../src/replay/simulated-cache.ts";
import { type Counts, noCounts } from "../../src/replay/tally.ts";
import { resolveSize } from "../../src/sim/cache-size.ts";
import { type Conditions, DEFAULT_CONDITIONS, effectOf } from "./conditions.ts";
import type { Decider } from "./decider.ts";
import { type Costs, Origin, type OriginImage, originImageBytes } from "./origin.ts";
import type { Requests } from "./requests.ts";
import type { PlayCache } from "./settings.ts";
import { fits, policyQueues } from "./shown-queues.ts";
import { clockMs } from "./timed-requests.ts";

/** What a request was to a cache. Writes and deletes are neither hit nor miss. */
export const HIT = 1;
export const MISS = 2;
export const CHANGE = 3;
/** Its key was under way to the cache. */
export const UNDER_WAY = 4;
/** The origin answered with an error. */
export const FAILURE = 5;

/** As `glasscache simulate` seeds policies that draw at random. */
const POLICY_SEED = 1;

/** One cache on its way through the requests. */
export class CacheRun {
  readonly decider: Decider;
  readonly settings: PlayCache;
  readonly cache: SimulatedCache;
  /** What each request was, as far as the cache has come. */
  readonly results: Uint8Array;
  /** By slot: reads since the fill, and the request that filled it, from 0. */
  readonly reads: Uint32Array;
  readonly filledAt: Uint32Array;
  readonly #requests: Requests;
  readonly #conditions: Conditions;
  readonly #origin: Origin;
  /** Whether there are only reads, of an origin that answers at once: most of what is replayed. */
  readonly #isPlain: boolean;
  #counts: Counts = noCounts();
  #at = 0;
  /** Objects whose time to live was over at the last request, if it was replayed alone. */
  #expired: number[] = [];

  /** @param requests as `timed` returns them */
  constructor(
    decider: Decider,
    settings: PlayCache,
    requests: Requests,
    conditions: Conditions = DEFAULT_CONDITIONS,
  ) {
    const { size, unit } = settings;
    this.decider = decider;
    const { workingSet } = requests;
    this.settings = settings;
    this.cache = new SimulatedCache({
      policy: decider.choice,
      ...resolveSize({ kind: unit, amount: size }, unit === "bytes" ? workingSet : undefined),
      seed: POLICY_SEED,
    });
    this.cache.coverObjects(workingSet.objects);
    this.results = new Uint8Array(requests.count);
    this.reads = new Uint32Array(this.cache.maxEntries + 1);
    this.filledAt = new Uint32Array(this.cache.maxEntries + 1);
    this.#requests = requests;
    this.#conditions = conditions;
    this.#origin = new Origin(conditions);
    const { hasOperations, hasSizes } = requests.batch;
    this.#isPlain = !hasOperations && !hasSizes && conditions.originMs === 0 && conditions.failures === 0;
    if (conditions.writes === "back") this.cache.onDeparture = (object) => this.#origin.entryLeft(object);
  }

  /** How many requests it has had. */
  get at(): number {
    return this.#at;
  }

  /** Whether nothing decides any more: the cache stands as it was before. */
  get isStopped(): boolean {
    return this.#at > this.decider.until;
  }

  get counts(): Readonly<Counts> {
    return this.#counts;
  }

  /** What the requests cost so far behind the cache. */
  get costs(): Readonly<Costs> {
    const { costs } = this.#origin;
    // At once, and never in vain.
    return this.#isPlain ? { ...costs, fetches: this.#counts.misses } : costs;
  }

  /** Written entries that the origin has yet to hear of. */
  get dirty(): number {
    return this.#origin.dirty;
  }

  get expired(): readonly number[] {
    return this.#expired;
  }

  /** The time on the clock of the last request. */
  get nowMs(): number {
    return this.#at === 0 ? 0 : clockMs(this.#requests, this.#conditions, this.#at - 1);
  }

  /** The policy's queues at this position. */
  queues(): PolicyQueue[] {
    const { cache, decider } = this;
    const shown = decider.shownAt?.(Math.min(this.#at, decider.until));
    // What comes from the sandbox need not be true.
    return shown !== undefined && fits(shown, cache)
      ? policyQueues(shown, (slot) => cache.objectOf[slot]!)
      : cache.policy.queues();
  }

  /** Replays the requests up to a position ahead, as far as there are decisions. */
  advance(to: number): void {
    const end = Math.min(to, this.decider.until);
    if (this.#expired.length > 0) this.#expired = [];
    if (this.#at < end) this.#advance(end, to === this.#at + 1);
    this.#at = to;
  }

  #advance(to: number, isAlone: boolean): void {
    if (this.#isPlain) this.#advancePlain(to);
    else for (; this.#at < to; this.#at++) this.#replay(this.#at, isAlone);
  }

  /** Does what `replayRecords` does, and notes what each request was. */
  #advancePlain(to: number): void {
    const { cache, results, reads, filledAt } = this;
    const { policy, slotOf, isOffline, nextOf } = cache;
    const { objects, nextDistance, hasNextDistances } = this.#requests.batch;
    const from = this.#at;
    let misses = 0;
    for (let i = from; i < to; i++, cache.now++) {
      const object = objects[i]!;
      const distance = isOffline && hasNextDistances ? nextDistance[i]! : 0;
      const next = distance === 0 ? Number.POSITIVE_INFINITY : cache.now + distance;
      const before = slotOf[object]!;
      if (before > 0) {
        if (isOffline) nextOf[before] = next;
        policy.hit(before);
        reads[before]!++;
        results[i] = HIT;
        continue;
      }
      misses++;
      const slot = cache.admit(object, 1, next);
      reads[slot] = 0;
      filledAt[slot] = i;
      results[i] = MISS;
    }
    const counts = this.#counts;
    counts.requests += to - from;
    counts.bytesRequested += to - from;
    counts.misses += misses;
    counts.bytesMissed += misses;
  }

  /** Replays one request of any kind. @param isAlone notes what has expired */
  #replay(index: number, isAlone: boolean): void {
    const { cache, results, reads, filledAt } = this;
    const { batch } = this.#requests;
    const conditions = this.#conditions;
    const object = batch.objects[index]!;
    const nowMs = clockMs(this.#requests, conditions, index);
    if (batch.hasOperations && cache.nextExpiryMs <= nowMs) this.#expire(nowMs, isAlone);
    const before = cache.slotHolding(object);
    const kind = batch.hasOperations ? batch.operation[index]! : READ;
    const outcome = kind === READ ? this.#origin.read(object, index, nowMs, before !== 0) : undefined;
    if (kind === WRITE || kind === DELETE) this.#origin.supersede(object);
    if (outcome?.fails === true && before === 0) this.#failRead(index);
    else replayRecords(cache, batch, index, index + 1, effectOf(conditions.writes), this.#counts, undefined);
    const slot = cache.slotHolding(object);
    if (outcome === undefined) this.#origin.change(object, slot !== 0);
    results[index] =
      outcome === undefined
        ? CHANGE
        : outcome.fails
          ? FAILURE
          : outcome.isUnderWay
            ? UNDER_WAY
            : before !== 0
              ? HIT
              : MISS;
    if (slot === 0) return;
    if (before === 0) {
      reads[slot] = 0;
      filledAt[slot] = index;
    } else if (kind === READ) {
      reads[slot]!++;
    }
  }

  #expire(nowMs: number, isAlone: boolean): void {
    const { cache } = this;
    while (cache.nextExpiryMs <= nowMs) {
      const object = cache.expireNext();
      this.#origin.costs.expired++;
      if (isAlone) this.#expired.push(object);
    }
  }

  /** Counts a read that the origin answered with an error: the cache has nothing to keep. */
  #failRead(index: number): void {
    const { hasSizes, size } = this.#requests.batch;
    const bytes = hasSizes ? size[index]! : 1;
    this.#counts.requests++;
    this.#counts.bytesRequested += bytes;
    this.#counts.misses++;
    this.#counts.bytesMissed += bytes;
    this.cache.now++;
  }

  image(): RunImage {
    const { reads, filledAt } = this;
    return {
      at: this.#at,
      cache: imageOf(this.cache),
      reads: reads.slice(),
      filledAt: filledAt.slice(),
      counts: { ...this.#counts },
      origin: this.#origin.image(),
    };
  }

  restore({ at, cache, reads, filledAt, counts, origin }: RunImage): void {
    restoreImage(this.cache, cache);
    this.reads.set(reads);
    this.filledAt.set(filledAt);
    this.#counts = { ...counts };
    this.#origin.restore(origin);
    this.#expired = [];
    this.#at = at;
  }
}

/** A copy of a cache on its way. */
export interface RunImage {
  readonly at: number;
  readonly cache: CacheImage;
  readonly reads: Uint32Array;
  readonly filledAt: Uint32Array;
  readonly counts: Counts;
  readonly origin: OriginImage;
}

export function runImageBytes({ cache, reads, filledAt, origin }: RunImage): number {
  return imageBytes(cache) + reads.byteLength + filledAt.byteLength + originImageBytes(origin);
}
