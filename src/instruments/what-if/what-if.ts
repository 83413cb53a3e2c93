import { formatPolicy, type PolicyChoice } from "../../policy/registry.ts";
import { DELETE, READ } from "../../replay/records.ts";
import type { Event } from "../events/event.ts";
import { boundOf, samplePosition } from "../events/event-control.ts";
import {
  ANSWERED,
  HIT,
  INVALIDATED,
  INVALIDATED_ALL,
  IS_FOLLOWED,
  MISS,
  REFUSALS,
  REFUSED,
  WROTE,
} from "../events/event-kinds.ts";
import { AccessCost, USUAL_NS } from "./access-cost.ts";
import { Pending } from "./pending.ts";
import { optimumFor, RecentRecords } from "./recent-records.ts";
import {
  type Demand,
  FACTORS,
  type PresentCache,
  planFor,
  type SamplingPlan,
  shapesFor,
} from "./sampling-plan.ts";
import { GROUPS } from "./simulated-size.ts";
import { Sizes } from "./sizes.ts";
import {
  type Estimate,
  emptySlice,
  estimateLru,
  estimatePolicy,
  GROUP_ERROR,
  meanOf,
  type Slice,
} from "./slices.ts";

export interface WhatIfOptions {
  readonly policies: readonly PolicyChoice[];
  readonly present: PresentCache;
  /** The share of one processor that the instruments may take. */
  readonly budget: number;
  /** A monotonic clock, for the cost of simulations. */
  clockMs(): number;
  /** Returns the weight of an entry, in units of the present cache's size. */
  weigh(keyBytes: number, valueBytes: number): number;
}

/** Slices that are remembered: the present one and those before. */
const SLICES = 10;
export const SLICE_MS = 60_000;
/**
 * How long records may wait to be replayed: the more at once, the more of a policy's code and memory stays in the
 * processor's caches.
 */
const FLUSH_MS = 1000;

/**
 * The budget holds from this access on. Before, the runtime has yet to compile the policies, which it does by how often
 * they run; and caches have yet to fill, so that there is most to be seen.
 */
const BEGINNING_ACCESSES = 3_000_000;
/** After a loss of events, or when samples become larger, the caches warm up for so many reads for each entry of the present cache, at most. */
const MOST_SKIPPED = 8;
/** By how much the present cache may change before it is simulated anew. */
const ALIKE_SIZE = 1.02;
const ALIKE_ENTRIES = 1.5;

/** The size whose sample is remembered for the optimum: smaller ones make do with it, at fewer entries. */
const REMEMBERED: number = FACTORS.indexOf(1 / 2);

/** The miss ratio of a policy at a size, and half the width of the interval that has the true one in 9 of 10 cases. */
export interface WhatIfEstimate {
  readonly size: number;
  readonly factor: number;
  readonly ratio: number;
  readonly missRatio: number;
  readonly error: number;
}

/**
 * What other policies and sizes would do with the present traffic: simulated caches of several sizes and policies, fed
 * with the events of sampled keys. Misses are divided by the number of reads that a sample of its ratio should have:
 * the difference to those it has comes from the most popular keys, which hit (SHARDS-adj, Waldspurger et al., FAST'15).
 */
export class WhatIf {
  readonly #options: WhatIfOptions;
  /** The policies that miniatures simulate: all but LRU. By policy, their place among them; −1: it is LRU. */
  readonly #simulated: readonly PolicyChoice[];
  readonly #places: readonly number[];
  readonly #cost: AccessCost;
  readonly #pending = new Pending();
  readonly #recent = new RecentRecords();
  #present: PresentCache;
  #plan: SamplingPlan;
  #sizes: Sizes;
  /** The present slice comes first. */
  #slices: Slice[] = [];
  #sliceSinceMs = 0;
  #flushedMs = 0;
  #lastReads = 0;
  /** So many reads are not counted yet: they warm the caches up. */
  #skip = 0;
  /** Whether events were lost. Then the budget holds from the beginning: there is no processor time to spare. */
  #isBehind = false;
  /** The last events told of all keys whose position lies below this. */
  #seenBound: number = boundOf(1);
  /** Sampled reads since the last reset. */
  sampledReads = 0;
  /** Simulated accesses, for the cost of one. */
  accesses = 0;

  constructor(options: WhatIfOptions) {
    const { budget, policies, present } = options;
    this.#options = options;
    this.#present = present;
    this.#simulated = policies.filter((policy) => !isLru(policy));
    this.#places = policies.map((policy) => this.#simulated.indexOf(policy));
    this.#cost = new AccessCost(options.clockMs);
    const demand = { readsPerSecond: 0, peakReadsPerSecond: 0, budget, otherShare: 0 };
    this.#plan = this.#planFor(present, demand);
    this.#sizes = this.#newSizes(this.#plan);
  }

  /** Keys whose position lies below this are to be sampled. */
  get bound(): number {
    return this.#sizes.bound;
  }

  /** Keys whose position lies below this are sampled without interruption. */
  get steadyBound(): number {
    return this.#sizes.steadyBound(this.#plan.duties);
  }

