import { describe, expect, test } from "bun:test";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { keyIn } from "./key-fixture.ts";
import { ShardMemory } from "./shard-memory.ts";
import { Store, type StoreOptions } from "./store.ts";

const NOW_MS = 1_700_000_000_000;

function storeOf(options: Partial<StoreOptions> = {}): Store {
  return Store.create({ budgetBytes: 1 << 20, hashKey: { low: 9, high: 0 }, ...options });
}

function set(store: Store, key: string, value: string, expiresAtMs = 0): void {
  expect(store.set(keyIn(store, key), utf8(value), expiresAtMs, NOW_MS)).toBe("stored");
}

describe("an expiry that is set later", () => {
  test("leaves the entry the time of its fill, its reads and its value", () => {
    for (const expiresAtMs of [0, NOW_MS + 5000]) {
      const store = storeOf();
      set(store, "key", "value", expiresAtMs);
      store.get(keyIn(store, "key"), NOW_MS);
      expect(store.setExpiry(keyIn(store, "key"), NOW_MS + 9000, NOW_MS + 700)).toBe(true);
      expect(store.peek(keyIn(store, "key"), NOW_MS + 700)).toMatchObject({
        filledAtMs: NOW_MS,
        expiresAtMs: NOW_MS + 9000,
        staleUntilMs: 0,
        reads: 1,
        valueBytes: 5,
      });
      store.check();
    }
  });

  test("costs as much memory as an expiry that is set with the value", () => {
    for (const length of [0, 10, 17, 25, 33, 49, 100, 1000]) {
      const store = storeOf();
      set(store, "now", "v".repeat(length), NOW_MS + 9000);
      set(store, "not", "v".repeat(length));
      store.setExpiry(keyIn(store, "not"), NOW_MS + 9000, NOW_MS);
      const [now, later] = ["now", "not"].map((key) => store.peek(keyIn(store, key), NOW_MS)!.chargedBytes);
      expect([length, later!]).toEqual([length, now!]);
    }
  });

  test("ends the entry's grace", () => {
    const store = storeOf();
    const key = keyIn(store, "key");
    const fill = { lease: store.lease(key.hash), epoch: store.epochOf(key) };
    expect(store.fill(key, utf8("value"), 0, 5, NOW_MS + 10, fill, NOW_MS, NOW_MS + 30)).toBe(true);
    expect(store.peek(key, NOW_MS)!.staleUntilMs).toBe(NOW_MS + 30);
    store.setExpiry(key, NOW_MS + 20, NOW_MS);
    expect(store.peek(key, NOW_MS)!.staleUntilMs).toBe(0);
  });

  test("hides the entry at once if it lies in the past, however far", () => {
    for (const expiresAtMs of [1, 2, NOW_MS - 1, NOW_MS]) {
      const store = storeOf();
      set(store, "key", "value");
      expect(store.setExpiry(keyIn(store, "key"), expiresAtMs, NOW_MS)).toBe(true);
      expect(store.get(keyIn(store, "key"), NOW_MS)).toBeUndefined();
      expect(store.stats().expiring).toBe(1);
    }
  });

  test("is no use of the entry", () => {
    const store = storeOf({ policy: "lru", maxEntries: 3 });
    const left: string[] = [];
    store.onRemoval = (key) => left.push(fromUtf8(key));
    for (const key of ["a", "b", "c"]) set(store, key, "value");
    // "a" gets a larger header, "b" does not.
    for (const expiresAtMs of [NOW_MS + 1000, NOW_MS + 2000]) {
      store.setExpiry(keyIn(store, "a"), expiresAtMs, NOW_MS);
    }
    set(store, "d", "value");
    expect(left).toEqual(["a"]);
  });
});

describe("a bound on the number of entries", () => {
  test("is kept by a store that never evicts, whatever room there is", () => {
    const store = storeOf({ maxEntries: 2, whenFull: "refuse" });
    set(store, "a", "value");
    set(store, "b", "value");
    expect(store.set(keyIn(store, "c"), utf8("value"), 0, NOW_MS)).toBe("full");
    set(store, "a", "another value, which is longer, and needs a larger chunk");
    expect(store.stats()).toMatchObject({ entries: 2, evictions: 0 });
    store.check();
  });

  test("is kept by a store that never evicts, even if a reader has a value that has left it", () => {
    const store = storeOf({ budgetBytes: 8 << 20, maxEntries: 2, whenFull: "refuse" });
    set(store, "large", "v".repeat(LARGE_BYTES));
    const taken: LargeValue[] = [];
    store.read(keyIn(store, "large"), NOW_MS, {
      takesLarge: true,
      takeLarge: (large) => taken.push(large),
      openValue: () => new ByteBuffer(0),
      closeValue: () => {},
    });
    store.remove(keyIn(store, "large"), NOW_MS);
    set(store, "a", "value");
    set(store, "b", "value");
    expect(store.set(keyIn(store, "c"), utf8("value"), 0, NOW_MS)).toBe("full");
    expect(["a", "b", "c"].map((key) => store.peek(keyIn(store, key), NOW_MS) !== undefined)).toEqual([
      ...[true, true, false],
    ]);
    expect(store.stats()).toMatchObject({ entries: 2, evictions: 0 });
    taken[0]!.release();
    store.check();
  });

  test("is kept by evictions, and an entry that is overwritten needs none", () => {
    const store = storeOf({ maxEntries: 3, policy: "fifo" });
    for (const key of ["a", "b", "c"]) set(store, key, "value");
    for (const length of [1000, 10, 50_000, 0]) set(store, "a", "v".repeat(length));
    expect(store.stats()).toMatchObject({ entries: 3, evictions: 0 });
    set(store, "d", "value");
    expect(store.stats()).toMatchObject({ entries: 3, evictions: 1 });
    expect(store.peek(keyIn(store, "a"), NOW_MS)).toBeUndefined();
    store.check();
  });
});

