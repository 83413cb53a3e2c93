import { describe, expect, test } from "bun:test";
import { ByteBuffer, type ValueSink } from "../lib/byte-buffer.ts";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { SeededRandom } from "../lib/random.ts";
import { CopySink } from "./copy-sink.ts";
import { STALE } from "./freshness.ts";
import { keyIn } from "./key-fixture.ts";
import { ABSENT } from "./reading.ts";
import { LOCK, ShardMemory } from "./shard-memory.ts";
import { Store, type StoreOptions } from "./store.ts";

const NOW_MS = 1_700_000_000_000;

/** A store of texts. */
class TextStore {
  readonly store: Store;
  nowMs = NOW_MS;

  constructor(options: Partial<StoreOptions> = {}) {
    this.store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: 9, high: 0 }, ...options });
  }

  hash(key: string): number {
    const bytes = utf8(key);
    return this.store.hash(bytes, 0, bytes.length);
  }

  epochOf(key: string): number {
    return this.store.epochOf(keyIn(this.store, key));
  }

  set(key: string, value: string, expiresAtMs = 0): string {
    return this.store.set(keyIn(this.store, key), utf8(value), expiresAtMs, this.nowMs);
  }

  get(key: string): string | undefined {
    const value = this.store.get(keyIn(this.store, key), this.nowMs);
    return value === undefined ? undefined : fromUtf8(value);
  }

  fill(
    key: string,
    value: string,
    lease: number,
    epoch = this.epochOf(key),
    expiresAtMs = 0,
    staleUntilMs = 0,
  ): boolean {
    const data = utf8(value);
    return this.store.fill(
      keyIn(this.store, key),
      data,
      0,
      data.length,
      expiresAtMs,
      { lease, epoch },
      this.nowMs,
      staleUntilMs,
    );
  }

  /** Returns the value, even if it is stale. */
  getStale(key: string): string | undefined {
    const sink = new CopySink();
    const read = this.store.read(keyIn(this.store, key), this.nowMs, sink, STALE);
    return read === ABSENT ? undefined : fromUtf8(sink.copy);
  }

  /** Stores a value that is fresh for 10 ms and stale for 20 ms more. */
  fillWithGrace(key: string, value: string): void {
    const lease = this.store.lease(this.hash(key));
    expect(this.fill(key, value, lease, this.epochOf(key), this.nowMs + 10, this.nowMs + 30)).toBe(true);
  }

  call(method: "remove" | "peek" | "explain", key: string) {
    return this.store[method](keyIn(this.store, key), this.nowMs);
  }

  invalidate(key: string): boolean {
    return this.store.invalidate(keyIn(this.store, key));
  }

  setExpiry(key: string, expiresAtMs: number): boolean {
    return this.store.setExpiry(keyIn(this.store, key), expiresAtMs, this.nowMs);
  }
}

