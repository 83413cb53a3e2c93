import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { SeededRandom } from "../../lib/random.ts";
import { parsePolicy } from "../../policy/registry.ts";
import { DELETE, READ, type RecordSource, WRITE } from "../../replay/records.ts";
import { DEFAULT_SIZES, parseCacheSizes } from "../cache-size.ts";
import { compare } from "../comparison.ts";
import { sourceOf, type TestRecord } from "../record-source-fixture.ts";
import { type ResultRow, run } from "../runner.ts";
import { runSampled, type SampledPlan, type SampledRow } from "../sampled-run.ts";
import { openSource } from "../source.ts";

const TRACE = join(import.meta.dir, "../../../../shared/traces/orm-busy.oracleGeneral.zst");

const plan = (source: RecordSource, policies: string, rest: Partial<SampledPlan> = {}): SampledPlan => ({
  source,
  policies: policies.split(",").map(parsePolicy),
  sizes: parseCacheSizes(DEFAULT_SIZES),
  ignoresSizes: false,
  writes: "store",
  warmupRecords: 0,
  seed: 1,
  sample: { kind: "rate", rate: 0.01 },
  ...rest,
});

/** The same caches with all keys. */
async function exactly(sampled: SampledPlan, rows: readonly SampledRow[]): Promise<readonly ResultRow[]> {
  const caches = new Map(rows.map(({ size, sizeUnit }) => [`${size}`, { kind: sizeUnit, amount: size }]));
  const counting = { warmupRecords: sampled.warmupRecords, windowRecords: 0, byFamily: false };
  return (await run({ ...sampled, sizes: [...caches.values()], counting, threads: 1 })).rows;
}

describe("miniature simulation", () => {
  test("of all keys equals the simulation: sizes, writes, deletes, warm-up, the future", async () => {
    const random = new SeededRandom(7);
    const trace = Array.from(
      { length: 3000 },
      (_, timeMs): TestRecord => ({
        key: Math.floor(200 * random.next() ** 2),
        size: 1 + random.below(50),
        operation: random.pick([READ, READ, READ, READ, WRITE, DELETE]),
        timeMs,
        ttlMs: random.pick([0, 0, 0, 500]),
      }),
    );
    const policies = "fifo,sieve,s3-fifo,random,belady-size";
    for (const sizes of ["10,50,100", "100b,1000b"]) {
      const sampled = plan(sourceOf(trace), policies, {
        sizes: parseCacheSizes(sizes),
        sample: { kind: "rate", rate: 1 },
        warmupRecords: 250,
      });
      const { rows } = await runSampled(sampled);
      const exact = await exactly(sampled, rows);
      expect(
        rows.map(({ policy, size, misses, bytesMissed }) => ({ policy, size, misses, bytesMissed })),
      ).toEqual(
        exact.map(({ policy, size, misses, bytesMissed }) => ({ policy, size, misses, bytesMissed })),
      );
      for (const { standardError, sampleRate } of rows) expect([standardError, sampleRate]).toEqual([0, 1]);
    }
  });

  test("1 % of a Zipf workload: mean absolute error at most 0.02, and about the expected one", async () => {
    const sampled = plan(await openSource("zipf(n=300k,requests=600k)"), "lru,s3-fifo,sieve");
    const { rows } = await runSampled(sampled);
    for (const { meanAbsoluteError, meanStandardError } of compare(rows, await exactly(sampled, rows))) {
      expect(meanAbsoluteError).toBeLessThan(0.02);
      if (meanStandardError !== undefined) expect(meanAbsoluteError).toBeLessThan(4 * meanStandardError);
    }
  }, 60_000);

  test("1 % of 5 million requests for a million keys: mean absolute error at most 0.02", async () => {
    const sampled = plan(await openSource("zipf(n=1m,requests=5m)"), "s3-fifo,sieve", {
      sizes: parseCacheSizes("2%,10%,50%"),
    });
    const { rows } = await runSampled(sampled);
    const comparisons = compare(rows, await exactly(sampled, rows));
    expect(comparisons.map(({ policy, sizes }) => [policy, sizes])).toEqual([
      ["s3-fifo", 3],
      ["sieve", 3],
    ]);
    for (const { meanAbsoluteError } of comparisons) expect(meanAbsoluteError).toBeLessThan(0.02);
  }, 60_000);

  const title = "1 % of 2 million requests of orm-busy: mean absolute error at most 0.02";
  if (!existsSync(TRACE)) {
    test.skip(`${title}: needs ../shared, which is not part of the repository`, () => {});
  } else {
    test(title, async () => {
      const sampled = plan(await openSource(TRACE, { limit: 2_000_000 }), "s3-fifo,sieve", {
        sizes: parseCacheSizes("1%,2%,5%,10%,20%,50%"),
      });
      const { rows } = await runSampled(sampled);
      const comparisons = compare(rows, await exactly(sampled, rows));
      expect(comparisons.map(({ policy, sizes }) => [policy, sizes])).toEqual([
        ["s3-fifo", 6],
        ["sieve", 6],
      ]);
      for (const { meanAbsoluteError } of comparisons) expect(meanAbsoluteError).toBeLessThan(0.02);
    }, 60_000);
  }

  test("unresolved sizes are left out of the comparison", async () => {
    const source = await openSource("zipf(n=20k,requests=50k)");
    const sampled = plan({ ...source, isRepeatable: false }, "lru", { sizes: parseCacheSizes("10,100%") });
    const { rows } = await runSampled(sampled);
    expect(rows.map(({ isResolved }) => isResolved)).toEqual([false, true]);
    const exact = await exactly({ ...sampled, source }, rows);
    expect(compare(rows, exact)).toMatchObject([{ policy: "lru", sizes: 1, unresolvedSizes: 1 }]);
    expect(compare(rows.slice(0, 1), exact)).toEqual([]);
  });

  test("a trace that can be read only once gives LRU's curve, and no other", async () => {
    const records = Array.from({ length: 100 }, (_, i) => ({ key: i % 10 }));
    const once = sourceOf(records, { isRepeatable: false });
    const { rows } = await runSampled(
      plan(once, "lru", { sizes: parseCacheSizes("9,100%"), sample: undefined }),
    );
    expect(rows.map(({ size, misses }) => [size, misses])).toEqual([
      [9, 100],
      [10, 10],
    ]);
    expect(runSampled(plan(once, "lru,sieve"))).rejects.toThrow(
      "test can be read only once, and must be read twice",
    );
  });

  test("nothing in it is an error", () => {
    expect(runSampled(plan(sourceOf([]), "lru"))).rejects.toThrow("there is no request in it");
  });

  test("a sample of a number of objects", async () => {
    const source = await openSource("zipf(n=100k,requests=200k)");
    const sampled = plan(source, "lru,sieve", {
      sizes: parseCacheSizes("10%,50%"),
      sample: { kind: "objects", objects: 8192 },
    });
    const { rows, rate } = await runSampled(sampled);
    expect(rate).toBeLessThan(1);
    for (const { meanAbsoluteError } of compare(rows, await exactly(sampled, rows))) {
      expect(meanAbsoluteError).toBeLessThan(0.02);
    }
  }, 60_000);
});
