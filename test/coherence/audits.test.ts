// Runs alone, as the other runs of the checker do: faults and time-outs are bounded in time.
/**
 * The checker's faults with every hit audited: no audit finds a broken promise, unless the proxy is broken on purpose.
 * `GLASSCACHE_CHECKER_AUDIT_SECONDS` sets how long each run takes, `GLASSCACHE_CHECKER_SEED` repeats the choices of one.
 */
import { describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { type RunningServer, startGlasscache, startRedis } from "../support/origins.ts";
import { requireProgram } from "../support/requirements.ts";
import { describeRun } from "./describe-run.ts";
import { LONGEST_MS, type RunOptions, type RunResult, runChecker } from "./run.ts";

const SECONDS = Number(process.env["GLASSCACHE_CHECKER_AUDIT_SECONDS"] ?? 3);
const SEED = Number(process.env["GLASSCACHE_CHECKER_SEED"] ?? Date.now() % 2 ** 32);
const THREADS = Math.max(4, availableParallelism() + 1);
const TIMEOUT_MS = (SECONDS + 60) * 1000 + LONGEST_MS;
const WORTH = { hits: 11, doneWrites: 51, faults: [] };

const redis = requireProgram("redis-server");

async function audited(
  origin: RunningServer,
  options: Partial<RunOptions> & { readonly seed: number },
): Promise<RunResult> {
  const usual = { isDurable: false, hasScripts: false, hasFaults: true };
  const result = await runChecker({
    ...{ ...usual, origin, durationMs: SECONDS * 1000, auditShare: 1, worth: WORTH },
    ...options,
  });
  console.log(describeRun(result, options.seed));
  return result;
}

function expectNoneBroken({ audits, brokenPromises, violations }: RunResult): void {
  expect(brokenPromises).toEqual([]);
  expect(audits.broken).toBe(0);
  expect(audits.right).toBeGreaterThan(0);
  expect(violations).toEqual([]);
}

describe("audits find no broken promise while connections, origin and threads fail", () => {
  test(
    "our server as the origin",
    async () => {
      await using origin = await startGlasscache(["server", "--engine", "memory"]);
      expectNoneBroken(await audited(origin, { seed: SEED }));
    },
    TIMEOUT_MS,
  );

  test.skipIf(!redis.available)(
    redis.title("Redis as the origin"),
    async () => {
      await using origin = await startRedis({ args: ["--hz", "1"] });
      expectNoneBroken(await audited(origin, { seed: SEED + 1, hasScripts: true }));
    },
    TIMEOUT_MS,
  );

  test.skipIf(!redis.available)(
    redis.title("more threads than there are cores"),
    async () => {
      await using origin = await startRedis({ args: ["--hz", "1"] });
      expectNoneBroken(await audited(origin, { seed: SEED + 2, hasScripts: true, threads: THREADS }));
    },
    TIMEOUT_MS,
  );

  test.skipIf(!redis.available)(
    redis.title("a Redis that evicts, and remembers few tracked keys"),
    async () => {
      await using origin = await startRedis({
        args: [
          ...["--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru", "--hz", "1"],
          ...["--tracking-table-max-keys", "10"],
        ],
      });
      expectNoneBroken(
        await audited(origin, { seed: SEED + 3, hasScripts: true, mayEvict: true, threads: THREADS }),
      );
    },
    TIMEOUT_MS,
  );
});

test(
  "audits find what a proxy without leases and pushes serves",
  async () => {
    await using origin = await startGlasscache(["server", "--engine", "memory"]);
    const wrong = { durationMs: 3000, hasFaults: false, hasLeases: false };
    const broken = await audited(origin, { seed: SEED + 4, ...wrong });
    expect(broken.audits.broken).toBeGreaterThan(0);
    expect(broken.brokenPromises).not.toEqual([]);
  },
  TIMEOUT_MS,
);
