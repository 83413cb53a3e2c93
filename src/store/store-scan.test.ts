import { describe, expect, test } from "bun:test";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { SeededRandom } from "../lib/random.ts";
import { keyIn } from "./key-fixture.ts";
import { Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;

function set(store: Store, key: string): void {
  const bytes = utf8(key);
  expect(store.set(keyIn(store, bytes), utf8("value"), 0, NOW_MS)).toBe("stored");
}

function remove(store: Store, key: string): void {
  const bytes = utf8(key);
  store.remove(keyIn(store, bytes), NOW_MS);
}

describe("scan", () => {
  for (const shards of [1, 4]) {
    test(`visits each key that is present all the time exactly once, while ${shards} shards grow and shrink`, () => {
      const random = new SeededRandom(shards);
      const buckets = new Set<number>();
      for (let round = 0; round < 12; round++) {
        const store = Store.create({ budgetBytes: 4 << 20, hashKey: { low: round, high: 0 }, shards });
        const lasting = new Set(Array.from({ length: 500 }, (_, i) => `lasting-${i}`));
        for (const key of lasting) set(store, key);
        let passing = 0;
        const grow = (to: number) => {
          while (passing < to) set(store, `passing-${passing++}`);
        };
        const shrink = (to: number) => {
          while (passing > to) remove(store, `passing-${--passing}`);
        };
        grow(random.below(2) * 10_000);
        const visits = new Map<string, number>();
        let cursor = 0;
        do {
          cursor = store.scan(cursor, 5 + random.below(200), NOW_MS, (key) => {
            const name = fromUtf8(key);
            visits.set(name, (visits.get(name) ?? 0) + 1);
          });
          if (random.below(3) === 0) grow(passing + random.below(2000));
          if (random.below(3) === 0) shrink(random.below(passing + 1));
          buckets.add(store.stats().buckets);
        } while (cursor !== 0);
        for (const key of lasting)
          if (visits.get(key) !== 1) throw new Error(`${key}: ${visits.get(key)} visits`);
        store.check();
      }
      expect(buckets.size).toBeGreaterThan(12);
    });
  }

  test("ends with a cursor that no step gave, and takes small steps", () => {
    const store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: 1, high: 0 }, shards: 2 });
    for (let i = 0; i < 100; i++) set(store, `key-${i}`);
    expect(store.scan(2 ** 48, 10, NOW_MS, () => expect.unreachable())).toBe(0);
    expect(store.scan(2 ** 33, 10, NOW_MS, () => expect.unreachable())).toBe(0);
    for (const start of [1, 12_345, 2 ** 32 - 1, 2 ** 32 + 77]) {
      let cursor = start;
      for (let steps = 0; cursor !== 0; steps++) {
        cursor = store.scan(cursor, 1, NOW_MS, () => {});
        expect(steps).toBeLessThan(10_000);
      }
    }
    expect(store.scan(0, 0, NOW_MS, () => {})).toBeGreaterThan(0);
  });

  test("lets a visitor use the store", () => {
    const store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: 1, high: 0 } });
    for (let i = 0; i < 1000; i++) set(store, `key-${i}`);
    let visits = 0;
    for (let cursor = 0, steps = 0; steps === 0 || cursor !== 0; steps++) {
      cursor = store.scan(cursor, 10, NOW_MS, (key) => {
        visits++;
        remove(store, fromUtf8(key));
      });
    }
    expect(visits).toBe(1000);
    expect(store.stats().entries).toBe(0);
  });
});
