/** Single samples of a search, at the bounds that a random workload hardly ever hits. */
import { describe, expect, test } from "bun:test";
import { DensitySearch } from "./density-search.ts";
import { newSearch, type Sample, type SearchState } from "./window-search.ts";

const CAPACITY = 10_000;
const REQUESTS = 40_000;
/** A segment with fewer hits is blind. */
const BLIND_HITS = 39;
/** A window of the capacity's tenth, and the same density in both segments. */
const EVEN = { windowHits: 1000, mainHits: 9000, window: 1000 };

type Given = Partial<Record<"windowHits" | "mainHits" | "window" | "probationHits", number>>;

/** Ends a sample of a search whose hit ratio did not change, unless the state says otherwise. */
function search(given: Given = {}, remembered: Partial<SearchState> = {}) {
  const { windowHits, mainHits, window, probationHits = 0 } = { ...EVEN, ...given };
  const hits = windowHits + mainHits;
  const sample: Sample = {
    ...{ requests: REQUESTS, hits, windowHits, probationHits },
    ...{ capacity: CAPACITY, window, protectedSegment: 4000 },
  };
  const hitRatio = hits / REQUESTS;
  const known = { hitRatio, smoothed: hitRatio, deviation: 0, walkHitRatio: hitRatio };
  const state: SearchState = { ...newSearch(CAPACITY), ...known, ...remembered };
  return { step: new DensitySearch(state, sample).climb(), state };
}

describe("steering", () => {
  test("moves by the logarithm of the ratio of densities, towards the denser segment", () => {
    expect(search({ windowHits: 2000 }).step).toBeCloseTo(300 * Math.log(2), 9);
    expect(search({ mainHits: 18_000 }).step).toBeCloseTo(-300 * Math.log(2), 9);
    // Equal densities: a step up, of no length.
    expect(Object.is(search().step, 0)).toBe(true);
  });

  test("goes by three tenths of the capacity at most, and counts an eighth of a blind segment's bar", () => {
    expect(search({ windowHits: 30_000, mainHits: 0 }).step).toBe(3000);
    expect(search({ windowHits: 0, mainHits: 9000, window: 3000 }).step).toBeCloseTo(
      300 * Math.log((0.125 * BLIND_HITS) / 3000 / (9000 / 7000)),
      9,
    );
  });

  test("ends at a fiftieth of the capacity, and leads back there", () => {
    expect(search({ windowHits: 50, mainHits: 20_000 }).step).toBe(-800);
    expect(search({ windowHits: 50, mainHits: 20_000, window: 150 }).step).toBe(50);
    const atFloor = search({ windowHits: 50, mainHits: 30_000, window: 200 });
    expect(Object.is(atFloor.step, -0)).toBe(true);
  });
});

