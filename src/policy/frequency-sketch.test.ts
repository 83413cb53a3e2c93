import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { FrequencySketch } from "./frequency-sketch.ts";

function createSketch(maxEntries: number): FrequencySketch {
  return new FrequencySketch(new Int32Array(3 + FrequencySketch.words(maxEntries)), 3, maxEntries, false);
}

describe("frequency sketch", () => {
  test("never estimates too low, and seldom too high", () => {
    const random = new SeededRandom(1);
    const sketch = createSketch(1000);
    const seen = new Map<number, number>();
    for (let i = 0; i < 3000; i++) {
      const hash = Math.floor(random.next() ** 3 * 1000) + 4_294_960_000;
      sketch.add(hash);
      seen.set(hash, (seen.get(hash) ?? 0) + 1);
    }
    let wrong = 0;
    for (const [hash, count] of seen) {
      expect(sketch.estimate(hash)).toBeGreaterThanOrEqual(Math.min(15, count));
      if (sketch.estimate(hash) !== Math.min(15, count)) wrong++;
    }
    expect(wrong).toBeLessThan(seen.size * 0.02);
  });

  test("counts to 15 and no further, and counts no additions beyond", () => {
    const sketch = createSketch(1);
    const counted = Array.from({ length: 40 }, () => sketch.add(5));
    expect(counted).toEqual(counted.map((_, i) => i < 15));
    expect(sketch.estimate(5)).toBe(15);
    expect(sketch.additions()).toBe(15);
  });

  test("halves every counter, and subtracts the remainders from the additions", () => {
    const sketch = createSketch(64);
    for (let hash = 0; hash < 4; hash++) for (let i = 0; i <= 2 * hash; i++) sketch.add(hash);
    expect(sketch.additions()).toBe(1 + 3 + 5 + 7);
    sketch.halve();
    expect([0, 1, 2, 3].map((hash) => sketch.estimate(hash))).toEqual([0, 1, 2, 3]);
    // Sixteen counters are odd, and each key has four: (16 - 4) / 2.
    expect(sketch.additions()).toBe(6);
  });

  test("halves a large one a piece at a time", () => {
    const maxEntries = 200_000;
    const state = new Int32Array(FrequencySketch.words(maxEntries));
    const sketch = new FrequencySketch(state, 0, maxEntries, true);
    for (let hash = 0; hash < maxEntries; hash++) for (let i = 0; i < 2; i++) sketch.add(hash);
    let before = state.slice();
    const changed = () => {
      const count = state.reduce((sum, word, at) => sum + (word === before[at] ? 0 : 1), 0);
      before = state.slice();
      return count;
    };
    const estimates = () => Array.from({ length: 1000 }, (_, hash) => sketch.estimate(hash));
    const full = estimates();
    sketch.halve();
    // Additions count on meanwhile; the halving takes away only those that were there when it began.
    expect(sketch.additions()).toBe(2 * maxEntries);
    let pieces = 0;
    for (let count = changed(); count > 0; count = changed()) {
      expect(count).toBeLessThan(70_000);
      pieces++;
      sketch.ageOn();
    }
    expect(pieces).toBe(8);
    expect(sketch.additions()).toBeLessThanOrEqual(maxEntries);
    expect(sketch.additions()).toBeGreaterThan(0.9 * maxEntries);
    expect(estimates()).toEqual(full.map((count) => Math.floor(count / 2)));
  });
});
