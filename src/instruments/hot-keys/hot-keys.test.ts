import { expect, test } from "bun:test";
import { latin1, utf8 } from "../../lib/bytes.ts";
import { hashBytes } from "../../lib/hash.ts";
import { SeededRandom } from "../../lib/random.ts";
import type { HotBy } from "../view.ts";
import { HOT_KEYS_DEFAULTS, HotKeys } from "./hot-keys.ts";

const START_MS = 1_700_000_000_000;

/** Calls the methods with keys as texts. */
class Caller {
  readonly hot: HotKeys;
  nowMs = START_MS;

  constructor(counters = 64, halfLifeMs = 10_000) {
    this.hot = new HotKeys({ ...HOT_KEYS_DEFAULTS, counters, halfLifeMs }, START_MS);
  }

  hit(key: string | Uint8Array, valueBytes = 10, weight = 1): void {
    const bytes = typeof key === "string" ? utf8(key) : key;
    this.hot.hit(
      hashBytes(bytes, 0, bytes.length, 1),
      bytes,
      0,
      bytes.length,
      valueBytes,
      weight,
      this.nowMs,
    );
  }

  miss(key: string): void {
    const bytes = utf8(key);
    this.hot.miss(hashBytes(bytes, 0, bytes.length, 1), bytes, 0, bytes.length, this.nowMs);
  }

  answered(key: string, originMs: number, valueBytes: number): void {
    const bytes = utf8(key);
    const hash = hashBytes(bytes, 0, bytes.length, 1);
    this.hot.answered(hash, bytes, 0, bytes.length, originMs, valueBytes, this.nowMs);
  }

  left(key: string): void {
    const bytes = utf8(key);
    this.hot.left(hashBytes(bytes, 0, bytes.length, 1));
  }

  keys(by: HotBy, count = 10): string[] {
    return this.hot
      .report(by, count, this.nowMs)
      .keys.map(({ key }) => ("text" in key ? key.text : key.base64));
  }
}

test("orders keys by requests, bytes, misses, origin time and size, each with its unit", () => {
  const caller = new Caller();
  for (let i = 0; i < 100; i++) {
    caller.nowMs += 100;
    caller.hit("often", 5);
    if (i % 2 === 0) caller.hit("large", 5000);
    if (i % 5 === 0) caller.miss("missed");
    if (i % 50 === 0) caller.answered("slow", 900, 3);
    caller.answered("missed", 1, 7);
  }
  expect(caller.keys("rate", 3)).toEqual(["often", "large", "missed"]);
  expect(caller.keys("bytes", 2)).toEqual(["large", "missed"]);
  expect(caller.keys("misses")).toEqual(["missed"]);
  expect(caller.keys("origin-time")).toEqual(["slow", "missed"]);
  expect(caller.keys("size")).toEqual(["missed", "slow"]);
  const units = (["rate", "bytes", "misses", "origin-time", "size"] as const).map(
    (by) => caller.hot.report(by, 1, caller.nowMs).unit,
  );
  expect(units).toEqual(["requests/s", "bytes/s", "misses/s", "ms/s", "bytes"]);
  const [often] = caller.hot.report("rate", 1, caller.nowMs).keys;
  expect(often!.amount).toBeCloseTo(10, 0);
  expect([often!.error, often!.samplingError, often!.hitRatio, often!.valueBytes]).toEqual([0, 0, 1, 5]);
});

test("sampled hits and all misses add up to the request rate and the hit ratio", () => {
  const caller = new Caller();
  const random = new SeededRandom(7);
  for (let i = 0; i < 100_000; i++) {
    caller.nowMs += 1;
    if (random.next() < 0.2) caller.miss("key");
    else if (random.next() < 1 / 16) caller.hit("key", 10, 16);
  }
  const [told] = caller.hot.report("rate", 1, caller.nowMs).keys;
  expect(Math.abs(told!.amount - 1000)).toBeLessThan(told!.samplingError);
  expect(told!.samplingError).toBeLessThan(100);
  expect(Math.abs(told!.hitRatio - 0.8)).toBeLessThan(0.03);
  const [missed] = caller.hot.report("misses", 1, caller.nowMs).keys;
  expect(Math.abs(missed!.amount - 200)).toBeLessThan(10);
  expect(missed!.samplingError).toBe(0);
});

