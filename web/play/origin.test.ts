import { describe, expect, test } from "bun:test";
import { parsePolicy } from "../../src/policy/registry.ts";
import { DELETE, READ, RecordBatch, type RecordSource, WRITE } from "../../src/replay/records.ts";
import { Simulation } from "../../src/replay/simulation.ts";
import { CacheRun, FAILURE, HIT, MISS, UNDER_WAY } from "./cache-run.ts";
import { type Conditions, DEFAULT_CONDITIONS } from "./conditions.ts";
import { curvePoint } from "./curve.ts";
import { deciderOf } from "./decider.ts";
import { openRequests, type Requests, readRequests } from "./requests.ts";
import { generatedWorkload, type PlayCache, typedWorkload } from "./settings.ts";
import { timed } from "./timed-requests.ts";

const LRU: PlayCache = { policy: "lru", size: 100, unit: "entries" };

function played(requests: Requests, given: Partial<Conditions>, cache = LRU): CacheRun {
  const conditions = { ...DEFAULT_CONDITIONS, ...given };
  const run = new CacheRun(deciderOf(cache), cache, timed(requests, conditions), conditions);
  run.advance(requests.count);
  return run;
}

const typed = (text: string): Promise<Requests> => openRequests({ workload: typedWorkload(text), seed: 1 });

/** Requests with times and operations of their own: name, milliseconds, operation. */
async function recorded(...rows: readonly (readonly [string, number, number?])[]): Promise<Requests> {
  const source: RecordSource = {
    ...{ name: "test", hasSizes: false, isRepeatable: true, extent: undefined },
    async read(consume) {
      const batch = new RecordBatch(rows.length);
      for (const [i, [name, timeMs, operation = READ]] of rows.entries()) {
        batch.keyLow[i] = name.charCodeAt(0);
        batch.size[i] = 1;
        batch.timeMs[i] = 1_700_000_000_000 + timeMs;
        batch.operation[i] = operation;
      }
      batch.count = rows.length;
      consume(batch);
    },
  };
  return readRequests(source, { requests: 1000, objects: 1000 }, ({ keyLow }, i) =>
    String.fromCharCode(keyLow[i]!),
  );
}

describe("requests for a key under way", () => {
  // At 100 a second; the origin takes 25 ms.
  const conditions = { originMs: 25, rate: 100 };

  test("wait for the same answer", async () => {
    const run = played(await typed("A A A A B A"), conditions);
    expect([...run.results]).toEqual([MISS, UNDER_WAY, UNDER_WAY, HIT, MISS, HIT]);
    // They wait 25 ms, 15 and 5; then 25.
    expect(run.costs).toMatchObject({ fetches: 2, coalesced: 2, duplicates: 0, waitedMs: 70 });
    expect(run.counts.misses).toBe(2);
  });

  test("or fetch it again", async () => {
    const run = played(await typed("A A A A B A"), { ...conditions, coalesces: false });
    expect(run.costs).toMatchObject({ fetches: 4, coalesced: 0, duplicates: 2, waitedMs: 100 });
    expect(run.counts.misses).toBe(2);
  });

  test("share its failure, and none of them is kept", async () => {
    const run = played(await typed("A A A A A"), { ...conditions, failures: 1 });
    expect([...run.results]).toEqual(Array<number>(5).fill(FAILURE));
    expect(run.costs).toMatchObject({ fetches: 2, failedFetches: 2, failedReads: 5, coalesced: 3 });
    expect([run.counts.misses, run.cache.resident]).toEqual([5, 0]);
  });

  test("wait no longer than a fetch takes, even if the clock goes back", async () => {
    const own = await recorded(["A", 0], ["B", 1000], ["A", 10], ["B", 900], ["A", 2000]);
    const run = played(own, conditions);
    expect([...run.results]).toEqual([MISS, MISS, HIT, UNDER_WAY, HIT]);
    expect(run.costs.waitedMs).toBe(75);
  });

  test("wait even if the entry has been evicted meanwhile", async () => {
    const run = played(await typed("A B A"), conditions, { ...LRU, size: 1 });
    expect([...run.results]).toEqual([MISS, MISS, UNDER_WAY]);
    expect([run.costs.fetches, run.counts.misses]).toEqual([2, 3]);
  });
});

test("as many fetches fail as it was said, the same for every cache", async () => {
  const requests = await openRequests({ workload: generatedWorkload("scan(n=20000)", 20_000), seed: 1 });
  const [one, other] = ["lru", "s3-fifo"].map((policy) =>
    played(requests, { failures: 0.05 }, { ...LRU, policy }),
  );
  expect(one!.costs.failedFetches / 20_000).toBeCloseTo(0.05, 2);
  expect(one!.results).toEqual(other!.results);
});

