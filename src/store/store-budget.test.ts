import { describe, expect, test } from "bun:test";
import { totalmem } from "node:os";
import { SeededRandom } from "../lib/random.ts";
import { parsePolicy } from "../policy/registry.ts";
import { Control } from "./control.ts";
import { ENTRY_HEADER_BYTES } from "./entry-layout.ts";
import { keyIn } from "./key-fixture.ts";
import { ShardMemory } from "./shard-memory.ts";
import { policyLimits, storePolicyNames } from "./shard-policy.ts";
import { Store, type StoreOptions } from "./store.ts";

const FIVE_GIGABYTES = 5 * 2 ** 30;
const NOW_MS = 1_700_000_000_000;

function bytesOf(store: Store): number {
  const { control, shards } = store.handle;
  return control.byteLength + shards.reduce((sum, shard) => sum + shard.byteLength, 0);
}

function key(id: number, length = 8): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(length - 4, id);
  return bytes;
}

function set(store: Store, id: number, value: Uint8Array): string {
  const bytes = key(id);
  return store.set(keyIn(store, bytes), value, 0, NOW_MS);
}

const VALUE = new Uint8Array(1 << 20);

describe("store budget", () => {
  test("is never exceeded and nearly all used", () => {
    for (const budgetBytes of [262_144, 300_001, 1 << 20, 1_500_000, 10_000_000, 64 << 20, 500 << 20]) {
      for (const shards of [1, 2, 8, 64]) {
        if (budgetBytes < shards * 262_144) continue;
        const taken = bytesOf(Store.create({ budgetBytes, shards, hashKey: { low: 1, high: 0 } }));
        expect(taken).toBeLessThanOrEqual(budgetBytes);
        expect(taken).toBeGreaterThan(budgetBytes - 16 * shards - 16);
      }
    }
  });

  test.skipIf(totalmem() < FIVE_GIGABYTES)(
    "is cut into as many shards as it takes for none to exceed two gigabytes",
    () => {
      const store = Store.create({ budgetBytes: FIVE_GIGABYTES, hashKey: { low: 1, high: 0 } });
      expect(store.handle.shards.length).toBe(4);
      expect(bytesOf(store)).toBeLessThanOrEqual(FIVE_GIGABYTES);
      for (let id = 0; id < 5000; id++) set(store, id, VALUE.subarray(0, 100));
      expect(store.stats().entries).toBe(5000);
      for (let id = 0; id < 5000; id++) {
        const bytes = key(id);
        expect(store.get(keyIn(store, bytes), NOW_MS)?.length).toBe(100);
      }
    },
  );

  test("is refused in one line if it is too small, like other options out of range", () => {
    const refused = (options: StoreOptions) => {
      try {
        Store.create(options);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        return (error as RangeError).message;
      }
      return "accepted";
    };
    expect(refused({ budgetBytes: 200_000 })).toBe("a cache needs at least 256 KB, not 195 KB");
    expect(refused({ budgetBytes: 1 << 20, shards: 8 })).toBe(
      "a cache of 8 shards needs at least 2 MB, not 1 MB",
    );
    expect(refused({ budgetBytes: Number.NaN })).toContain("at least 256 KB");
    expect(refused({ budgetBytes: 1 << 20, shards: 3 })).toContain("power of two up to 65536, not 3");
    expect(refused({ budgetBytes: 1 << 20, shards: 0 })).toContain("not 0");
    expect(refused({ budgetBytes: 1 << 20, policy: "guess" })).toContain('unknown policy "guess"');
    expect(refused({ budgetBytes: 1e15 })).toBe("a cache takes at most 1 TB, not 909 TB");
    expect(refused({ budgetBytes: 4 << 20, shards: 4, maxEntries: 3 })).toBe(
      "the number of entries must be a whole number from 4 to 2,147,483,648, not 3",
    );
    expect(refused({ budgetBytes: 1 << 20, maxEntries: 1.5 })).toContain("not 1.5");
    expect(refused({ budgetBytes: 1 << 20, policy: "lfu", maxEntries: 20_000 })).toMatch(
      /^with policy lfu a shard of this budget has room for [0-9,]+ entries at most, not for 20,000$/,
    );
  });

  test("is taken at the bounds of its options", () => {
    const created = (options: Partial<StoreOptions>) =>
      Store.create({ budgetBytes: 4 << 20, hashKey: { low: 1, high: 0 }, ...options });
    expect(bytesOf(created({ budgetBytes: 262_144 }))).toBeLessThanOrEqual(262_144);
    expect(() => created({ budgetBytes: 262_143 })).toThrow("a cache needs at least 256 KB");
    for (let id = 0, store = created({ shards: 4, maxEntries: 4 }); id < 100; id++) {
      expect(set(store, id, VALUE.subarray(0, 2))).toBe("stored");
      expect(store.stats().entries).toBeLessThanOrEqual(4);
    }
    expect(() => created({ maxEntries: 2 ** 29 })).not.toThrow("must be a whole number");
    expect(() => created({ maxEntries: 2 ** 29 + 1 })).toThrow("must be a whole number");
    expect(() => created({ shards: 65_536 })).toThrow("a cache of 65536 shards needs at least 16 GB");
    expect(() => created({ shards: 131_072 })).toThrow("must be a power of two up to 65536");
    const seedOf = (options: Partial<StoreOptions>) => new Control(created(options).handle.control).seed;
    expect([seedOf({ seed: 5 }), seedOf({})]).toEqual([5, seedOf({})]);
  });

  for (const policy of storePolicyNames()) {
    test(`${policy}: holds entries of 10 bytes until memory or its state is full`, () => {
      const store = Store.create({ budgetBytes: 2 << 20, hashKey: { low: 1, high: 0 }, policy });
      let id = 0;
      while (store.stats().evictions === 0) set(store, id++, VALUE.subarray(0, 2));
      const { entries } = store.stats();
      for (let more = 0; more < 2 * entries; more++) set(store, id++, VALUE.subarray(0, 2));
      store.check();
      expect(store.stats().entries).toBeGreaterThan(entries * 0.95);
      expect(store.stats().entries).toBeLessThanOrEqual(entries);
      // An entry takes 48 bytes, and 4 in the index. A policy with state for every entry has room for fewer.
      const memory = new ShardMemory(store.handle.shards[0]!);
      const limit = policyLimits(memory, parsePolicy(policy)).entries;
      if (limit === memory.entryLimit) expect(entries).toBeGreaterThan(((2 << 20) * 0.9) / 52);
      else expect(entries).toBe(limit);
    });
  }

  for (const policy of storePolicyNames()) {
    test(`${policy}: holds at most maxEntries entries, whatever their sizes`, () => {
      for (const shards of [1, 4]) {
        const store = Store.create({
          budgetBytes: 4 << 20,
          hashKey: { low: 1, high: 0 },
          policy,
          shards,
          maxEntries: 1002,
        });
        const random = new SeededRandom(3);
        for (let operation = 0; operation < 20_000; operation++) {
          const bytes = key(Math.floor(5000 * random.next() ** 2));
          if (random.below(3) === 0) set(store, random.below(2000), VALUE.subarray(0, random.below(1500)));
          else if (store.get(keyIn(store, bytes), NOW_MS) === undefined) {
            store.set(keyIn(store, bytes), VALUE.subarray(0, random.below(1500)), 0, NOW_MS);
          }
          expect(store.stats().entries).toBeLessThanOrEqual(1002);
        }
        store.check();
        expect(store.stats().entries).toBe(1002);
        store.setPolicy(policy === "lru" ? "fifo" : "lru");
        for (let id = 0; id < 5000; id++) set(store, id, VALUE.subarray(0, 100));
        store.check();
        expect(store.stats().entries).toBe(1002);
      }
    });
  }

  test("and maxEntries: whichever is reached first evicts", () => {
    const store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: 1, high: 0 }, maxEntries: 5000 });
    for (let id = 0; id < 10_000; id++) set(store, id, VALUE.subarray(0, 1000));
    store.check();
    expect(store.stats().entries).toBeLessThan(1000);
    for (let id = 0; id < 20_000; id++) set(store, id, VALUE.subarray(0, 10));
    store.check();
    expect(store.stats().entries).toBe(5000);
  });

  test("bounds what one value may take", () => {
    for (const options of [
      { budgetBytes: 300_000 },
      { budgetBytes: 10 << 20 },
      { budgetBytes: 4 << 20, shards: 4 },
    ]) {
      for (const whenFull of ["evict", "refuse"] as const) {
        const store = Store.create({ ...options, hashKey: { low: 1, high: 0 }, whenFull });
        const { maxValueBytes } = store;
        const largest = new Uint8Array(maxValueBytes).fill(7);
        expect(set(store, 1, largest)).toBe("stored");
        const bytes = key(1);
        expect(Bun.hash(store.get(keyIn(store, bytes), NOW_MS)!)).toBe(Bun.hash(largest));
        if (whenFull === "evict") {
          for (let id = 2; id < 2000; id++) set(store, id, VALUE.subarray(0, id));
          expect(set(store, 1, largest)).toBe("stored");
          expect(set(store, 1, largest.subarray(1))).toBe("stored");
        }
        const before = store.stats().entries;
        expect(set(store, 1, new Uint8Array(maxValueBytes + 40_000))).toBe("too-large");
        expect(store.get(keyIn(store, bytes), NOW_MS)).toBeDefined();
        expect(store.stats().entries).toBe(before);
        store.check();
        const shardBytes = (options.budgetBytes - store.handle.control.byteLength) / (options.shards ?? 1);
        expect(maxValueBytes).toBeGreaterThan(shardBytes * 0.8);
      }
    }
  });

  test("takes a value of 64 MB", () => {
    const store = Store.create({ budgetBytes: 80 << 20, hashKey: { low: 1, high: 0 } });
    const value = new Uint8Array(64 << 20);
    for (let i = 0; i < value.length; i += 4093) value[i] = i;
    expect(set(store, 1, value)).toBe("stored");
    const bytes = key(1);
    const read = store.get(keyIn(store, bytes), NOW_MS)!;
    expect(Buffer.compare(read, value)).toBe(0);
  });

  test("refuses writes when full if nothing may be evicted, and changes nothing", () => {
    const store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: 1, high: 0 }, whenFull: "refuse" });
    const random = new SeededRandom(2);
    const sizes: number[] = [];
    for (;;) {
      const size = random.below(3000);
      if (set(store, sizes.length, VALUE.subarray(0, size)) !== "stored") break;
      sizes.push(size);
    }
    expect(set(store, 0, VALUE.subarray(0, 200_000))).toBe("full");
    expect(store.stats()).toMatchObject({ entries: sizes.length, evictions: 0 });
    sizes.forEach((size, id) => {
      const bytes = key(id);
      expect(store.peek(keyIn(store, bytes), NOW_MS)?.valueBytes).toBe(size);
    });
    expect(set(store, 0, VALUE.subarray(0, sizes[0]))).toBe("stored");
    store.check();
  });
});

