// Runs alone: staleness is bounded in time, and a machine that does other things delays the clients' own clock.
/**
 * The promises of docs/internals/coherence.md in front of a primary that real sentinels watch over, and that fails in every way.
 * `GLASSCACHE_CHECKER_SENTINEL_SECONDS` sets how long the run takes, `GLASSCACHE_CHECKER_SEED` repeats its choices, and
 * `GLASSCACHE_CHECKER_FAULTS` names the faults that happen, separated by commas.
 */
import { describe, expect, test } from "bun:test";
import { requireProgram } from "../support/requirements.ts";
import { RELAY_FAULTS } from "./relay-faults.ts";
import { describeRounds, PATIENCE_MS, runRounds } from "./rounds.ts";
import { SentinelOrigin } from "./sentinel-origin.ts";

const SECONDS = Number(process.env["GLASSCACHE_CHECKER_SENTINEL_SECONDS"] ?? 15);
/** A long run makes choices of its own. */
const SEED = Number(process.env["GLASSCACHE_CHECKER_SEED"] ?? (SECONDS > 60 ? Date.now() % 2 ** 32 : 5));
const ONLY = process.env["GLASSCACHE_CHECKER_FAULTS"]?.split(",");
const TIMEOUT_MS = (SECONDS + 120) * 1000;

const server = requireProgram("redis-server");

describe.skipIf(!server.available)(server.title("a primary that sentinels watch over"), () => {
  test(
    "no read is older than promised, whatever fails, and nothing takes more entries along than it must",
    async () => {
      await using origin = await SentinelOrigin.start(SEED, PATIENCE_MS);
      const result = await runRounds({
        ...{ origin, seed: SEED, durationMs: SECONDS * 1000, companions: Object.keys(RELAY_FAULTS) },
        ...(ONLY === undefined ? {} : { only: ONLY }),
      });
      const summary = describeRounds(result, SEED);
      console.log(summary);
      if (result.violations.length > 0) throw new Error(summary);
      expect(result.log.hanging).toEqual([]);
      expect(result.audits.broken).toBe(0);
      expect(result.hits).toBeGreaterThan(1000);
      expect(result.log.outcomes.done).toBeGreaterThan(100);
    },
    TIMEOUT_MS,
  );
});
