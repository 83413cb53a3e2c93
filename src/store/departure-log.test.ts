import { describe, expect, test } from "bun:test";
import { latin1, utf8 } from "../lib/bytes.ts";
import { type Departure, DepartureLog } from "./departure-log.ts";
import { keyIn } from "./key-fixture.ts";
import { storePolicyNames } from "./shard-policy.ts";
import { Store } from "./store.ts";

const START_MS = 1_700_000_000_123;

interface Bench {
  readonly store: Store;
  readonly log: DepartureLog;
  nowMs: number;
}

function bench({ policy = "s3-fifo", entries = 3, capacity = 8 } = {}): Bench {
  const store = Store.create({ budgetBytes: 2 ** 20, maxEntries: entries, policy, seed: 1 });
  const made: Bench = {
    store,
    log: new DepartureLog(new SharedArrayBuffer(DepartureLog.bytes(capacity)), 0, capacity, () => made.nowMs),
    nowMs: START_MS,
  };
  store.departures = made.log;
  return made;
}

function set({ store, nowMs }: Bench, key: string, expiresAtMs = 0): void {
  store.set(keyIn(store, key), utf8("value"), expiresAtMs, nowMs);
}

function departures({ log, nowMs }: Bench): (Departure | undefined)[] {
  const { position } = log;
  const first = Math.max(0, position - log.capacity + 1);
  return Array.from({ length: position - first }, (_, i) => log.at(first + i, nowMs));
}

describe("the log of departures", () => {
  test("tells who was evicted, when, how old and how often read, and from which queue", () => {
    const made = bench();
    const { store } = made;
    for (const key of ["a", "b", "c"]) set(made, key);
    made.nowMs += 1500;
    store.get(keyIn(store, "b"), made.nowMs);
    made.nowMs += 500;
    set(made, "d");
    expect(departures(made)).toEqual([
      {
        hash: keyIn(store, "a").hash,
        cause: "evicted",
        atMs: START_MS + 2000,
        ageMs: 2000,
        reads: 0,
        valueBytes: 5,
        keyBytes: 1,
        remainingMs: -1,
        policy: "s3-fifo",
        queue: "small",
      },
    ]);
  });

  test("tells expiry and removal apart, and what was left of the time to live", () => {
    const made = bench();
    const { store } = made;
    set(made, "removed", START_MS + 5000);
    set(made, "swept", START_MS + 1000);
    set(made, "replaced", START_MS + 1000);
    made.nowMs += 1000;
    store.invalidate(keyIn(store, "removed"));
    set(made, "replaced");
    store.sweep(made.nowMs, 1_000_000);
    const told = departures(made).map((one) => [one!.hash, one!.cause, one!.remainingMs]);
    expect(told).toEqual([
      [keyIn(store, "removed").hash, "removed", 4000],
      [keyIn(store, "replaced").hash, "expired", 0],
      [keyIn(store, "swept").hash, "expired", 0],
    ]);
  });

  test("an entry that is overwritten has not left, and neither have those of an earlier epoch", () => {
    const made = bench({ entries: 2 });
    set(made, "a");
    set(made, "a");
    made.store.bumpEpoch();
    made.store.sweep(made.nowMs, 1_000_000);
    expect(departures(made)).toEqual([]);
  });

  test("keeps the last records only, and does not give out replaced ones", () => {
    const made = bench({ entries: 1, capacity: 4 });
    for (let i = 0; i < 10; i++) {
      made.nowMs++;
      set(made, `key ${i}`);
    }
    expect(made.log.position).toBe(9);
    expect(departures(made).map((one) => one!.atMs - START_MS)).toEqual([8, 9, 10]);
    expect(made.log.at(5, made.nowMs)).toBeUndefined();
    expect(made.log.at(9, made.nowMs)).toBeUndefined();
  });

  test("tells how long ago an entry had expired when it left", () => {
    const made = bench();
    set(made, "a", START_MS + 1000);
    made.nowMs += 1300;
    set(made, "a");
    expect(departures(made).map((one) => [one!.cause, one!.remainingMs])).toEqual([["expired", -300]]);
  });

  test("tells of reads as many as an entry counts", () => {
    const made = bench({ entries: 1 });
    const { store } = made;
    set(made, "a");
    for (let i = 0; i < 70_000; i++) store.get(keyIn(store, "a"), made.nowMs);
    set(made, "b");
    expect(departures(made).map((one) => one!.reads)).toEqual([65_535]);
  });

  test("finds the departures of one key, the latest first", () => {
    const made = bench({ entries: 1, capacity: 8 });
    const { store, log } = made;
    const { hash } = keyIn(store, "a");
    expect([...log.of(hash, made.nowMs, 9), ...log.of(0, made.nowMs, 9)]).toEqual([]);
    for (const name of ["a", "b", "a", "c", "a", "d", "a", "e"]) {
      made.nowMs++;
      set(made, name);
    }
    const found = (most: number): number[] =>
      log.of(hash, made.nowMs, most).map((one) => one.atMs - START_MS);
    expect([found(9), found(2)]).toEqual([
      [8, 6, 4, 2],
      [8, 6],
    ]);
    for (let i = 0; i < 5; i++) set(made, `later ${i}`);
    expect(found(9)).toEqual([8]);
  });

  test("another object over the same memory reads it, and goes on where it ended", () => {
    const buffer = new SharedArrayBuffer(DepartureLog.bytes(8));
    const store = Store.create({ budgetBytes: 2 ** 20, maxEntries: 1, policy: "2q", seed: 1 });
    for (const names of [["a", "b"], ["c"]]) {
      store.departures = new DepartureLog(buffer, 0, 8, () => START_MS);
      for (const name of names) store.set(keyIn(store, name), utf8("v"), 0, START_MS);
    }
    const reader = new DepartureLog(buffer, 0, 8, () => START_MS);
    expect(reader.position).toBe(2);
    expect([reader.at(0, START_MS)?.queue, reader.at(1, START_MS)?.policy]).toEqual(["recent", "2q"]);
  });
});

/** W-TinyLFU and LRU-K may move entries between these queues before they compare and evict them. */
const MOVED_FIRST = new Map([
  ["window", "probation"],
  ["unranked", "ranking"],
]);

test.each(storePolicyNames())(
  "%s has told the queue of its victim a moment before it evicted it",
  (policy) => {
    const made = bench({ policy, entries: 20, capacity: 4096 });
    const { store, log } = made;
    let evictions = 0;
    let random = 7;
    for (let i = 0; i < 2000; i++) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      const key = keyIn(store, `${Math.floor(100 * (random / 2 ** 32) ** 2)}`);
      made.nowMs++;
      if (store.get(key, made.nowMs) !== undefined) continue;
      const queues = queuesOf(made);
      const before = log.position;
      store.set(key, utf8("v"), 0, made.nowMs);
      if (log.position === before) continue;
      evictions++;
      const { hash, queue, policy: by } = log.at(before, made.nowMs)!;
      const wasIn = queues.get(hash)!;
      expect(by).toBe(policy);
      expect([wasIn, MOVED_FIRST.get(wasIn)]).toContain(queue);
    }
    expect(evictions).toBeGreaterThan(200);
  },
);

function queuesOf({ store, nowMs }: Bench): Map<number, string> {
  const queues = new Map<number, string>();
  store.scan(0, 1000, nowMs, (bytes) => {
    const key = keyIn(store, latin1(bytes));
    queues.set(key.hash, store.explain(key, nowMs)!.queue);
  });
  return queues;
}
