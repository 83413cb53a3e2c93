/** How the keys of a file are read again: in which order, how many at once, and what becomes of each. */
import { expect, test } from "bun:test";
import { MISSING, type NoValue, type Waiter } from "../../coherence/waiter.ts";
import type { LargeValue } from "../../lib/byte-buffer.ts";
import { latin1, utf8 } from "../../lib/bytes.ts";
import type { KeyRef } from "../../lib/key-ref.ts";
import { ManualTimers } from "../../lib/timers.ts";
import { UpstreamError } from "../../upstream/upstream-error.ts";
import { noKeys, type WarmStats } from "./warm-counts.ts";
import type { WarmBlock } from "./warm-file.ts";
import { Warming, type WarmingOptions } from "./warming.ts";

const TICK_MS = 5;

/** A file with these blocks, of keys in the order of eviction, and a cache and an origin as the test says. */
function scene(blocks: readonly (readonly string[])[]) {
  const timers = new ManualTimers();
  const stats: WarmStats = { counts: noKeys(), left: 0, writtenAtMs: 0, writtenKeys: 0, failures: 0 };
  const at = {
    ...{ epochCount: 0, evictions: [0, 0], capacity: 1000, entries: 0, nowMs: 1000 },
    ...{ tracking: true as boolean | undefined, linkStatus: "up", isDown: false, isReadable: true },
    ...{ exactMs: 0, keysPerSecond: 0, fileReads: 0, timed: 0 },
  };
  const cached = new Set<string>();
  const present = new Set<string>();
  const asked: { readonly key: string; readonly waiter: Waiter }[] = [];
  const placed: (readonly [string, number, number])[] = [];
  const messages: string[] = [];
  let closed = 0;
  const store = {
    get epochCount() {
      return at.epochCount;
    },
    get capacity() {
      return { entries: at.capacity };
    },
    stats: () => ({ entries: at.entries }),
    shards: 2,
    evictionsOf: (shard: number) => at.evictions[shard]!,
    /** Keys that begin with `z` lie in the other part. */
    shardOf: (hash: number) => (hash === 0x7a ? 1 : 0),
    refer: (key: KeyRef, bytes: Uint8Array, start: number, end: number) =>
      key.refer(bytes, start, end, bytes[start]!),
    peek: (key: KeyRef) => (cached.has(latin1(key.bytes, key.start, key.end)) ? {} : undefined),
    place: (key: KeyRef, rank: number, reads: number, nowMs: number) => {
      expect(nowMs).toBe(at.nowMs);
      placed.push([latin1(key.bytes, key.start, key.end), rank, reads]);
      return true;
    },
  };
  const file = {
    keys: blocks.flat().length,
    blocks: blocks.map((_, index) => ({ at: index, bytes: 0, firstRank: index, lastRank: index + 0.5 })),
    read: async (block: WarmBlock) => {
      at.fileReads++;
      if (!at.isReadable) throw new Error("gone");
      return blocks[block.at]!.map((key, reads) => ({ key: utf8(key), reads }));
    },
    close: async () => {
      closed++;
    },
  };
  const main = () => {
    if (at.isDown) throw new UpstreamError("ORIGINDOWN", "is down", false);
    return { outstandingCount: 0 };
  };
  const origin = {
    get tracking() {
      return at.tracking;
    },
    get linkStatus() {
      return at.linkStatus;
    },
    nodes: [{ main }],
  };
  const readThrough = {
    warm: (key: KeyRef, waiter: Waiter) => {
      const name = latin1(key.bytes, key.start, key.end);
      if (present.has(name)) return false;
      asked.push({ key: name, waiter });
      return true;
    },
  };
  const note = (message: string): void => {
    messages.push(message);
  };
  const warming = new Warming({
    ...{ file, store, origin, readThrough, stats, timers },
    originMeter: { warmed: () => at.timed++ },
    log: { info: note, warn: note, error: note },
    ...{ nowMs: () => at.nowMs, exactMs: () => at.exactMs, keysPerSecond: () => at.keysPerSecond },
  } as unknown as WarmingOptions);
  let isFinished = false;
  void warming.finished.then(() => {
    isFinished = true;
  });
  /** Lets that many ticks pass, and what they read from the file. */
  const tick = async (count = 1): Promise<void> => {
    for (let n = 0; n < count; n++) {
      timers.advance(TICK_MS);
      await new Promise(setImmediate);
    }
  };
  const take = (): string[] => asked.map(({ key }) => key);
  /** Answers all that was asked: with a value that is cached, or with none. */
  const answer = (reason?: NoValue): void => {
    for (const { key, waiter } of asked.splice(0)) {
      if (reason === undefined) cached.add(key);
      if (reason === undefined) waiter.found(utf8("v"), 0, 1, "miss", -1);
      else waiter.without(reason);
    }
  };
  return {
    ...{ warming, at, stats, timers, cached, present, asked, placed, messages, tick, take, answer },
    ends: () => ({ isFinished, closed, timers: timers.count }),
  };
}

