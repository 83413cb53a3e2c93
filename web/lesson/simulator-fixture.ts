import { parsePolicy } from "../../src/policy/registry.ts";
import { sourceOf } from "../../src/sim/record-source-fixture.ts";
import { run } from "../../src/sim/runner.ts";
import type { Requests } from "../play/requests.ts";
import type { PlayCache } from "../play/settings.ts";

/** The hits that `glasscache simulate` counts for the same requests and caches, from a position on. */
export async function simulatedHits(
  { batch, count }: Requests,
  caches: readonly PlayCache[],
  from = 0,
): Promise<number[]> {
  const hits: number[] = [];
  for (const { policy, size } of caches) {
    const { rows } = await run({
      source: sourceOf(Array.from(batch.objects.subarray(0, count), (key) => ({ key }))),
      policies: [parsePolicy(policy)],
      sizes: [{ kind: "entries", amount: size }],
      ignoresSizes: false,
      writes: "store",
      counting: { warmupRecords: from, windowRecords: 0, byFamily: false },
      seed: 1,
      threads: 1,
    });
    hits.push(count - from - rows[0]!.misses);
  }
  return hits;
}
