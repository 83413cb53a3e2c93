import { expect, test } from "bun:test";
import { keyIn } from "./key-fixture.ts";
import { Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;

/** A store whose entries all expire after a second. */
function storeWith(entries: number, shards: number): Store {
  const store = Store.create({ budgetBytes: 2 ** 22, hashKey: { low: 5, high: 1 }, shards });
  for (let i = 0; i < entries; i++) {
    expect(store.set(keyIn(store, `key ${i}`), new Uint8Array(8), NOW_MS + 1000, NOW_MS)).toBe("stored");
  }
  return store;
}

test("a sweep of one step at a time comes round", () => {
  for (const shards of [1, 4]) {
    const store = storeWith(500, shards);
    const { buckets } = store.stats();
    let removed = 0;
    // An index that shrinks has fewer buckets, and some are visited again.
    for (let steps = 0; steps < 2 * buckets + 500 && removed < 500; steps++) {
      removed += store.sweep(NOW_MS + 1000, 1);
    }
    expect([removed, store.stats().entries]).toEqual([500, 0]);
    store.check();
  }
});

test("a sweep of no steps does nothing", () => {
  const store = storeWith(500, 1);
  expect([store.sweep(NOW_MS + 1000, 0), store.stats().entries]).toEqual([0, 500]);
});

test("a sweep ends a round that was begun, and begins no other in the same call", () => {
  const store = storeWith(5000, 1);
  const { buckets } = store.stats();
  expect(store.sweep(NOW_MS, buckets / 2)).toBe(0);
  const removed = store.sweep(NOW_MS + 1000, 1_000_000);
  expect(removed).toBeGreaterThan(2000);
  expect(removed).toBeLessThan(3000);
  expect(store.sweep(NOW_MS + 1000, 1_000_000)).toBe(5000 - removed);
  store.check();
});

test("a call visits no more buckets than it may, and the next one goes on behind them", () => {
  const store = storeWith(5000, 4);
  const { buckets } = store.stats();
  const tenth = Math.floor(buckets / 10);
  let most = 0;
  let removed = 0;
  for (let calls = 0; calls < 11; calls++) {
    const swept = store.sweep(NOW_MS + 1000, tenth);
    most = Math.max(most, swept);
    removed += swept;
  }
  expect(removed).toBe(5000);
  // Twice as many as there are in a tenth of the buckets.
  expect(most).toBeLessThan(1000);
  store.check();
});

test("entries of an epoch that is over are swept once, and a sweep without any work ends at once", () => {
  const store = storeWith(0, 2);
  for (let i = 0; i < 200; i++) store.set(keyIn(store, `key ${i}`), new Uint8Array(8), 0, NOW_MS);
  expect(store.sweep(NOW_MS, 1_000_000)).toBe(0);
  store.bumpEpoch();
  store.set(keyIn(store, "new"), new Uint8Array(8), 0, NOW_MS);
  expect([store.sweep(NOW_MS, 1_000_000), store.stats().entries]).toEqual([200, 1]);
  store.bumpEpoch();
  expect([store.sweep(NOW_MS, 1_000_000), store.sweep(NOW_MS, 1_000_000)]).toEqual([1, 0]);
  store.check();
});

test("an epoch that ends in the middle of a round is swept in the next one", () => {
  const store = storeWith(0, 1);
  for (let i = 0; i < 5000; i++) store.set(keyIn(store, `key ${i}`), new Uint8Array(8), 0, NOW_MS);
  store.bumpEpoch();
  for (let i = 0; i < 5000; i++) store.set(keyIn(store, `key ${i}`), new Uint8Array(8), 0, NOW_MS);
  expect(store.sweep(NOW_MS, store.stats().buckets / 2)).toBe(0);
  store.bumpEpoch();
  const removed = store.sweep(NOW_MS, 1_000_000);
  expect(removed).toBeGreaterThan(2000);
  expect(removed).toBeLessThan(3000);
  expect(store.sweep(NOW_MS, 1_000_000)).toBe(5000 - removed);
  expect(store.stats().entries).toBe(0);
  store.check();
});
