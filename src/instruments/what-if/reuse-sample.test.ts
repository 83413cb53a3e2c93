import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../../lib/random.ts";
import { parsePolicy } from "../../policy/registry.ts";
import { NumberedBatch } from "../../replay/numbered-batch.ts";
import { DELETE, READ } from "../../replay/records.ts";
import { replayRecords } from "../../replay/replay-records.ts";
import { SimulatedCache, type SizeUnit } from "../../replay/simulated-cache.ts";
import { noCounts } from "../../replay/tally.ts";
import { samplePosition } from "../events/event-control.ts";
import { ReuseSample } from "./reuse-sample.ts";
import { GROUPS, type SizeShape } from "./simulated-size.ts";

const KEYS = 3000;
const RECORDS = 60_000;

interface Load {
  readonly unit: SizeUnit;
  readonly sizes: readonly number[];
  /** The share of records that delete their key, and of reads whose value has a time to live. */
  readonly deletes?: number;
  readonly expiries?: number;
}

/** Some keys are read far more often than others. Values keep their sizes. */
function records({ unit, deletes = 0, expiries = 0 }: Load): NumberedBatch {
  const random = new SeededRandom(5);
  const batch = new NumberedBatch(RECORDS);
  batch.hasOperations = true;
  batch.hasSizes = unit === "bytes";
  batch.count = RECORDS;
  for (let i = 0; i < RECORDS; i++) {
    const key = 1 + Math.floor(KEYS * random.next() ** 3);
    batch.objects[i] = key;
    batch.size[i] = unit === "bytes" ? 1 + (key % 7) * 10 : 1;
    batch.operation[i] = random.next() < deletes ? DELETE : READ;
    batch.timeMs[i] = i;
    // The origin's value expires at a time that does not depend on who asked for it when.
    const everyMs = 2000 + (key % 5) * 1000;
    batch.ttlMs[i] = (key % 100) / 100 < expiries ? everyMs - (i % everyMs) : 0;
  }
  return batch;
}

function exact(batch: NumberedBatch, { unit, sizes }: Load): number[] {
  return sizes.map((size) => {
    const shape = { capacity: size, unit, maxEntries: KEYS, seed: 1 };
    const cache = new SimulatedCache({ policy: parsePolicy("lru"), ...shape });
    cache.coverObjects(KEYS);
    const counts = noCounts();
    replayRecords(cache, batch, 0, batch.count, "drop", counts, undefined);
    return counts.misses;
  });
}

const hashOf = (key: number): number => Math.imul(key, 0x85eb_ca6b) >>> 0;

/** @returns the misses of each size, all of them and those within the second half of the reads */
function sampled(
  batch: NumberedBatch,
  { unit, sizes }: Load,
  ratio: number,
): { all: number[]; within: number[] } {
  const shapes: SizeShape[] = sizes.map((size) => ({ size, unit, entries: KEYS, ratio }));
  const sample = new ReuseSample(shapes, ratio);
  const all = sizes.map(() => new Float64Array(GROUPS));
  const within = sizes.map(() => new Float64Array(GROUPS));
  for (let i = 0; i < batch.count; i++) {
    const hash = hashOf(batch.objects[i]!);
    if (samplePosition(hash) >= sample.bound) continue;
    const seenBy = i < RECORDS / 2 ? 0 : 2 ** sizes.length - 1;
    sample.add(hash, batch.operation[i]!, batch.size[i]!, batch.timeMs[i]!, batch.ttlMs[i]!, seenBy);
    if (i % 5000 === 0) sample.takeMisses(all, within);
  }
  sample.flush();
  sample.takeMisses(all, within);
  const sums = (counts: Float64Array[]): number[] =>
    counts.map((of) => of.reduce((sum, one) => sum + one, 0));
  return { all: sums(all), within: sums(within) };
}

const LOADS: Record<string, Load> = {
  entries: { unit: "entries", sizes: [50, 200, 1000] },
  bytes: { unit: "bytes", sizes: [2000, 8000, 30_000] },
  deletes: { unit: "entries", sizes: [50, 200, 1000], deletes: 0.1 },
  "times to live": { unit: "entries", sizes: [50, 200, 1000], expiries: 0.5 },
};

describe("a reuse sample", () => {
  for (const [name, load] of Object.entries(LOADS)) {
    test(`of all keys is exact: ${name}`, () => {
      const batch = records(load);
      expect(sampled(batch, load, 1).all).toEqual(exact(batch, load));
    });
  }

  test("of some of the keys is close", () => {
    const load: Load = { unit: "entries", sizes: [50, 200, 1000] };
    const batch = records(load);
    const misses = exact(batch, load);
    sampled(batch, load, 0.25).all.forEach((told, size) => {
      expect(Math.abs(told - misses[size]!) / RECORDS).toBeLessThan(0.03);
    });
  });

  test("tells the misses within what a miniature sees", () => {
    const load: Load = { unit: "entries", sizes: [50, 200, 1000] };
    const batch = records(load);
    const { all, within } = sampled(batch, load, 1);
    within.forEach((misses, size) => {
      expect(misses).toBeGreaterThan(0.3 * all[size]!);
      expect(misses).toBeLessThan(0.6 * all[size]!);
    });
  });

  test("keeps no more keys than the largest size needs, and takes over what an earlier one has", () => {
    const shapes: SizeShape[] = [{ size: 100, unit: "entries", entries: 100, ratio: 1 }];
    const earlier = new ReuseSample(shapes, 1);
    for (let key = 1; key <= 50_000; key++) earlier.add(hashOf(key), READ, 1, 0, 0, 0);
    const sample = new ReuseSample(shapes, 0.5);
    sample.takeOver(earlier);
    const all = [new Float64Array(GROUPS)];
    for (let key = 49_901; key <= 50_000; key++) {
      const hash = hashOf(key);
      if (samplePosition(hash) < sample.bound) sample.add(hash, READ, 1, 0, 0, 0);
    }
    sample.flush();
    sample.takeMisses(all, [new Float64Array(GROUPS)]);
    // About half of the last hundred keys are in the sample, and nearly all of those fit.
    expect(all[0]!.reduce((sum, one) => sum + one, 0)).toBeLessThan(20);
  });

  test("of which everything is removed has nothing", () => {
    const shapes: SizeShape[] = [{ size: 100, unit: "entries", entries: 100, ratio: 1 }];
    const sample = new ReuseSample(shapes, 1);
    const all = [new Float64Array(GROUPS)];
    for (let round = 0; round < 2; round++) {
      for (let key = 1; key <= 10; key++) sample.add(hashOf(key), READ, 1, 0, 0, 0);
      sample.empty();
    }
    sample.takeMisses(all, [new Float64Array(GROUPS)]);
    expect(all[0]!.reduce((sum, one) => sum + one, 0)).toBe(20);
  });
});
