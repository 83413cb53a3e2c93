import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parsePolicy, policyNames, policyType } from "../policy/registry.ts";
import { DELETE, READ, TraceError, WRITE } from "../replay/records.ts";
import { parseCacheSizes } from "./cache-size.ts";
import { sourceOf, type TestRecord } from "./record-source-fixture.ts";
import { type RunPlan, run } from "./runner.ts";
import { openSource } from "./source.ts";

function simulate(
  records: readonly TestRecord[],
  policies: string,
  sizes: string,
  plan: Partial<RunPlan> = {},
) {
  return run({
    source: sourceOf(records),
    policies: policies.split(",").map(parsePolicy),
    sizes: parseCacheSizes(sizes),
    ignoresSizes: false,
    writes: "store",
    counting: { warmupRecords: 0, windowRecords: 0, byFamily: false },
    seed: 1,
    isChecked: true,
    threads: 1,
    ...plan,
  });
}

const reads = (...keys: number[]): TestRecord[] => keys.map((key) => ({ key }));

describe("results", () => {
  test("one row for each policy and size", async () => {
    const { rows, records, objects } = await simulate(reads(1, 2, 1, 3, 1), "lru,fifo", "2,1");
    expect(rows.map(({ seconds, ...row }) => ({ ...row, timed: seconds >= 0 }))).toEqual(
      [
        ["lru", 2, 3],
        ["fifo", 2, 4],
        ["lru", 1, 5],
        ["fifo", 1, 5],
      ].map(([policy, size, misses]) => ({
        trace: "test",
        policy: String(policy),
        size: Number(size),
        sizeUnit: "entries" as const,
        requests: 5,
        misses: Number(misses),
        missRatio: Number(misses) / 5,
        bytesMissed: Number(misses),
        byteMissRatio: Number(misses) / 5,
        timed: true,
      })),
    );
    expect({ records, objects }).toEqual({ records: 5, objects: 3 });
  });

  test("bytes and entries in one run; an object larger than the cache is never admitted", async () => {
    const records = [
      { key: 1, size: 40 },
      { key: 2, size: 200 },
      { key: 2, size: 200 },
      { key: 3, size: 60 },
      { key: 1, size: 40 },
      { key: 3, size: 60 },
    ];
    const { rows } = await simulate(records, "lru", "100b,2,100%,10%");
    expect(
      rows.map(({ size, sizeUnit, misses, bytesMissed }) => [size, sizeUnit, misses, bytesMissed]),
    ).toEqual([
      [100, "bytes", 4, 500],
      [2, "entries", 4, 340],
      [300, "bytes", 3, 300],
      [30, "bytes", 6, 600],
    ]);
    const ignoring = await simulate(records, "lru", "100%,34%", { ignoresSizes: true });
    expect(ignoring.rows.map(({ size, sizeUnit, misses }) => [size, sizeUnit, misses])).toEqual([
      [3, "entries", 3],
      [1, "entries", 5],
    ]);
  });

  test("admission is contested if objects differ in size, too", async () => {
    // Without a contest at the window's end, W-TinyLFU would be just a segmented LRU.
    const source = await openSource("zipf(n=10000,size=50,requests=200000)");
    const { rows } = await simulate([], "w-tinylfu,slru", "5%,10%", { source });
    for (const size of new Set(rows.map((row) => row.size))) {
      const [contested, free] = rows.filter((row) => row.size === size);
      expect(free!.missRatio - contested!.missRatio).toBeGreaterThan(0.005);
    }
  });

  test("formerly popular objects are forgotten when popularity moves, in a large cache too", async () => {
    const source = await openSource("hotspot(n=20000,every=20000,requests=400000)");
    const { rows } = await simulate([], "w-tinylfu,w-tinylfu-climb,lru", "20%,50%", { source });
    for (const size of new Set(rows.map((row) => row.size))) {
      const [fixed, climbing, lru] = rows.filter((row) => row.size === size);
      expect(fixed!.missRatio - lru!.missRatio).toBeLessThan(0.03);
      expect(climbing!.missRatio - lru!.missRatio).toBeLessThan(0.005);
    }
  });

  test("shares that resolve to the same size are simulated once", async () => {
    const { rows } = await simulate(reads(1, 2, 3), "lru", "1%,2%,1,3");
    expect(rows.map(({ size }) => size)).toEqual([1, 3]);
  });
});

