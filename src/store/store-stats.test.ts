import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { keyIn } from "./key-fixture.ts";
import { FREE_PAGES, ShardMemory } from "./shard-memory.ts";
import { Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;

test("a new store has counted nothing but its free pages", () => {
  for (const shards of [1, 4]) {
    const store = Store.create({ hashKey: { low: 3, high: 0 }, budgetBytes: 2 ** 20, policy: "lru", shards });
    const memories = store.handle.shards.map((buffer) => new ShardMemory(buffer));
    const freeBytes = memories.reduce(
      (sum, { words, sizes }) => sum + words[FREE_PAGES]! * sizes.pageBytes,
      0,
    );
    const { usedBytes, buckets, ...counted } = store.stats();
    expect([usedBytes <= 2 ** 20 - freeBytes, buckets > 0]).toEqual([true, true]);
    expect(counted).toEqual({
      ...{
        budgetBytes: 2 ** 20,
        shards,
        freeBytes,
        payloadBytes: 0,
        valuesBytes: 0,
        entries: 0,
        expiring: 0,
        moves: 0,
      },
      ...{ evictions: 0, expirations: 0, hits: 0, misses: 0, fills: 0, refusedFills: 0 },
    });
  }
});

test("a new epoch counts the entries that it drops, once, also before they are removed", () => {
  const store = Store.create({
    hashKey: { low: 3, high: 0 },
    budgetBytes: 2 ** 22,
    policy: "lru",
    shards: 2,
  });
  const fill = (name: string): void => {
    const key = keyIn(store, utf8(name));
    const [lease, epoch] = [store.beginFill(key.hash), store.epochOf(key)];
    expect(store.fill(key, new Uint8Array(8), 0, 8, 0, { lease, epoch }, NOW_MS)).toBe(true);
    store.endFill(key.hash);
  };
  for (let i = 0; i < 100; i++) fill(`k${i}`);
  store.invalidate(keyIn(store, utf8("k0")));
  expect(store.bumpEpoch()).toBe(99);
  expect([store.stats().entries, store.bumpEpoch()]).toEqual([99, 0]);
  for (let i = 200; i < 210; i++) fill(`k${i}`);
  expect(store.bumpEpoch()).toBe(10);
  store.sweep(NOW_MS, 100_000);
  expect(store.stats().entries).toBe(0);
  for (let i = 0; i < 7; i++) fill(`k${i}`);
  expect(store.bumpEpoch()).toBe(7);
});

test("an entry takes a page, and gives it back", () => {
  const store = Store.create({
    hashKey: { low: 3, high: 0 },
    budgetBytes: 2 ** 20,
    policy: "lru",
    shards: 1,
  });
  const { pageBytes } = new ShardMemory(store.handle.shards[0]!).sizes;
  const before = store.stats();
  store.set(keyIn(store, utf8("key")), new Uint8Array(10), 0, NOW_MS);
  expect(store.stats()).toMatchObject({ entries: 1, freeBytes: before.freeBytes - pageBytes });
  store.remove(keyIn(store, utf8("key")), NOW_MS);
  expect(store.stats()).toMatchObject({ entries: 0, freeBytes: before.freeBytes });
});
