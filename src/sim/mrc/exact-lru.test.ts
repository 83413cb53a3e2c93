import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { DELETE, EXPIRE, READ, WRITE } from "../../replay/records.ts";
import { sourceOf, type TestRecord } from "../record-source-fixture.ts";
import { openWorkload } from "../workload/workload.ts";
import { type CurvePlan, exactLru } from "./exact-lru.ts";
import { modelLru } from "./lru-model-fixture.ts";

const LARGEST = 12;

const record = (sizes: fc.Arbitrary<number>, operations: readonly number[]): fc.Arbitrary<TestRecord> =>
  fc.record({
    key: fc.integer({ min: 0, max: 15 }),
    size: sizes,
    operation: fc.constantFrom(...operations),
  });

const plan = (records: readonly TestRecord[], rest: Partial<CurvePlan> = {}): CurvePlan => ({
  source: sourceOf(records),
  units: ["entries"],
  ignoresSizes: false,
  writes: "store",
  warmupRecords: 0,
  ...rest,
});

describe("exact LRU curve", () => {
  test("equals an LRU cache of every number of entries, under writes and deletes", async () => {
    const records = fc.array(
      record(fc.integer({ min: 1, max: 9 }), [READ, READ, READ, WRITE, DELETE, EXPIRE]),
      {
        minLength: 1,
        maxLength: 300,
      },
    );
    await fc.assert(
      fc.asyncProperty(records, fc.boolean(), fc.nat(20), async (trace, drops, warmup) => {
        const { curves } = await exactLru(
          plan(trace, { writes: drops ? "drop" : "store", warmupRecords: warmup }),
        );
        for (let capacity = 1; capacity <= 18; capacity++) {
          const model = modelLru(trace, capacity, { drops, warmup });
          expect(curves[0]!.misses(capacity)).toBe(model.misses);
          expect(curves[0]!.bytesMissed(capacity)).toBe(model.bytesMissed);
          expect(curves[0]!.requests).toBe(model.requests);
        }
      }),
      { seed: 1 },
    );
  });

  test("equals an LRU cache of every number of bytes, under changing sizes, writes and deletes", async () => {
    const records = fc.array(
      record(fc.integer({ min: 1, max: LARGEST }), [READ, READ, READ, WRITE, DELETE, EXPIRE]),
      {
        minLength: 1,
        maxLength: 200,
      },
    );
    await fc.assert(
      fc.asyncProperty(records, async (trace) => {
        const { curves } = await exactLru(plan(trace, { units: ["bytes"] }));
        for (let capacity = LARGEST; capacity <= 120; capacity++) {
          const model = modelLru(trace, capacity, { isWeighed: true });
          expect(curves[0]!.misses(capacity)).toBe(model.misses);
          expect(curves[0]!.bytesMissed(capacity)).toBe(model.bytesMissed);
        }
      }),
      { seed: 2 },
    );
  });

  test("stays exact when positions run out and are renumbered", async () => {
    const parameters = new Map([
      ["n", 6000],
      ["requests", 40_000],
    ]);
    const source = openWorkload({ name: "zipf", parameters });
    const keys: TestRecord[] = [];
    await source.read((batch) => {
      for (let i = 0; i < batch.count; i++) keys.push({ key: batch.keyLow[i]! });
      return true;
    });
    const { curves, extent } = await exactLru(plan(keys));
    expect(extent).toEqual({
      objects: new Set(keys.map(({ key }) => key)).size,
      bytes: extent.objects,
      records: 40_000,
      requests: 40_000,
      bytesRequested: 40_000,
      smallestBytes: 1,
      hasSizes: false,
    });
    for (const capacity of [1, 10, 100]) {
      expect(curves[0]!.misses(capacity)).toBe(modelLru(keys, capacity).misses);
    }
    expect(curves[0]!.misses(extent.objects)).toBe(extent.objects);
    expect(curves[0]!.coldMisses).toBe(extent.objects);
  });

  test("an expired object is a miss at every size", async () => {
    const { curves } = await exactLru(
      plan([
        { key: 1, timeMs: 0, ttlMs: 100 },
        { key: 1, timeMs: 99 },
        { key: 1, timeMs: 100 },
        { key: 1, timeMs: 300 },
        { key: 1, timeMs: 300, ttlMs: 50, operation: WRITE },
        { key: 1, timeMs: 350 },
      ]),
    );
    expect(curves[0]!.misses(1000)).toBe(3);
  });

  test("no request, no miss ratio", async () => {
    const { curves } = await exactLru(plan([{ key: 1, operation: WRITE }]));
    expect(curves[0]!.missRatio(10)).toBe(0);
    expect(curves[0]!.byteMissRatio(10)).toBe(0);
  });
});