describe("store", () => {
  test("takes keys as ranges of a larger buffer, and delivers values to the sink", () => {
    const text = new TextStore();
    text.set("key", "value");
    const request = utf8("GET key\r\n");
    const target = new ByteBuffer(2);
    target.append(utf8(">"));
    const calls: string[] = [];
    const sink: ValueSink = {
      openValue: (lengthBytes) => {
        calls.push(`open ${lengthBytes}`);
        return target;
      },
      closeValue: () => calls.push("close"),
    };
    const key = text.store.refer(new KeyRef(), request, 4, 7);
    expect(text.store.read(key, NOW_MS, sink)).toBe(5);
    expect(fromUtf8(target.view())).toBe(">value");
    expect(calls).toEqual(["open 5", "close"]);
    expect(text.store.read(text.store.refer(key, request, 4, 6), NOW_MS, sink)).toBe(ABSENT);
    expect(calls.length).toBe(2);
  });

  test("takes empty keys and empty values", () => {
    const text = new TextStore();
    expect(text.set("", "")).toBe("stored");
    expect(text.get("")).toBe("");
    expect(text.get(" ")).toBeUndefined();
  });

  test("releases its lock when a sink throws", () => {
    const text = new TextStore();
    text.set("key", "value");
    const sink: ValueSink = {
      openValue: () => {
        throw new Error("the client has gone");
      },
      closeValue: () => {},
    };
    expect(() => text.store.read(keyIn(text.store, "key"), NOW_MS, sink)).toThrow("the client has gone");
    expect(text.get("key")).toBe("value");
  });

  test("describes an entry without counting that as a read", () => {
    const text = new TextStore({ policy: "fifo" });
    text.set("key", "value", NOW_MS + 5000);
    text.get("key");
    text.nowMs += 100;
    text.get("key");
    const info = text.call("peek", "key");
    expect(info).toEqual({
      valueBytes: 5,
      keyBytes: 3,
      chargedBytes: 48,
      filledAtMs: NOW_MS,
      expiresAtMs: NOW_MS + 5000,
      staleUntilMs: 0,
      reads: 2,
    });
    expect(text.call("explain", "key")).toMatchObject({ reads: 2, queue: "queue" });
    expect(text.call("peek", "other")).toBeUndefined();
    expect(text.store.stats()).toMatchObject({ hits: 2, misses: 0 });
  });

  test("counts reads up to 65,535", () => {
    const text = new TextStore();
    text.set("key", "value");
    const key = keyIn(text.store, "key");
    for (let i = 0; i < 65_600; i++) text.store.get(key, NOW_MS);
    expect(text.call("peek", "key")).toMatchObject({ reads: 65_535, keyBytes: 3 });
    expect(text.get("key")).toBe("value");
  });

  test("counts hits, misses, fills and removals", () => {
    const text = new TextStore();
    text.set("a", "1");
    text.set("b", "22", NOW_MS + 10);
    text.get("a");
    text.get("c");
    text.fill("c", "333", text.store.lease(text.hash("c")));
    text.fill("d", "x", text.store.lease(text.hash("d")) + 1);
    expect(text.store.stats()).toMatchObject({
      entries: 3,
      expiring: 1,
      payloadBytes: 9,
      hits: 1,
      misses: 1,
      fills: 1,
      refusedFills: 1,
      evictions: 0,
      expirations: 0,
    });
    text.nowMs += 10;
    expect(text.store.sweep(text.nowMs, 1_000_000)).toBe(1);
    text.call("remove", "a");
    expect(text.store.stats()).toMatchObject({ entries: 1, expiring: 0, payloadBytes: 4, expirations: 1 });
  });
});

