import { expect, test } from "bun:test";
import { type FamilyFigures, familyAdvice } from "./family-advice.ts";

const FINE: FamilyFigures = {
  requestsPerSecond: 100,
  hitRatio: 0.9,
  memoryBytes: 1e6,
  totalMemoryBytes: 3e6,
  meanValueBytes: 1000,
  meanTtlMs: 300_000,
  lastReadAfterMs: 200_000,
  refillRatio: 0.1,
  unreadRatio: 0.1,
  fillsSeen: 100,
  leftSeen: 100,
};

const advised = (figures: Partial<FamilyFigures>): string | undefined =>
  familyAdvice({ ...FINE, ...figures });

test("a family that fares well gets no advice", () => {
  expect(advised({})).toBeUndefined();
  expect(advised({ meanTtlMs: null, lastReadAfterMs: null })).toBeUndefined();
});

test("each trouble has its sentence", () => {
  expect(advised({ refillRatio: 0.63, meanTtlMs: 30_000 })).toBe(
    "63% of the fills replace entries that had expired shortly before: a time to live longer than 30 s saves these misses.",
  );
  expect(advised({ meanValueBytes: 65_000, unreadRatio: 0.9 })).toBe(
    "90% of the bytes leave the cache without having been read: these values of 65 kB push out others for nothing.",
  );
  expect(advised({ hitRatio: 0.04 })).toBe(
    "It takes 33% of the memory, and 4% of its requests are hits: caching it gains little.",
  );
  expect(advised({ meanTtlMs: 86_400_000, lastReadAfterMs: 90_000 })).toBe(
    "The time to live is 1 d, but 95% of the entries are not read later than 1.5 min after the fill: a shorter one frees memory.",
  );
});

test("at the limits, and with too few entries seen, it is silent", () => {
  expect(advised({ refillRatio: 0.5 })).toBeUndefined();
  expect(advised({ meanValueBytes: 16_383, unreadRatio: 1 })).toBeUndefined();
  expect(advised({ meanValueBytes: 16_384, unreadRatio: 0.8 })).toBeUndefined();
  expect(advised({ hitRatio: 0.1 })).toBeUndefined();
  expect(advised({ hitRatio: 0, totalMemoryBytes: 1e7 })).toBeUndefined();
  expect(advised({ meanTtlMs: 2_000_000 })).toBeUndefined();
  expect(advised({ meanTtlMs: 59_000, lastReadAfterMs: 10 })).toBeUndefined();
  const bad = { refillRatio: 1, unreadRatio: 1, meanValueBytes: 1e6, hitRatio: 0, lastReadAfterMs: 0 };
  expect(advised({ ...bad, fillsSeen: 19, leftSeen: 19 })).toBeUndefined();
});
