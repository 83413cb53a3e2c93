/** Which keys a store holds, in the policy's order, and places that are given anew. For every policy. */
import { describe, expect, test } from "bun:test";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { SeededRandom } from "../lib/random.ts";
import { keyIn } from "./key-fixture.ts";
import { storePolicyNames } from "./shard-policy.ts";
import { Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;
const ENTRIES = 1500;

function request(store: Store, name: string): boolean {
  const key = keyIn(store, name);
  if (store.get(key, NOW_MS) !== undefined) return true;
  store.set(key, utf8(`value of ${name}`), NOW_MS + 60_000, NOW_MS);
  return false;
}

/** A store that is full, and has been in use. Some keys are asked for much more often than others. */
function usedStore(
  policy: string,
  entries = ENTRIES,
): { store: Store; names: string[]; random: SeededRandom } {
  const hashKey = { low: 1, high: 2 };
  const store = Store.create({ budgetBytes: 8 * 1024 ** 2, policy, maxEntries: entries, hashKey });
  const random = new SeededRandom(11);
  const names = Array.from({ length: 4 * entries }, (_, i) => `key:${i}`);
  for (let i = 0; i < 30 * entries; i++) request(store, drawn(names, random));
  return { store, names, random };
}

function drawn(names: readonly string[], random: SeededRandom): string {
  return names[Math.floor(random.next() ** 4 * names.length)]!;
}

/** @param meanwhile is called between the steps */
function keysOf(
  store: Store,
  meanwhile: () => void = () => {},
): { keys: string[]; reads: number[]; isChanged: boolean } {
  const keys: string[] = [];
  const reads: number[] = [];
  const reading = store.keysInOrder(0);
  for (;;) {
    const step = reading.step(NOW_MS, (key, count) => {
      keys.push(fromUtf8(key));
      reads.push(count);
    });
    if (step !== "under way") return { keys, reads, isChanged: step === "changed" };
    meanwhile();
  }
}

function cachedOf(store: Store, names: readonly string[]): Set<string> {
  return new Set(names.filter((name) => store.peek(keyIn(store, name), NOW_MS) !== undefined));
}

describe.each(storePolicyNames())("the keys of a store with policy %s", (policy) => {
  test("are all told, once each, in the policy's order", () => {
    const { store, names } = usedStore(policy);
    const { keys, reads } = keysOf(store);
    expect(new Set(keys)).toEqual(cachedOf(store, names));
    expect(keys.length).toBe(store.stats().entries);
    const members = store.readQueues(0, NOW_MS, {
      ...{ visits: 1_000_000, nearest: 0, positionOf: (hash: number) => hash | 0, boundFor: () => 2 ** 31 },
    })!;
    const residents = members.filter(({ kind }) => kind === "resident");
    // Queue by queue, as the queues tell it; a queue without an order by reads.
    const inQueues = residents.map((queue) => queue.members.map(({ entry }) => fromUtf8(entry!.key)));
    let from = 0;
    for (const [i, expected] of inQueues.entries()) {
      const told = keys.slice(from, from + expected.length);
      expect(new Set(told)).toEqual(new Set(expected));
      if (residents[i]!.order !== "none") expect(told).toEqual(expected);
      else {
        const readsOfQueue = reads.slice(from, from + expected.length);
        expect(readsOfQueue).toEqual(readsOfQueue.toSorted((one, other) => one - other));
      }
      from += expected.length;
    }
  });

  test("are told while the store is used: none that stays is missed, but for a few", () => {
    const { store, names, random } = usedStore(policy);
    const before = cachedOf(store, names);
    const { keys } = keysOf(store, () => {
      for (let i = 0; i < 20; i++) request(store, drawn(names, random));
    });
    const told = new Set(keys);
    const stayed = [...cachedOf(store, names)].filter((name) => before.has(name));
    const missed = stayed.filter((name) => !told.has(name));
    expect(stayed.length).toBeGreaterThan(ENTRIES * 0.7);
    expect(missed.length).toBeLessThanOrEqual(stayed.length * 0.01);
    store.check();
  });

  test("are all told when no place is where it was at the step before", () => {
    const { store, names } = usedStore(policy);
    const cached = cachedOf(store, names);
    const { keys } = keysOf(store, () => {
      for (const name of cached) store.get(keyIn(store, name), NOW_MS);
    });
    const missed = [...cached].filter((name) => !new Set(keys).has(name));
    expect(missed.length).toBeLessThanOrEqual(cached.size * 0.05);
  });

  test("change with the policy", () => {
    const { store } = usedStore(policy);
    let steps = 0;
    const { isChanged } = keysOf(store, () => {
      if (++steps === 1) store.setPolicy(policy === "lru" ? "fifo" : "lru");
    });
    expect(isChanged).toBe(true);
  });

  test("have their places given anew while others come and go; the policy holds together", () => {
    const { store, names, random } = usedStore(policy);
    const { keys } = keysOf(store);
    for (const [i, name] of keys.entries()) {
      const isThere = store.peek(keyIn(store, name), NOW_MS) !== undefined;
      expect(store.place(keyIn(store, name), i / keys.length, 3, NOW_MS)).toBe(isThere);
      if (i % 3 === 0) request(store, drawn(names, random));
      if (i % 7 === 0) store.invalidate(keyIn(store, drawn(names, random)));
      if (i % 500 === 0) store.check();
    }
    store.check();
    expect(store.place(keyIn(store, "never seen"), 1, 0, NOW_MS)).toBe(false);
  });

  test("are as valuable in another store, once they have their places", () => {
    const { store, names } = usedStore(policy);
    const { keys, reads } = keysOf(store);
    const hashKey = { low: 3, high: 4 };
    const other = Store.create({ budgetBytes: 8 * 1024 ** 2, policy, maxEntries: ENTRIES, hashKey });
    for (const name of [...keys].reverse()) request(other, name);
    for (const [i, name] of keys.entries()) {
      other.place(keyIn(other, name), i / (keys.length - 1), reads[i]!, NOW_MS);
      expect(other.peek(keyIn(other, name), NOW_MS)!.reads).toBe(reads[i]!);
    }
    other.check();
    const misses = (cache: Store): number => {
      const next = new SeededRandom(12);
      let count = 0;
      for (let i = 0; i < 4 * ENTRIES; i++) if (!request(cache, drawn(names, next))) count++;
      return count;
    };
    const missesBefore = misses(store);
    expect(misses(other)).toBeLessThanOrEqual(missesBefore * 1.06);
  });
});
