import { describe, expect, test } from "bun:test";
import { HASH_SLOTS } from "../lib/hash-slot.ts";
import { CLEAR_INTERVAL_BITS } from "./entry-layout.ts";
import { keyIn } from "./key-fixture.ts";
import { Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;
const ALL_SLOTS = Array.from({ length: HASH_SLOTS }, (_, slot) => slot);

function storeWith(entries: number): Store {
  const store = Store.create({ budgetBytes: 2 ** 22, hashKey: { low: 5, high: 1 }, shards: 2 });
  fill(store, entries);
  return store;
}

function fill(store: Store, entries: number): void {
  for (let i = 0; i < entries; i++) {
    const key = keyIn(store, `key ${i}`);
    const terms = { lease: store.beginFill(key.hash), epoch: store.epochOf(key) };
    expect(store.fill(key, new Uint8Array(8), 0, 8, 0, terms, NOW_MS)).toBe(true);
    store.endFill(key.hash);
  }
}

describe("the beginning of hash slots' own epochs", () => {
  test("drops all entries, and those never count again", () => {
    for (const slots of [undefined, ALL_SLOTS, ALL_SLOTS.slice(0, HASH_SLOTS / 2)]) {
      const store = storeWith(100);
      expect([store.useHashSlots(), store.useHashSlots(), store.epochCount]).toEqual([100, 0, 1]);
      expect(store.bumpEpoch(slots)).toBe(0);
      expect(store.stats().entries).toBe(100);
    }
  });

  test("counts no entry of an epoch that had ended before", () => {
    const store = storeWith(100);
    expect(store.bumpEpoch()).toBe(100);
    fill(store, 10);
    expect(store.useHashSlots()).toBe(10);
    store.sweep(NOW_MS, 1_000_000);
    fill(store, 50);
    expect(store.bumpEpoch(ALL_SLOTS)).toBe(50);
  });

  test("removes all entries if the epochs that they store are about to repeat", () => {
    for (const epochs of [CLEAR_INTERVAL_BITS - 1, CLEAR_INTERVAL_BITS]) {
      const store = storeWith(0);
      for (let i = 0; i < epochs; i++) store.bumpEpoch();
      fill(store, 20);
      expect(store.useHashSlots()).toBe(20);
      expect(store.stats().entries).toBe(epochs === CLEAR_INTERVAL_BITS ? 0 : 20);
      store.check();
    }
  });
});

test("a new epoch removes all entries if the epochs that they store are about to repeat", () => {
  for (const usesHashSlots of [false, true]) {
    const store = storeWith(0);
    if (usesHashSlots) store.useHashSlots();
    while (store.epochCount < CLEAR_INTERVAL_BITS) store.bumpEpoch();
    fill(store, 20);
    expect([store.stats().entries, store.bumpEpoch(), store.stats().entries]).toEqual([20, 20, 0]);
    fill(store, 20);
    expect([store.bumpEpoch(), store.stats().entries]).toEqual([20, 20]);
    store.check();
  }
});