describe("store expiry", () => {
  test("is exact to the millisecond, and reported when the sweep removes the entry", () => {
    const text = new TextStore();
    const left: string[] = [];
    text.store.onRemoval = (key, why) => left.push(`${fromUtf8(key)} ${why}`);
    text.set("key", "value", NOW_MS + 1);
    expect(text.get("key")).toBe("value");
    text.nowMs += 1;
    expect(text.get("key")).toBeUndefined();
    expect(left).toEqual([]);
    expect(text.store.sweep(text.nowMs, 1_000_000)).toBe(1);
    expect(left).toEqual(["key expired"]);
  });

  test("is reported when the key is removed, and the removal finds nothing", () => {
    const text = new TextStore();
    const left: string[] = [];
    text.store.onRemoval = (key, why) => left.push(`${fromUtf8(key)} ${why}`);
    text.set("key", "value", NOW_MS + 1);
    text.nowMs += 1;
    expect(text.call("remove", "key")).toBe(false);
    expect(left).toEqual(["key expired"]);
    expect(text.store.stats()).toMatchObject({ entries: 0, expiring: 0, expirations: 1 });
    text.store.check();
  });

  test("is not noticed by looking: nothing changes but the count of misses", () => {
    for (const end of ["expiry", "epoch"]) {
      const text = new TextStore({ shards: 2 });
      text.store.onRemoval = () => expect.unreachable();
      for (let i = 0; i < 50; i++) text.set(`key-${i}`, "value", NOW_MS + 1);
      if (end === "epoch") text.store.bumpEpoch();
      else text.nowMs += 1;
      const before = text.store.stats();
      expect(before.entries).toBe(50);
      for (let i = 0; i < 50; i++) {
        expect(text.get(`key-${i}`)).toBeUndefined();
        expect(text.call("peek", `key-${i}`)).toBeUndefined();
        expect(text.call("explain", `key-${i}`)).toBeUndefined();
        expect(text.setExpiry(`key-${i}`, 0)).toBe(false);
      }
      text.store.scan(0, 1000, text.nowMs, () => expect.unreachable());
      expect(text.store.randomKey(new SeededRandom(1), text.nowMs)).toBeUndefined();
      expect(text.store.stats()).toEqual({ ...before, misses: 50 });
      text.store.check();
    }
  });

  test("can be set, changed and taken away, at every size", () => {
    const text = new TextStore({ budgetBytes: 4 << 20 });
    for (const length of [0, 1, 50, 95, 96, 100, 500, 3000, 4090, 5000, 100_000]) {
      const value = "v".repeat(length);
      text.set("key", value);
      text.get("key");
      expect(text.setExpiry("key", NOW_MS + 10)).toBe(true);
      expect(text.call("peek", "key")).toMatchObject({
        expiresAtMs: NOW_MS + 10,
        filledAtMs: NOW_MS,
        reads: 1,
      });
      expect(text.setExpiry("key", NOW_MS + 20)).toBe(true);
      expect(text.store.stats().expiring).toBe(1);
      expect(text.setExpiry("key", 0)).toBe(true);
      expect(text.call("peek", "key")).toMatchObject({ expiresAtMs: 0 });
      expect(text.store.stats().expiring).toBe(0);
      expect(text.get("key")).toBe(value);
      text.store.check();
    }
    expect(text.setExpiry("other", NOW_MS)).toBe(false);
  });

  test("can be set on every entry of a full store that refuses writes", () => {
    const text = new TextStore({ budgetBytes: 300_000, whenFull: "refuse" });
    let count = 0;
    while (text.set(`key-${count}`, "x".repeat(count % 90)) === "stored") count++;
    for (let i = 0; i < count; i++) expect(text.setExpiry(`key-${i}`, NOW_MS + 1000)).toBe(true);
    expect(text.store.stats()).toMatchObject({ entries: count, expiring: count, evictions: 0 });
    for (let i = 0; i < count; i++) expect(text.get(`key-${i}`)).toBe("x".repeat(i % 90));
    text.store.check();
  });

  test("is swept in bounded steps that continue where the last one ended", () => {
    const text = new TextStore({ shards: 2 });
    const left = new Set<string>();
    text.store.onRemoval = (key, why) => {
      expect(why).toBe("expired");
      left.add(fromUtf8(key));
      // The listener may use the store.
      expect(text.get(fromUtf8(key))).toBeUndefined();
    };
    for (let i = 0; i < 2000; i++) text.set(`key-${i}`, "value", i % 2 === 0 ? NOW_MS + 5 : 0);
    expect(text.store.sweep(NOW_MS, 1_000_000)).toBe(0);
    text.nowMs += 5;
    let removed = 0;
    let steps = 0;
    while (removed < 1000) {
      const swept = text.store.sweep(text.nowMs, 50);
      expect(swept).toBeLessThanOrEqual(500);
      removed += swept;
      expect(++steps).toBeLessThan(1000);
    }
    expect(removed).toBe(1000);
    expect(steps).toBeGreaterThan(10);
    expect(left.size).toBe(1000);
    expect(text.store.stats()).toMatchObject({ entries: 1000, expiring: 0, expirations: 1000 });
    expect(text.store.sweep(text.nowMs, 1_000_000)).toBe(0);
    text.store.check();
  });

  test("is not reported for a key that a write replaces", () => {
    const text = new TextStore();
    text.store.onRemoval = () => expect.unreachable();
    text.set("key", "old", NOW_MS + 1);
    text.nowMs += 1;
    text.set("key", "new");
    expect(text.get("key")).toBe("new");
    expect(text.store.stats().expirations).toBe(1);
  });
});