  /** What a simulated access costs. */
  get accessNs(): number {
    return this.#cost.accessNs;
  }

  get plan(): SamplingPlan {
    return this.#plan;
  }

  get policies(): readonly string[] {
    return this.#options.policies.map(formatPolicy);
  }

  /**
   * The best that any policy could do, by size. The reads that are remembered begin with empty caches, so by themselves
   * they would tell too high a miss ratio. What they tell is by how much the optimum is better than the present policy
   * on the same reads. Takes some tenths of a second.
   */
  optimum(): WhatIfEstimate[] {
    const { policies } = this.#options;
    const reads = this.#recent.readsCounted(this.#lastReads);
    const [ofPresent] = this.estimates();
    return this.#sizes.shapes.map((shape, at) => {
      const known = ofPresent![at]!;
      const sample = Math.min(this.#sizes.boundOf(at), this.#recentBound);
      const best = this.#recent.replay(shape, sample, optimumFor(shape.unit));
      const gained = this.#recent.replay(shape, sample, policies[0]!);
      for (let group = 0; group < GROUPS; group++) gained.misses[group]! -= best.misses[group]!;
      const gain = estimateGain(gained.misses, reads);
      const missRatio = Math.max(0, known.missRatio - Math.max(0, gain.missRatio));
      return { ...known, ratio: best.ratio, missRatio, error: Math.min(1, known.error + gain.error) };
    });
  }

  /**
   * Changes the plan, if the load asks for another one.
   * @returns whether all simulated caches were replaced: those before were most of the memory in use
   */
  adapt(present: PresentCache, demand: Demand): boolean {
    const plan = this.#planFor(present, demand, this.#plan);
    const isAsBefore = isAlike(present, this.#present);
    const areSizesAsBefore = isAsBefore && plan.miniatureEntries === this.#plan.miniatureEntries;
    if (!areSizesAsBefore || plan.reuseRatio !== this.#plan.reuseRatio) this.#settle();
    // What was counted at other sizes says nothing about these.
    if (!isSameSize(present, this.#present)) this.#slices = [];
    if (!isAsBefore) this.#present = present;
    if (!areSizesAsBefore) this.#rebuild(plan);
    else if (plan.reuseRatio !== this.#plan.reuseRatio) this.#sizes.changeReuse(plan.reuseRatio);
    // The caches do not hold the keys that come to a larger sample: until they do, these would all seem to be new.
    const isLarger =
      plan.reuseRatio > this.#plan.reuseRatio || plan.miniatureEntries > this.#plan.miniatureEntries;
    if (isLarger && isAsBefore) this.#skip = Math.max(this.#skip, MOST_SKIPPED * present.entries);
    this.#plan = plan;
    if (this.#slices.length === 0) this.#openSlice(this.#sliceSinceMs);
    return !areSizesAsBefore;
  }

  #planFor(present: PresentCache, demand: Demand, before?: SamplingPlan): SamplingPlan {
    const isBeginning = !this.#isBehind && this.accesses < BEGINNING_ACCESSES;
    const accessNs = isBeginning ? Math.min(USUAL_NS, this.accessNs) : this.accessNs;
    const own = { accessNs, policies: this.#simulated.length, isBeginning };
    return planFor(present, { ...demand, ...own }, before);
  }

  #rebuild(plan: SamplingPlan): void {
    const earlier = this.#sizes;
    this.#recent.clear();
    this.#sizes = this.#newSizes(plan);
    this.#sizes.takeOver(earlier);
  }

  event(event: Event): void {
    if (event.kind === INVALIDATED_ALL) {
      this.#sizes.empty();
      return;
    }
    if ((event.flags & IS_FOLLOWED) === 0) return;
    const { hash, atMs } = event;
    switch (event.kind) {
      case HIT:
        this.sampledReads++;
        this.#add(
          hash,
          READ,
          this.#options.weigh(event.keyLength, event.detail),
          atMs,
          this.#pending.ttlOf(hash, atMs),
        );
        break;
      case MISS:
        this.#pending.missed(hash, event.keyLength);
        break;
      case ANSWERED: {
        const keyBytes = this.#pending.answered(hash, atMs, event.second);
        if (keyBytes < 0) break;
        this.sampledReads++;
        this.#add(hash, READ, this.#options.weigh(keyBytes, event.detail), atMs, Math.max(0, event.second));
        break;
      }
      case REFUSED:
        if (REFUSALS[event.detail] === "no-value") this.#absent(hash);
        break;
      case WROTE:
      case INVALIDATED:
        this.#add(hash, DELETE, 0, atMs, 0);
    }
  }

  /**
   * Replays what has come, and counts it.
   * @param reads of all keys, in all, up to the last event, without those whose events were lost
   * @param bound events of all keys whose position lies below it have come since the last call
   */
  tick(nowMs: number, reads: number, bound: number = boundOf(1)): void {
    if (this.#slices.length === 0) this.#openSlice(nowMs);
    this.#seenBound = bound;
    const passed = this.#count(reads);
    const isSliceOver = nowMs - this.#sliceSinceMs >= SLICE_MS;
    if (isSliceOver || this.#counted === undefined || nowMs - this.#flushedMs >= FLUSH_MS) {
      this.#flushedMs = nowMs;
      this.#settle();
    }
    this.#skip = Math.max(0, this.#skip - passed);
    this.#sizes.pass(passed, bound, this.#plan.duties, this.#slices[0]!, () => this.#settle());
    if (isSliceOver) this.#openSlice(nowMs);
  }

  /**
   * Events were lost just now. The caches do not hold what they would hold, so as many reads as were lost only warm them
   * up, at most a few cachefuls.
   * @param reads as `tick` has it, up to here
   * @param lost reads whose events were lost
   */
  lost(reads: number, lost: number): void {
    this.#count(reads);
    this.#settle();
    this.#pending.clear();
    this.#isBehind = true;
    this.#unseen(lost);
    this.#skip = Math.max(this.#skip, Math.min(lost, MOST_SKIPPED * this.#present.entries));
  }

  #unseen(reads: number): void {
    const [slice] = this.#slices;
    if (slice !== undefined) slice.unseen += reads;
  }

  /** Counts reads, unless they only warm the caches up. @returns how many */
  #count(reads: number): number {
    const passed = reads - this.#lastReads;
    this.#lastReads = reads;
    const slice = this.#counted;
    if (slice !== undefined) this.#sizes.count(passed, slice);
    else this.#unseen(passed);
    return passed;
  }

  /** Forgets what has been counted, and keeps the simulated caches. */
  reset(nowMs: number, reads: number): void {
    this.tick(nowMs, reads);
    this.#settle();
    this.#sizes.cut(this.#slices[0]!);
    this.#slices = [];
    this.sampledReads = 0;
    this.#openSlice(nowMs);
  }

  /** @returns by policy, then by size */
  estimates(): WhatIfEstimate[][] {
    const present = this.#present;
    return this.#places.map((place) =>
      this.#sizes.shapes.map(({ size }, at) => {
        const seen = place < 0 ? this.#sizes.reuseRatio : this.#sizes.ratioOf(at);
        const own: Estimate =
          place < 0 ? estimateLru(this.#slices, at, seen) : estimatePolicy(this.#slices, at, place, seen);
        return { size, factor: size / present.size, ratio: seen, ...own };
      }),
    );
  }

  /** The records of keys whose position lies below this are remembered. */
  get #recentBound(): number {
    return this.#sizes.boundOf(REMEMBERED);
  }

  #add(hash: number, operation: number, weight: number, atMs: number, ttlMs: number): void {
    if (samplePosition(hash) < this.#recentBound) {
      this.#recent.add(hash, operation, weight, this.#lastReads);
    }
    this.accesses += this.#sizes.add(hash, operation, weight, atMs, ttlMs);
  }

  #absent(hash: number): void {
    for (let reads = this.#pending.absent(hash); reads > 0; reads--) {
      this.sampledReads++;
      this.#sizes.addAbsent(hash);
    }
  }

  /** The slice that is counted in at present; undefined: the caches only warm up. */
  get #counted(): Slice | undefined {
    return this.#skip > 0 || !this.#sizes.isReuseSeen(this.#seenBound) ? undefined : this.#slices[0];
  }

  /** Replays what has come, and counts it unless it only warms the caches up. */
  #settle(): void {
    this.#sizes.settle(this.#counted);
  }

  #openSlice(nowMs: number): void {
    this.#sliceSinceMs = nowMs;
    this.#slices.unshift(emptySlice(this.#sizes.shapes.length, this.#simulated.length));
    this.#slices.length = Math.min(SLICES, this.#slices.length);
  }

  #newSizes(plan: SamplingPlan): Sizes {
    return new Sizes(
      this.#simulated,
      shapesFor(this.#present, plan.miniatureEntries),
      plan,
      this.#cost,
      this.#seenBound,
    );
  }
}

function isSameSize(one: PresentCache, other: PresentCache): boolean {
  return one.unit === other.unit && isNear(one.size / other.size, ALIKE_SIZE);
}

/** Whether the same caches simulate both. Entries may become larger or smaller, within bounds. */
function isAlike(one: PresentCache, other: PresentCache): boolean {
  return isSameSize(one, other) && isNear(one.entries / other.entries, ALIKE_ENTRIES);
}

function isNear(quotient: number, bound: number): boolean {
  return quotient <= bound && quotient >= 1 / bound;
}

/** @param misses that one policy has more than another one, of all keys, by group */
function estimateGain(misses: Float64Array, reads: number): Estimate {
  if (reads === 0) return { missRatio: 0, error: 1 };
  const perGroup = reads / GROUPS;
  const { mean, variance } = meanOf(misses.map((count) => count / perGroup));
  return { missRatio: mean, error: Math.min(1, GROUP_ERROR * Math.sqrt(variance)) };
}

function isLru({ type, parameters }: PolicyChoice): boolean {
  return formatPolicy({ type, parameters }) === "lru";
}
