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
      ...{ budgetBytes: 2 ** 20, shards, freeBytes, payloadBytes: 0, entries: 0, expiring: 0, moves: 0 },
      ...{ evictions: 0, expirations: 0, hits: 0, misses: 0, fills: 0, refusedFills: 0 },
    });
  }
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
