import { describe, expect, test } from "bun:test";
import { VALUE, type Variant } from "../coherence/variant.ts";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { DepartureLog } from "./departure-log.ts";
import { FRESH } from "./freshness.ts";
import { keyIn } from "./key-fixture.ts";
import { Store, type StoreOptions } from "./store.ts";

const NOW_MS = 1_700_000_000_000;
const FIELD: Variant = { kind: 3, bytes: utf8("field"), start: 0, end: 5 };
const OTHER_FIELD: Variant = { kind: 3, bytes: utf8("other"), start: 0, end: 5 };

/** A store that tells who left. */
function watched(options: Partial<StoreOptions> = {}) {
  const store = Store.create({
    budgetBytes: 1 << 20,
    hashKey: { low: 9, high: 0 },
    policy: "fifo",
    ...options,
  });
  const left: string[] = [];
  store.onRemoval = (key, why) => left.push(`${fromUtf8(key)} ${why}`);
  const log = new DepartureLog(new SharedArrayBuffer(DepartureLog.bytes(16)), 0, 16, () => NOW_MS);
  store.departures = log;
  const causes = (): string[] => Array.from({ length: log.position }, (_, at) => log.at(at, NOW_MS)!.cause);
  return { store, left, causes };
}

function set(store: Store, key: string, valueBytes = 10, expiresAtMs = 0, nowMs = NOW_MS): void {
  expect(store.set(keyIn(store, key), new Uint8Array(valueBytes), expiresAtMs, nowMs)).toBe("stored");
}

function fill(
  store: Store,
  key: string,
  variant: Variant,
  expiresAtMs = 0,
  staleUntilMs = 0,
  valueBytes = 5,
): void {
  const ref = keyIn(store, key);
  const terms = { lease: store.beginFill(ref.hash), epoch: store.epochOf(ref) };
  const value = new Uint8Array(valueBytes);
  const isStored = store.fill(ref, value, 0, valueBytes, expiresAtMs, terms, NOW_MS, staleUntilMs, variant);
  expect(isStored).toBe(true);
  store.endFill(ref.hash);
}

function has(store: Store, key: string, variant: Variant, nowMs = NOW_MS): boolean {
  return store.peek(keyIn(store, key), nowMs, FRESH, variant) !== undefined;
}

describe("an eviction", () => {
  test("is told apart from the end of an entry that had expired, to the millisecond", () => {
    for (const [laterMs, cause, evictions] of [
      [9, "evicted", 1],
      [10, "expired", 0],
    ] as const) {
      const { store, left, causes } = watched({ maxEntries: 2 });
      set(store, "a", 10, NOW_MS + 10);
      set(store, "b");
      set(store, "c", 10, 0, NOW_MS + laterMs);
      expect([left, causes()]).toEqual([[`a ${cause}`], [cause]]);
      expect(store.stats()).toMatchObject({ entries: 2, expiring: 0, evictions, expirations: 1 - evictions });
      store.check();
    }
  });

  test("counts an entry within its grace as evicted, and one behind it as expired", () => {
    for (const [laterMs, cause] of [
      [29, "evicted"],
      [30, "expired"],
    ] as const) {
      const { store, left, causes } = watched({ maxEntries: 2 });
      fill(store, "a", VALUE, NOW_MS + 10, NOW_MS + 30);
      set(store, "b");
      set(store, "c", 10, 0, NOW_MS + laterMs);
      expect([left, causes()]).toEqual([[`a ${cause}`], [cause]]);
    }
  });

  test("of an entry whose epoch is over is neither counted nor reported", () => {
    const { store, left, causes } = watched({ maxEntries: 2 });
    set(store, "a", 10, NOW_MS + 10);
    set(store, "b");
    store.bumpEpoch();
    set(store, "c", 10, 0, NOW_MS + 10);
    expect([left, causes()]).toEqual([[], []]);
    expect(store.stats()).toMatchObject({ entries: 2, evictions: 0, expirations: 0 });
    store.check();
  });

  test("of the very entry that is overwritten is counted, and not reported", () => {
    const { store, left, causes } = watched({ budgetBytes: 300_000 });
    set(store, "a", 1000);
    for (let i = 0; store.stats().freeBytes > 20_000; i++) set(store, `filler ${i}`, 10_000);
    expect(left).toEqual([]);
    set(store, "a", 60_000);
    expect(left.length).toBeGreaterThan(0);
    expect(left.filter((one) => !one.startsWith("filler"))).toEqual([]);
    expect(causes().length).toBe(left.length);
    expect(store.stats().evictions).toBe(left.length + 1);
    expect(store.peek(keyIn(store, "a"), NOW_MS)?.valueBytes).toBe(60_000);
    store.check();
  });

  test("of another variant of the key that is overwritten is reported", () => {
    for (const [first, second] of [
      [FIELD, VALUE],
      [VALUE, FIELD],
      [FIELD, OTHER_FIELD],
    ] as const) {
      const { store, left } = watched({ budgetBytes: 300_000 });
      fill(store, "a", first);
      for (let i = 0; store.stats().freeBytes > 20_000; i++) set(store, `filler ${i}`, 10_000);
      fill(store, "a", second, 0, 0, 60_000);
      expect(left[0]).toBe("a evicted");
      expect([has(store, "a", first), has(store, "a", second)]).toEqual([false, true]);
      store.check();
    }
  });
});

