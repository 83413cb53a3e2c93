import { describe, expect, test } from "bun:test";
import { ABSENCE, VALUE, type Variant } from "../coherence/variant.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { EXTENDED_HEADER_BYTES } from "./entry-layout.ts";
import type { GrowingEntry } from "./growing-entry.ts";
import { keyIn } from "./key-fixture.ts";
import { ShardMemory } from "./shard-memory.ts";
import { Store, type StoreOptions } from "./store.ts";

const MEGABYTE = 2 ** 20;
const NOW_MS = 1_700_000_000_000;
const VALUE_BYTES = LARGE_BYTES + 1000;
const FIELD: Variant = { kind: 3, bytes: utf8("field"), start: 0, end: 5 };

function storeOf(options: Partial<StoreOptions> = {}): Store {
  return Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 }, ...options });
}

function begin(store: Store, key: string, valueBytes = VALUE_BYTES, variant = VALUE): GrowingEntry {
  return store.grow(keyIn(store, key), valueBytes, NOW_MS, variant)!;
}

/** Begins an entry and appends its whole value. */
function grown(store: Store, key: string, variant = VALUE): GrowingEntry {
  const growing = begin(store, key, VALUE_BYTES, variant);
  expect(growing.append(new Uint8Array(VALUE_BYTES), 0, VALUE_BYTES, NOW_MS)).toBe(true);
  return growing;
}

function setGrown(store: Store, key: string, expiresAtMs = 0, nowMs = NOW_MS): void {
  const growing = grown(store, key);
  expect(store.setGrown(growing, expiresAtMs, nowMs)).toBe(true);
  growing.release();
}

function fillGrown(store: Store, key: string, variant = VALUE): boolean {
  const growing = grown(store, key, variant);
  const ref = keyIn(store, key);
  const fill = { lease: store.lease(ref.hash), epoch: store.epochOf(ref) };
  const isStored = store.fillGrown(growing, 0, fill, NOW_MS);
  growing.release();
  return isStored;
}

function set(store: Store, key: string, valueBytes = 100, expiresAtMs = 0): void {
  expect(store.set(keyIn(store, key), new Uint8Array(valueBytes), expiresAtMs, NOW_MS)).toBe("stored");
}

/** What the policy knows of a key. */
function frequencyOf(store: Store, key: string): unknown {
  return store.explain(keyIn(store, key), NOW_MS)?.detail?.["frequency"];
}