describe("store grace", () => {
  test("serves an expired entry only to readers that accept it", () => {
    for (const length of [0, 50, 3000, 20_000, 300_000]) {
      const text = new TextStore({ budgetBytes: 4 << 20 });
      text.store.onRemoval = () => expect.unreachable();
      const value = "v".repeat(length);
      text.fillWithGrace("key", value);
      expect(text.call("peek", "key")).toMatchObject({
        expiresAtMs: NOW_MS + 10,
        staleUntilMs: NOW_MS + 30,
        valueBytes: length,
      });
      for (const [nowMs, fresh, stale] of [
        [NOW_MS + 9, value, value],
        [NOW_MS + 10, undefined, value],
        [NOW_MS + 29, undefined, value],
        [NOW_MS + 30, undefined, undefined],
      ] as const) {
        text.nowMs = nowMs;
        expect(text.get("key")).toBe(fresh!);
        expect(text.getStale("key")).toBe(stale!);
        expect(text.call("peek", "key") === undefined).toBe(fresh === undefined);
        text.store.check();
      }
      expect(text.store.stats()).toMatchObject({ hits: 4, misses: 4, entries: 1, expiring: 1 });
    }
  });

  test("keeps an entry from the sweep and from scans, until it ends", () => {
    const text = new TextStore();
    const left: string[] = [];
    text.store.onRemoval = (key, why) => left.push(`${fromUtf8(key)} ${why}`);
    text.fillWithGrace("key", "value");
    text.nowMs += 10;
    expect(text.store.sweep(text.nowMs, 1_000_000)).toBe(0);
    text.store.scan(0, 10, text.nowMs, () => expect.unreachable());
    expect(text.store.randomKey(new SeededRandom(1), text.nowMs)).toBeUndefined();
    text.nowMs += 20;
    expect(text.store.sweep(text.nowMs, 1_000_000)).toBe(1);
    expect(left).toEqual(["key expired"]);
    text.store.check();
  });

  test("ends with an invalidation, a removal, an epoch, another expiry or a write", () => {
    for (const [end, found] of [
      ["invalidate", undefined],
      ["remove", undefined],
      ["epoch", undefined],
      ["expiry", undefined],
      ["write", "new"],
      ["fill", "new"],
    ] as const) {
      const text = new TextStore();
      text.store.onRemoval = () => expect.unreachable();
      text.fillWithGrace("key", "value");
      if (end === "expiry") expect(text.setExpiry("key", NOW_MS + 5)).toBe(true);
      text.nowMs += 10;
      if (end === "invalidate") expect(text.invalidate("key")).toBe(true);
      if (end === "remove") expect(text.call("remove", "key")).toBe(false);
      if (end === "epoch") text.store.bumpEpoch();
      if (end === "write") text.set("key", "new");
      if (end === "fill") text.fill("key", "new", text.store.lease(text.hash("key")));
      expect(text.getStale("key")).toBe(found!);
      expect(text.get("key")).toBe(found!);
      text.store.check();
    }
  });

  test("lets a value that expired on its way be filled as stale", () => {
    const text = new TextStore();
    const fill = (expiresAtMs: number, staleUntilMs: number) =>
      text.fill("key", "value", text.store.lease(text.hash("key")), 0, expiresAtMs, staleUntilMs);
    expect(fill(NOW_MS, NOW_MS)).toBe(false);
    expect(fill(NOW_MS, NOW_MS + 1)).toBe(true);
    expect(text.get("key")).toBeUndefined();
    expect(text.getStale("key")).toBe("value");
  });

  test("of a large value can be set when the value is complete", () => {
    const text = new TextStore({ budgetBytes: 4 << 20 });
    const value = utf8("v".repeat(LARGE_BYTES));
    const growing = text.store.grow(keyIn(text.store, "key"), value.length, NOW_MS)!;
    growing.append(value, 0, value.length, NOW_MS);
    const fill = { lease: text.store.lease(text.hash("key")), epoch: text.epochOf("key") };
    expect(text.store.fillGrown(growing, NOW_MS + 10, fill, NOW_MS, NOW_MS + 30)).toBe(true);
    growing.release();
    text.nowMs += 10;
    expect(text.get("key")).toBeUndefined();
    expect(text.getStale("key")?.length).toBe(LARGE_BYTES);
    text.store.check();
  });
});

