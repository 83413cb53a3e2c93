import { describe, expect, test } from "bun:test";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import type { Random } from "../lib/random.ts";
import { SeededRandom } from "../lib/random.ts";
import { reverseBits } from "./index-table.ts";
import { keyIn } from "./key-fixture.ts";
import { Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;
const BUCKETS = 65_536;
const PER_BUCKET = 2 ** 32 / BUCKETS;

function storeOf(shards = 1): Store {
  return Store.create({ budgetBytes: 16 << 20, hashKey: { low: 5, high: 1 }, shards, policy: "fifo" });
}

function set(store: Store, key: string, expiresAtMs = 0): void {
  expect(store.set(keyIn(store, key), utf8("v"), expiresAtMs, NOW_MS)).toBe("stored");
}

/** A store with an entry per bucket, all of which have expired. */
function expiredStore(): Store {
  const store = storeOf();
  for (let i = 0; i < BUCKETS; i++) set(store, `${i}`, NOW_MS);
  expect(store.stats()).toMatchObject({ entries: BUCKETS, buckets: BUCKETS });
  return store;
}

/** Numbers to draw, one after the other; the last one again and again. */
function drawn(...numbers: number[]): { random: Random; count: () => number } {
  let count = 0;
  const next = (): number => numbers[Math.min(count++, numbers.length - 1)]!;
  return { random: { next } as Random, count: () => count };
}

describe("a step of a scan", () => {
  test("that finds nothing ends after 16,384 buckets, or after ten for each key asked for", () => {
    const store = expiredStore();
    const step = (cursor: number, count: number) =>
      store.scan(cursor, count, NOW_MS, () => expect.unreachable()) / PER_BUCKET;
    expect([step(0, 1), step(0, 1638)]).toEqual([16_384, 16_384]);
    // A lock is held for 64 buckets.
    expect(step(0, 2000)).toBe(64 * Math.ceil(20_000 / 64));
    expect(step(2 ** 30, 1)).toBe(32_768);
    expect([step((BUCKETS - 16_384) * PER_BUCKET, 1), step((BUCKETS - 16_385) * PER_BUCKET, 1)]).toEqual([
      ...[0, BUCKETS - 1],
    ]);
  });

  test("ends in the bucket that has the last of the keys asked for", () => {
    const store = storeOf(2);
    for (let i = 0; i < 1000; i++) set(store, `${i}`);
    const all: number[] = [];
    for (let cursor = 0, steps = 0; steps === 0 || cursor !== 0; steps++) {
      let found = 0;
      cursor = store.scan(cursor, 7, NOW_MS, (key, hash) => {
        found++;
        all.push(Number(fromUtf8(key)));
        expect(hash).toBe(keyIn(store, key).hash);
      });
      // The bucket may have more of them.
      expect(found).toBeLessThan(7 + 10);
      if (cursor !== 0) expect(found).toBeGreaterThanOrEqual(7);
    }
    expect(all.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});

test("a step for one key, or none, ends with the first bucket that has any", () => {
  const store = storeOf();
  for (let i = 0; i < 1000; i++) set(store, `${i}`);
  const width = 2 ** 32 / store.stats().buckets;
  for (const count of [0, 1]) {
    for (let cursor = 0, steps = 0; steps === 0 || cursor !== 0; steps++) {
      const buckets = new Set<number>();
      cursor = store.scan(
        cursor,
        count,
        NOW_MS,
        (_, hash) => void buckets.add(Math.floor(reverseBits(hash) / width)),
      );
      expect(buckets.size).toBeLessThanOrEqual(1);
    }
  }
});

test("a scan leaves out what lies before its cursor, and nothing else", () => {
  const store = storeOf();
  for (let i = 0; i < 1000; i++) set(store, `${i}`);
  const places = Array.from({ length: 1000 }, (_, i) => reverseBits(keyIn(store, `${i}`).hash));
  for (const cursor of places) {
    const seen: number[] = [];
    store.scan(cursor, 1, NOW_MS, (_, hash) => void seen.push(reverseBits(hash)));
    expect(Math.min(...seen)).toBe(cursor);
  }
});

describe("a random key", () => {
  test("is searched for in the whole store if there is just one, wherever the search begins", () => {
    const store = storeOf(2);
    set(store, "only");
    for (let i = 0; i < 1000; i++) set(store, `expired ${i}`, NOW_MS);
    for (let place = 0; place < 1; place += 1 / 64) {
      const { random, count } = drawn(place);
      expect(store.randomKey(random, NOW_MS)).toEqual(utf8("only"));
      // Shard and place of each try, and of the search, unless a try has found it.
      expect([3, 2 * 64 + 2]).toContain(count());
    }
  });

  test("does not exist in a store without values, nor in one whose values have expired", () => {
    for (const entries of [0, 1000]) {
      const store = storeOf(2);
      for (let i = 0; i < entries; i++) set(store, `${i}`, NOW_MS);
      const { random, count } = drawn(0.5);
      expect(store.randomKey(random, NOW_MS)).toBeUndefined();
      expect(count()).toBe(2 * 64 + 2);
    }
  });

  test("of a bucket with several is any of them", () => {
    const store = storeOf();
    const random = new SeededRandom(3);
    for (let i = 0; i < 3000; i++) set(store, `${i}`, i % 3 === 0 ? NOW_MS : 0);
    const found = new Set<number>();
    for (let i = 0; i < 60_000; i++) found.add(Number(fromUtf8(store.randomKey(random, NOW_MS)!)));
    expect(found.size).toBe(2000);
    expect([...found].every((key) => key % 3 !== 0)).toBe(true);
  });
});
