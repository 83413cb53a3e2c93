import { describe, expect, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { FrequencySketch } from "./frequency-sketch.ts";

function createSketch(maxEntries: number): FrequencySketch {
  return new FrequencySketch(new Int32Array(3 + FrequencySketch.words(maxEntries)), 3, maxEntries);
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

  test("counts to 15 and no further", () => {
    const sketch = createSketch(1);
    for (let i = 0; i < 40; i++) sketch.add(5);
    expect(sketch.estimate(5)).toBe(15);
    expect(sketch.additions()).toBe(40);
  });

  test("halves every counter", () => {
    const sketch = createSketch(64);
    for (let hash = 0; hash < 4; hash++) for (let i = 0; i <= 2 * hash; i++) sketch.add(hash);
    sketch.halve();
    expect([0, 1, 2, 3].map((hash) => sketch.estimate(hash))).toEqual([0, 1, 2, 3]);
    expect(sketch.additions()).toBe(8);
  });

  test("ages once for any number of additions, those that found full counters included", () => {
    const sketch = createSketch(64);
    for (let i = 0; i < 99; i++) sketch.add(1);
    sketch.ageEvery(100);
    expect([sketch.estimate(1), sketch.additions()]).toEqual([15, 99]);
    for (let i = 0; i < 900; i++) sketch.add(1);
    sketch.ageEvery(100);
    expect([sketch.estimate(1), sketch.additions()]).toEqual([7, 50]);
    sketch.ageEvery(100);
    expect(sketch.estimate(1)).toBe(7);
  });

  test("halves a large one a piece at a time", () => {
    const maxEntries = 200_000;
    const state = new Int32Array(FrequencySketch.words(maxEntries));
    const sketch = new FrequencySketch(state, 0, maxEntries);
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
    let pieces = 0;
    for (let count = changed(); count > 0; count = changed()) {
      expect(count).toBeLessThan(70_000);
      pieces++;
      sketch.ageOn();
    }
    expect(pieces).toBe(8);
    expect(estimates()).toEqual(full.map((count) => Math.floor(count / 2)));
  });
});
