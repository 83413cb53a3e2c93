import { describe, expect, test } from "bun:test";
import { expiryOfFill, oldestAnswerMs, type Tracking } from "./fill-terms.ts";
import type { Flight } from "./flight.ts";

/** @param tracks whether the origin tells of changes */
function tracking(tracks: boolean | undefined, untrackedTtlMs = 60): Tracking {
  return { tracks, stalenessBoundMs: 200, untrackedTtlMs };
}

function expiry(remainingMs: number, terms: Tracking): number | undefined {
  return expiryOfFill({ remainingMs, sentAtMs: 1000 } as Flight, terms);
}

describe("a value expires", () => {
  test.each([
    ["never, if the origin says so", -1, tracking(true), 0],
    ["when it does at the origin", 50, tracking(true), 1050],
    ["at once, if it has no time left", 0, tracking(true), 1000],
    ["at the bound, if the origin does not tell of changes", -1, tracking(false), 1060],
    ["before the bound, if it does at the origin", 50, tracking(false), 1050],
    ["at the bound, if it lives longer", 70, tracking(undefined), 1060],
  ])("%s", (_, remainingMs, terms, expiresAtMs) => {
    expect(expiry(remainingMs, terms)).toBe(expiresAtMs);
  });
});

test("a value is not cached if the time to live is unknown, or if only invalidations could bound its age", () => {
  expect(expiry(-2, tracking(true))).toBeUndefined();
  expect(expiry(50, tracking(false, 0))).toBeUndefined();
  expect(expiry(50, tracking(true, 0))).toBe(1050);
});

test("how old an answer may be follows from whether the origin tells of changes; unknown, the shorter time", () => {
  expect(oldestAnswerMs(tracking(true))).toBe(200);
  expect(oldestAnswerMs(tracking(false))).toBe(60);
  expect(oldestAnswerMs(tracking(undefined))).toBe(60);
  expect(oldestAnswerMs(tracking(undefined, 300))).toBe(200);
});
