import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { keyIn } from "./key-fixture.ts";
import { Store } from "./store.ts";

function fill(store: Store, entries: number): void {
  for (let i = 0; i < entries; i++) store.set(keyIn(store, `key:${i}`), utf8("x".repeat(100)), 0, 1);
}

test("a store that is full holds about what its capacity says, and says so before it is full", () => {
  const store = Store.create({ budgetBytes: 2 ** 22, seed: 1 });
  expect(store.capacity.unit).toBe("bytes");
  fill(store, 2000);
  const { size, entries } = store.capacity;
  fill(store, 100_000);
  const { usedBytes, entries: held, evictions } = store.stats();
  expect(evictions).toBeGreaterThan(0);
  expect(Math.abs(size / usedBytes - 1)).toBeLessThan(0.05);
  expect(Math.abs(entries / held - 1)).toBeLessThan(0.05);
  expect(store.capacity.size).toBeGreaterThanOrEqual(usedBytes);
});

test("an entry is charged what the store says beforehand", () => {
  const store = Store.create({ budgetBytes: 2 ** 22, seed: 1 });
  for (const bytes of [0, 1, 50, 1000, 5000, 70_000]) {
    const key = keyIn(store, `key of ${bytes}`);
    store.set(key, new Uint8Array(bytes), 0, 1);
    expect(store.chargeOf(key.length, bytes)).toBe(store.peek(key, 1)!.chargedBytes);
  }
});

test("with a limit of entries, entries are what counts", () => {
  const store = Store.create({ budgetBytes: 2 ** 22, seed: 1, maxEntries: 512 });
  fill(store, 1000);
  expect(store.capacity).toEqual({ unit: "entries", size: 512, entries: 512 });
});