describe("a growing entry", () => {
  test("tells how long it will be, and whether it is complete", () => {
    const store = storeOf();
    const growing = begin(store, "k");
    const told = () => [growing.lengthBytes, growing.isComplete, growing.isLost, growing.wasEmptied];
    growing.append(new Uint8Array(VALUE_BYTES), 0, VALUE_BYTES - 1, NOW_MS);
    expect(told()).toEqual([VALUE_BYTES, false, false, false]);
    expect(() => store.setGrown(growing, 0, NOW_MS)).toThrow("an entry that is to be stored is complete");
    growing.append(new Uint8Array(1), 0, 1, NOW_MS);
    expect(told()).toEqual([VALUE_BYTES, true, false, false]);
    growing.release();
    expect(store.stats().usedBytes).toBe(0);
    store.check();
  });

  test("is lost when the store is emptied, which is told apart from a lack of room", () => {
    const full = storeOf({ whenFull: "refuse" });
    for (let i = 0; i < 5; i++) set(full, `${i}`, MEGABYTE);
    const refused = begin(full, "k", 3 * MEGABYTE);
    expect(refused.append(new Uint8Array(3 * MEGABYTE), 0, 3 * MEGABYTE, NOW_MS)).toBe(false);
    expect([refused.isLost, refused.wasEmptied]).toEqual([true, false]);
    expect(full.setGrown(refused, 0, NOW_MS)).toBe(false);
    refused.release();
    full.check();
    const store = storeOf();
    const emptied = grown(store, "k");
    store.clear();
    expect(store.setGrown(emptied, 0, NOW_MS)).toBe(false);
    expect([emptied.isLost, emptied.wasEmptied]).toEqual([true, true]);
    emptied.release();
    store.check();
  });

  test("that is stored counts as its key's entry, with key, value and time", () => {
    const store = storeOf();
    setGrown(store, "key", NOW_MS + 5000);
    expect(store.peek(keyIn(store, "key"), NOW_MS)).toMatchObject({
      ...{ valueBytes: VALUE_BYTES, keyBytes: 3, filledAtMs: NOW_MS, expiresAtMs: NOW_MS + 5000 },
      ...{ staleUntilMs: 0, reads: 0 },
    });
    expect(store.stats()).toMatchObject({
      ...{ entries: 1, expiring: 1, payloadBytes: VALUE_BYTES + 3, valuesBytes: VALUE_BYTES },
      ...{ fills: 0, refusedFills: 0 },
    });
    store.check();
  });

  test("is begun only if the size is large, fits the store, and its key is short enough", () => {
    const store = storeOf();
    const { maxValueBytes } = store;
    const isBegun = (key: string, valueBytes: number, variant = VALUE): boolean => {
      const growing = store.grow(keyIn(store, key), valueBytes, NOW_MS, variant);
      growing?.release();
      return growing !== undefined;
    };
    expect([isBegun("k", LARGE_BYTES - 1), isBegun("k", LARGE_BYTES)]).toEqual([false, true]);
    expect(isBegun("k", maxValueBytes + 1)).toBe(false);
    expect([isBegun("k".repeat(65_535), LARGE_BYTES), isBegun("k".repeat(65_536), LARGE_BYTES)]).toEqual([
      ...[true, false],
    ]);
    const long = (length: number): Variant => ({
      kind: 3,
      bytes: new Uint8Array(length),
      start: 0,
      end: length,
    });
    expect([65_535, 65_536].map((length) => isBegun("k", LARGE_BYTES, long(length)))).toEqual([true, false]);
    store.check();
    expect(store.stats()).toMatchObject({ entries: 0, usedBytes: 0 });
  });

  test("has any size, however it fills its last page", () => {
    const store = storeOf({ budgetBytes: 4 * MEGABYTE });
    for (let valueBytes = LARGE_BYTES; valueBytes < LARGE_BYTES + 20_000; valueBytes += 37) {
      const value = new Uint8Array(valueBytes).fill(valueBytes);
      const growing = begin(store, "k", valueBytes);
      expect(growing.append(value, 0, valueBytes - 1, NOW_MS)).toBe(true);
      expect(growing.append(value, valueBytes - 1, valueBytes, NOW_MS)).toBe(true);
      expect(store.setGrown(growing, 0, NOW_MS)).toBe(true);
      growing.release();
      expect(Buffer.compare(store.get(keyIn(store, "k"), NOW_MS)!, value)).toBe(0);
    }
    store.check();
  });
});

test("a growing entry takes each chunk in time when bytes come one by one", () => {
  const store = storeOf({ budgetBytes: 4 * MEGABYTE });
  const value = new Uint8Array(LARGE_BYTES + 5).map((_, i) => (i * 7 + (i >> 8)) & 255);
  const growing = begin(store, "k", value.length);
  const reader = growing.reader()!;
  let isWritten = true;
  for (let at = 0; at < value.length; at++) isWritten &&= growing.append(value, at, at + 1, NOW_MS);
  expect([isWritten, store.setGrown(growing, 0, NOW_MS)]).toEqual([true, true]);
  const copy = new ByteBuffer(0);
  expect(reader.read(0, value.length, copy)).toBe(true);
  expect(Buffer.compare(copy.view(), value)).toBe(0);
  reader.release();
  growing.release();
  store.check();
});

test("a growing entry needs no further room up to the last byte of its chunk", () => {
  const store = storeOf({ budgetBytes: MEGABYTE, whenFull: "refuse" });
  const growing = begin(store, "k");
  for (let i = 0; store.set(keyIn(store, `${i}`), new Uint8Array(3000), 0, NOW_MS) === "stored"; i++);
  expect(store.stats().freeBytes).toBe(0);
  const { pageBytes } = new ShardMemory(store.handle.shards[0]!).sizes;
  const room = pageBytes - EXTENDED_HEADER_BYTES - "k".length;
  expect(growing.append(new Uint8Array(room), 0, room - 1, NOW_MS)).toBe(true);
  expect(growing.append(new Uint8Array(room), room - 1, room, NOW_MS)).toBe(true);
  expect(growing.append(new Uint8Array(1), 0, 1, NOW_MS)).toBe(false);
  growing.release();
  store.check();
});

