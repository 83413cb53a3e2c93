import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { DELETE, READ, type RecordSource, WRITE } from "../../replay/records.ts";
import { sampleHash } from "../../replay/spatial-sample.ts";
import { sourceOf, type TestRecord } from "../record-source-fixture.ts";
import { openSource } from "../source.ts";
import { openWorkload } from "../workload/workload.ts";
import { type CurvePlan, type CurveResult, exactLru } from "./exact-lru.ts";
import { SampledKeys } from "./sampled-keys.ts";
import { shardsOfRate, shardsOfSize } from "./shards.ts";

const TRACE = join(import.meta.dir, "../../../../shared/traces/orm-busy.oracleGeneral.zst");
/** Number of sizes, evenly spaced over the working set, as in the paper. */
const SIZES = 100;

const plan = (source: RecordSource, rest: Partial<CurvePlan> = {}): CurvePlan => ({
  source,
  units: ["entries"],
  ignoresSizes: false,
  writes: "store",
  warmupRecords: 0,
  ...rest,
});

function meanAbsoluteError(estimate: CurveResult, exact: CurveResult): number {
  let sum = 0;
  for (let i = 1; i <= SIZES; i++) {
    const size = Math.round((exact.extent.objects * i) / SIZES);
    sum += Math.abs(estimate.curves[0]!.missRatio(size) - exact.curves[0]!.missRatio(size));
  }
  return sum / SIZES;
}

const zipf = openWorkload({
  name: "zipf",
  parameters: new Map([
    ["n", 1_000_000],
    ["requests", 5_000_000],
  ]),
});

describe("SHARDS", () => {
  const records = fc.array(
    fc.record<TestRecord>({
      key: fc.nat(40),
      size: fc.integer({ min: 1, max: 20 }),
      operation: fc.constantFrom(READ, READ, READ, WRITE, DELETE),
      timeMs: fc.constant(0),
      ttlMs: fc.constantFrom(0, 0, 0, 5),
    }),
    { minLength: 1, maxLength: 300 },
  );

  test("a sample of everything gives the exact curve, whether its rate or its size is fixed", async () => {
    await fc.assert(
      fc.asyncProperty(records, fc.nat(50), async (trace, warmupRecords) => {
        const timed = trace.map((record, timeMs) => ({ ...record, timeMs }));
        const all = plan(sourceOf(timed), { units: ["entries", "bytes"], warmupRecords });
        const exact = await exactLru(all);
        for (const estimate of [
          await shardsOfRate(all, { rate: 1, seed: 1 }),
          await shardsOfSize(all, { objects: 41, seed: 1 }),
        ]) {
          expect(estimate.extent).toEqual(exact.extent);
          expect(estimate.rate).toBe(1);
          for (const [unit, curve] of estimate.curves.entries()) {
            for (let size = 1; size < 300; size++) {
              expect(curve.misses(size)).toBe(exact.curves[unit]!.misses(size));
              expect(curve.bytesMissed(size)).toBe(exact.curves[unit]!.bytesMissed(size));
            }
          }
        }
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test("1 % of the keys of a Zipf workload: mean absolute error at most 0.01", async () => {
    const exact = await exactLru(plan(zipf));
    const estimate = await shardsOfRate(plan(zipf), { rate: 0.01, seed: 1 });
    expect(estimate.curves[0]!.requests).toBe(5_000_000);
    expect(meanAbsoluteError(estimate, exact)).toBeLessThan(0.01);
    expect(Math.abs(estimate.extent.objects / exact.extent.objects - 1)).toBeLessThan(0.05);
    const ofSize = await shardsOfSize(plan(zipf), { objects: 8192, seed: 1 });
    expect(meanAbsoluteError(ofSize, exact)).toBeLessThan(0.01);
    expect(Math.abs(ofSize.extent.objects / exact.extent.objects - 1)).toBeLessThan(0.05);
  }, 60_000);

  const title = "1 % of the keys of orm-busy: mean absolute error at most 0.01";
  if (!existsSync(TRACE)) {
    test.skip(`${title}: needs ../shared, which is not part of the repository`, () => {});
  } else {
    test(title, async () => {
      const source = await openSource(TRACE);
      const exact = await exactLru(plan(source));
      expect(exact.curves[0]!.misses(763)).toBe(1_148_302);
      expect(exact.curves[0]!.misses(7634)).toBe(599_636);
      for (const seed of [1, 2]) {
        const estimate = await shardsOfRate(plan(source), { rate: 0.01, seed });
        expect(meanAbsoluteError(estimate, exact)).toBeLessThan(0.01);
      }
    }, 60_000);
  }
});

describe("a sample of fixed size", () => {
  test("holds the keys of the smallest hashes, and never more than it has room for", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(200), { maxLength: 400 }),
        fc.integer({ min: 1, max: 20 }),
        (all, limit) => {
          const keys = new SampledKeys(limit);
          const keyOf = new Map<number, number>();
          for (const key of all) {
            const hash = sampleHash(key, 0, 1);
            const object = keys.numberOf(key, 0, hash, (gone) => expect(keyOf.delete(gone)).toBe(true));
            expect(object > 0).toBe(hash < keys.bound);
            if (object === 0) continue;
            expect(keyOf.get(object) ?? key).toBe(key);
            keyOf.set(object, key);
            expect(keyOf.size).toBeLessThanOrEqual(limit);
            expect(keys.objects).toBe(keyOf.size);
          }
          for (const key of keyOf.values()) expect(sampleHash(key, 0, 1)).toBeLessThan(keys.bound);
        },
      ),
      { seed: 1 },
    );
  });
});
