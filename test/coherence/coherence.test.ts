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
import { type RunResult, runChecker } from "./run.ts";

const SECONDS = Number(process.env["GLASSCACHE_CHECKER_SECONDS"] ?? 6);
const SEED = Number(process.env["GLASSCACHE_CHECKER_SEED"] ?? Date.now() % 2 ** 32);
const THREADS = Math.max(4, availableParallelism() + 1);
const TIMEOUT_MS = (SECONDS + 60) * 1000;

const redis = requireProgram("redis-server");

describe("coherence", () => {
  test(
    "our server as the origin",
    async () => {
      await using origin = await startGlasscache(["server", "--engine", "lmdb", "--sync", "always"]);
      const options = { origin, isDurable: true, hasScripts: false, hasFaults: true };
      expectPromisesKept(await runChecker({ ...options, seed: SEED, durationMs: SECONDS * 1000 }));
    },
    TIMEOUT_MS,
  );

  test.skipIf(!redis.available)(
    redis.title("Redis as the origin"),
    async () => {
      // It looks for expired keys once a second, so that caches have to know by themselves.
      await using origin = await startRedis({ args: ["--hz", "1"] });
      const options = { origin, isDurable: false, hasScripts: true, hasFaults: true };
      expectPromisesKept(await runChecker({ ...options, seed: SEED + 1, durationMs: SECONDS * 1000 }));
    },
    TIMEOUT_MS,
  );

  test.skipIf(!redis.available)(
    redis.title("an origin that cannot tell of changes"),
    async () => {
      await using origin = await startRedis({ args: ["--rename-command", "CLIENT", ""] });
      const options = { origin, isDurable: false, hasScripts: true, hasFaults: true, untrackedTtlMs: 150 };
      expectPromisesKept(await runChecker({ ...options, seed: SEED + 3, durationMs: SECONDS * 750 }), [
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
      expectPromisesKept(await runChecker({ ...options, seed: SEED + 4, durationMs: SECONDS * 1000 }), []);
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
      const broken = await runChecker({
        ...options,
        seed: SEED + 2,
        durationMs: 2000,
        unsafeSkipLeases: true,
      });
      expect(broken.violations.map(({ rule }) => rule)).toContain("acknowledged");
    },
    TIMEOUT_MS,
  );
});

function expectPromisesKept(result: RunResult, without: readonly FaultName[] = ["threadKill"]): void {
  const { violations, recorder, faults, hits } = result;
  const summary = describeRun(result, SEED);
  console.log(summary);
  if (violations.length > 0) throw new Error(summary);
  expect(recorder.hanging).toEqual([]);
  // The run was worth its time: every fault has happened, and clients got through all the same.
  const expected = (Object.keys(FAULTS) as FaultName[]).filter((name) => !without.includes(name));
  expect([...new Set(faults.map(({ name }) => name))].sort()).toEqual(expected.sort());
  expect(hits).toBeGreaterThan(10);
  expect(recorder.count("done")).toBeGreaterThan(100);
}
