// Runs alone: staleness is bounded in time, and a machine that does other things delays the clients' own clock.
/**
 * The promises of docs/internals/coherence.md about what reads return, checked against recorded histories of real clients,
 * proxies and origins. `GLASSCACHE_CHECKER_SECONDS` sets how long each run takes, `GLASSCACHE_CHECKER_SEED` repeats
 * the choices of one.
 */
import { describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { startGlasscache, startRedis } from "../support/origins.ts";
import { requireProgram } from "../support/requirements.ts";
import { describeRun } from "./describe-run.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import { LONGEST_MS, type RunOptions, runChecker, type Worth } from "./run.ts";

const SECONDS = Number(process.env["GLASSCACHE_CHECKER_SECONDS"] ?? 6);
const SEED = Number(process.env["GLASSCACHE_CHECKER_SEED"] ?? Date.now() % 2 ** 32);
const THREADS = Math.max(4, availableParallelism() + 1);
const TIMEOUT_MS = (SECONDS + 60) * 1000 + LONGEST_MS;

const redis = requireProgram("redis-server");

describe("coherence", () => {
  test(
    "our server as the origin",
    async () => {
      await using origin = await startGlasscache(["server", "--engine", "lmdb", "--sync", "always"]);
      const options = { origin, isDurable: true, hasScripts: false, hasFaults: true };
      await expectPromisesKept({ ...options, seed: SEED, durationMs: SECONDS * 1000 });
    },
    TIMEOUT_MS,
  );

  test.skipIf(!redis.available)(
    redis.title("Redis as the origin"),
    async () => {
      // It looks for expired keys once a second, so that caches have to know by themselves.
      await using origin = await startRedis({ args: ["--hz", "1"] });
      const options = { origin, isDurable: false, hasScripts: true, hasFaults: true };
      await expectPromisesKept({ ...options, seed: SEED + 1, durationMs: SECONDS * 1000 });
    },
    TIMEOUT_MS,
  );

  test.skipIf(!redis.available)(
    redis.title("an origin that cannot tell of changes"),
    async () => {
      await using origin = await startRedis({ args: ["--rename-command", "CLIENT", ""] });
      const options = { origin, isDurable: false, hasScripts: true, hasFaults: true, untrackedTtlMs: 150 };
      await expectPromisesKept({ ...options, seed: SEED + 3, durationMs: SECONDS * 750 }, [
        "clientKill",
        "threadKill",
      ]);
    },
    TIMEOUT_MS,
  );

  test.skipIf(!redis.available)(
    redis.title("more threads than there are cores, and threads that die"),
    async () => {
      await using origin = await startRedis({ args: ["--hz", "1"] });
      const options = { origin, isDurable: false, hasScripts: true, hasFaults: true, threads: THREADS };
      await expectPromisesKept({ ...options, seed: SEED + 4, durationMs: SECONDS * 1000 }, []);
    },
    TIMEOUT_MS,
  );

  test(
    "without leases, stale reads are found",
    async () => {
      await using origin = await startGlasscache(["server", "--engine", "memory"]);
      const options = { origin, isDurable: false, hasScripts: false, hasFaults: false };
      const whole = await runChecker({ ...options, seed: SEED + 2, durationMs: 2000 });
      expect(whole.violations).toEqual([]);
      // A machine that is slow makes few requests in that time.
      const found = new Set<string>();
      for (let run = 0; run < 10 && !found.has("acknowledged"); run++) {
        const seed = SEED + 2 + run;
        const broken = await runChecker({ ...options, seed, durationMs: 2000, hasLeases: false });
        for (const { rule } of broken.violations) found.add(rule);
      }
      expect([...found]).toContain("acknowledged");
    },
    TIMEOUT_MS,
  );
});

async function expectPromisesKept(
  options: RunOptions,
  without: readonly FaultName[] = ["threadKill"],
): Promise<void> {
  // The run was worth its time: every fault has happened, and clients got through all the same.
  const faults = (Object.keys(FAULTS) as FaultName[]).filter((name) => !without.includes(name));
  const worth: Worth = { hits: 11, doneWrites: 101, faults };
  const result = await runChecker({ ...options, worth });
  const summary = describeRun(result, SEED);
  console.log(summary);
  if (result.violations.length > 0) throw new Error(summary);
  expect(result.recorder.hanging).toEqual([]);
  expect([...new Set(result.faults.map(({ name }) => name))].sort()).toEqual([...faults].sort());
  expect(result.hits).toBeGreaterThanOrEqual(worth.hits);
  expect(result.recorder.count("done")).toBeGreaterThanOrEqual(worth.doneWrites);
}