describe("a new entry", () => {
  test("is a request that the policy counts", () => {
    const store = storeOf({ policy: "w-tinylfu" });
    const frequency = () => store.explain(keyIn(store, "key"), NOW_MS)!.detail;
    set(store, "key", "value");
    expect(frequency()).toMatchObject({ frequency: 1 });
    store.get(keyIn(store, "key"), NOW_MS);
    expect(frequency()).toMatchObject({ frequency: 2 });
    store.remove(keyIn(store, "key"), NOW_MS);
    set(store, "key", "value");
    expect(frequency()).toMatchObject({ frequency: 3 });
  });

  test("gets a bucket in an index that grows with the entries", () => {
    for (const whenFull of ["evict", "refuse"] as const) {
      const store = storeOf({ budgetBytes: 4 << 20, whenFull });
      const before = store.stats().buckets;
      for (let i = 0; i < 5000; i++) set(store, `key ${i}`, "value");
      expect(store.stats().buckets).toBeGreaterThan(before);
      expect(store.stats().buckets).toBeGreaterThanOrEqual(2500);
      for (let i = 0; i < 5000; i++) store.remove(keyIn(store, `key ${i}`), NOW_MS);
      expect(store.stats().buckets).toBeLessThan(2500);
      store.check();
    }
  });
});

describe("a write that a full store refuses", () => {
  /** A store that never evicts, full of values of 1000 bytes. */
  function fullStore(): { store: Store; left: string[] } {
    const store = storeOf({ budgetBytes: 300_000, whenFull: "refuse" });
    const left: string[] = [];
    store.onRemoval = (key, why) => left.push(`${fromUtf8(key)} ${why}`);
    set(store, "brief", "value", NOW_MS + 10);
    let count = 0;
    while (store.set(keyIn(store, `${count}`), new Uint8Array(1000), 0, NOW_MS) === "stored") count++;
    return { store, left };
  }

  const LARGE = new Uint8Array(50_000);

  test("leaves the key its value", () => {
    const { store, left } = fullStore();
    expect(store.set(keyIn(store, "brief"), LARGE, 0, NOW_MS)).toBe("full");
    expect(fromUtf8(store.get(keyIn(store, "brief"), NOW_MS)!)).toBe("value");
    expect([left, store.stats().expirations]).toEqual([[], 0]);
    store.check();
  });

  test("reports the key's expired value as gone", () => {
    const { store, left } = fullStore();
    const before = store.stats().entries;
    expect(store.set(keyIn(store, "brief"), LARGE, 0, NOW_MS + 10)).toBe("full");
    expect(left).toEqual(["brief expired"]);
    expect(store.stats()).toMatchObject({ entries: before - 1, expirations: 1 });
    store.check();
  });

  test("reports nothing of a value whose epoch is over", () => {
    const { store, left } = fullStore();
    const before = store.stats().entries;
    store.bumpEpoch();
    expect(store.set(keyIn(store, "brief"), LARGE, 0, NOW_MS + 10)).toBe("full");
    expect(left).toEqual([]);
    expect(store.stats()).toMatchObject({ entries: before - 1, expirations: 0 });
    store.check();
  });
});

describe("a value that is overwritten by a larger one", () => {
  test("makes room by itself before anything is evicted", () => {
    const store = storeOf({ maxEntries: 3, policy: "fifo" });
    for (const key of ["b", "c"]) set(store, key, "value");
    for (const length of [600_000, 700_000]) set(store, "a", "v".repeat(length));
    expect(store.stats()).toMatchObject({ entries: 3, evictions: 0, valuesBytes: 700_010 });
    store.check();
  });

  test("may take the last page of a store that never evicts", () => {
    const store = storeOf({ budgetBytes: 300_000, whenFull: "refuse" });
    const { pageBytes } = new ShardMemory(store.handle.shards[0]!).sizes;
    set(store, "a", "value");
    for (let i = 0; store.stats().freeBytes > 3 * pageBytes; i++)
      set(store, `${i}`, "v".repeat(pageBytes - 100));
    expect(store.stats().freeBytes).toBe(3 * pageBytes);
    expect(store.set(keyIn(store, "a"), new Uint8Array(4 * pageBytes), 0, NOW_MS)).toBe("full");
    set(store, "a", "v".repeat(3 * pageBytes - 200));
    expect(store.stats().freeBytes).toBeLessThanOrEqual(pageBytes);
    store.check();
  });
});
