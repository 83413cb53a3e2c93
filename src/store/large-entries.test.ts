import { describe, expect, test } from "bun:test";
import { ByteBuffer, type LargeValue, type ValueSink } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import { SeededRandom } from "../lib/random.ts";
import type { GrowingEntry } from "./growing-entry.ts";
import { keyIn } from "./key-fixture.ts";
import { LOCK, PINS, ShardMemory } from "./shard-memory.ts";
import { Store } from "./store.ts";

const MEGABYTE = 1024 ** 2;
const NOW_MS = 1_700_000_000_000;

describe("large values, little by little", () => {
  test("an entry written in pieces of any size is read back exactly, in pieces of any size", () => {
    const random = new SeededRandom(1);
    for (const valueBytes of [256 * 1024, 256 * 1024 + 1, MEGABYTE - 7, 3 * MEGABYTE + 12_345]) {
      const store = Store.create({ budgetBytes: 10 * MEGABYTE, hashKey: { low: 1, high: 0 } });
      const value = bytesOf(valueBytes, valueBytes);
      const growing = grow(store, "k", value, random);
      store.check();
      expect(store.setGrown(growing, 0, NOW_MS)).toBe(true);
      growing.release();
      store.check();
      expect(sameBytes(store.get(keyIn(store, "k"), NOW_MS)!, value)).toBe(true);
      const large = pin(store, "k")!;
      const copy = new ByteBuffer(0);
      while (copy.length < valueBytes) {
        const count = Math.min(valueBytes - copy.length, 1 + random.below(300_000));
        expect(large.read(copy.length, count, copy)).toBe(true);
      }
      expect(sameBytes(copy.view(), value)).toBe(true);
      // Back to the beginning.
      copy.clear();
      expect(large.read(5, 100, copy)).toBe(true);
      expect(sameBytes(copy.view(), value.subarray(5, 105))).toBe(true);
      large.release();
      store.check();
    }
  });

  test("a key longer than a page comes before the value", () => {
    const store = Store.create({ budgetBytes: 10 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    const key = "k".repeat(60_000);
    const value = bytesOf(MEGABYTE, 1);
    const growing = grow(store, key, value, new SeededRandom(1));
    expect(store.setGrown(growing, 0, NOW_MS)).toBe(true);
    growing.release();
    store.check();
    expect(sameBytes(readAll(pin(store, key)!), value)).toBe(true);
  });

  test("an entry stays whole for its readers when it is overwritten, removed, invalidated or evicted", () => {
    for (const end of ["overwrite", "overwrite small", "remove", "invalidate", "evict", "grown"] as const) {
      const store = Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 } });
      const [old, fresh] = [bytesOf(MEGABYTE, 1), bytesOf(MEGABYTE, 2)];
      set(store, "k", old);
      const large = pin(store, "k")!;
      const copy = new ByteBuffer(0);
      large.read(0, 1000, copy);
      if (end === "overwrite") set(store, "k", fresh);
      else if (end === "overwrite small") set(store, "k", utf8("small"));
      else if (end === "remove") store.remove(keyIn(store, "k"), NOW_MS);
      else if (end === "invalidate") store.invalidate(keyIn(store, "k"));
      else if (end === "grown") {
        const growing = grow(store, "k", fresh, new SeededRandom(1));
        store.setGrown(growing, 0, NOW_MS);
        growing.release();
      } else for (let i = 0; i < 100; i++) set(store, `other ${i}`, bytesOf(200_000, i));
      store.check();
      large.read(1000, MEGABYTE - 1000, copy);
      expect(sameBytes(copy.view(), old)).toBe(true);
      large.release();
      store.check();
      if (end.startsWith("overwrite") || end === "grown") {
        const now = store.get(keyIn(store, "k"), NOW_MS)!;
        expect(sameBytes(now, end === "overwrite small" ? utf8("small") : fresh)).toBe(true);
      } else expect(pin(store, "k")).toBeUndefined();
    }
  });

  test("several readers pin one entry; the last one frees the memory", () => {
    const store = Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    const value = bytesOf(MEGABYTE, 1);
    set(store, "k", value);
    const readers = [pin(store, "k")!, pin(store, "k")!, pin(store, "k")!];
    store.remove(keyIn(store, "k"), NOW_MS);
    for (const reader of readers) {
      expect(sameBytes(readAll(reader, false), value)).toBe(true);
      reader.release();
      store.check();
    }
    expect(store.stats().usedBytes).toBe(0);
  });

  test("readers and writers find their entries lost when the store is emptied", () => {
    const store = Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    set(store, "k", bytesOf(MEGABYTE, 1));
    const large = pin(store, "k")!;
    const growing = store.grow(keyIn(store, "g"), MEGABYTE, NOW_MS)!;
    growing.append(bytesOf(1000, 1), 0, 1000, NOW_MS);
    store.clear();
    expect(large.read(0, 10, new ByteBuffer(0))).toBe(false);
    expect(growing.append(bytesOf(1000, 1), 0, 1000, NOW_MS)).toBe(false);
    expect(growing.isLost).toBe(true);
    large.release();
    growing.release();
    store.check();
  });

  test("a value beyond the share for pinned entries is copied instead", () => {
    const store = Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    const readers: LargeValue[] = [];
    for (let i = 0; i < 6; i++) {
      set(store, `k${i}`, bytesOf(MEGABYTE, i));
      const large = pin(store, `k${i}`);
      if (large !== undefined) readers.push(large);
    }
    expect(readers.length).toBe(3);
    expect(store.grow(keyIn(store, "g"), MEGABYTE, NOW_MS)).toBeUndefined();
    for (const reader of readers) reader.release();
    store.check();
    const growing = store.grow(keyIn(store, "g"), MEGABYTE, NOW_MS)!;
    expect(growing).toBeDefined();
    growing.release();
    store.check();
  });

  test("a write takes entries that have left the store away from their readers, if nothing else is left", () => {
    const store = Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    const old = bytesOf(3 * MEGABYTE, 1);
    set(store, "k", old);
    const large = pin(store, "k")!;
    store.remove(keyIn(store, "k"), NOW_MS);
    const fresh = bytesOf(6 * MEGABYTE, 2);
    set(store, "k", fresh);
    expect(large.read(0, 10, new ByteBuffer(0))).toBe(false);
    large.release();
    store.check();
    expect(sameBytes(store.get(keyIn(store, "k"), NOW_MS)!, fresh)).toBe(true);
  });

  test("a store that never evicts refuses an entry without room", () => {
    const store = Store.create({
      budgetBytes: 8 * MEGABYTE,
      hashKey: { low: 1, high: 0 },
      whenFull: "refuse",
    });
    for (let i = 0; i < 5; i++) set(store, `k${i}`, bytesOf(MEGABYTE, i));
    const value = bytesOf(3 * MEGABYTE, 9);
    const growing = store.grow(keyIn(store, "g"), value.length, NOW_MS)!;
    expect(growing.append(value, 0, value.length, NOW_MS)).toBe(false);
    growing.release();
    store.check();
    expect(store.stats().entries).toBe(5);
  });

  test("a fill that grew is stored only under its lease and epoch, and only once", () => {
    const store = Store.create({ budgetBytes: 16 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    const hash = hashOf(store, "k");
    const fill = (lease: number, epoch: number): boolean => {
      const growing = grow(store, "k", bytesOf(MEGABYTE, 1), new SeededRandom(1));
      const isStored = store.fillGrown(growing, 0, { lease, epoch }, NOW_MS);
      growing.release();
      store.check();
      return isStored;
    };
    const lease = store.lease(hash);
    const epoch = store.epochOf(keyIn(store, "k"));
    expect(fill(lease, epoch)).toBe(true);
    expect(fill(lease, epoch)).toBe(false);
    const later = store.lease(hash);
    store.invalidate(keyIn(store, "k"));
    expect(fill(later, epoch)).toBe(false);
    expect(fill(store.lease(hash), epoch - 1)).toBe(false);
    expect(pin(store, "k")).toBeUndefined();
    const { fills, refusedFills } = store.stats();
    expect([fills, refusedFills]).toEqual([1, 3]);
  });

  test("a reader of a growing entry gets what is written, and all of it even if the entry is not stored", () => {
    const store = Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    const value = bytesOf(2 * MEGABYTE, 3);
    const growing = store.grow(keyIn(store, "k"), value.length, NOW_MS)!;
    const reader = growing.reader()!;
    growing.append(value, 0, 400_000, NOW_MS);
    const copy = new ByteBuffer(0);
    expect(reader.read(0, 400_000, copy)).toBe(true);
    growing.append(value, 400_000, value.length, NOW_MS);
    growing.release();
    store.check();
    expect(reader.read(400_000, value.length - 400_000, copy)).toBe(true);
    expect(sameBytes(copy.view(), value)).toBe(true);
    // The entry is not in the index, so it gives way when others need room.
    set(store, "k", bytesOf(6 * MEGABYTE, 4));
    expect(reader.read(0, 1, copy)).toBe(false);
    reader.release();
    store.check();
    expect(store.stats().entries).toBe(1);
  });

  test("a reader of an entry that is released before it is complete loses it", () => {
    const store = Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    const value = bytesOf(MEGABYTE, 3);
    const growing = store.grow(keyIn(store, "k"), value.length, NOW_MS)!;
    const reader = growing.reader()!;
    growing.append(value, 0, 400_000, NOW_MS);
    growing.release();
    store.check();
    expect(reader.read(0, 1, new ByteBuffer(0))).toBe(false);
    reader.release();
    store.check();
    expect(store.stats().usedBytes).toBe(0);
    const emptied = store.grow(keyIn(store, "k"), value.length, NOW_MS)!;
    store.clear();
    expect(emptied.reader()).toBeUndefined();
    emptied.release();
    store.check();
  });

  test("the pins of a dead thread are removed", () => {
    const store = Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    const other = Store.attach(store.handle, 7);
    set(store, "k", bytesOf(MEGABYTE, 1));
    const mine = pin(store, "k")!;
    pin(other, "k");
    other.grow(keyIn(store, "g"), MEGABYTE, NOW_MS)!;
    store.remove(keyIn(store, "k"), NOW_MS);
    store.check();
    expect(store.recover(7)).toBe(0);
    expect(store.releaseDead()).toBe(true);
    store.check();
    expect(sameBytes(readAll(mine), bytesOf(MEGABYTE, 1))).toBe(true);
    store.check();
    expect(store.stats().usedBytes).toBe(0);
  });

  test("the pins of a dead thread in a locked shard are removed once the lock is free", () => {
    const store = Store.create({ budgetBytes: 8 * MEGABYTE, hashKey: { low: 1, high: 0 }, shards: 2 });
    const other = Store.attach(store.handle, 7);
    for (let i = 0; i < 8; i++) {
      set(store, `k${i}`, bytesOf(300_000, i));
      pin(other, `k${i}`);
    }
    store.recover(7);
    const memories = store.handle.shards.map((buffer) => new ShardMemory(buffer));
    memories[0]!.words[LOCK] = 9 << 1;
    expect(store.releaseDead()).toBe(false);
    expect(memories[1]!.floats[PINS]).toBe(0);
    expect(memories[0]!.floats[PINS]).toBeGreaterThan(0);
    memories[0]!.words[LOCK] = 0;
    expect(store.releaseDead()).toBe(true);
    expect(memories[0]!.floats[PINS]).toBe(0);
    store.check();
  });

  test("random operations keep all invariants, and nothing is ever torn", () => {
    const seed = 4711;
    const random = new SeededRandom(seed);
    const store = Store.create({ budgetBytes: 6 * MEGABYTE, hashKey: { low: 1, high: 0 } });
    const open: { large: LargeValue; version: number; at: number }[] = [];
    const growing: { entry: GrowingEntry; value: Uint8Array; at: number }[] = [];
    for (let step = 0; step < 1500; step++) {
      const key = `k${random.below(6)}`;
      const choice = random.below(8);
      if (choice === 0) set(store, key, bytesOf(1 + random.below(700_000), step));
      else if (choice === 1) set(store, `small ${random.below(5000)}`, bytesOf(1 + random.below(2000), step));
      else if (choice === 2) store.invalidate(keyIn(store, key));
      else if (choice === 3) {
        const large = pin(store, key);
        if (large !== undefined) {
          const head = new ByteBuffer(0);
          large.read(0, 4, head);
          open.push({ large, version: new DataView(head.bytes.buffer).getUint32(0), at: 4 });
        }
      } else if (choice === 4 && open.length > 0) {
        const index = random.below(open.length);
        const { large, version, at } = open[index]!;
        const count = Math.min(large.lengthBytes - at, 1 + random.below(200_000));
        const copy = new ByteBuffer(0);
        const whole = bytesOf(large.lengthBytes, version);
        const isThere = large.read(at, count, copy);
        if (isThere) expect(sameBytes(copy.view(), whole.subarray(at, at + count))).toBe(true);
        open[index]!.at += count;
        if (!isThere || at + count === large.lengthBytes) {
          large.release();
          open.splice(index, 1);
        }
      } else if (choice === 5) {
        const value = bytesOf(256 * 1024 + random.below(700_000), step);
        const entry = store.grow(keyIn(store, key), value.length, NOW_MS);
        if (entry !== undefined) growing.push({ entry, value, at: 0 });
      } else if (choice === 6 && growing.length > 0) {
        const index = random.below(growing.length);
        const item = growing[index]!;
        const to = Math.min(item.value.length, item.at + 1 + random.below(400_000));
        const isThere = item.entry.append(item.value, item.at, to, NOW_MS);
        item.at = to;
        if (!isThere || to === item.value.length || random.below(20) === 0) {
          if (item.entry.isComplete) store.setGrown(item.entry, 0, NOW_MS);
          item.entry.release();
          growing.splice(index, 1);
        }
      } else if (choice === 7 && random.below(200) === 0) store.clear();
      if (step % 10 === 0) store.check();
    }
    for (const { large } of open) large.release();
    for (const { entry } of growing) entry.release();
    store.check();
  });
});

/** Returns bytes that begin with their version and differ between versions at every place. */
function bytesOf(length: number, version: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 7 + (i >> 8) + version * 31) & 0xff;
  if (length >= 4) new DataView(bytes.buffer).setUint32(0, version);
  return bytes;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function hashOf(store: Store, key: string): number {
  return store.hash(utf8(key), 0, key.length);
}

function set(store: Store, key: string, value: Uint8Array): void {
  expect(store.set(keyIn(store, key), value, 0, NOW_MS)).toBe("stored");
}

function grow(store: Store, key: string, value: Uint8Array, random: SeededRandom): GrowingEntry {
  const growing = store.grow(keyIn(store, key), value.length, NOW_MS)!;
  for (let at = 0; at < value.length; ) {
    const to = Math.min(value.length, at + 1 + random.below(600_000));
    expect(growing.append(value, at, to, NOW_MS)).toBe(true);
    at = to;
  }
  return growing;
}

/** Pins the large value of a key; undefined if there is none, or it cannot be pinned. */
function pin(store: Store, key: string): LargeValue | undefined {
  let taken: LargeValue | undefined;
  const copy = new ByteBuffer(0);
  const sink: ValueSink = {
    takesLarge: true,
    openValue: () => copy,
    closeValue() {},
    takeLarge(value) {
      taken = value;
    },
  };
  store.read(keyIn(store, key), NOW_MS, sink);
  return taken;
}

function readAll(large: LargeValue, releases = true): Uint8Array {
  const copy = new ByteBuffer(0);
  expect(large.read(0, large.lengthBytes, copy)).toBe(true);
  if (releases) large.release();
  return copy.view();
}
