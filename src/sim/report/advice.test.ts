import { expect, test } from "bun:test";
import { adviceOf } from "./advice.ts";
import { row } from "./report-fixture.ts";

const curve = (policy: string, ratios: readonly number[]) =>
  ratios.map((ratio, i) => row(policy, 100 * 2 ** i, ratio));

test("advises the bend of the curve, and the simplest policy that is nearly the best", () => {
  expect(
    adviceOf([
      ...curve("lru", [0.6, 0.4, 0.3, 0.29]),
      ...curve("s3-fifo", [0.5, 0.35, 0.28, 0.27]),
      ...curve("belady", [0.1, 0.1, 0.1, 0.1]),
    ]),
  ).toEqual([
    "s3-fifo with 400 entries misses 28.00%, the least of all online policies; from there on, doubling the memory gains less than 2 points.",
  ]);
  expect(
    adviceOf([...curve("sieve", [0.505, 0.2, 0.2]), ...curve("w-tinylfu", [0.5, 0.195, 0.195])]),
  ).toEqual([
    "sieve with 200 entries misses 20.00%, within a point of the least (19.50%), and is simpler; from there on, doubling the memory gains less than 2 points.",
  ]);
});

test("says if the curve has no bend, and what larger caches could gain", () => {
  const rising = curve("lru", [0.6, 0.5, 0.4]);
  const upTo =
    "lru with 400 entries misses 40.00%; up to this size, the largest that was tried, each doubling gained 10.0 points";
  expect(adviceOf(rising)).toEqual([`${upTo}, so larger ones may gain more.`]);
  expect(adviceOf(rising, new Map([["test", 0.385]]))).toEqual([
    `${upTo}, and 1.5 are left to gain: 38.50% are first requests, which miss in every cache.`,
  ]);
});

test("says nothing of what there is no choice of", () => {
  expect(adviceOf([row("lru", 10, 0.5)])).toEqual(["lru with 10 entries misses 50.00%."]);
  expect(adviceOf([row("belady", 10, 0.5)])).toEqual([]);
  expect(adviceOf([row("lru", 10, 0.5), row("lru", 10, 0.4, { trace: "b" })])).toEqual([
    "test: lru with 10 entries misses 50.00%.",
    "b: lru with 10 entries misses 40.00%.",
  ]);
});
