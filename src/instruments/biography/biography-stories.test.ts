/** What happened to a key through a real store is exactly what its biography tells. */
import { describe, expect, test } from "bun:test";
import { storePolicyNames } from "../../store/shard-policy.ts";
import type { BiographyEvent } from "../view.ts";
import { START_MS, Stage } from "./stage-fixture.ts";

/** Fill, hits, push, refill, a hit, eviction by a scan, asked for again. @returns when the entry was evicted */
function play(stage: Stage): number {
  stage.read("a");
  for (const waitMs of [98, 400, 500]) {
    stage.pass(waitMs);
    stage.read("a");
  }
  stage.pass(500);
  stage.push("a");
  stage.pass(200);
  stage.read("a");
  stage.pass(298);
  stage.read("a");
  stage.scan("a");
  const evictedMs = stage.nowMs;
  stage.pass(800);
  stage.read("a");
  return evictedMs;
}

function outline(events: readonly BiographyEvent[]): [string, number][] {
  return events.map(({ what, atMs }) => [what, atMs - START_MS]);
}

const BEFORE_THE_SCAN = [
  "0 miss",
  "0.002 filled: 5 B, no time to live, 2 ms after the origin was asked",
  "0.1 3 hits within 0.9 s",
  "1.5 invalidated: the origin pushed that it had changed, after 3 reads, 1.5 s after its fill, last read 0.5 s before",
  "1.7 miss: asked for again 0.2 s after its invalidation",
  "1.702 filled: 5 B, no time to live, 2 ms after the origin was asked",
  "2 hit: 5 B",
];

describe("the story of a sampled key", () => {
  test.each([
    ["s3-fifo", "left the small queue"],
    ["lru", "left the queue"],
    ["w-tinylfu", "left the probation queue"],
  ])("under %s, word by word", (policy, left) => {
    const stage = new Stage({ policy });
    const atMs = play(stage) - START_MS;
    stage.drain();
    expect(stage.story("a")).toEqual([
      ...BEFORE_THE_SCAN,
      `${atMs / 1000} evicted by ${policy}: ${left} after 1 read, 0.4 s after its fill, last read ${atMs - 2000} ms before`,
      `${(atMs + 800) / 1000} miss: asked for again 0.8 s after its eviction (regret)`,
      `${(atMs + 802) / 1000} filled: 5 B, no time to live, 2 ms after the origin was asked`,
    ]);
  });

  test.each(storePolicyNames())("under %s", (policy) => {
    const stage = new Stage({ policy });
    const atMs = play(stage) - START_MS;
    stage.drain();
    const { events, ...rest } = stage.report("a");
    expect(rest).toEqual({ key: { text: "a" }, isSampled: true, isWatched: false, forgotten: 0 });
    expect(outline(events)).toEqual([
      ["miss", 0],
      ["filled", 2],
      ["hit", 100],
      ["invalidated", 1500],
      ["miss", 1700],
      ["filled", 1702],
      ["hit", 2000],
      ["evicted", atMs],
      ["miss", atMs + 800],
      ["filled", atMs + 802],
    ]);
    expect(events[2]!.detail).toEqual({ hits: 3, untilMs: START_MS + 1000, valueBytes: 5 });
    expect(events[3]!.detail).toMatchObject({ by: "push", reads: 3, ageMs: 1498 });
    expect(events[7]!.detail).toMatchObject({ policy, reads: 1, ageMs: atMs - 1702, remainingMs: -1 });
    expect(events[7]!.text).toContain(`evicted by ${policy}: left the `);
    expect(events[8]!.text).toBe("miss: asked for again 0.8 s after its eviction (regret)");
  });

  test("a key that is watched has the same story, and one that is not has none", () => {
    const stage = new Stage({ ratio: 0 });
    stage.watch("a");
    play(stage);
    stage.drain();
    const { events, isSampled, isWatched } = stage.report("a");
    expect([isSampled, isWatched, events.length]).toEqual([false, true, 10]);
  });
});

