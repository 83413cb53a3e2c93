import { expect, test } from "bun:test";
import { utf8 } from "../../lib/bytes.ts";
import { KeyRef } from "../../lib/key-ref.ts";
import { SeededRandom } from "../../lib/random.ts";
import type { Departure } from "../../store/departure-log.ts";
import { Store } from "../../store/store.ts";
import type { QueueMember, QueuesReport } from "../view.ts";
import { QueueWatch } from "./queue-watch.ts";
import { SteadyRatio } from "./steady-ratio.ts";

const NOW_MS = 1_700_000_000_000;
const unknown = (): undefined => undefined;

function newStore(policy: string, maxEntries: number, shards = 1): Store {
  return Store.create({ budgetBytes: 8 << 20, policy, maxEntries, shards, hashKey: { low: 1, high: 2 } });
}

function request(store: Store, name: string): void {
  const bytes = utf8(name);
  const key = store.refer(new KeyRef(), bytes, 0, bytes.length);
  if (store.get(key, NOW_MS) !== undefined) return;
  const fill = { lease: store.lease(key.hash), epoch: store.epochOf(key) };
  store.fill(key, bytes, 0, bytes.length, NOW_MS + 30_000, fill, NOW_MS);
}

function hashOf(store: Store, name: string): number {
  const bytes = utf8(name);
  return store.hash(bytes, 0, bytes.length);
}

function idOf(store: Store, name: string): string {
  return hashOf(store, name).toString(16).padStart(8, "0");
}

function membersOf({ queues }: QueuesReport): QueueMember[] {
  return queues.flatMap(({ members }) => members);
}

function departure(hash: number, atMs: number): Departure {
  const rest = { cause: "evicted", ageMs: 5, valueBytes: 1, keyBytes: 1, remainingMs: -1 } as const;
  return { hash, atMs, reads: 2, policy: "lru", queue: "queue", ...rest };
}

test("tells all of a small cache, in its places", () => {
  const store = newStore("s3-fifo", 20);
  for (let i = 0; i < 20; i++) request(store, `key:${i}`);
  for (const _ of [1, 2]) request(store, "key:19");
  const report = new QueueWatch(store, unknown).report(0, NOW_MS + 1000);
  expect(report).toMatchObject({ policy: "s3-fifo", shard: 0, shards: 1, unit: "entries", left: [] });
  expect([report.samplingRatio, report.ghostSamplingRatio]).toEqual([1, 1]);
  expect(report.queues.map(({ name, kind, length }) => [name, kind, length])).toEqual([
    ["small", "resident", 20],
    ["main", "resident", 0],
    ["ghosts", "ghost", 0],
  ]);
  const { members } = report.queues[0]!;
  expect(members.map(({ key }) => key)).toEqual(Array.from({ length: 20 }, (_, i) => ({ text: `key:${i}` })));
  expect(members[0]).toEqual({
    ...{ id: idOf(store, "key:0"), key: { text: "key:0" }, rank: 1, way: 0, isSampled: true },
    entry: {
      ...{ reads: 0, valueBytes: 5, ageMs: 1000, ttlMs: 29_000, turn: "ghosts" },
      chargedBytes: members[0]!.entry!.chargedBytes,
    },
  });
  expect(members[19]).toMatchObject({ rank: 20, way: 1, entry: { reads: 2, turn: "main" } });
});

test("tells what is not served, and long keys in part", () => {
  const store = newStore("lru", 20);
  request(store, "x".repeat(600));
  const watch = new QueueWatch(store, unknown);
  const [member] = membersOf(watch.report(0, NOW_MS + 60_000));
  expect(member).toMatchObject({ cutFromBytes: 600, entry: { state: "expired", ttlMs: 0 } });
  expect(member!.key).toEqual({ text: `${"x".repeat(512)}…` });
  store.bumpEpoch();
  expect(membersOf(watch.report(0, NOW_MS))[0]!.entry!.state).toBe("void");
});