describe("writes", () => {
  const rows = [
    ["A", 0, WRITE],
    ["A", 1, WRITE],
    ["B", 2, WRITE],
    ["A", 3],
    ["C", 4],
    ["D", 5],
  ] as const;
  const two = { ...LRU, size: 2 };

  test("through the cache: each goes to the origin, and is kept", async () => {
    const { costs, counts } = played(await recorded(...rows), { writes: "store" }, two);
    expect([costs.writes, counts.requests, counts.misses]).toEqual([3, 3, 2]);
  });

  test("around the cache: each goes to the origin, and is not kept", async () => {
    const { costs, counts } = played(await recorded(...rows), { writes: "drop" }, two);
    expect([costs.writes, counts.requests, counts.misses]).toEqual([3, 3, 3]);
  });

  test("later: an entry that was written goes to the origin when it leaves", async () => {
    const run = played(await recorded(...rows.slice(0, 4)), { writes: "back" }, two);
    expect([run.costs.writes, run.dirty]).toEqual([0, 2]);
    // C and D evict B and A; A was written twice.
    const all = played(await recorded(...rows), { writes: "back" }, two);
    expect([all.costs.writes, all.dirty]).toEqual([2, 0]);
    const expired = played(
      await recorded(["A", 0, WRITE], ["B", 5000]),
      { writes: "back", ttlMs: 1000 },
      two,
    );
    expect([expired.costs.writes, expired.dirty, expired.costs.expired]).toEqual([1, 0, 1]);
    // What is deleted need not be written before.
    const deleted = played(await recorded(["A", 0, WRITE], ["A", 1, DELETE]), { writes: "back" }, two);
    expect([deleted.costs.writes, deleted.dirty]).toEqual([1, 0]);
  });
});

describe("times to live", () => {
  test("count on the requests' own clock, and without one by the rate", async () => {
    const own = await recorded(["A", 0], ["A", 900], ["A", 1100], ["A", 2050], ["A", 2150]);
    // A life counts from the fill: a hit does not renew it.
    expect([...played(own, { ttlMs: 1000 }).results]).toEqual([MISS, HIT, MISS, HIT, MISS]);
    expect(played(own, { ttlMs: 1000 }).nowMs).toBe(2150);
    const none = await typed("A A A A A");
    expect([...played(none, { ttlMs: 1000, rate: 2 }).results]).toEqual([MISS, HIT, MISS, HIT, MISS]);
    expect(played(none, { ttlMs: 1000, rate: 2 }).nowMs).toBe(2000);
  });

  test("jitter spreads the herd: what was filled at once expires bit by bit", async () => {
    const names = Array.from({ length: 90 }, (_, i) => `k${i}`).join(" ");
    const requests = await typed(`${names} ${names} ${names} ${names}`);
    // All keys are asked for within 90 ms, and again 90 ms later.
    const missesByRound = (jitter: number): number[] => {
      const { results } = played(requests, { ttlMs: 200, jitter, rate: 1000 });
      return [0, 1, 2, 3].map(
        (round) => results.slice(90 * round, 90 * (round + 1)).filter((each) => each === MISS).length,
      );
    };
    expect(missesByRound(0)).toEqual([90, 0, 0, 90]);
    const [first, ...later] = missesByRound(0.8);
    expect(first).toBe(90);
    for (const misses of later) expect(misses).toBeGreaterThan(10);
    for (const misses of later) expect(misses).toBeLessThan(80);
  });

  for (const policy of ["lru", "s3-fifo", "w-tinylfu"]) {
    test(`${policy} misses what the simulator misses, with sizes, writes and times to live`, async () => {
      const requests = await openRequests({
        workload: generatedWorkload("ycsb-a(n=500,size=30)", 20_000),
        seed: 3,
      });
      for (const writes of ["store", "drop"] as const) {
        const conditions: Conditions = {
          ...DEFAULT_CONDITIONS,
          ttlMs: 500,
          jitter: 0.3,
          originMs: 30,
          writes,
        };
        const { batch, workingSet } = timed(requests, conditions);
        const size = 3000;
        const simulation = new Simulation({
          policy: parsePolicy(policy),
          ...{ capacity: size, unit: "bytes", maxEntries: workingSet.entriesWithin(size), seed: 1, writes },
          counting: { warmupRecords: 0, windowRecords: 0, byFamily: false },
        });
        simulation.replay(batch, workingSet.objects);
        const { misses } = simulation.finish().total;
        const run = played(requests, conditions, { policy, size, unit: "bytes" });
        expect(run.counts.misses).toBe(misses);
        expect(run.costs.expired).toBeGreaterThan(100);
        run.cache.check();
        expect(curvePoint(timed(requests, conditions), policy, size, "bytes", conditions).misses).toBe(
          misses,
        );
      }
      const failing = { ...DEFAULT_CONDITIONS, failures: 0.2 };
      expect(curvePoint(timed(requests, failing), policy, 3000, "bytes", failing).misses).toBe(
        played(requests, failing, { policy, size: 3000, unit: "bytes" }).counts.misses,
      );
    });
  }
});
