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
import { Pending } from "./pending.ts";
import { optimumFor, RecentRecords } from "./recent-records.ts";
import { FACTORS, type PresentCache, planFor, type SamplingPlan, shapesFor } from "./sampling-plan.ts";
import { GROUPS, SimulatedSize } from "./simulated-size.ts";
import { Stretches, type StretchPhase } from "./stretches.ts";

/** What was counted at one size in a slice of time. */
interface Tally {
  /** Reads of all keys while the size was simulated. */
  reads: number;
  /** Misses of all keys, as the sample tells them: by policy and group. */
  readonly misses: readonly Float64Array[];
}

/** A size, and when it runs. */
interface Running {
  readonly size: SimulatedSize;
  readonly stretches: Stretches;
  phase: StretchPhase;
}

export interface WhatIfOptions {
  readonly policies: readonly PolicyChoice[];
  readonly present: PresentCache;
  /** The share of one processor that simulations may take, and what one access costs, as far as is known. */
  readonly budget: number;
  readonly accessNs: number;
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
  readonly #pending = new Pending();
  readonly #recent = new RecentRecords();
  #present: PresentCache;
  #plan: SamplingPlan;
  /** The largest samples, of the smallest caches, come first. */
  #sizes: readonly Running[];
  /** The present slice comes first. Each has a tally for each size. */
  #slices: (readonly Tally[])[] = [];
  #sliceSinceMs = 0;
  #flushedMs = 0;
  #lastReads = 0;
  /** Sampled reads since the last reset. */
  sampledReads = 0;
  /** Simulated accesses, for the cost of one. */
  accesses = 0;

  constructor(options: WhatIfOptions) {
    this.#options = options;
    this.#present = options.present;
    const { budget, accessNs, policies } = options;
    this.#plan = planFor(options.present, { readsPerSecond: 0, accessNs, budget, policies: policies.length });
    this.#sizes = this.#build(this.#plan);
  }

  /** Keys whose position lies below this are to be sampled. */
  get bound(): number {
    return Math.max(
      boundOf(0),
      ...this.#sizes.map(({ size, phase }) => (phase === "off" ? boundOf(0) : size.bound)),
    );
  }

