import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SeededRandom } from "../lib/random.ts";
import { WindowClimberModel } from "./policies/window-climber-model.ts";
import { WindowClimber } from "./window-climber.ts";

const SEED = Number(process.env["GLASSCACHE_SEED"] ?? 1);
const RUNS = Number(process.env["GLASSCACHE_CONFORMANCE_RUNS"] ?? 24);

/** A cache as the climber sees it: its window follows at once, and a workload determines the hits. */
class Plant {
  readonly capacity: number;
  readonly sketchSample: number;
  window: number;
  protectedSegment: number;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.sketchSample = 10 * Math.max(256, capacity);
    this.window = capacity - Math.floor(0.99 * capacity);
    this.protectedSegment = Math.floor(0.8 * (capacity - this.window));
  }

  /** @returns the part of the change that was not possible */
  adapt(change: number): number {
    const done = Math.max(1 - this.window, Math.min(change, this.protectedSegment));
    this.window += done;
    this.protectedSegment -= done;
    return change - done;
  }
}

interface Counts {
  readonly windowHits: number;
  readonly probationHits: number;
  readonly protectedHits: number;
  readonly misses: number;
}

/**
 * Workloads that last some samples each. A workload says how many hits there are at most, with which window, and in
 * which segment.
 */
class Workload {
  readonly #random: SeededRandom;
  #ratio = 0;
  #best = 0;
  #windowShare = 0;
  #noise = 0;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
    this.#begin();
  }

  #begin(): void {
    const random = this.#random;
    this.#ratio = random.next();
    this.#best = random.next();
    this.#windowShare = random.pick([0, 0.001, random.next(), random.next(), 1]);
    this.#noise = random.pick([0.002, 0.02, 0.1]);
  }

  sample({ capacity, window, sketchSample }: Plant): Counts {
    const random = this.#random;
    if (random.below(60) === 0) this.#begin();
    const position = window / capacity;
    const wanted = this.#ratio + this.#noise * (random.next() - 0.5) - 0.3 * Math.abs(this.#best - position);
    const ratio = random.below(500) === 0 ? 0 : Math.min(1, Math.max(0, wanted));
    const requests = 4 * sketchSample;
    const hits = Math.floor(ratio * requests);
    const windowHits = Math.min(hits, Math.floor(hits * this.#windowShare * (0.5 + position)));
    const probationHits = Math.floor((hits - windowHits) * 0.2);
    return {
      windowHits,
      probationHits,
      protectedHits: hits - windowHits - probationHits,
      misses: requests - hits,
    };
  }
}

function repeat(times: number, action: () => void): void {
  for (let i = 0; i < times; i++) action();
}

/**
 * Checks the climber against the model.
 * @returns the window after each sample, equal in both
 */
function follow(capacity: number, seed: number, samples: number, scale: number): number[] {
  const plant = new Plant(capacity);
  const workload = new Workload(seed);
  const sums = new Float64Array(WindowClimber.sums + 2);
  const model = new WindowClimberModel(capacity);
  return Array.from({ length: samples }, () => {
    const counts = workload.sample(plant);
    const { window, protectedSegment, sketchSample } = plant;
    // A new object each time: everything that a climber remembers is in the sums.
    const climber = new WindowClimber(sums, 1, capacity);
    // Fewer requests with the same ratios, as if each stood for several.
    const few = Object.fromEntries(
      Object.entries(counts).map(([name, count]) => [name, Math.floor(count / scale)]),
    ) as unknown as Counts;
    [few.windowHits, few.probationHits, few.protectedHits].forEach((count, segment) => {
      repeat(count, () => {
        climber.countHit(segment);
        model.recordHit(segment === 0, segment === 1);
      });
    });
    repeat(few.misses, () => {
      climber.countMiss();
      model.recordMiss();
    });
    climber.endSample(window, protectedSegment, Math.floor(sketchSample / scale));
    model.determine(capacity, window, protectedSegment, Math.floor(sketchSample / scale));
    expect(climber.pending()).toBe(model.adjustment);
    const left = plant.adapt(model.adjustment);
    climber.keepPending(left);
    model.adjustment = left;
    return plant.window;
  });
}

describe("a climber", () => {
  test("sizes the window as its model, at all capacities", () => {
    const capacity = fc.constantFrom(5, 140, 512, 513, 4096, 4097, 5000, 20_000);
    const property = fc.property(capacity, fc.nat(2 ** 30), (entries, seed) => {
      follow(entries, seed, 300, Math.ceil(entries / 100));
    });
    fc.assert(property, { numRuns: 4 * RUNS, seed: SEED });
  }, 120_000);

  test("begins to grow a tiny window, and to shrink any other", () => {
    expect(follow(200, 4, 1, 1)[0]).toBeGreaterThan(2);
    expect(follow(4096, 4, 1, 10)[0]).toBe(1);
  });

  test("has done nothing before its sample is over", () => {
    const climber = new WindowClimber(new Float64Array(WindowClimber.sums), 0, 1000);
    climber.endSample(10, 792, 10_000);
    for (let i = 0; i < 9999; i++) climber.countMiss();
    expect(climber.isIdle()).toBe(true);
    climber.endSample(10, 792, 10_000);
    expect(climber.pending()).toBe(0);
    climber.countMiss();
    expect(climber.isIdle()).toBe(false);
    climber.endSample(10, 792, 10_000);
    expect(climber.pending()).toBe(-62);
    expect(climber.isIdle()).toBe(false);
    climber.keepPending(0);
    expect(climber.isIdle()).toBe(true);
  });
});