describe("store leases and epochs", () => {
  test("an invalidation voids the fills under way, and those alone", () => {
    const text = new TextStore();
    const lease = text.store.lease(text.hash("key"));
    expect(text.invalidate("key")).toBe(false);
    expect(text.fill("key", "stale", lease)).toBe(false);
    expect(text.get("key")).toBeUndefined();
    expect(text.fill("key", "fresh", text.store.lease(text.hash("key")))).toBe(true);
    expect(text.get("key")).toBe("fresh");
    expect(text.invalidate("key")).toBe(true);
    expect(text.get("key")).toBeUndefined();
  });

  test("of two fills asked for at once only the first is stored", () => {
    const text = new TextStore();
    const lease = text.store.lease(text.hash("key"));
    expect(text.fill("key", "first", lease)).toBe(true);
    expect(text.fill("key", "second", lease)).toBe(false);
    expect(text.get("key")).toBe("first");
  });

  test("a new epoch hides everything, voids fills under way, and is swept up", () => {
    const text = new TextStore({ shards: 4 });
    text.store.onRemoval = () => expect.unreachable();
    for (let i = 0; i < 500; i++) text.set(`key-${i}`, "value");
    const lease = text.store.lease(text.hash("key-1"));
    const epoch = text.epochOf("key-1");
    text.store.bumpEpoch();
    expect(text.epochOf("key-1")).not.toBe(epoch);
    expect(text.get("key-0")).toBeUndefined();
    expect(text.fill("key-1", "stale", lease, epoch)).toBe(false);
    expect(text.fill("key-1", "fresh", lease)).toBe(true);
    expect(text.invalidate("key-2")).toBe(false);
    expect(text.call("remove", "key-3")).toBe(false);
    expect(text.store.randomKey(new SeededRandom(1), NOW_MS)).toEqual(utf8("key-1"));
    expect(text.store.sweep(NOW_MS, 1_000_000)).toBe(497);
    expect(text.store.stats()).toMatchObject({ entries: 1, expirations: 0, evictions: 0 });
    expect(text.get("key-1")).toBe("fresh");
    text.store.check();
  });

  test("an epoch that repeats its lowest 16 bits brings nothing back", () => {
    const text = new TextStore();
    text.set("key", "value");
    for (let i = 0; i < 65_536; i++) text.store.bumpEpoch();
    expect(text.get("key")).toBeUndefined();
    text.set("key", "new");
    text.store.bumpEpoch();
    expect(text.get("key")).toBeUndefined();
    text.store.check();
  });

  test("an epoch that repeats its lowest 16 bits never waits for a dead thread's lock, and brings nothing back", () => {
    const text = new TextStore({ shards: 2 });
    for (let i = 0; i < 50; i++) text.set(`key-${i}`, "value");
    const dead = 9;
    const { words } = new ShardMemory(text.store.handle.shards[0]!);
    words[LOCK] = dead << 1;
    const bump = (times: number): void => {
      for (let i = 0; i < times; i++) text.store.bumpEpoch(undefined, false);
    };
    bump(60_000);
    expect(text.store.releaseDead()).toBe(false);
    text.store.recover(dead);
    expect(text.store.releaseDead()).toBe(true);
    bump(5_536);
    for (let i = 0; i < 50; i++) expect(text.get(`key-${i}`)).toBeUndefined();
    text.set("key", "new");
    expect(text.get("key")).toBe("new");
    text.store.check();
  });

  test("clearing removes everything and voids fills under way", () => {
    const text = new TextStore();
    for (let i = 0; i < 5000; i++) text.set(`key-${i}`, "value".repeat(i % 50), NOW_MS + 1);
    const lease = text.store.lease(text.hash("key-1"));
    const epoch = text.epochOf("key-1");
    text.store.clear();
    expect(text.store.stats()).toMatchObject({ entries: 0, expiring: 0, usedBytes: 0, payloadBytes: 0 });
    expect(text.fill("key-1", "stale", lease, epoch)).toBe(false);
    text.store.check();
    expect(text.set("key-1", "again")).toBe("stored");
    expect(text.get("key-1")).toBe("again");
    text.store.check();
  });
});

describe("store beside a thread that died with a lock", () => {
  test("tells its counters, policy, budget and epoch to an observer that never waits", () => {
    const text = new TextStore({ shards: 2, policy: "lru", mostBudgetBytes: 2 << 20 });
    for (let i = 0; i < 50; i++) text.set(`key-${i}`, "value");
    text.store.setPolicy("sieve");
    const before = text.store.stats();
    expect(before).toMatchObject({ entries: 50, hits: 0, budgetBytes: 1 << 20 });
    const dead = 9;
    for (const buffer of text.store.handle.shards) new ShardMemory(buffer).words[LOCK] = dead << 1;
    expect(text.store.stats()).toEqual(before);
    expect(text.store.policyName).toBe("sieve");
    expect([text.store.budgetBytes, text.store.mostBudgetBytes]).toEqual([1 << 20, 2 << 20]);
    expect([text.store.epochCount, text.epochOf("key-1")]).toEqual([0, 0]);
  });
});

