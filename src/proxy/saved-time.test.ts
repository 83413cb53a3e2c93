import { expect, test } from "bun:test";
import fc from "fast-check";
import { SavedTime } from "./saved-time.ts";

test("hits count as the mean miss, and the sum never goes back", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(100), fc.nat(5), fc.nat(50)), { minLength: 1 }), (steps) => {
      const saved = new SavedTime();
      let [hits, count, sumMs, hitMs] = [0, 0, 0, 0];
      let [least, most] = [Number.POSITIVE_INFINITY, 0];
      for (const [moreHits, misses, missMs] of steps) {
        const before = saved.totalMs;
        hits += moreHits;
        count += misses;
        sumMs += misses * missMs;
        saved.update(hits, count, sumMs, () => 7);
        if (misses > 0) [least, most] = [Math.min(least, missMs), Math.max(most, missMs)];
        const grown = saved.totalMs - before;
        const [lowest, highest] = count === 0 ? [7, 7] : [least, most];
        expect(grown).toBeGreaterThanOrEqual(moreHits * lowest * (1 - 1e-9) - 1e-6);
        expect(grown).toBeLessThanOrEqual(moreHits * highest * (1 + 1e-9) + 1e-6);
        hitMs += grown;
      }
      expect(saved.totalMs).toBeCloseTo(hitMs, 6);
    }),
  );
});

test("the mean follows an origin that has become faster", () => {
  const saved = new SavedTime();
  let [hits, count, sumMs] = [0, 0, 0];
  const step = (missMs: number): number => {
    const before = saved.totalMs;
    hits++;
    count++;
    sumMs += missMs;
    saved.update(hits, count, sumMs, () => 0);
    return saved.totalMs - before;
  };
  for (let call = 0; call < 1000; call++) step(100);
  expect(step(100)).toBeCloseTo(100, 6);
  let last = 0;
  for (let call = 0; call < 600 * 10; call++) last = step(10);
  expect(last).toBeGreaterThan(10);
  expect(last).toBeLessThan(10.2);
});