describe("a grown entry that is stored over another one", () => {
  test("reports no removal; what had expired is counted", () => {
    for (const [laterMs, expirations] of [
      [9, 0],
      [10, 1],
    ] as const) {
      const store = storeOf();
      store.onRemoval = () => expect.unreachable();
      set(store, "k", 100, NOW_MS + 10);
      setGrown(store, "k", 0, NOW_MS + laterMs);
      expect(store.stats()).toMatchObject({ entries: 1, expiring: 0, expirations, evictions: 0 });
      store.check();
    }
  });

  test("counts nothing if that was of an earlier epoch", () => {
    const store = storeOf();
    set(store, "k", 100, NOW_MS + 10);
    store.bumpEpoch();
    setGrown(store, "k", 0, NOW_MS + 10);
    expect(store.stats()).toMatchObject({ entries: 1, expirations: 0 });
    store.check();
  });

  test("takes the key's other variants away if a client wrote it, and leaves them if it is a fill", () => {
    for (const isFill of [true, false]) {
      const store = storeOf();
      expect(fillGrown(store, "k", FIELD)).toBe(true);
      expect(fillGrown(store, "k", ABSENCE)).toBe(true);
      if (isFill) expect(fillGrown(store, "k")).toBe(true);
      else setGrown(store, "k");
      const kept = [VALUE, FIELD, ABSENCE].map((variant) => {
        return store.peek(keyIn(store, "k"), NOW_MS, undefined, variant)?.valueBytes;
      });
      expect(kept).toEqual(
        isFill ? [VALUE_BYTES, VALUE_BYTES, VALUE_BYTES] : [VALUE_BYTES, undefined, undefined],
      );
      store.check();
    }
  });

  test("is a request, and a use of an entry that a client overwrites", () => {
    const requests = (isFill: boolean, isThere: boolean): unknown => {
      const store = storeOf({ policy: "w-tinylfu" });
      if (isThere) set(store, "k");
      if (isFill) fillGrown(store, "k");
      else setGrown(store, "k");
      return frequencyOf(store, "k");
    };
    // The first write, the one that grew, and its use.
    expect([requests(true, false), requests(false, false)]).toEqual([1, 1]);
    expect([requests(true, true), requests(false, true)]).toEqual([2, 3]);
  });
});

describe("a grown entry and the bound on entries", () => {
  test("evicts another one for its place in the index", () => {
    const store = storeOf({ maxEntries: 2, policy: "fifo" });
    const left: string[] = [];
    store.onRemoval = (key) => left.push(fromUtf8(key));
    set(store, "a");
    set(store, "b");
    setGrown(store, "k");
    expect([left, store.stats().entries]).toEqual([["a"], 2]);
    store.check();
  });

  test("is refused where nothing is ever evicted", () => {
    const store = storeOf({ maxEntries: 2, whenFull: "refuse" });
    set(store, "a");
    const [first, second] = [grown(store, "k"), grown(store, "l")];
    const reader = second.reader()!;
    expect(store.setGrown(first, 0, NOW_MS)).toBe(true);
    expect(store.setGrown(second, 0, NOW_MS)).toBe(false);
    first.release();
    second.release();
    expect(store.stats()).toMatchObject({ entries: 2, evictions: 0 });
    // It has left, and its reader still has it.
    expect(reader.read(0, 100, new ByteBuffer(0))).toBe(true);
    reader.release();
    store.check();
  });

  test("lets the index grow", () => {
    const store = storeOf();
    const { buckets } = store.stats();
    for (let i = 0; i < buckets; i++) set(store, `${i}`);
    expect(store.stats()).toMatchObject({ entries: buckets, buckets });
    setGrown(store, "k");
    expect(store.stats().buckets).toBeGreaterThan(buckets);
    store.check();
  });
});
