import { describe, expect, test } from "bun:test";
import {
  climbByHitRatio,
  firstStep,
  newSearch,
  type Sample,
  type SearchState,
  sampleRequests,
  withSignOf,
} from "./window-search.ts";

function sampleOf(capacity: number, hits: number): Sample {
  const none = { windowHits: 0, probationHits: 0, window: 1, protectedSegment: 0 };
  return { ...none, requests: 1000, hits, capacity };
}

describe("a search", () => {
  test("begins with a step of a sixteenth of the capacity, at least two: up in a tiny cache, else down", () => {
    expect([16, 32, 48, 1600].map(firstStep)).toEqual([2, 2, 3, 100]);
    expect([512, 513].map((capacity) => newSearch(capacity).step)).toEqual([32, -32.0625]);
    const { smoothed, ...state } = newSearch(512);
    expect(smoothed).toBeNaN();
    expect(Object.entries(state).filter(([, value]) => value !== 0)).toEqual([
      ...Object.entries({ step: 32, deviation: 0.05, probeRung: 16, auditRung: 16, auditWait: 4 }),
      ...Object.entries({ stoodAt: -1, anchor: -1 }),
    ]);
  });

  test("takes samples by the cache's size", () => {
    const state = newSearch(5000);
    expect([4096, 4097, 5000].map((capacity) => sampleRequests(state, capacity, 18_000))).toEqual([
      18_000,
      4 * 4097,
      18_000,
    ]);
    expect(sampleRequests(state, 513, 700)).toBe(700);
  });

  test("of a tiny cache takes longer samples as its steps get shorter, up to four times as long", () => {
    const wanted = (step: number) => sampleRequests({ ...newSearch(512), step } as SearchState, 512, 1001);
    expect([64, 32, -32, 16, -8, 4, 0].map(wanted)).toEqual([1001, 1001, 1001, 2002, 4004, 4004, 4004]);
    expect(wanted(30)).toBe(1067);
  });
});

describe("a climb by the hit ratio", () => {
  test("goes on while it does not fall, else turns round, in steps that decay", () => {
    const state = { ...newSearch(1000), step: 10, hitRatio: 0.5 } as SearchState;
    expect([climbByHitRatio(state, sampleOf(1000, 500)), state.step]).toEqual([10, 9.8]);
    expect([climbByHitRatio(state, sampleOf(1000, 499)), state.hitRatio]).toEqual([-9.8, 0.499]);
    expect(state.step).toBeCloseTo(-9.604, 10);
    expect(climbByHitRatio(state, sampleOf(1000, 548))).toBeCloseTo(-9.604, 10);
    expect(state.step).toBeCloseTo(-9.604 * 0.98, 10);
  });

  test("begins anew, in the direction of its step, when the workload changes", () => {
    const state = { ...newSearch(1000), step: 10, hitRatio: 0.25 } as SearchState;
    expect([climbByHitRatio(state, sampleOf(1000, 310)), state.step]).toEqual([10, 62.5]);
    expect([climbByHitRatio(state, sampleOf(1000, 250)), state.step]).toEqual([-62.5, -62.5]);
    const exact = { ...newSearch(1000), step: 10, hitRatio: 0 } as SearchState;
    expect([climbByHitRatio(exact, sampleOf(1000, 50)), exact.step]).toEqual([10, 62.5]);
  });

  test("of a tiny cache decays slowly", () => {
    const decayed = (capacity: number) => {
      const state = { ...newSearch(capacity), step: 10, hitRatio: 0.5 } as SearchState;
      climbByHitRatio(state, sampleOf(capacity, 500));
      return state.step;
    };
    expect([512, 513].map(decayed)).toEqual([9.95, 9.8]);
  });
});

test("a sign counts even without a size", () => {
  expect([withSignOf(3, -1), withSignOf(-3, 2), withSignOf(3, 0), withSignOf(3, -0)]).toEqual([-3, 3, 3, -3]);
});