test("the bounds hold for a decayed Zipf stream, sampled or not, and the hottest keys are found", () => {
  for (const weight of [1, 8]) {
    const caller = new Caller(128, 10_000);
    const random = new SeededRandom(11 + weight);
    const exact = new Map<string, number>();
    const keys = 20_000;
    for (let i = 0; i < 200_000; i++) {
      // Zipf with exponent 1, by inversion; ranks change halfway.
      const rank = Math.floor(keys ** random.next());
      const key = `k${i < 100_000 ? rank : rank + 5000}`;
      caller.nowMs = START_MS + Math.floor(i / 4);
      exact.set(key, (exact.get(key) ?? 0) + 2 ** ((caller.nowMs - START_MS - 50_000) / 10_000));
      if (random.next() * weight < 1) caller.hit(key, 10, weight);
    }
    const windowSeconds = (10 / Math.LN2) * (1 - 2 ** -5);
    const { keys: told } = caller.hot.report("rate", 128, caller.nowMs);
    let outside = 0;
    for (const { key, amount, error, samplingError } of told) {
      const rate = exact.get((key as { text: string }).text)! / windowSeconds;
      const isWithin =
        rate <= (amount + samplingError) * 1.001 && rate >= (amount - error - samplingError) * 0.999;
      if (!isWithin) outside++;
    }
    expect(outside).toBeLessThanOrEqual(weight === 1 ? 0 : 12);
    const hottest = [...exact].sort((a, b) => b[1] - a[1]).map(([key]) => key);
    const found = new Set(caller.keys("rate", 20));
    expect(hottest.slice(0, 10).filter((key) => !found.has(key))).toEqual([]);
  }
});

test("follows the present: yesterday's hottest key gives way", () => {
  const caller = new Caller(16, 1000);
  for (let i = 0; i < 10_000; i++) caller.hit("yesterday");
  caller.nowMs += 10_000;
  for (let i = 0; i < 100; i++) caller.hit("today");
  expect(caller.keys("rate", 2)).toEqual(["today", "yesterday"]);
  caller.nowMs += 86_400_000;
  expect(caller.hot.report("rate", 1, caller.nowMs).keys.every(({ amount }) => amount < 1e-6)).toBe(true);
});

test("large values are forgotten when they leave, shrink, or are not seen for an hour", () => {
  const caller = new Caller(3);
  for (const [key, bytes] of [
    ["a", 500],
    ["b", 400],
    ["c", 300],
    ["d", 350],
    ["e", 200],
  ] as const) {
    caller.answered(key, 1, bytes);
  }
  expect(caller.keys("size")).toEqual(["a", "b", "d"]);
  caller.answered("b", 1, 100);
  caller.left("a");
  expect(caller.keys("size")).toEqual(["d", "b"]);
  caller.nowMs += 3_000_000;
  caller.hit("d");
  caller.nowMs += 700_000;
  expect(caller.keys("size")).toEqual(["d"]);
  caller.nowMs += 3_600_000;
  expect(caller.keys("size")).toEqual([]);
});

test("when all entries leave at once, no value is large, and the other figures stay", () => {
  const caller = new Caller();
  caller.hit("a");
  caller.answered("a", 5, 100);
  caller.answered("b", 0, 100);
  caller.hot.cleared();
  expect(caller.keys("size")).toEqual([]);
  expect([caller.keys("rate"), caller.keys("origin-time")]).toEqual([["a"], ["a"]]);
  expect(caller.keys("bytes")).toEqual(["a", "b"]);
});

test("a large value forgotten at the moment it is seen again is a new one", () => {
  const caller = new Caller(1, 1e12);
  caller.hit("busy", 1e9);
  caller.answered("slow", 1e6, 1);
  caller.answered("a", 1, 100);
  for (const valueBytes of [100, 200]) {
    caller.nowMs += 7_200_000;
    caller.answered("a", 1, valueBytes);
    expect(caller.keys("size")).toEqual(["a"]);
    expect(caller.hot.trackedKeys).toBe(3);
  }
});

test("with nothing but new keys, memory stays within its limit", () => {
  const caller = new Caller(32);
  for (let i = 0; i < 50_000; i++) {
    if (i % 10 === 0) caller.nowMs++;
    caller.hit(`new:${i}`, i % 1000);
    caller.miss(`other:${i}`);
    caller.answered(`other:${i}`, i % 7, i % 5000);
    if (i % 3 === 0) caller.left(`other:${i}`);
    if (i % 1000 === 0) caller.nowMs += 1_000_000;
    expect(caller.hot.trackedKeys).toBeLessThanOrEqual(5 * 32);
  }
});

test("long keys are told in part, with a mark; keys that are no text in base64", () => {
  const caller = new Caller();
  caller.hit(`${"x".repeat(511)}é:long`, 1, 3);
  caller.hit("y".repeat(512), 1, 2);
  caller.hit(Uint8Array.of(0xff, 0x00), 1, 1);
  const { keys } = caller.hot.report("rate", 3, caller.nowMs);
  expect(keys[0]!.key).toEqual({ text: `${"x".repeat(511)}…` });
  expect(keys[0]!.cutFromBytes).toBe(518);
  expect(keys[1]!.key).toEqual({ text: "y".repeat(512) });
  expect(keys[1]!.cutFromBytes).toBeUndefined();
  expect(keys[2]!.key).toEqual({ base64: btoa(latin1(Uint8Array.of(0xff, 0x00))) });
});

test("nothing recorded, nothing told", () => {
  const caller = new Caller();
  for (const by of ["rate", "bytes", "misses", "origin-time", "size"] as const) {
    expect(caller.keys(by)).toEqual([]);
  }
});
