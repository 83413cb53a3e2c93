import { describe, expect, test } from "bun:test";
import { CURVE_SIZES, DEFAULT_SIZES, needsWorkingSet, parseCacheSizes, resolveSize } from "./cache-size.ts";
import type { WorkingSet } from "./working-set.ts";

test("entries, bytes and shares, mixed", () => {
  expect(parseCacheSizes("0.1%, 1%,1000,64mb,1k,100%")).toEqual([
    { kind: "share", amount: 0.001 },
    { kind: "share", amount: 0.01 },
    { kind: "entries", amount: 1000 },
    { kind: "bytes", amount: 64 * 1024 ** 2 },
    { kind: "bytes", amount: 1000 },
    { kind: "share", amount: 1 },
  ]);
  expect(parseCacheSizes(DEFAULT_SIZES)).toHaveLength(9);
});

test("sizes of a curve are even steps of a logarithmic scale, the default ones among them", () => {
  const shares = parseCacheSizes(CURVE_SIZES).map(({ amount }) => amount);
  expect([shares.length, shares[0], shares.at(-1)]).toEqual([81, 0.0001, 1]);
  for (const [i, share] of shares.slice(1).entries()) {
    expect(share / shares[i]!).toBeGreaterThan(1.1);
    expect(share / shares[i]!).toBeLessThan(1.15);
  }
  for (const { amount } of parseCacheSizes(DEFAULT_SIZES)) expect(shares).toContain(amount);
});

test.each([
  ["0", '"0": a cache of no size holds nothing'],
  ["0%", '"0%": a cache of no size holds nothing'],
  ["0mb", '"0mb": a cache of no size holds nothing'],
  ["-5", '"-5" is not a size: entries as 1000, bytes as 64mb, or a share as 1%'],
  ["1.5", '"1.5" is not a size: entries as 1000, bytes as 64mb, or a share as 1%'],
  ["10 apples", '"10 apples" is not a size: entries as 1000, bytes as 64mb, or a share as 1%'],
  ["1%,,2%", '"" is not a size: entries as 1000, bytes as 64mb, or a share as 1%'],
  ["101%", '"101%": no cache needs more than 100% of the working set'],
  ["600000000", '"600000000": a cache has 536,870,911 entries at most'],
  ["9000000gb", '"9000000gb" is more than a cache can have: 4 PiB'],
])("%s is refused", (text, message) => {
  expect(() => parseCacheSizes(text)).toThrow(new RangeError(message));
});

describe("resolved against a working set", () => {
  const workingSet = (hasSizes: boolean): WorkingSet => ({
    objects: 1999,
    bytes: hasSizes ? 50_000 : 1999,
    records: 5000,
    reads: 5000,
    hasSizes,
    entriesWithin: (bytes) => Math.floor(bytes / 25),
  });
  const resolve = (text: string, hasSizes: boolean) =>
    resolveSize(parseCacheSizes(text)[0]!, workingSet(hasSizes));

  test("a share is of bytes, or of objects if sizes do not differ", () => {
    expect(resolve("1%", true)).toEqual({ capacity: 500, unit: "bytes", maxEntries: 20 });
    expect(resolve("1%", false)).toEqual({ capacity: 19, unit: "entries", maxEntries: 19 });
    expect(resolve("0.01%", false)).toEqual({ capacity: 1, unit: "entries", maxEntries: 1 });
  });

  test("room is taken for no more entries than there can be", () => {
    expect(resolve("1000000", true)).toEqual({ capacity: 1_000_000, unit: "entries", maxEntries: 1999 });
    expect(resolve("1kb", true)).toEqual({ capacity: 1024, unit: "bytes", maxEntries: 40 });
    expect(resolve("1b", true)).toEqual({ capacity: 1, unit: "bytes", maxEntries: 1 });
  });

  test("entries alone need none, unless they are very many", () => {
    expect(parseCacheSizes("10,16777217,1%,1kb").map(needsWorkingSet)).toEqual([false, true, true, true]);
    expect(resolveSize({ kind: "entries", amount: 10 }, undefined)).toEqual({
      capacity: 10,
      unit: "entries",
      maxEntries: 10,
    });
  });
});