describe("records that are no plain reads", () => {
  test("a write stores, or drops; it is no request", async () => {
    const records = [{ key: 1, operation: WRITE }, { key: 1 }, { key: 1, operation: WRITE }, { key: 1 }];
    const counts = async (writes: "store" | "drop") =>
      (await simulate(records, "lru", "2", { writes })).rows.map(({ requests, misses }) => [
        requests,
        misses,
      ]);
    expect(await counts("store")).toEqual([[2, 0]]);
    expect(await counts("drop")).toEqual([[2, 2]]);
  });

  test("a delete removes; its room is used again", async () => {
    const records = [...reads(1, 2), { key: 1, operation: DELETE }, ...reads(3, 2, 3, 1)];
    const { rows } = await simulate(records, "lru,sieve", "2");
    expect(rows.map(({ requests, misses }) => [requests, misses])).toEqual([
      [6, 4],
      [6, 4],
    ]);
  });

  test("a time to live ends on the trace's clock, even if later records have none", async () => {
    const filler = Array.from({ length: 300 }, () => ({ key: 9, timeMs: 500 }));
    const records = [
      { key: 1, timeMs: 0, ttlMs: 1000 },
      ...filler,
      { key: 1, timeMs: 999 },
      { key: 1, timeMs: 1000 },
      { key: 1, timeMs: 5000 },
    ];
    const { rows } = await simulate(records, "lru", "2");
    expect(rows[0]!.misses).toBe(3);
  });

  test("an expired entry makes room before any other is evicted, with every policy", async () => {
    // Sets of 50 keys, each read four times, which expire before the next set.
    const records = Array.from({ length: 20 }, (_, set) =>
      Array.from({ length: 200 }, (_, i) => ({
        key: set * 50 + (i % 50),
        timeMs: set * 2000 + i,
        ttlMs: 1000,
      })),
    ).flat();
    const policies = policyNames().filter((name) => policyType(name).offline !== true);
    const { rows } = await simulate(records, policies.join(), "60");
    // Each key misses once.
    expect(rows.map(({ misses }, i) => [policies[i], misses])).toEqual(policies.map((name) => [name, 1000]));
  });

  test("an object that has grown evicts others, or itself", async () => {
    const records = [
      { key: 1, size: 10 },
      { key: 2, size: 10 },
      { key: 2, size: 95 },
      { key: 1, size: 10 },
      { key: 2, size: 101 },
      { key: 2, size: 10 },
    ];
    const { rows } = await simulate(records, "lru,fifo,s3-fifo,arc", "100b");
    expect(rows[0]!.misses).toBe(5);
  });
});

