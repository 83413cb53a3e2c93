// Runs alone, as the other runs of the checker do: faults and time-outs are bounded in time.
/**
 * The checker's faults while the proxies warm their caches with the very keys that are read and written: no read is
 * older than promised. `GLASSCACHE_CHECKER_WARM_SECONDS` sets how long each run takes, `GLASSCACHE_CHECKER_SEED`
 * repeats the choices of one.
 */
import { describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { startRedis } from "../support/origins.ts";
import { requireProgram } from "../support/requirements.ts";
import { describeRun } from "./describe-run.ts";
import { LONGEST_MS, type RunOptions, runChecker } from "./run.ts";

const SECONDS = Number(process.env["GLASSCACHE_CHECKER_WARM_SECONDS"] ?? 4);
const SEED = Number(process.env["GLASSCACHE_CHECKER_SEED"] ?? Date.now() % 2 ** 32);
const THREADS = Math.max(4, availableParallelism() + 1);
const TIMEOUT_MS = (SECONDS + 60) * 1000 + LONGEST_MS;
const WORTH = { hits: 11, doneWrites: 51, faults: [], warmed: 11 };

/** The checker's keys. A register has another name when the outcome of a write is unknown, which faults cause. */
function keysOf(generations: number): string[] {
  return Array.from({ length: generations }, (_, generation) =>
    [0, 1, 2, 3].map((place) => `register:${place}:${generation}`),
  ).flat();
}

const redis = requireProgram("redis-server");

describe.skipIf(!redis.available)(redis.title("no read is stale while the cache is warmed"), () => {
  test.each([
    ["connections and the origin fail", { warmKeys: keysOf(8) }],
    ["replies are slow", { warmKeys: keysOf(1), hasFaults: false }],
    ["threads die", { warmKeys: keysOf(8), threads: THREADS }],
  ] satisfies [string, Partial<RunOptions>][])(
    "%s",
    async (_, more) => {
      await using origin = await startRedis({ args: ["--hz", "1"] });
      const usual = { origin, isDurable: false, hasScripts: true, hasFaults: true, worth: WORTH };
      const result = await runChecker({
        ...{ ...usual, seed: SEED, durationMs: SECONDS * 1000 },
        ...more,
      });
      const summary = describeRun(result, SEED);
      console.log(`${summary}\n${result.warmed} values were cached for warming`);
      if (result.violations.length > 0) throw new Error(summary);
      expect(result.recorder.hanging).toEqual([]);
      expect(result.hits).toBeGreaterThanOrEqual(WORTH.hits);
      // Each was invalidated or lost before it was read again.
      expect(result.warmed).toBeGreaterThanOrEqual(WORTH.warmed);
    },
    TIMEOUT_MS,
  );
});
