// Runs alone: staleness is bounded in time, and a machine that does other things delays the clients' own clock.
/**
 * The same promises at a Redis that removes keys by itself: each of its eviction policies, and tables of tracked keys
 * that hold a few. `GLASSCACHE_CHECKER_EVICTION_SECONDS` sets how long each of the runs takes.
 */
import { describe, expect, test } from "bun:test";
import { startRedis } from "../support/origins.ts";
import { requireProgram } from "../support/requirements.ts";
import { RespClient } from "../support/resp-client.ts";
import { describeRun } from "./describe-run.ts";
import { LONGEST_MS, runChecker } from "./run.ts";

const SECONDS = Number(process.env["GLASSCACHE_CHECKER_EVICTION_SECONDS"] ?? 4);
const SEED = Number(process.env["GLASSCACHE_CHECKER_SEED"] ?? Date.now() % 2 ** 32);
const TIMEOUT_MS = (SECONDS + 60) * 1000 + LONGEST_MS;
/** What a run has to have seen to be worth its time. */
const WORTH = { hits: 11, doneWrites: 51, faults: [] };
const MEMORY = "3mb";

const redis = requireProgram("redis-server");

describe.skipIf(!redis.available)(redis.title("coherence at a Redis that"), () => {
  test.each([
    ["noeviction", 1, 1],
    ["allkeys-lru", 10, 1],
    ["allkeys-lfu", 1000, 2],
    ["allkeys-random", 1, 2],
    ["volatile-lru", 10, 2],
    ["volatile-lfu", 1000, 1],
    ["volatile-random", 1, 1],
    ["volatile-ttl", 10, 2],
  ])(
    "evicts by %s and remembers %d tracked keys (%d threads)",
    async (policy, trackedKeys, threads) => {
      const seed = SEED + trackedKeys;
      await using origin = await startRedis({
        args: [
          ...["--maxmemory", MEMORY, "--maxmemory-policy", policy, "--hz", "1"],
          ...["--tracking-table-max-keys", String(trackedKeys)],
        ],
      });
      const result = await runChecker({
        ...{ origin, seed, durationMs: SECONDS * 1000, threads, worth: WORTH },
        ...{ isDurable: false, hasScripts: true, hasFaults: true, mayEvict: true },
      });
      const summary = describeRun(result, seed);
      console.log(summary);
      using direct = await RespClient.connect({ port: origin.port });
      const stats = String(await direct.must("INFO", "stats"));
      if (result.violations.length > 0) throw new Error(summary);
      expect(result.recorder.hanging).toEqual([]);
      if (policy !== "noeviction") expect(Number(/evicted_keys:(\d+)/.exec(stats)?.[1])).toBeGreaterThan(10);
      expect(result.hits).toBeGreaterThanOrEqual(WORTH.hits);
      expect(result.recorder.count("done")).toBeGreaterThanOrEqual(WORTH.doneWrites);
    },
    TIMEOUT_MS,
  );
});