describe("store fragmentation", () => {
  /** Returns the share of the budget that keys, values and headers take. */
  function occupancy(store: Store): number {
    const { payloadBytes, entries, budgetBytes } = store.stats();
    return (payloadBytes + entries * ENTRY_HEADER_BYTES) / budgetBytes;
  }

  test("stays below a tenth when sizes shift from small to large and back", () => {
    const store = Store.create({ budgetBytes: 32 << 20, hashKey: { low: 1, high: 0 } });
    const random = new SeededRandom(1);
    let id = 0;
    const turnOver = (times: number, size: () => number) => {
      for (let written = 0; written < (32 << 20) * times; ) {
        const bytes = size();
        set(store, id++, VALUE.subarray(0, bytes));
        written += bytes;
      }
      expect(occupancy(store)).toBeGreaterThan(0.9);
      store.check();
    };
    const small = () => 10 + random.below(990);
    turnOver(2, small);
    const movesBefore = store.stats().moves;
    turnOver(2, () => 100_000);
    turnOver(2, small);
    turnOver(2, () => Math.floor(10 ** (1 + 4 * random.next())));
    expect(store.stats().moves).toBeGreaterThan(movesBefore);
  });

  test("leaves the index its room when large entries give way to small ones", () => {
    const store = Store.create({ budgetBytes: 4 << 20, hashKey: { low: 1, high: 0 } });
    let id = 0;
    while (store.stats().evictions === 0) set(store, id++, VALUE.subarray(0, 50_000));
    for (let small = 0; small < 200_000; small++) set(store, id++, VALUE.subarray(0, 10));
    const { entries, buckets } = store.stats();
    expect(entries).toBeGreaterThan(50_000);
    expect(buckets).toBeGreaterThanOrEqual(entries);
    store.check();
  });

  test("moves nothing while sizes stay as they are", () => {
    const store = Store.create({ budgetBytes: 4 << 20, hashKey: { low: 1, high: 0 }, policy: "fifo" });
    for (let id = 0; id < 200_000; id++) set(store, id, VALUE.subarray(0, 100));
    const { evictions, moves } = store.stats();
    expect(evictions).toBeGreaterThan(150_000);
    expect(moves).toBe(0);
  });
});