test.each(storePolicyNames())("under %s, the departures of an unsampled key are told", (policy) => {
  const stage = new Stage({ policy, ratio: 0 });
  const atMs = play(stage) - START_MS;
  stage.drain();
  const { events, isSampled, isWatched, forgotten } = stage.report("a");
  expect([isSampled, isWatched, forgotten]).toEqual([false, false, 0]);
  expect(outline(events)).toEqual([
    ["invalidated", 1500],
    ["evicted", atMs],
  ]);
  expect(events[0]!.text).toBe("removed by a write or an invalidation: after 3 reads, 1.5 s after its fill");
  expect(events[1]!.text).toMatch(
    new RegExp(`^evicted by ${policy}: left the [a-z]+( queue)? after 1 read, 0\\.4 s after its fill$`),
  );
});

describe("a story tells", () => {
  test("writes through the proxy, deletes, and the pushes that follow", () => {
    const stage = new Stage();
    stage.read("a");
    stage.pass(98);
    stage.write("a");
    stage.pass(1);
    stage.push("a");
    stage.pass(99);
    stage.write("a", true);
    stage.pass(100);
    stage.refused("a", "no-value");
    stage.pass(98);
    stage.refused("a", "void");
    stage.drain();
    expect(stage.story("a").slice(2)).toEqual([
      "0.1 invalidated: a write of it passed through the proxy, after 0 reads, 98 ms after its fill",
      "0.1 written through the proxy",
      "0.101 invalidated: the origin pushed that it had changed",
      "0.2 invalidated: a write of it passed through the proxy",
      "0.2 deleted through the proxy",
      "0.3 miss: asked for again 0.1 s after its invalidation",
      "0.302 not stored: the origin had no value for it",
      "0.4 miss",
      "0.402 not stored: the key was invalidated while the origin was asked",
    ]);
  });

  test("when an entry expired, not when it was replaced or swept", () => {
    const stage = new Stage();
    stage.read("a", { ttlMs: 1000 });
    stage.pass(500);
    stage.read("a");
    stage.pass(2500);
    stage.read("a", { ttlMs: 1000 });
    stage.pass(5000);
    stage.store.sweep(stage.nowMs, 1_000_000);
    stage.drain();
    expect(stage.story("a").slice(1)).toEqual([
      "0.002 filled: 5 B, time to live 1 s, 2 ms after the origin was asked",
      "0.502 hit: 5 B",
      "1 expired: after 1 read, 1 s after its fill, last read 0.5 s before",
      "3.002 miss: asked for again 2 s after its expiry",
      "3.004 filled: 5 B, time to live 1 s, 2 ms after the origin was asked",
      "4.002 expired: after 0 reads, 1 s after its fill",
    ]);
  });

  test("reads that were coalesced as one event, and their misses no more", () => {
    const stage = new Stage();
    stage.refused("a", "no-room");
    for (const waitMs of [5, 5, 10]) {
      stage.pass(waitMs);
      stage.coalesced("a");
    }
    stage.pass(1000);
    stage.coalesced("a");
    stage.drain();
    expect(stage.story("a")).toEqual([
      "0 miss",
      "0.002 not stored: there was no room for it",
      "0.007 4 reads coalesced within 1 s: they waited for the answers to earlier misses",
    ]);
  });

  test("that everything was invalidated, once, although all threads say so", () => {
    const stage = new Stage({ threads: 3 });
    stage.read("a");
    stage.pass(98);
    for (const { writer } of stage.threads) {
      writer.invalidatedAll();
      stage.pass(1);
    }
    stage.store.bumpEpoch();
    stage.pass(897);
    stage.read("a");
    stage.drain();
    expect(stage.story("a").slice(2, 4)).toEqual([
      "0.1 invalidated with all other keys: the origin's channel was lost, or everything was flushed",
      "1 miss: asked for again 0.9 s after its invalidation",
    ]);
  });

  test("that an eviction was asked for again too late to regret it", () => {
    const late = new Stage();
    late.read("a");
    late.scan("a");
    late.pass(61_000);
    late.read("a");
    late.drain();
    expect(late.story("a").at(-2)).toMatch(/miss: asked for again 1 min 1 s after its eviction$/);

    const short = new Stage();
    short.read("a", { ttlMs: 2000 });
    short.scan("a");
    short.pass(3000);
    short.read("a");
    short.drain();
    expect(short.story("a").at(-2)).toMatch(/miss: asked for again 3 s after its eviction$/);
  });

  test("where records were lost", () => {
    const stage = new Stage({ ringWords: 64 });
    stage.read("a");
    for (let i = 0; i < 50; i++) stage.read("a");
    const lost = stage.threads[0]!.ring.dropped;
    expect(lost).toBeGreaterThan(30);
    stage.pass(998);
    stage.drain();
    stage.pass(10_000);
    stage.read("a");
    stage.drain();
    expect(stage.story("a").slice(-3)).toEqual([
      `0.002 ${50 - lost} hits at once`,
      `1 dropped: ${lost} records of all keys were lost, perhaps some of this key's`,
      "11 hit: 5 B",
    ]);
  });

  test("where the key was not in the sample", () => {
    const stage = new Stage();
    stage.read("a");
    stage.pass(998);
    stage.sample(0);
    stage.read("a");
    stage.pass(2000);
    stage.sample(1);
    stage.read("a");
    stage.drain();
    expect(stage.story("a").slice(2)).toEqual([
      "1 not followed for 2 s: the sample was smaller, so events may be missing",
      "3 hit: 5 B",
    ]);
  });
});