  /** Keys whose position lies below this are sampled without interruption. */
  get steadyBound(): number {
    const steady = this.#sizes.filter((_, at) => this.#plan.duties[at] === 1);
    return Math.max(boundOf(0), ...steady.map(({ size }) => size.bound));
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
    return this.#sizes.map(({ size: { shape, bound } }, at) => {
      const known = ofPresent![at]!;
      const sample = Math.min(bound, this.#recentBound);
      const best = this.#recent.replay(shape, sample, optimumFor(shape.unit));
      const gained = this.#recent.replay(shape, sample, policies[0]!);
      for (let group = 0; group < GROUPS; group++) gained.misses[group]! -= best.misses[group]!;
      const gain = estimate(gained.misses, reads);
      const missRatio = Math.max(0, known.missRatio - Math.max(0, gain.missRatio));
      return { ...known, ratio: best.ratio, missRatio, error: Math.min(1, known.error + gain.error) };
    });
  }

  /** Changes the plan, if the load asks for another one. */
  adapt(
    present: PresentCache,
    load: { readonly readsPerSecond: number; readonly accessNs: number; readonly budget: number },
  ): void {
    const { policies } = this.#options;
    const plan = planFor(present, { ...load, policies: policies.length }, this.#plan);
    if (plan.miniatureEntries !== this.#plan.miniatureEntries || !isAlike(present, this.#present)) {
      this.#present = present;
      const earlier = this.#sizes;
      for (const { size } of earlier) size.flush();
      this.#takeMisses();
      this.#recent.clear();
      this.#sizes = this.#build(plan);
      this.#sizes.forEach(({ size }, index) => {
        size.takeOver(earlier[index]!.size);
      });
    }
    this.#plan = plan;
  }

  event(event: Event): void {
    if (event.kind === INVALIDATED_ALL) {
      for (const { size } of this.#sizes) size.empty();
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
   * @param reads of all keys, in all, up to the last event
   * @param isWhole false: events were lost since the last call, so what has come since then is not counted
   */
  tick(nowMs: number, reads: number, isWhole = true): void {
    if (!isWhole) this.#discard(nowMs, reads);
    if (nowMs - this.#flushedMs >= FLUSH_MS) this.#flush(nowMs);
    if (this.#slices.length === 0 || nowMs - this.#sliceSinceMs >= SLICE_MS) this.#openSlice(nowMs);
    this.#takeMisses();
    const passed = reads - this.#lastReads;
    this.#lastReads = reads;
    this.#sizes.forEach((running, at) => {
      if (running.phase === "counting") this.#slices[0]![at]!.reads += passed;
      running.stretches.pass(passed);
      const phase = running.stretches.phase(this.#plan.duties[at]!);
      if (phase === running.phase) return;
      running.size.flush();
      this.#take(running, at);
      running.phase = phase;
    });
  }

  /** Forgets what has been counted, and keeps the simulated caches. */
  reset(nowMs: number, reads: number): void {
    this.tick(nowMs, reads);
    this.#flush(nowMs);
    this.#takeMisses();
    this.#slices = [];
    this.sampledReads = 0;
    this.#openSlice(nowMs);
  }

  /** @returns by policy, then by size */
  estimates(): WhatIfEstimate[][] {
    const { policies } = this.#options;
    const present = this.#present;
    return policies.map((_, policy) =>
      this.#sizes.map(({ size: { shape, ratio } }, at) => {
        const misses = new Float64Array(GROUPS);
        let reads = 0;
        for (const slice of this.#slices) {
          const tally = slice[at]!;
          reads += tally.reads;
          for (let group = 0; group < GROUPS; group++) misses[group]! += tally.misses[policy]![group]!;
        }
        return { size: shape.size, factor: shape.size / present.size, ratio, ...estimate(misses, reads) };
      }),
    );
  }

  /** The records of keys whose position lies below this are remembered. */
  get #recentBound(): number {
    return this.#sizes[REMEMBERED]!.size.bound;
  }

  #add(hash: number, operation: number, weight: number, atMs: number, ttlMs: number): void {
    const position = samplePosition(hash);
    if (position < this.#recentBound) this.#recent.add(hash, operation, weight, this.#lastReads);
    for (const { size, phase } of this.#sizes) {
      if (position >= size.bound) return;
      if (phase === "off") continue;
      this.accesses += this.#options.policies.length;
      size.add(hash, operation, weight, atMs, ttlMs);
    }
  }

  #absent(hash: number): void {
    const position = samplePosition(hash);
    for (let reads = this.#pending.absent(hash); reads > 0; reads--) {
      this.sampledReads++;
      for (const { size } of this.#sizes) if (position < size.bound) size.addAbsent(hash);
    }
  }

  /** The caches see what has come, but neither it nor the reads that it is a part of are counted. */
  #discard(nowMs: number, reads: number): void {
    this.#flush(nowMs);
    for (const { size } of this.#sizes) size.dropMisses();
    this.#lastReads = reads;
  }

  #flush(nowMs: number): void {
    this.#flushedMs = nowMs;
    for (const { size } of this.#sizes) size.flush();
  }

  #takeMisses(): void {
    this.#sizes.forEach((running, at) => {
      this.#take(running, at);
    });
  }

  #take({ size, phase }: Running, at: number): void {
    const slice = this.#slices[0];
    if (slice !== undefined && phase === "counting") size.takeMisses(slice[at]!.misses);
    else size.dropMisses();
  }

  #openSlice(nowMs: number): void {
    this.#sliceSinceMs = nowMs;
    const { policies } = this.#options;
    this.#slices.unshift(
      this.#sizes.map(() => ({ reads: 0, misses: policies.map(() => new Float64Array(GROUPS)) })),
    );
    this.#slices.length = Math.min(SLICES, this.#slices.length);
  }

  #build({ miniatureEntries, duties }: SamplingPlan): Running[] {
    const { policies } = this.#options;
    const present = this.#present;
    const shapes = shapesFor(present, miniatureEntries);
    return shapes.map((shape, index) => {
      const size = new SimulatedSize(policies, shape);
      const stretches = new Stretches(miniatureEntries, size.ratio, duties[index]!, index / shapes.length);
      return { size, stretches, phase: stretches.phase(duties[index]!) };
    });
  }
}

/** Whether the same caches simulate both. Entries may become larger or smaller, within bounds. */
function isAlike(one: PresentCache, other: PresentCache): boolean {
  const sizes = one.size / other.size;
  const entries = one.entries / other.entries;
  return one.unit === other.unit && isNear(sizes, ALIKE_SIZE) && isNear(entries, ALIKE_ENTRIES);
}

function isNear(quotient: number, bound: number): boolean {
  return quotient <= bound && quotient >= 1 / bound;
}

/** The 95th percentile of Student's t with 15 degrees of freedom. */
const T_15 = 1.753;
/** How much larger errors are than the groups tell: a miniature differs from the full cache, too. Measured. */
const MINIATURE = 1.5;

/**
 * @param misses of all keys, as the sample tells them, by group
 * @param reads of all keys
 */
function estimate(
  misses: Float64Array,
  reads: number,
): { readonly missRatio: number; readonly error: number } {
  if (reads === 0) return { missRatio: 0, error: 1 };
  const perGroup = reads / GROUPS;
  let sum = 0;
  for (const count of misses) sum += count / perGroup;
  const mean = sum / GROUPS;
  let squares = 0;
  for (const count of misses) squares += (count / perGroup - mean) ** 2;
  const error = MINIATURE * T_15 * Math.sqrt(squares / (GROUPS - 1) / GROUPS);
  return { missRatio: Math.min(1, mean), error: Math.min(1, error) };
}