describe("a probe", () => {
  test("begins when a window of up to a quarter of the capacity is blind", () => {
    const begins = (given: Given, remembered: Partial<SearchState> = {}): boolean =>
      search(given, remembered).state.walk === 1;
    expect([BLIND_HITS - 1, BLIND_HITS].map((windowHits) => begins({ windowHits }))).toEqual([true, false]);
    expect([2500, 2501].map((window) => begins({ windowHits: 0, window }))).toEqual([true, false]);
    // Both are blind.
    expect(begins({ windowHits: 0, mainHits: 0, window: 5000 })).toBe(true);
    expect([7499, 7500].map((window) => begins({ windowHits: 9000, mainHits: 0, window }))).toEqual([
      false,
      true,
    ]);
  });

  test("goes up, or down from a large window whose main segments are blind", () => {
    const begun = (given: Given) => {
      const { step, state } = search(given);
      return [step, state.walkDown];
    };
    expect(begun({ windowHits: 0 })).toEqual([625, 0]);
    expect(begun({ windowHits: 9000, mainHits: 0, window: 7500 })).toEqual([-625, 1]);
    expect(begun({ windowHits: 0, mainHits: 0, window: 4999 })).toEqual([625, 0]);
    expect(begun({ windowHits: 0, mainHits: 0, window: 5000 })).toEqual([-625, 1]);
  });

  test("remembers where it began", () => {
    const { state } = search(
      { windowHits: 0, probationHits: 500 },
      { anchor: 3000, anchorHitRatio: 0.75, walkSamples: 9, walkAbove: 9, walkBelow: 9, walkMatched: 1 },
    );
    expect(state).toMatchObject({
      ...{ walkFrom: 1000, walkHitRatio: 9000 / REQUESTS, walkClaim: 0.75, walkProbationDensity: 0.1 },
      ...{ walkSamples: 1, walkAbove: 0, walkBelow: 0, walkMatched: 0 },
    });
  });

  test("waits after those before it, and takes longer strides the more of them have failed", () => {
    expect(search({ windowHits: 0 }, { probeWait: 2 })).toMatchObject({
      step: 0,
      state: { probeWait: 1, walk: 0 },
    });
    const strides = [16, 31, 32, 63, 64].map((probeRung) => search({ windowHits: 0 }, { probeRung }).step);
    expect(strides).toEqual([625, 625, 1250, 1250, 2500]);
  });

  /** A probe upwards from 1000, now at 2000. */
  const UNDERWAY = { walk: 1, walkFrom: 1000, step: 625, walkSamples: 3 };
  const wide = (windowHits: number): Given => ({ window: 2000, windowHits, mainHits: 9000 });

  test("is judged once there are four times the hits of a blind segment", () => {
    const rung = (windowHits: number): number =>
      search(wide(windowHits), { ...UNDERWAY, walkProbationDensity: 0.01 }).state.probeRung;
    expect([4 * BLIND_HITS - 1, 4 * BLIND_HITS].map(rung)).toEqual([16, 1]);
  });

  test("succeeds if the window is denser than probation was, and has failed if it is as dense", () => {
    const end = (walkProbationDensity: number) => search(wide(1000), { ...UNDERWAY, walkProbationDensity });
    expect(end(0.5)).toMatchObject({ step: -1000, state: { walk: 0, probeRung: 32, probeWait: 32 } });
    expect(end(0.499).state).toMatchObject({
      walk: 0,
      probeRung: 1,
      probeWait: 0,
      anchor: 2000,
      anchored: 0,
    });
  });

  test("is judged later the more of them have failed, and ends after 16 samples in any case", () => {
    const isOver = (probeRung: number, walkSamples: number, windowHits = 2000): boolean => {
      const state = { ...UNDERWAY, probeRung, walkSamples, walkProbationDensity: 0.01 };
      return search(wide(windowHits), state).state.walk === 0;
    };
    expect([isOver(16, 0), isOver(32, 1), isOver(32, 2), isOver(64, 9), isOver(64, 10)]).toEqual([
      ...[true, false, true, false, true],
    ]);
    expect([isOver(16, 15, 100), isOver(16, 16, 100)]).toEqual([false, true]);
  });

  test("that crashes is undone; the second crash in a row counts as a failure", () => {
    const crash = (probeCrashes: number) =>
      search(wide(2000), { ...UNDERWAY, walkHitRatio: 11_000 / REQUESTS + 0.051, probeCrashes });
    expect(crash(0)).toMatchObject({
      step: -1000,
      state: { walk: 0, probeCrashes: 1, probeRung: 16, probeWait: 16 },
    });
    expect(crash(1)).toMatchObject({
      step: -1000,
      state: { walk: 0, probeCrashes: 2, probeRung: 32, probeWait: 32 },
    });
    const noCrash = search(wide(100), {
      ...UNDERWAY,
      walkHitRatio: 9100 / REQUESTS + 0.049,
      probeCrashes: 1,
    });
    expect(noCrash.state).toMatchObject({ walk: 1, probeCrashes: 1 });
  });

  test("goes back in steps if the way is long", () => {
    const { step, state } = search(
      { window: 9000, windowHits: 2000 },
      { ...UNDERWAY, walkSamples: 16, walkFrom: 1500, walkProbationDensity: 1 },
    );
    expect([step, state.wayBack]).toEqual([-3000, -4500]);
    expect(search({}, { wayBack: -3000 })).toMatchObject({ step: -3000, state: { wayBack: 0 } });
    expect(search({}, { wayBack: 3001 })).toMatchObject({ step: 3000, state: { wayBack: 1 } });
  });
});

