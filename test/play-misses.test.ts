/** The page's engine misses what `glasscache simulate` says: the same policies on the same requests. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parsePolicy, policyNames } from "../src/policy/registry.ts";
import type { RecordSource } from "../src/replay/records.ts";
import { run } from "../src/sim/runner.ts";
import { openSource } from "../src/sim/source.ts";
import { parseSpecification } from "../src/sim/workload/specification.ts";
import { openWorkload } from "../src/sim/workload/workload.ts";
import { curvePoint } from "../web/play/curve.ts";
import { openRequests, type Requests, readRequests } from "../web/play/requests.ts";
import { Run } from "../web/play/run.ts";
import { generatedWorkload, type PlayCache } from "../web/play/settings.ts";

setDefaultTimeout(120_000);

const WEB12 = join(import.meta.dir, "../../shared/traces/web12.oracleGeneral.zst");
const isThere = existsSync(WEB12);

/** What the simulator counts, by policy. */
async function simulated(
  source: RecordSource,
  size: Pick<PlayCache, "size" | "unit">,
): Promise<Map<string, number>> {
  const { rows } = await run({
    source,
    policies: policyNames().map(parsePolicy),
    sizes: [{ kind: size.unit, amount: size.size }],
    ignoresSizes: false,
    writes: "store",
    counting: { warmupRecords: 0, windowRecords: 0, byFamily: false },
    seed: 1,
    threads: 1,
  });
  return new Map(rows.map(({ policy, misses }) => [policy, misses]));
}

/** What the page counts: step by step, in jumps with a step back, and for its curve. */
function played(requests: Requests, size: Pick<PlayCache, "size" | "unit">, policy: string): number {
  const play = new Run(requests, [{ policy, ...size }]);
  for (let at = 0; at < 60; at++) play.seekTold(at);
  play.seek(Math.floor(requests.count / 2));
  play.seek(Math.floor(requests.count / 3));
  play.seek(requests.count);
  const { misses } = play.caches[0]!.counts;
  expect(curvePoint(requests, policy, size.size, size.unit).misses).toBe(misses);
  return misses;
}

const ZIPF = "zipf(n=3000,alpha=0.9)";
const SIZED = "ycsb-b(n=2000,size=100)";

describe("the page and the simulator count the same misses", () => {
  for (const [workload, size, unit] of [
    [ZIPF, 150, "entries"],
    [SIZED, 20_000, "bytes"],
  ] as const) {
    test(`${workload}, ${size} ${unit}`, async () => {
      const { name, parameters } = parseSpecification(workload)!;
      const source = openWorkload({
        name,
        parameters: new Map([...parameters, ["requests", 30_000], ["seed", 7]]),
      });
      const expected = await simulated(source, { size, unit });
      const requests = await openRequests({ workload: generatedWorkload(workload, 30_000), seed: 7 });
      for (const policy of policyNames()) {
        expect([policy, played(requests, { size, unit }, policy)]).toEqual([policy, expected.get(policy)!]);
      }
    });
  }

  test.skipIf(!isThere)(`web12${isThere ? "" : " (skipped: needs ../shared/traces)"}`, async () => {
    const source = await openSource(WEB12);
    const requests = await readRequests(source, { requests: 100_000, objects: 20_000 }, ({ keyLow }, i) =>
      String(keyLow[i]),
    );
    expect(requests.count).toBe(95_607);
    for (const size of [
      { size: 1375, unit: "entries" },
      { size: 2 ** 24, unit: "bytes" },
    ] as const) {
      const expected = await simulated(source, size);
      for (const policy of policyNames()) {
        expect([policy, played(requests, size, policy)]).toEqual([policy, expected.get(policy)!]);
      }
    }
  });
});