test("the story of a key that has just been watched begins with its earlier departures", () => {
  const stage = new Stage({ ratio: 0 });
  play(stage);
  stage.drain();
  stage.watch("a");
  stage.pass(1000);
  stage.push("a");
  stage.pass(1000);
  stage.read("a");
  stage.drain();
  expect(stage.report("a").events.map(({ what }): string => what)).toEqual([
    ...["invalidated", "evicted", "invalidated", "miss", "filled"],
  ]);
  expect(stage.story("a").at(-2)).toContain("asked for again 1 s after its invalidation");
});

test("keys that pass the filter of watched keys by chance have no story", () => {
  const stage = new Stage({ ratio: 0, maxEntries: 1000 });
  stage.watch(...Array.from({ length: 1000 }, (_, i) => `watched ${i}`));
  const names = Array.from({ length: 2000 }, (_, i) => `key ${i}`);
  const passing = names.filter((name) => stage.filter.mayHave(stage.key(name).hash));
  expect(passing.length).toBeGreaterThan(5);
  for (const name of passing) stage.read(name);
  stage.drain();
  for (const name of passing) expect(stage.report(name)).toMatchObject({ isWatched: false, events: [] });
});

test("keys that are not UTF-8 have stories, told in base64", () => {
  const stage = new Stage();
  const key = new Uint8Array([0xff, 0x00, 0xfe]);
  stage.read(key);
  stage.read(new Uint8Array([0xff, 0x00, 0xfd]));
  stage.drain();
  const { key: told, events } = stage.report(key);
  expect(told).toEqual({ base64: "/wD+" });
  expect(events.map(({ what }) => what)).toEqual(["miss", "filled"]);
});

test("two keys with one hash are not told as one", () => {
  const stage = new Stage();
  stage.read("a");
  stage.drain();
  const { bytes, hash } = stage.key("a");
  expect(stage.biographies.report(bytes, hash, stage.nowMs).events).toHaveLength(2);
  expect(stage.biographies.report(stage.key("b").bytes, hash, stage.nowMs).events).toEqual([]);
});

