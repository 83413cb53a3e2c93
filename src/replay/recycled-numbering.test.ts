import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { parsePolicy, policyNames, policyType } from "../policy/registry.ts";
import { ObjectTable } from "./object-table.ts";
import { RecycledNumbering } from "./recycled-numbering.ts";
import { replayReads } from "./replay-reads.ts";
import { SimulatedCache } from "./simulated-cache.ts";

const SIZES = [50, 400];
const BATCH = 256;
const BATCHES = 800;

/** Keys that are read. Each batch has keys from a moving range of some thousand, 200,000 different ones in all. */
function* batches(): Generator<{ low: Uint32Array; high: Uint32Array }> {
  const random = new SeededRandom(3);
  for (let batch = 0; batch < BATCHES; batch++) {
    const key = (): number => batch * 250 + Math.floor(1000 * random.next() ** 3);
    const low = Uint32Array.from({ length: BATCH }, key);
    yield { low, high: low.map((word) => Math.imul(word, 0x9e37_79b1)) };
  }
}

function caches(policy: string): SimulatedCache[] {
  return SIZES.map(
    (capacity) =>
      new SimulatedCache({
        policy: parsePolicy(policy),
        capacity,
        unit: "entries",
        maxEntries: capacity,
        seed: 1,
      }),
  );
}

/**
 * Replays the objects in each cache.
 * @returns the number of misses of each cache
 */
function replay(simulated: readonly SimulatedCache[], objects: Uint32Array, greatest: number): number[] {
  return simulated.map((cache) => {
    cache.coverObjects(greatest);
    const misses = replayReads(cache, objects, 0, objects.length);
    cache.resident = Math.min(cache.maxEntries, cache.resident + misses);
    cache.slotsUsed = cache.resident;
    cache.used = cache.resident;
    return misses;
  });
}

const online = policyNames().filter((name) => policyType(name).offline !== true);

describe.each(online)("%s", (policy) => {
  test("misses the same with numbers that are used again, of which there are few", () => {
    const table = new ObjectTable();
    const plain = caches(policy);
    const recycled = caches(policy);
    const numbering = new RecycledNumbering(recycled);
    const numbers = new Uint32Array(BATCH);
    const expected = SIZES.map(() => 0);
    const found = SIZES.map(() => 0);
    for (const { low, high } of batches()) {
      table.number(low, high, BATCH, numbers);
      for (const [i, misses] of replay(plain, numbers, table.objects).entries()) expected[i]! += misses;
      numbering.number(low, high, BATCH, numbers);
      for (const [i, misses] of replay(recycled, numbers, numbering.greatest).entries()) found[i]! += misses;
      numbering.reclaim();
    }
    for (const cache of recycled) cache.check();
    expect(table.objects).toBeGreaterThan(100_000);
    // Twice the keys that the caches know, ghosts included, and a batch.
    expect(numbering.greatest).toBeLessThan(4000);
    // A sketch mistakes a new key for the previous one with its number. These keys change as fast as possible.
    const tolerance = policy.startsWith("w-tinylfu") ? 0.03 : 0;
    for (const [i, misses] of found.entries()) {
      expect(Math.abs(misses - expected[i]!)).toBeLessThanOrEqual(tolerance * expected[i]!);
    }
  });
});