describe("a removal of a key", () => {
  test("takes all its variants, and says whether one of them was fresh", () => {
    for (const [valueLifeMs, fieldLifeMs, wasFresh] of [
      [0, 0, true],
      [10, 0, true],
      [0, 10, true],
      [10, 10, false],
    ] as const) {
      const { store, left, causes } = watched();
      const end = (lifeMs: number): number => (lifeMs === 0 ? 0 : NOW_MS + lifeMs);
      fill(store, "a", VALUE, end(valueLifeMs));
      fill(store, "a", FIELD, end(fieldLifeMs));
      fill(store, "b", FIELD);
      expect(store.remove(keyIn(store, "a"), NOW_MS + 10)).toBe(wasFresh);
      const expired = [valueLifeMs, fieldLifeMs].filter((lifeMs) => lifeMs > 0).length;
      expect(left).toEqual(Array.from({ length: expired }, () => "a expired"));
      expect(causes().toSorted()).toEqual([
        ...Array.from({ length: expired }, () => "expired"),
        ...Array.from({ length: 2 - expired }, () => "removed"),
      ]);
      expect(store.stats()).toMatchObject({ entries: 1, expirations: expired, evictions: 0, expiring: 0 });
      expect(has(store, "b", FIELD)).toBe(true);
      store.check();
    }
  });

  test("of an earlier epoch finds nothing, and reports nothing", () => {
    const { store, left, causes } = watched();
    set(store, "a", 10, NOW_MS + 10);
    fill(store, "b", FIELD);
    store.bumpEpoch();
    expect(store.remove(keyIn(store, "a"), NOW_MS + 10)).toBe(false);
    expect(store.invalidate(keyIn(store, "b"))).toBe(false);
    expect([left, causes(), store.stats().entries, store.stats().expirations]).toEqual([[], [], 0, 0]);
    store.check();
  });

  test("spares one variant where the others are to go", () => {
    const { store, left, causes } = watched();
    for (const variant of [VALUE, FIELD, OTHER_FIELD]) fill(store, "a", variant);
    fill(store, "b", OTHER_FIELD);
    store.removeOthers(keyIn(store, "a"), FIELD);
    expect([VALUE, FIELD, OTHER_FIELD].map((variant) => has(store, "a", variant))).toEqual([
      false,
      true,
      false,
    ]);
    expect([has(store, "b", OTHER_FIELD), left, causes()]).toEqual([true, [], []]);
    store.check();
  });

  test("is part of a write, if there is just one other variant, too", () => {
    const { store } = watched();
    fill(store, "a", FIELD);
    set(store, "a");
    expect([VALUE, FIELD].map((variant) => has(store, "a", variant))).toEqual([true, false]);
    expect(store.stats().entries).toBe(1);
    store.check();
  });
});