test("keys are read from the last of the last block to the first, and placed the other way", async () => {
  const { stats, placed, messages, tick, take, answer, at, ends } = scene([
    ["a", "b", "c"],
    ["d", "e"],
  ]);
  expect(stats.left).toBe(5);
  await tick(2);
  expect(take()).toEqual(["e", "d"]);
  expect(stats.left).toBe(3);
  answer();
  await tick(2);
  expect(take()).toEqual(["c", "b", "a"]);
  expect(messages).toEqual([]);
  answer();
  at.nowMs += 1500;
  await tick();
  expect(messages).toEqual(["warmed: 5 keys were read again in 1.5 s"]);
  expect(stats.counts).toEqual({ ...noKeys(), restored: 5 });
  expect(placed).toEqual([]);
  await tick(6);
  expect(placed).toEqual([
    ...([
      ["a", 0, 0],
      ["b", 0.25, 1],
      ["c", 0.5, 2],
    ] as const),
    ...([
      ["d", 1, 0],
      ["e", 1.5, 1],
    ] as const),
  ]);
  expect(messages).toHaveLength(1);
  expect(ends()).toEqual({ isFinished: true, closed: 1, timers: 0 });
  expect(stats.left).toBe(0);
});

test("a block of one key has its place at the block's beginning", async () => {
  const { placed, tick, answer } = scene([["a"]]);
  await tick(2);
  answer();
  await tick(4);
  expect(placed).toEqual([["a", 0, 0]]);
});

test("one block is read at a time", async () => {
  const { at, timers, tick } = scene([["a"]]);
  timers.advance(3 * TICK_MS);
  await tick();
  expect(at.fileReads).toBe(1);
});

test.each(["present", "without room"])("128 keys that are %s are passed over at once", async (why) => {
  const { at, present, placed, stats, tick } = scene([Array.from({ length: 300 }, (_, n) => `k${n}`)]);
  if (why === "present") for (let n = 0; n < 300; n++) present.add(`k${n}`);
  else at.evictions[0]!++;
  await tick(2);
  expect(stats.left).toBe(172);
  await tick();
  expect(stats.left).toBe(44);
  await tick(3);
  expect(placed.length).toBe(128);
});

test("as many are asked at once as the origin answers without getting slower", async () => {
  const { at, warming, asked, tick } = scene([Array.from({ length: 100 }, (_, n) => `k${n}`)]);
  await tick(2);
  expect(asked).toHaveLength(8);
  warming.missed(false, { handedOverMs: 0, roundTripMs: 1, answeredMs: 1 });
  expect(at.timed).toBe(1);
  await tick();
  expect(asked).toHaveLength(8 + 9);
});

test("no more are asked than the rate allows", async () => {
  const { at, asked, tick } = scene([Array.from({ length: 100 }, (_, n) => `k${n}`)]);
  at.keysPerSecond = 20;
  await tick(3);
  expect(asked).toHaveLength(0);
  at.exactMs += 50;
  await tick(3);
  expect(asked).toHaveLength(1);
  at.exactMs += 50;
  await tick(3);
  expect(asked).toHaveLength(2);
});

test("it waits for reads that are under way", async () => {
  const { messages, tick, answer } = scene([["a"]]);
  await tick(5);
  expect(messages).toEqual([]);
  answer();
  await tick();
  expect(messages).toHaveLength(1);
});