describe("an audit", () => {
  test("is due when the window has stood still for long", () => {
    const begins = (still: number, given: Given = {}): boolean =>
      search(given, { still, auditWait: 4 }).state.walk === 2;
    expect([begins(3), begins(4)]).toEqual([false, true]);
    const after = search({ window: 1000 }, { still: 2, stoodAt: 1200 });
    expect(after.state).toMatchObject({ still: 3, stoodAt: 1000 });
    expect(search({ window: 1000 }, { still: 2, stoodAt: 1201 }).state.still).toBe(1);
    expect(search({ window: 1000 }, { still: 0, stoodAt: 1201 }).state.still).toBe(0);
  });

  test("goes to the side that has room, and to both in turn if both have", () => {
    const begun = (window: number, auditDown: number) => {
      const even = { window, windowHits: window, mainHits: CAPACITY - window };
      const { step, state } = search(even, { still: 4, auditDown });
      return [Math.sign(step), state.auditDown];
    };
    expect([begun(400, 1), begun(7500, 0)]).toEqual([
      [1, 1],
      [-1, 0],
    ]);
    expect([begun(5000, 0), begun(5000, 1)]).toEqual([
      [-1, 1],
      [1, 0],
    ]);
    // No room for a stride on the other side.
    expect([begun(824, 0), begun(825, 0), begun(6876, 1), begun(6875, 1)]).toEqual([
      ...[
        [1, 0],
        [-1, 1],
        [-1, 1],
        [1, 0],
      ],
    ]);
  });
});

describe("the anchor", () => {
  test("takes the window back after four samples of a shortfall", () => {
    const after = (shortfalls: number) =>
      search({}, { anchor: 5000, anchorHitRatio: 0.3, shortfalls, hitRatio: 0.25, smoothed: 0.25 });
    expect(after(2).state).toMatchObject({ shortfalls: 3, returning: 0 });
    const { step, state } = after(3);
    expect([step, state.returning, state.returnSamples, state.anchored, state.shortfalls]).toEqual([
      ...[3000, 1, 7, 1, 0],
    ]);
  });

  test("is reached in steps, or given up", () => {
    const back = (anchor: number, returnSamples: number) => {
      const { step, state } = search({}, { anchor, returning: 1, returnSamples, anchorHitRatio: 0.25 });
      return [step, state.returning];
    };
    expect([back(3900, 5), back(4000, 5), back(4100, 5), back(4100, 1), back(4100, 2)]).toEqual([
      ...[
        [2900, 0],
        [3000, 0],
        [3000, 1],
        [3000, 0],
        [3000, 1],
      ],
    ]);
  });

  test("is left when the hit ratio changes by a twentieth, unless it has a shield", () => {
    const after = (hitRatio: number, shield: number) => {
      const kept = { hitRatio, shield, anchor: 5000, anchored: 1, anchorHitRatio: 0.25 };
      return search({}, kept).state;
    };
    expect(after(0.21, 0)).toMatchObject({ anchored: 1, anchor: 5000 });
    expect(after(0.19, 0)).toMatchObject({ anchored: 0, anchor: 5000 });
    expect(after(0.19, 2)).toMatchObject({ anchored: 1, shield: 1 });
    expect(after(0.19, 1)).toMatchObject({ anchored: 0, shield: 0 });
  });
});
