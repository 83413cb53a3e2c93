import { expect, test } from "bun:test";
import { keyIn } from "./key-fixture.ts";
import { ShardMemory } from "./shard-memory.ts";
import { Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;

function bytesOf(i: number, valueBytes: number): Uint8Array {
  return new Uint8Array(valueBytes).map((_, at) => (i * 31 + at) & 255);
}

// One chunk, chunks of one class and a rest, and a value whose rest takes several chunks.
test.each([300, 5000, 9000])("pages that hold few chunks of values of %d bytes are emptied", (valueBytes) => {
  const store = Store.create({ budgetBytes: 8 << 20, hashKey: { low: 5, high: 1 }, policy: "lru" });
  const { pageBytes } = new ShardMemory(store.handle.shards[0]!).sizes;
  const count = Math.floor((4 << 20) / valueBytes);
  const empty = store.stats();
  for (let i = 0; i < count; i++) store.set(keyIn(store, `${i}`), bytesOf(i, valueBytes), 0, NOW_MS);
  expect(store.stats()).toMatchObject({ entries: count, evictions: 0, moves: 0 });
  for (let i = 0; i < count; i++) if (i % 16 !== 0) store.remove(keyIn(store, `${i}`), NOW_MS);
  const { moves, usedBytes, freeBytes, entries } = store.stats();
  expect(entries).toBe(Math.ceil(count / 16));
  expect(moves).toBeGreaterThan(0);
  // A few pages more than the entries fill, for each size of chunks and for the index.
  expect((empty.freeBytes - freeBytes - usedBytes) / pageBytes).toBeLessThan(
    0.5 * (usedBytes / pageBytes) + 16,
  );
  for (let i = 0; i < count; i += 16) {
    expect(Buffer.compare(store.get(keyIn(store, `${i}`), NOW_MS)!, bytesOf(i, valueBytes))).toBe(0);
  }
  store.check();
});