test("what has become of each key is counted and told", async () => {
  const { at, stats, asked, cached, present, messages, tick } = scene([
    ["a", "b", "c", "d", "e", "z1", "z2"],
  ]);
  present.add("a");
  at.evictions[1] = 0;
  await tick();
  at.evictions[1] = 1;
  await tick();
  const waiter = (key: string): Waiter => asked.find((one) => one.key === key)!.waiter;
  expect(asked.map(({ key }) => key)).toEqual(["e", "d", "c", "b"]);
  cached.add("b");
  waiter("b").found(utf8("v"), 0, 1, "miss", -1);
  waiter("c").without(MISSING);
  // Changed while it was read: it is not there.
  waiter("d").found(utf8("v"), 0, 1, "miss", -1);
  waiter("e").without({ kind: "refused", message: "WRONGTYPE", isWrongType: true });
  await tick();
  expect(stats.counts).toEqual({ restored: 1, present: 1, gone: 1, noRoom: 2, skipped: 2 });
  expect(messages).toEqual([
    "warmed: 1 keys were read again in 0.0 s; 1 had been asked for by clients; 1 are gone; " +
      "2 have no room; 2 were skipped",
  ]);
});

test("a large value is restored when it is whole, and not read from here", async () => {
  const { stats, asked, cached, tick } = scene([["a"]]);
  await tick(2);
  let released = 0;
  const { waiter } = asked[0]!;
  waiter.arriving({ lengthBytes: 4, release: () => released++ } as unknown as LargeValue, "miss", -1);
  expect([released, stats.counts.restored]).toEqual([1, 0]);
  cached.add("a");
  waiter.arrived();
  expect(stats.counts.restored).toBe(1);
});

test("nothing is asked while the origin cannot be reached or sends no invalidations", async () => {
  const { at, asked, tick } = scene([["a"]]);
  at.tracking = undefined;
  await tick(3);
  at.tracking = true;
  at.linkStatus = "down";
  await tick(3);
  expect(asked).toEqual([]);
  at.linkStatus = "up";
  await tick(2);
  expect(asked).toHaveLength(1);
});

test("one at a time is asked while a node cannot be reached", async () => {
  const { at, take, answer, tick } = scene([["a"], ["b", "c"]]);
  at.isDown = true;
  for (const key of ["c", "b", "a"]) {
    await tick(3);
    expect(take()).toEqual([key]);
    answer();
  }
});

test("as many are asked as have room; of a full cache one, until another one is evicted for it", async () => {
  const { at, asked, answer, stats, tick } = scene([["a", "b", "c", "d"]]);
  at.capacity = 12.9;
  at.entries = 10;
  await tick(4);
  expect(asked.map(({ key }) => key)).toEqual(["d", "c"]);
  at.entries = 12;
  answer();
  await tick(3);
  expect(asked.map(({ key }) => key)).toEqual(["b"]);
  answer();
  at.evictions[0]!++;
  await tick(2);
  expect(asked).toEqual([]);
  expect(stats.counts).toMatchObject({ restored: 3, noRoom: 1 });
});

test("it begins anew when everything cached was dropped meanwhile", async () => {
  const { at, asked, answer, stats, messages, tick } = scene([["a"], ["b"]]);
  await tick(2);
  answer();
  expect(stats.left).toBe(1);
  at.epochCount++;
  at.evictions[0]!++;
  await tick(2);
  expect(asked.map(({ key }) => key)).toEqual(["b"]);
  answer();
  await tick(3);
  answer();
  await tick();
  // The message is about the second time, and the counter about both.
  expect(messages[0]).toStartWith("warmed: 2 keys were read again");
  expect(stats.counts).toEqual({ ...noKeys(), restored: 3 });
});

test("it ends, and says so, when the file cannot be read any more", async () => {
  const { at, messages, ends, stats, tick } = scene([["a"]]);
  at.isReadable = false;
  await tick();
  expect(messages).toEqual(["warming ends: the file cannot be read any more: gone"]);
  expect(ends()).toEqual({ isFinished: true, closed: 1, timers: 0 });
  expect(stats.left).toBe(0);
});

test("it reads no more once it is stopped, and ends once", async () => {
  const { warming, asked, ends, tick } = scene([["a"]]);
  warming.stop();
  warming.stop();
  await tick(3);
  expect(asked).toEqual([]);
  expect(ends()).toEqual({ isFinished: true, closed: 1, timers: 0 });
});