describe("equal to an obvious model", () => {
  const record = fc.record({
    key: fc.integer({ min: 0, max: 12 }),
    size: fc.integer({ min: 1, max: 9 }),
    operation: fc.constantFrom(READ, READ, READ, WRITE, DELETE),
    ttlMs: fc.constantFrom(0, 0, 3, 7),
  });

  test("LRU over bytes with writes, deletes and times to live", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 150 }), async (drawn) => {
        const records = drawn.map((one, timeMs) => ({ ...one, timeMs }));
        const { rows } = await simulate(records, "lru", "20b");
        expect(rows.map(({ requests, misses, bytesMissed }) => ({ requests, misses, bytesMissed }))).toEqual([
          modelLru(records, 20),
        ]);
      }),
      { numRuns: 200, seed: 7 },
    );
  });

  test("every policy keeps its invariants on any records", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 1, maxLength: 120 }), async (drawn) => {
        const records = drawn.map((one, timeMs) => ({ ...one, timeMs }));
        // Invariants are checked when a simulation ends.
        const { rows } = await simulate(records, policyNames().join(","), "1,3,20b,50%");
        for (const { requests, misses } of rows) expect(misses).toBeLessThanOrEqual(requests);
      }),
      { numRuns: 60, seed: 8 },
    );
  });

  test("many simulations, with batches gathered from several of the source's, give the same as few", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(record, { minLength: 250, maxLength: 350 }), async (drawn) => {
        // Sizes and operations first occur in the middle of the trace.
        const records = drawn.map((one, at) =>
          at < 120 ? { key: one.key } : at < 230 ? { key: one.key, size: one.size } : { ...one, timeMs: at },
        );
        const counting = { warmupRecords: 110, windowRecords: 70, byFamily: true };
        const together = await simulate(records, "lru,sieve,arc", "3,20b", { counting });
        for (const row of together.rows) {
          const size = row.sizeUnit === "entries" ? "3" : "20b";
          const [alone] = (await simulate(records, row.policy, size, { counting })).rows;
          expect({ ...alone!, seconds: 0 }).toEqual({ ...row, seconds: 0 });
        }
      }),
      { numRuns: 10, seed: 10 },
    );
  });

  test("belady has the fewest misses", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 200 }),
        async (keys) => {
          const names = policyNames().filter((name) => name !== "belady-size");
          const { rows } = await simulate(reads(...keys), names.join(","), "1,3,5");
          for (const { size, misses } of rows) {
            const optimum = rows.find((row) => row.policy === "belady" && row.size === size)!;
            expect(misses).toBeGreaterThanOrEqual(optimum.misses);
          }
        },
      ),
      { numRuns: 40, seed: 9 },
    );
  });
});

describe("counting", () => {
  const keys = [1, 2, 3, 1, 2, 3, 4, 4, 4, 5];

  test("the warm-up fills the cache, and is not counted", async () => {
    const counting = { warmupRecords: 3, windowRecords: 0, byFamily: false };
    const { rows } = await simulate(reads(...keys), "lru", "10", { counting });
    expect([rows[0]!.requests, rows[0]!.misses]).toEqual([7, 2]);
  });

  test("windows, across batches too; the last one may be shorter", async () => {
    const counting = { warmupRecords: 3, windowRecords: 3, byFamily: false };
    const { rows } = await simulate(reads(...keys), "lru,belady", "10", { counting });
    const windows = [
      { from: 3, requests: 3, misses: 0, missRatio: 0, byteMissRatio: 0 },
      { from: 6, requests: 3, misses: 1, missRatio: 1 / 3, byteMissRatio: 1 / 3 },
      { from: 9, requests: 1, misses: 1, missRatio: 1, byteMissRatio: 1 },
    ];
    expect(rows.map((row) => row.windows)).toEqual([windows, windows]);
    const whole = { warmupRecords: 0, windowRecords: 250, byFamily: false };
    const long = await simulate(reads(...Array.from({ length: 1000 }, (_, i) => i)), "lru", "10", {
      counting: whole,
    });
    expect(long.rows[0]!.windows!.map(({ from, misses }) => [from, misses])).toEqual([
      [0, 250],
      [250, 250],
      [500, 250],
      [750, 250],
    ]);
  });

  test("families, those with most misses first", async () => {
    const records = keys.map((key) => ({ key, family: key === 4 ? 1 : key === 5 ? 40 : 0 }));
    const counting = { warmupRecords: 1, windowRecords: 0, byFamily: true };
    const familyName = (family: number) => `family ${family}`;
    const { rows } = await simulate(records, "lru", "10", { counting, familyName });
    expect(rows[0]!.families).toEqual([
      { family: "family 0", requests: 5, misses: 2, missRatio: 2 / 5 },
      { family: "family 1", requests: 3, misses: 1, missRatio: 1 / 3 },
      { family: "family 40", requests: 1, misses: 1, missRatio: 1 },
    ]);
    expect(rows[0]!.misses).toBe(4);
  });
});

