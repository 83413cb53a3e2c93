import { describe, expect, test } from "bun:test";
import { utf8 } from "../../lib/bytes.ts";
import { SeededRandom } from "../../lib/random.ts";
import { halfSipHash } from "../../lib/sip-hash.ts";
import { parsePolicy } from "../../policy/registry.ts";
import { NumberedBatch } from "../../replay/numbered-batch.ts";
import { Simulation } from "../../replay/simulation.ts";
import { Event } from "../events/event.ts";
import { boundOf, samplePosition } from "../events/event-control.ts";
import * as kinds from "../events/event-kinds.ts";
import { type Demand, FACTORS } from "./sampling-plan.ts";
import { SLICE_MS, WhatIf, type WhatIfEstimate } from "./what-if.ts";

const POLICIES = ["lru", "s3-fifo", "w-tinylfu"];
const OBJECTS = 20_000;
const SIZE = 2000;

/** Objects from 1, asked for by Zipf's law. */
function zipf(reads: number, seed: number): Uint32Array {
  const random = new SeededRandom(seed);
  const sums = new Float64Array(OBJECTS);
  let sum = 0;
  for (let i = 0; i < OBJECTS; i++) sums[i] = sum += (i + 1) ** -0.9;
  return Uint32Array.from({ length: reads }, () => {
    const drawn = random.next() * sum;
    let low = 0;
    let high = OBJECTS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! < drawn) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  });
}

function hashOf(object: number): number {
  const bytes = utf8(`key:${object}`);
  return halfSipHash(bytes, 0, bytes.length, 1, 2);
}

const HASHES = Uint32Array.from({ length: OBJECTS + 1 }, (_, object) => hashOf(object));

/** @param batchMs what the simulation of a batch takes */
function newWhatIf(batchMs = 0.1): WhatIf {
  let clockMs = 0;
  const present = { policy: "lru", unit: "entries", size: SIZE, entries: SIZE } as const;
  return new WhatIf({
    policies: POLICIES.map(parsePolicy),
    present,
    weigh: () => 1,
    budget: 1,
    // A batch has 256 records, for two policies: an access takes 200 ns by default.
    clockMs: () => (clockMs += batchMs),
  });
}

/** A load that has been the same for long. */
function demandOf(readsPerSecond: number, budget: number): Demand {
  return { readsPerSecond, peakReadsPerSecond: readsPerSecond, otherShare: 0, budget };
}

/** Feeds hits, as the proxy would tell them: those of sampled keys only. */
function feed(
  whatIf: WhatIf,
  objects: Uint32Array,
  { from = 0, nowMs = 0, readsPerSecond = Number.POSITIVE_INFINITY } = {},
): void {
  const event = new Event();
  event.kind = kinds.HIT;
  event.flags = kinds.IS_FOLLOWED;
  for (let i = 0; i < objects.length; i++) {
    const hash = HASHES[objects[i]!]!;
    if (samplePosition(hash) < whatIf.bound) {
      event.hash = hash;
      event.atMs = nowMs;
      whatIf.event(event);
    }
    if (i % 1000 === 999) whatIf.tick(nowMs + (i * 1000) / readsPerSecond, from + i + 1);
  }
  whatIf.tick(nowMs + (objects.length * 1000) / readsPerSecond + 10_000, from + objects.length);
}

function exactMissRatio(policy: string, size: number, objects: Uint32Array, warmupRecords = 0): number {
  const counting = { warmupRecords, windowRecords: 0, byFamily: false };
  const shape = { capacity: size, unit: "entries", maxEntries: size, seed: 1 } as const;
  const simulation = new Simulation({ policy: parsePolicy(policy), ...shape, writes: "drop", counting });
  const batch = new NumberedBatch(objects.length);
  batch.objects.set(objects);
  batch.count = objects.length;
  simulation.replay(batch, OBJECTS);
  const { total } = simulation.finish();
  return total.misses / total.requests;
}