test("takes a sample of a large cache: the same keys each time, and those next to leave", () => {
  const store = newStore("lru", 10_000);
  for (let i = 0; i < 10_000; i++) request(store, `key:${i}`);
  const watch = new QueueWatch(store, unknown);
  const sampled = (): string[] =>
    membersOf(watch.report(0, NOW_MS))
      .filter(({ isSampled }) => isSampled)
      .map(({ id }) => id);
  const first = sampled();
  expect(first.length).toBeGreaterThan(60);
  expect(first.length).toBeLessThan(200);
  expect(sampled()).toEqual(first);
  for (let i = 0; i < 500; i++) request(store, `key:${i}`);
  expect(sampled().toSorted()).toEqual(first.toSorted());
  const { members, length } = watch.report(0, NOW_MS).queues[0]!;
  expect(length).toBe(10_000);
  expect(members.slice(0, 4).map(({ key, rank }) => [key, rank])).toEqual(
    [500, 501, 502, 503].map((i, at) => [{ text: `key:${i}` }, at + 1]),
  );
});

test("knows ghosts by the names that it has seen, or that others know", () => {
  const store = newStore("s3-fifo", 20);
  for (let i = 0; i < 20; i++) request(store, `key:${i}`);
  const watch = new QueueWatch(store, (hash) =>
    hash === hashOf(store, "other:1") ? utf8("other:1") : undefined,
  );
  watch.report(0, NOW_MS);
  for (let i = 0; i < 25; i++) request(store, `other:${i}`);
  const ghosts = watch.report(0, NOW_MS).queues.find(({ name }) => name === "ghosts")!.members;
  const keys = ghosts.map(({ key }) => (key !== undefined && "text" in key ? key.text : undefined));
  expect(keys).toContain("key:19");
  expect(keys).toContain("other:1");
  expect(keys).toContain(undefined);
  expect(ghosts[0]).not.toHaveProperty("entry");
});

test("notes what leaves while somebody looks", () => {
  const store = newStore("lru", 40, 2);
  const names = Array.from({ length: 20 }, (_, i) => `key:${i}`);
  const mine = names.filter((name) => store.shardOf(hashOf(store, name)) === 1);
  const other = names.find((name) => store.shardOf(hashOf(store, name)) === 0)!;
  for (const name of names) request(store, name);
  const watch = new QueueWatch(store, unknown);
  watch.departed(departure(hashOf(store, mine[0]!), NOW_MS));
  expect(watch.report(1, NOW_MS).left).toEqual([]);
  watch.departed(departure(hashOf(store, other), NOW_MS + 1));
  watch.departed(departure(hashOf(store, mine[1]!), NOW_MS + 2));
  expect(watch.report(1, NOW_MS + 3).left).toEqual([
    {
      ...{ id: idOf(store, mine[1]!), key: { text: mine[1]! }, atMs: NOW_MS + 2 },
      ...{ cause: "evicted", queue: "queue", reads: 2, ageMs: 5 },
    },
  ]);
  expect(watch.report(1, NOW_MS + 6000).left).toEqual([]);
  watch.departed(departure(hashOf(store, mine[2]!), NOW_MS + 12_000));
  expect(watch.report(1, NOW_MS + 12_000).left).toEqual([]);
  expect(() => watch.report(2, NOW_MS)).toThrow(new RangeError("shard must be from 0 to 1, and is 2"));
});

test("the share of a population stays while the number does", () => {
  const random = new SeededRandom(1);
  const ratio = new SteadyRatio(120);
  let changes = 0;
  let before = ratio.ratio;
  for (let i = 0, count = 100; i < 5000; i++) {
    count = Math.max(0, Math.round(count * (1 + (random.next() - 0.49) / 10)));
    const taken = count * ratio.of(count);
    expect(taken).toBeLessThanOrEqual(180);
    if (count >= 72) expect(taken).toBeGreaterThanOrEqual(72);
    else expect(ratio.ratio === 1 || taken >= 72).toBe(true);
    if (ratio.ratio !== before) changes++;
    before = ratio.ratio;
  }
  expect(changes).toBeGreaterThan(3);
  expect(changes).toBeLessThan(1500);
});
