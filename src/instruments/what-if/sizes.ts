import type { PolicyChoice } from "../../policy/registry.ts";
import { boundOf, samplePosition } from "../events/event-control.ts";
import type { AccessCost } from "./access-cost.ts";
import { ReuseSample } from "./reuse-sample.ts";
import type { SamplingPlan } from "./sampling-plan.ts";
import { SimulatedSize, type SizeShape } from "./simulated-size.ts";
import { closeStretch, newStretch, type Slice, type Stretch, takeStretch } from "./slices.ts";
import { Stretches, type StretchPhase } from "./stretches.ts";

/** A size, and when it runs. */
interface Running {
  readonly size: SimulatedSize;
  readonly stretches: Stretches;
  phase: StretchPhase;
  /** Whether it should run, but the threads do not tell of all of its keys yet. */
  isBlind: boolean;
  /** What was counted since the present stretch began. */
  readonly stretch: Stretch;
}

/** The miniatures of all sizes, and the reuse sample. All see and count the same records. */
export class Sizes {
  readonly shapes: readonly SizeShape[];
  /** The largest samples, of the smallest caches, come first. */
  readonly #running: readonly Running[];
  readonly #policies: number;
  #reuse: ReuseSample;

  /**
   * @param policies of the miniatures: all but LRU
   * @param shapes the smallest size first
   * @param bound keys whose position lies below it are told of at present
   */
  constructor(
    policies: readonly PolicyChoice[],
    shapes: readonly SizeShape[],
    { miniatureEntries, duties, reuseRatio }: SamplingPlan,
    cost: AccessCost,
    bound: number,
  ) {
    this.shapes = shapes;
    this.#policies = policies.length;
    this.#running = shapes.map((shape, index) => {
      const size = new SimulatedSize(policies, shape, cost);
      const stretches = new Stretches(miniatureEntries, size.ratio, duties[index]!, index / shapes.length);
      const wanted = stretches.phase(duties[index]!);
      const isBlind = wanted !== "off" && size.bound > bound;
      const phase = isBlind ? "off" : wanted;
      return { size, stretches, phase, isBlind, stretch: newStretch(policies.length) };
    });
    this.#reuse = new ReuseSample(shapes, reuseRatio);
  }

  /** Keys whose position lies below this are to be seen at present. */
  get bound(): number {
    const none = boundOf(0);
    return Math.max(this.#reuse.bound, ...this.#running.map((one) => (isOff(one) ? none : one.size.bound)));
  }

  /** Keys whose position lies below this are seen without interruption. */
  steadyBound(duties: readonly number[]): number {
    const steady = this.#running.filter((_, at) => duties[at] === 1);
    return Math.max(this.#reuse.bound, ...steady.map(({ size }) => size.bound));
  }

  /** Keys whose position lies below this are in the sample of a size. */
  boundOf(size: number): number {
    return this.#running[size]!.size.bound;
  }

  /** The share of the keys in the sample of each size. */
  ratioOf(size: number): number {
    return this.#running[size]!.size.ratio;
  }

  get reuseRatio(): number {
    return this.#reuse.ratio;
  }

  /** Whether the reuse sample sees all of its keys. @param bound below which keys are told of */
  isReuseSeen(bound: number): boolean {
    return this.#reuse.bound <= bound;
  }

  /** Takes over what the caches of an earlier plan hold, as far as it fits. */
  takeOver(earlier: Sizes): void {
    this.#running.forEach(({ size }, index) => {
      size.takeOver(earlier.#running[index]!.size);
    });
    this.#reuse.takeOver(earlier.#reuse);
  }

  /** Measures the reuse distances of another share of the keys from now on. */
  changeReuse(ratio: number): void {
    const earlier = this.#reuse;
    this.#reuse = new ReuseSample(this.shapes, ratio);
    this.#reuse.takeOver(earlier);
  }

  /** Adds a record. @returns how many simulated accesses it makes */
  add(hash: number, operation: number, weight: number, atMs: number, ttlMs: number): number {
    const position = samplePosition(hash);
    const running = this.#running;
    let seenBy = 0;
    let accesses = 0;
    for (let at = 0; at < running.length; at++) {
      const { size, phase } = running[at]!;
      if (position >= size.bound) break;
      if (phase === "off") continue;
      if (phase === "counting") seenBy |= 1 << at;
      accesses += this.#policies;
      size.add(hash, operation, weight, atMs, ttlMs);
    }
    if (position < this.#reuse.bound) this.#reuse.add(hash, operation, weight, atMs, ttlMs, seenBy);
    return accesses;
  }

  /** Counts a read of a key that has no value: no cache can have it. */
  addAbsent(hash: number): void {
    const position = samplePosition(hash);
    let seenBy = 0;
    this.#running.forEach(({ size, phase }, at) => {
      if (position >= size.bound) return;
      size.addAbsent(hash);
      if (phase === "counting") seenBy |= 1 << at;
    });
    if (position < this.#reuse.bound) this.#reuse.addAbsent(hash, seenBy);
  }

  /** Removes everything, as when the channel for invalidations is lost. */
  empty(): void {
    for (const { size } of this.#running) size.empty();
    this.#reuse.empty();
  }

  /** Counts reads of all keys. */
  count(reads: number, slice: Slice): void {
    slice.reads += reads;
    this.#running.forEach(({ phase, stretch }, at) => {
      if (phase !== "counting") return;
      slice.sizes[at]!.reads += reads;
      stretch.reads += reads;
    });
  }

  /** Replays what was added, and counts the misses. @param slice undefined: they are not counted */
  settle(slice: Slice | undefined): void {
    for (const { size } of this.#running) size.flush();
    this.#reuse.flush();
    if (slice === undefined) {
      for (const { size } of this.#running) size.dropMisses();
      this.#reuse.dropMisses();
      return;
    }
    const within = this.#running.map(({ stretch }) => stretch.within);
    this.#reuse.takeMisses(slice.lru, within);
    this.#running.forEach(({ size, phase, stretch }, at) => {
      if (phase !== "counting") {
        size.dropMisses();
        return;
      }
      size.takeMisses(stretch.misses);
      takeStretch(stretch, slice.sizes[at]!);
    });
  }

  /**
   * Begins and ends stretches.
   * @param reads of all keys since the last call
   * @param bound keys whose position lies below it are told of
   * @param settle is called before one begins or ends
   */
  pass(reads: number, bound: number, duties: readonly number[], slice: Slice, settle: () => void): void {
    this.#running.forEach((running, at) => {
      const { size, stretches } = running;
      // Events that were written before the bound rose do not tell of all keys of the sample. So time stands still.
      if (!running.isBlind || size.bound <= bound) stretches.pass(reads);
      const wanted = stretches.phase(duties[at]!);
      running.isBlind = wanted !== "off" && size.bound > bound;
      const phase = running.isBlind ? "off" : wanted;
      if (phase === running.phase) return;
      settle();
      if (running.phase === "counting") closeStretch(running.stretch, slice.sizes[at]!);
      running.phase = phase;
    });
  }

  /** Ends what stretches have counted so far, as if they began now. */
  cut(slice: Slice): void {
    this.#running.forEach(({ stretch }, at) => {
      closeStretch(stretch, slice.sizes[at]!);
    });
  }
}

function isOff({ phase, isBlind }: Running): boolean {
  return phase === "off" && !isBlind;
}