describe("limits", () => {
  test("a key's story keeps the last records, and counts the events before them", () => {
    const stage = new Stage({ biographies: { sampledRecords: 6, watchedRecords: 9 } });
    stage.watch("b");
    for (let i = 0; i < 10; i++) {
      for (const name of ["a", "b"]) {
        for (let reads = 0; reads < 100; reads++) stage.read(name);
        stage.push(name);
        stage.pass(998);
      }
    }
    stage.drain();
    // Each round: a miss, a fill, 99 hits in one record, an invalidation, and the departure with it.
    const counted = (name: string): unknown[] => {
      const { events, forgotten } = stage.report(name);
      return [events.map(({ what }) => what), forgotten];
    };
    expect(counted("a")).toEqual([["invalidated", "miss", "filled", "hit", "invalidated"], 10 * 103 - 104]);
    expect(counted("b")[0]).toHaveLength(7);
  });

  test("too many sampled keys: those with the lowest positions have stories, in whatever order they come", () => {
    const names = Array.from({ length: 40 }, (_, i) => `key ${i}`);
    for (const order of [names, names.toReversed()]) {
      const stage = new Stage({ maxEntries: 100, biographies: { sampledKeys: 10 } });
      for (const name of order) stage.read(name);
      for (const name of order) stage.read(name);
      stage.drain();
      const kept = names.filter((name) => stage.report(name).events.length > 0);
      expect(stage.byPosition(kept)).toEqual(stage.byPosition(names).slice(0, 10));
      for (const name of kept) expect(stage.report(name).events).toHaveLength(3);
    }
  });

  test("keys of which nothing is heard any more make room", () => {
    const stage = new Stage({ maxEntries: 100, biographies: { sampledKeys: 10, forgetMs: 60_000 } });
    const names = stage.byPosition(Array.from({ length: 100 }, (_, i) => `key ${i}`));
    for (const name of names.slice(0, 10)) stage.read(name);
    stage.pass(120_000);
    for (let rounds = 0; rounds < 2; rounds++) {
      for (const name of names.slice(50, 90)) stage.read(name);
      stage.pass(50);
    }
    stage.drain();
    expect(stage.report(names[0]!).events).toEqual([]);
    const kept = names.filter((name) => stage.report(name).events.length > 0);
    expect(kept).toHaveLength(10);
    expect(kept.every((name) => names.indexOf(name) >= 50)).toBe(true);
  });

  test("watched keys are kept besides, take their stories along, and are at most so many", () => {
    const stage = new Stage({ biographies: { sampledKeys: 2, watchedKeys: 2 } });
    const [first, second, third] = stage.byPosition(["a", "b", "c"]) as [string, string, string];
    for (const name of [first, second, third]) stage.read(name);
    stage.drain();
    const lengths = (): number[] => [first, second, third].map((name) => stage.report(name).events.length);
    expect(lengths()).toEqual([2, 2, 0]);
    stage.watch(first, third);
    for (const name of [first, second, third]) stage.read(name);
    stage.drain();
    expect(lengths()).toEqual([3, 3, 1]);
    expect(() => stage.watch("a", "b", "c")).toThrow("3 keys cannot be watched: the limit is 2");
    stage.watch();
    expect(lengths()).toEqual([3, 3, 0]);
  });
});

describe("several threads, drained one after another", () => {
  test.each([
    [[0, 1, 2], false],
    [[2, 1, 0], false],
    [[1, 0, 2], true],
    [[2, 0, 1], true],
  ] as const)("in the order %j, logs first: %p, give one story", (order, logFirst) => {
    const stage = new Stage({ threads: 3 });
    stage.read("a", { thread: 0 });
    stage.pass(5);
    stage.read("a", { thread: 1 });
    stage.pass(3);
    stage.read("a", { thread: 2 });
    stage.pass(1);
    for (const thread of [1, 0, 2]) stage.push("a", thread);
    stage.pass(2);
    stage.read("a", { thread: 2 });
    stage.pass(1);
    stage.read("a", { thread: 0 });
    stage.drain(order, logFirst);
    expect(stage.story("a")).toEqual([
      "0 miss",
      "0.002 filled: 5 B, no time to live, 2 ms after the origin was asked",
      "0.007 2 hits within 3 ms",
      "0.011 invalidated: the origin pushed that it had changed, after 2 reads, 9 ms after its fill, last read 1 ms before",
      "0.013 miss: asked for again 2 ms after its invalidation",
      "0.015 filled: 5 B, no time to live, 2 ms after the origin was asked",
      "0.016 hit: 5 B",
    ]);
  });

  test("an eviction and the miss that regrets it may come in one millisecond, and in either order", () => {
    for (const logFirst of [true, false]) {
      const stage = new Stage({ threads: 2 });
      stage.read("a");
      stage.pass(500);
      stage.read("a");
      stage.scan("a");
      stage.read("a", { thread: 1 });
      stage.drain([1, 0], logFirst);
      expect(stage.report("a").events.map(({ what }): string => what)).toEqual([
        ...["miss", "filled", "hit", "evicted", "miss", "filled"],
      ]);
      expect(stage.story("a").at(-2)).toContain("asked for again 0 ms after its eviction (regret)");
    }
  });
});