describe("runs that are impossible", () => {
  test.each([
    ["belady", "10", "belady needs to know the future"],
    ["lru", "1%", "a size in percent is a share of its working set"],
    ["lru", "1mb", "for a cache of that many bytes or entries, the objects' sizes must be known"],
  ])("%s at %s over what can be read only once", async (policy, size, why) => {
    const source = sourceOf(reads(1, 2), { isRepeatable: false, name: "standard input" });
    await expect(simulate([], policy, size, { source })).rejects.toThrow(
      new TraceError(`standard input can be read only once, and must be read twice: ${why}`),
    );
    expect((await simulate([], "lru", "10", { source })).rows[0]!.misses).toBe(2);
  });

  test.each(["10", "1%"])("an empty trace, at size %s", async (size) => {
    await expect(simulate([], "lru", size)).rejects.toThrow(
      new TraceError("test: there is no request in it"),
    );
  });

  test.each([1, 2])("an error of the source is thrown, on %d threads", async (threads) => {
    const source = sourceOf(reads(1, 2), {
      async read() {
        throw new TraceError("test: record 7 is broken");
      },
    });
    await expect(simulate([], "lru,fifo", "10", { source, threads })).rejects.toThrow("record 7 is broken");
  });

  test.each([1, 2])("progress counts records that all have replayed, with %d threads", async (threads) => {
    const trace = Array.from({ length: 4000 }, (_, i) => ({ key: (i * 7) % 501 }));
    const told: number[] = [];
    await simulate(trace, "lru,fifo,sieve,clock", "10,20", {
      threads,
      progress: (_, done) => told.push(done),
    });
    // The whole trace fits into one batch, so all of it is read before any of it is replayed.
    expect(told[0]).toBe(0);
    expect(told.at(-1)).toBe(4000);
    expect(told.filter((done) => done > 0 && done < 4000).length).toBeGreaterThan(0);
    expect(told).toEqual(told.toSorted((one, other) => one - other));
  });

  test("progress is reported for both passes", async () => {
    const told: string[] = [];
    await simulate(reads(1, 2, 3), "lru", "50%", { progress: (pass, done) => told.push(`${pass} ${done}`) });
    expect(told).toEqual(["measuring 3", "simulating 0", "simulating 3"]);
  });
});

interface ModelEntry {
  readonly key: number;
  size: number;
  expiryMs: number;
}

/** Entries in a list, the least recently used first. */
function modelLru(records: readonly Required<Omit<TestRecord, "family">>[], capacity: number) {
  let entries: ModelEntry[] = [];
  const counts = { requests: 0, misses: 0, bytesMissed: 0 };
  for (const { key, size, operation, timeMs, ttlMs } of records) {
    entries = entries.filter(({ expiryMs }) => expiryMs > timeMs);
    let entry = entries.find((one) => one.key === key);
    entries = entries.filter((one) => one !== entry);
    if (operation === DELETE) continue;
    if (operation === READ) {
      counts.requests++;
      if (entry === undefined || size > capacity) {
        counts.misses++;
        counts.bytesMissed += size;
      }
    }
    const isStored = operation === WRITE || entry === undefined;
    entry ??= { key, size, expiryMs: 0 };
    entry.size = size;
    if (isStored) entry.expiryMs = ttlMs > 0 ? timeMs + ttlMs : Number.POSITIVE_INFINITY;
    if (size <= capacity) entries.push(entry);
    while (entries.reduce((sum, one) => sum + one.size, 0) > capacity) entries.shift();
  }
  return counts;
}
