import { expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { parsePolicy, policyNames, policyType } from "../policy/registry.ts";
import { type CacheImage, imageOf, restoreImage } from "./cache-image.ts";
import { NumberedBatch } from "./numbered-batch.ts";
import { replayRecords } from "./replay-records.ts";
import { SimulatedCache } from "./simulated-cache.ts";
import { noCounts } from "./tally.ts";

const OBJECTS = 90;
const REQUESTS = 3000;

/** A NaN equals itself in a plain array. */
const plain = (image: CacheImage) => ({ ...image, sums: Array.from(image.sums) });

for (const policy of policyNames().filter((name) => policyType(name).offline !== true)) {
  for (const [unit, expires] of [
    ["entries", false],
    ["bytes", false],
    ["bytes", true],
  ] as const) {
    const what = `${policy} in ${unit}${expires ? ", with times to live," : ""}`;
    test(`${what} goes on from an image as it went on the first time`, () => {
      const random = new SeededRandom(11);
      const batch = new NumberedBatch(REQUESTS);
      batch.count = REQUESTS;
      batch.hasSizes = true;
      batch.hasOperations = expires;
      for (let i = 0; i < REQUESTS; i++) {
        batch.objects[i] = 1 + Math.floor(OBJECTS * random.next() ** 2);
        batch.size[i] = 1 + (batch.objects[i]! % 3);
        batch.timeMs[i] = i;
        // The first time to live comes after the image.
        batch.ttlMs[i] = i > 1000 ? 20 + (i % 40) : 0;
      }
      const shape = { capacity: 20, unit, maxEntries: 20, seed: 5 };
      const cache = new SimulatedCache({ policy: parsePolicy(policy), ...shape });
      cache.coverObjects(OBJECTS);
      const replay = (from: number, to: number): number => {
        const counts = noCounts();
        replayRecords(cache, batch, from, to, "store", counts, undefined);
        return counts.misses;
      };
      replay(0, 1000);
      const image = imageOf(cache);
      const misses = replay(1000, REQUESTS);
      const after = imageOf(cache);
      restoreImage(cache, image);
      cache.check();
      expect(plain(imageOf(cache))).toEqual(plain(image));
      expect(replay(1000, REQUESTS)).toBe(misses);
      expect(plain(imageOf(cache))).toEqual(plain(after));
      expect(plain(after)).not.toEqual(plain(image));
    });
  }
}