describe("store policies", () => {
  test("the policy chooses the victims, and evictions are reported", () => {
    const text = new TextStore({ budgetBytes: 300_000, policy: "lru" });
    const left: string[] = [];
    text.store.onRemoval = (key, why) => left.push(`${fromUtf8(key)} ${why}`);
    let count = 0;
    for (; left.length === 0; count++) {
      text.set(`key-${count}`, "x".repeat(1000));
      text.get("key-0");
    }
    expect(left[0]).toBe("key-1 evicted");
    text.set(`key-${count}`, "x".repeat(50_000));
    expect(left[1]).toBe("key-2 evicted");
    expect(left.length).toBeGreaterThan(40);
    expect(text.get("key-0")).toBeDefined();
    expect(text.store.stats().evictions).toBe(left.length);
  });

  test("a new policy takes over the entries in the order of the old one", () => {
    const text = new TextStore({ budgetBytes: 300_000, policy: "lru", shards: 1 });
    for (let i = 0; i < 100; i++) text.set(`key-${i}`, "x".repeat(1000));
    for (let i = 0; i < 50; i++) text.get(`key-${i}`);
    text.store.setPolicy(" S3-FIFO( small = 0.2 )");
    expect(text.store.policyName).toBe("s3-fifo(small=0.2)");
    expect(text.store.stats()).toMatchObject({ entries: 100, evictions: 0 });
    text.store.check();
    text.store.setPolicy("fifo");
    const left: string[] = [];
    text.store.onRemoval = (key) => left.push(fromUtf8(key));
    for (let i = 0; left.length < 60; i++) text.set(`new-${i}`, "x".repeat(1000));
    expect(left.slice(0, 60)).toEqual(Array.from({ length: 60 }, (_, i) => `key-${(i + 50) % 100}`));
    text.store.check();
  });

  test("a policy that cannot run here is refused, and the old one stays", () => {
    const text = new TextStore({ policy: "sieve" });
    text.set("key", "value");
    expect(() => text.store.setPolicy("best")).toThrow('unknown policy "best"');
    expect(() => text.store.setPolicy("belady")).toThrow(
      /policy belady needs to know the future.*known are .*lru/,
    );
    expect(text.store.policyName).toBe("sieve");
    expect(text.get("key")).toBe("value");
  });

  test("a write counts as a use of the entry, a fill does not", () => {
    const text = new TextStore({ budgetBytes: 300_000, policy: "lru" });
    const left: string[] = [];
    text.store.onRemoval = (key) => left.push(fromUtf8(key));
    for (let i = 0; i < 4; i++) text.set(`key-${i}`, "x".repeat(1000));
    text.set("key-0", "y".repeat(1000));
    text.fill("key-1", "y".repeat(1000), text.store.lease(text.hash("key-1")));
    text.set("key-2", "y".repeat(2000));
    for (let i = 4; left.length < 4; i++) text.set(`key-${i}`, "x".repeat(30_000));
    expect(left.slice(0, 4)).toEqual(["key-1", "key-3", "key-0", "key-2"]);
  });

  test("an overwritten entry keeps its place, whatever its new size", () => {
    const text = new TextStore({ budgetBytes: 300_000, policy: "fifo" });
    const left: string[] = [];
    text.store.onRemoval = (key) => left.push(fromUtf8(key));
    for (let i = 0; i < 3; i++) text.set(`key-${i}`, "x".repeat(30_000));
    text.set("key-0", "small");
    text.set("key-0", "x".repeat(60_000));
    text.store.check();
    for (let i = 3; left.length < 2; i++) text.set(`key-${i}`, "x".repeat(30_000));
    expect(left).toEqual(["key-0", "key-1"]);
  });

  test("an entry with a key of several pages can be overwritten in a full store", () => {
    const text = new TextStore({ budgetBytes: 300_000, policy: "fifo" });
    const long = "k".repeat(65_535);
    const other = `${"k".repeat(65_534)}K`;
    for (let round = 0; round < 20; round++) {
      text.set("filler", "x".repeat(100_000));
      const value = "v".repeat(1 + ((round * 37_123) % 120_000));
      expect(text.set(long, value)).toBe("stored");
      expect(text.get(long)).toBe(value);
      expect(text.get(other)).toBeUndefined();
      text.store.check();
    }
    expect(text.set("k".repeat(65_536), "v")).toBe("too-large");
  });
});

describe("store random keys", () => {
  test("are drawn from all live ones", () => {
    const text = new TextStore({ shards: 2 });
    const random = new SeededRandom(3);
    expect(text.store.randomKey(random, NOW_MS)).toBeUndefined();
    text.set("gone", "x", NOW_MS - 1);
    expect(text.store.randomKey(random, NOW_MS)).toBeUndefined();
    for (let i = 0; i < 10; i++) text.set(`key-${i}`, "value");
    const drawn = new Set<string>();
    for (let i = 0; i < 2000; i++) drawn.add(fromUtf8(text.store.randomKey(random, NOW_MS)!));
    expect(drawn.size).toBe(10);
  });
});