describe("what-if", () => {
  test("is close to exact simulations of the same reads, and its errors say how close", () => {
    const objects = zipf(80_000, 3);
    const whatIf = newWhatIf();
    whatIf.adapt({ policy: "lru", unit: "entries", size: SIZE, entries: SIZE }, demandOf(20_000, 0.02));
    expect(whatIf.plan.miniatureEntries).toBeLessThan(SIZE);
    feed(whatIf, objects);
    let covered = 0;
    let sum = 0;
    whatIf.estimates().forEach((sizes, index) => {
      for (const { size, missRatio, error } of sizes) {
        const difference = Math.abs(missRatio - exactMissRatio(POLICIES[index]!, size, objects));
        expect(difference).toBeLessThan(0.05);
        if (difference <= error) covered++;
        sum += difference;
      }
    });
    const points = POLICIES.length * FACTORS.length;
    expect(sum / points).toBeLessThan(0.015);
    expect(covered / points).toBeGreaterThan(0.75);
  });

  test("sees every key of a small cache if the budget allows, and is exact then", () => {
    const objects = zipf(30_000, 5);
    const whatIf = newWhatIf();
    feed(whatIf, objects);
    const [ofLru] = whatIf.estimates();
    const { size, ratio, missRatio } = ofLru![0]!;
    expect(ratio).toBe(1);
    expect(missRatio).toBeCloseTo(exactMissRatio("lru", size, objects), 10);
  });

  test("the optimum misses no more than any policy, and is exact if every key is seen", () => {
    const objects = zipf(30_000, 7);
    const whatIf = newWhatIf();
    feed(whatIf, objects);
    const optimum = whatIf.optimum();
    const least = optimum[0]!;
    for (const sizes of whatIf.estimates()) {
      sizes.forEach(({ missRatio, error }, at) => {
        expect(optimum[at]!.missRatio).toBeLessThanOrEqual(missRatio + error + optimum[at]!.error);
      });
    }
    expect(least.ratio).toBe(1);
    expect(least.missRatio).toBeLessThan(whatIf.estimates()[0]![0]!.missRatio);
  });

  test("a change of the plan keeps what is counted and what the caches hold", () => {
    const objects = zipf(80_000, 9);
    const whatIf = newWhatIf();
    feed(whatIf, objects.subarray(0, 40_000));
    const present = { policy: "lru", unit: "entries", size: SIZE, entries: SIZE } as const;
    whatIf.adapt(present, demandOf(50_000, 0.03));
    expect(whatIf.plan.miniatureEntries).toBeLessThan(1000);
    feed(whatIf, objects.subarray(40_000), { from: 40_000, nowMs: 20_000 });
    whatIf.estimates().forEach((sizes, index) => {
      for (const { size, missRatio } of sizes) {
        const exact = exactMissRatio(POLICIES[index]!, size, objects);
        expect(Math.abs(missRatio - exact)).toBeLessThan(0.04);
      }
    });
  });

  test("a change of the plan loses no misses of reads that are already counted", () => {
    const whatIf = newWhatIf();
    const event = new Event();
    event.kind = kinds.HIT;
    event.flags = kinds.IS_FOLLOWED;
    whatIf.tick(1000, 0);
    for (let object = 1; object <= 100; object++) {
      event.hash = HASHES[object]!;
      whatIf.event(event);
    }
    whatIf.tick(1001, 100);
    const present = { policy: "lru", unit: "entries", size: SIZE, entries: SIZE } as const;
    whatIf.adapt(present, demandOf(50_000, 0.03));
    // Every read is of another key, so all of them are misses; the smallest size has seen them all.
    expect(whatIf.estimates()[0]![0]!.missRatio).toBe(1);
  });

  test("writes and invalidations take part: what is dropped is missed", () => {
    const whatIf = newWhatIf();
    const event = new Event();
    event.flags = kinds.IS_FOLLOWED;
    for (let i = 0; i < 2000; i++) {
      event.hash = HASHES[1 + (i % 10)]!;
      event.kind = kinds.HIT;
      whatIf.event(event);
      event.kind = kinds.INVALIDATED;
      if (i % 2 === 0) whatIf.event(event);
    }
    whatIf.tick(10_000, 2000);
    whatIf.tick(20_000, 2000);
    const [sizes] = whatIf.estimates();
    expect(sizes!.at(-1)!.missRatio).toBeGreaterThan(0.4);
    event.kind = kinds.INVALIDATED_ALL;
    whatIf.event(event);
    expect(whatIf.estimates()[0]!.at(-1)!.missRatio).toBeGreaterThan(0.4);
  });

  test("a read of a key that does not exist is a miss for every cache", () => {
    const whatIf = newWhatIf();
    const event = new Event();
    event.flags = kinds.IS_FOLLOWED;
    for (let i = 0; i < 100; i++) {
      event.hash = HASHES[1]!;
      event.kind = kinds.MISS;
      whatIf.event(event);
      event.kind = kinds.REFUSED;
      event.detail = kinds.REFUSALS.indexOf("no-value");
      whatIf.event(event);
    }
    whatIf.tick(10_000, 100);
    for (const sizes of whatIf.estimates()) {
      // A cache of every key is exact; a sample that has just this key thinks that all have it.
      expect(sizes[0]!.missRatio).toBe(1);
    }
  });

  test("entries expire as in the cache", () => {
    const whatIf = newWhatIf();
    const event = new Event();
    event.flags = kinds.IS_FOLLOWED;
    event.hash = HASHES[3]!;
    for (let i = 0; i < 100; i++) {
      event.atMs = 1000 * i;
      event.kind = kinds.MISS;
      whatIf.event(event);
      event.kind = kinds.ANSWERED;
      event.detail = 5;
      event.second = 500;
      whatIf.event(event);
    }
    whatIf.tick(200_000, 100);
    whatIf.tick(210_000, 100);
    expect(whatIf.estimates()[0]![0]!.missRatio).toBe(1);
  });

  test("a loss of events makes little difference: reads before it count, and those after it warm up", () => {
    const objects = zipf(100_000, 11);
    /** Of every 3,000 reads the last ones are lost, at once, and the loss comes in the middle of a tick. */
    const estimatesWithout = (lost: number): readonly WhatIfEstimate[][] => {
      const whatIf = newWhatIf();
      const event = new Event();
      event.kind = kinds.HIT;
      event.flags = kinds.IS_FOLLOWED;
      let seen = 0;
      objects.forEach((object, i) => {
        const atMs = i / 20;
        if (i === 40_000) whatIf.reset(atMs, seen);
        if (i > 40_000 && i % 3000 >= 3000 - lost) return;
        if (i > 40_000 && i % 3000 === 0 && lost > 0) whatIf.lost(seen, lost);
        event.hash = HASHES[object]!;
        event.atMs = atMs;
        if (samplePosition(event.hash) < whatIf.bound) whatIf.event(event);
        seen++;
        if (i % 700 === 699) whatIf.tick(atMs, seen);
      });
      whatIf.tick(60_000, seen);
      return whatIf.estimates();
    };
    const whole = estimatesWithout(0);
    estimatesWithout(1000).forEach((sizes, policy) => {
      sizes.forEach(({ missRatio }, size) => {
        expect(Math.abs(missRatio - whole[policy]![size]!.missRatio)).toBeLessThan(0.02);
      });
    });
  });

  test("events that were written under a lower bound do not count for samples that are larger", () => {
    const objects = zipf(40_000, 11);
    const whatIf = newWhatIf();
    const event = new Event();
    event.kind = kinds.HIT;
    event.flags = kinds.IS_FOLLOWED;
    // At first the threads tell of every fourth key.
    const [low, high] = [boundOf(0.25), boundOf(1)];
    whatIf.tick(0, 0, low);
    objects.forEach((object, i) => {
      const bound = i < 20_000 ? low : high;
      event.hash = HASHES[object]!;
      event.atMs = i / 20;
      if (samplePosition(event.hash) < bound) whatIf.event(event);
      if (i % 500 === 499) whatIf.tick(i / 20, i + 1, bound);
    });
    whatIf.tick(5000, objects.length, high);
    const seen = objects.subarray(20_000);
    whatIf.estimates().forEach((sizes, index) => {
      for (const { size, missRatio, error } of sizes.slice(0, 3)) {
        const difference = missRatio - exactMissRatio(POLICIES[index]!, size, seen);
        expect(Math.abs(difference)).toBeLessThan(0.03);
        expect(error).toBeGreaterThan(0.1);
      }
    });
  });

  test("keys that come to a larger sample are not told as misses", () => {
    const objects = zipf(70_000, 13);
    const whatIf = newWhatIf();
    const present = { policy: "lru", unit: "entries", size: SIZE, entries: SIZE } as const;
    whatIf.adapt(present, demandOf(400_000, 0.03));
    feed(whatIf, objects.subarray(0, 40_000));
    whatIf.reset(11_000, 40_000);
    whatIf.adapt(present, demandOf(20_000, 1));
    expect(whatIf.plan.reuseRatio).toBe(1);
    feed(whatIf, objects.subarray(40_000), { from: 40_000, nowMs: 12_000 });
    const [ofLru] = whatIf.estimates();
    for (const { size, missRatio } of ofLru!.filter((one) => one.size <= SIZE)) {
      const exact = exactMissRatio("lru", size, objects, 50_000);
      expect(Math.abs(missRatio - exact)).toBeLessThan(0.005);
    }
  });

  test("a loss of events widens the errors by its share", () => {
    const whatIf = newWhatIf();
    feed(whatIf, zipf(20_000, 11));
    const [before] = whatIf.estimates();
    whatIf.lost(20_000, 2000);
    const [after] = whatIf.estimates();
    expect(after![0]!.error - before![0]!.error).toBeGreaterThan(0.005);
  });

  test("at the beginning all sizes run always, unless events are lost", () => {
    const whatIf = newWhatIf(0.5);
    const present = { policy: "lru", unit: "entries", size: SIZE, entries: SIZE } as const;
    const load = demandOf(20_000, 0.01);
    feed(whatIf, zipf(2000, 1));
    whatIf.adapt(present, load);
    expect(whatIf.plan.duties[0]).toBe(1);
    whatIf.lost(2000, 1000);
    whatIf.adapt(present, load);
    expect(whatIf.plan.duties[0]).toBeLessThan(0.5);
  });

  test("sizes that run in stretches are close although the load changes between them", () => {
    // The number of keys goes up and down.
    const random = new SeededRandom(7);
    const reads = 240_000;
    const objects = Uint32Array.from({ length: reads }, (_, i) => {
      const phase = 0.5 + 0.5 * Math.sin((i / reads) * 25);
      return 1 + Math.floor((1000 + 19_000 * phase) * random.next() ** 2);
    });
    const whatIf = newWhatIf(0.5);
    const load = demandOf(20_000, 0.03);
    const present = { policy: "lru", unit: "entries", size: SIZE, entries: SIZE } as const;
    feed(whatIf, objects.subarray(0, 20_000), { readsPerSecond: 20_000 });
    whatIf.reset(1000, 20_000);
    whatIf.accesses = 1e9;
    whatIf.adapt(present, load);
    expect(whatIf.plan.duties[0]).toBeLessThan(0.2);
    feed(whatIf, objects.subarray(20_000), { from: 20_000, nowMs: 1000, readsPerSecond: 20_000 });
    const differences = whatIf
      .estimates()
      .flatMap((sizes, index) =>
        sizes.map(
          ({ size, missRatio }) => missRatio - exactMissRatio(POLICIES[index]!, size, objects, 20_000),
        ),
      );
    expect(Math.max(...differences.map(Math.abs))).toBeLessThan(0.05);
    expect(differences.reduce((sum, one) => sum + Math.abs(one), 0) / differences.length).toBeLessThan(0.015);
  });

  test("what was counted at another size of the present cache is forgotten", () => {
    const whatIf = newWhatIf();
    feed(whatIf, zipf(20_000, 11));
    const present = { policy: "lru", unit: "entries", size: 2 * SIZE, entries: 2 * SIZE } as const;
    const load = demandOf(1000, 1);
    whatIf.adapt(present, load);
    const [sizes] = whatIf.estimates();
    expect(sizes!.map(({ size, error }) => [size, error])[0]).toEqual([SIZE / 4, 1]);
    // From here on every read is of the same key: nothing of before is mixed in.
    feed(whatIf, new Uint32Array(20_000).fill(1), { from: 20_000, nowMs: 20_000 });
    for (const { missRatio } of whatIf.estimates().flat()) expect(missRatio).toBeLessThan(0.001);
  });

  test("a slightly different size is the same one", () => {
    const whatIf = newWhatIf();
    feed(whatIf, zipf(20_000, 11));
    const before = whatIf.estimates();
    const present = { policy: "lru", unit: "entries", size: SIZE * 1.01, entries: SIZE * 1.01 } as const;
    whatIf.adapt(present, demandOf(1000, 1));
    expect(whatIf.estimates()).toEqual(before);
  });

  test("old slices are forgotten", () => {
    const objects = zipf(20_000, 11);
    const whatIf = newWhatIf();
    feed(whatIf, objects);
    const before = whatIf.estimates()[0]![0]!.missRatio;
    expect(before).toBeGreaterThan(0.2);
    const one = new Uint32Array(20_000).fill(1);
    for (let minute = 1; minute <= 12; minute++) {
      feed(whatIf, one, { from: 20_000 * minute, nowMs: minute * SLICE_MS * 1.01 });
    }
    expect(whatIf.estimates()[0]![0]!.missRatio).toBeLessThan(0.001);
  });
});
