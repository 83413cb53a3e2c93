/** What a store shows of its policy's queues, while it is used and after. */
import { describe, expect, test } from "bun:test";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { SeededRandom } from "../lib/random.ts";
import { keyIn } from "./key-fixture.ts";
import { storePolicyNames } from "./shard-policy.ts";
import { type QueuePlan, type ReadQueue, Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;
const ALL = 2 ** 31;
const EVERYTHING: QueuePlan = {
  visits: 1_000_000,
  nearest: 3,
  positionOf: (hash) => hash | 0,
  boundFor: () => ALL,
};

/** Reads a key through a store, as a proxy does. @returns whether it was a hit */
function request(store: Store, name: string): boolean {
  const key = keyIn(store, name);
  if (store.get(key, NOW_MS) !== undefined) return true;
  const fill = { lease: store.lease(key.hash), epoch: store.epochOf(key) };
  const value = utf8(`value of ${name}`);
  store.fill(key, value, 0, value.length, NOW_MS + 60_000, fill, NOW_MS);
  return false;
}

/** So many entries are read under one lock; more are read in steps. */
const FEW = 150;
const MANY = 600;

/** A store that is full, and has been in use. @param entries of each shard */
function usedStore(policy: string, shards = 1, entries = FEW): { store: Store; names: string[] } {
  const budgetBytes = shards * 1024 * 1024;
  const hashKey = { low: 1, high: 2 };
  const store = Store.create({ budgetBytes, policy, shards, maxEntries: entries * shards, hashKey });
  const random = new SeededRandom(7);
  const names = Array.from({ length: 4 * entries * shards }, (_, i) => `key:${i}`);
  for (let i = 0; i < 40 * entries * shards; i++)
    request(store, names[Math.floor(random.next() ** 3 * names.length)]!);
  return { store, names };
}

function readAll(store: Store, plan: QueuePlan = EVERYTHING): ReadQueue[] {
  return Array.from({ length: store.shards }, (_, shard) => store.readQueues(shard, NOW_MS, plan)!).flat();
}

function membersOf(queues: readonly ReadQueue[], kind: ReadQueue["kind"]) {
  return queues
    .filter((queue) => queue.kind === kind)
    .flatMap((queue) => queue.members.map((member) => ({ ...member, queue })));
}

function imageOf(store: Store): Uint8Array[] {
  return store.handle.shards.map((shard) => new Uint8Array(shard).slice());
}

describe("the queues of a store", () => {
  const cases = [FEW, MANY].flatMap((entries) =>
    storePolicyNames().map((policy) => [policy, entries] as const),
  );
  test.each(cases)(
    "with policy %s and %d entries are those, and reading changes nothing",
    (policy, entries) => {
      const { store, names } = usedStore(policy, 2, entries);
      const before = imageOf(store);
      const queues = readAll(store);
      expect(imageOf(store)).toEqual(before);
      const residents = membersOf(queues, "resident");
      const told = new Map(residents.map(({ entry, queue }) => [fromUtf8(entry!.key), queue.name]));
      expect(told.size).toBe(residents.length);
      expect(residents.length).toBe(store.stats().entries);
      for (const name of names) {
        const queue = store.explain(keyIn(store, name), NOW_MS)?.queue;
        expect([name, told.get(name)]).toEqual([name, queue]);
      }
      for (const { length, members, walkedFromExit, kind, weight } of queues) {
        expect([length, walkedFromExit]).toEqual([members.length, members.length]);
        expect(members.map(({ fromExit }) => fromExit)).toEqual(members.map((_, i) => i + 1));
        // Entries weigh 1 in a store that counts them.
        if (kind === "resident" && weight !== undefined) expect(weight).toBe(members.length);
      }
      const ghosts = membersOf(queues, "ghost").map(({ hash }) => hash);
      const hashes = new Map(names.map((name) => [keyIn(store, name).hash, name]));
      for (const hash of ghosts) {
        expect(hashes.has(hash)).toBe(true);
        expect(told.has(hashes.get(hash)!)).toBe(false);
      }
      store.check();
    },
  );

  test("tell what is known of an entry", () => {
    const store = Store.create({ budgetBytes: 256 * 1024, policy: "s3-fifo" });
    const long = "x".repeat(600);
    request(store, long);
    for (const _ of [1, 2, 3]) request(store, "a");
    const [small] = readAll(store);
    expect(small).toMatchObject({ name: "small", kind: "resident", order: "line", length: 2 });
    const [first, second] = small!.members;
    expect(first!.entry!.key).toEqual(utf8(long).subarray(0, 512));
    expect(first).toMatchObject({
      fromExit: 1,
      fromEntrance: 0,
      entry: { keyBytes: 600, reads: 0, turn: "ghosts" },
    });
    expect(second!.entry).toMatchObject({ reads: 2, turn: "main", freshness: 0, filledAtMs: NOW_MS });
    expect(second!.entry!.expiresAtMs).toBe(NOW_MS + 60_000);
    store.bumpEpoch();
    expect(readAll(store)[0]!.members[0]!.entry!.freshness).toBe(3);
  });

  test.each([FEW, MANY])("are the same while the policy of %d entries is changed", (entries) => {
    const { store, names } = usedStore("lru", 1, entries);
    store.setPolicy("s3-fifo");
    const seen = new Set<string>();
    for (let step = 0; step < 200; step++) {
      const queues = readAll(store);
      for (const { name } of queues) seen.add(name);
      const keys = membersOf(queues, "resident").map(({ entry }) => fromUtf8(entry!.key));
      expect(new Set(keys).size).toBe(keys.length);
      expect(keys.length).toBe(store.stats().entries);
      request(store, names[step % names.length]!);
    }
    expect(seen).toEqual(new Set(["handover", "queue", "small", "main", "ghosts"]));
  });
});

describe("a sample", () => {
  test("has the keys below the bound, and those next to leave", () => {
    const { store } = usedStore("s3-fifo");
    const bound = -(2 ** 29);
    const asked: [string, number][] = [];
    const queues = readAll(store, {
      ...EVERYTHING,
      boundFor: (kind, walked) => {
        asked.push([kind, walked]);
        return bound;
      },
    });
    const all = readAll(store);
    expect(asked).toEqual([
      ["resident", membersOf(all, "resident").length],
      ["ghost", membersOf(all, "ghost").length],
    ]);
    for (const [i, { members }] of queues.entries()) {
      const expected = all[i]!.members.filter(({ hash, fromExit }) => (hash | 0) < bound || fromExit <= 3);
      expect(members.map(({ hash, fromExit }) => [hash, fromExit])).toEqual(
        expected.map(({ hash, fromExit }) => [hash, fromExit]),
      );
      for (const { hash, isSampled } of members) expect(isSampled).toBe((hash | 0) < bound);
    }
  });

  test("of a ranking has those next to leave, and ranks the others by estimate", () => {
    const { store } = usedStore("lfu-da");
    const nearest = readAll(store)[0]!.members.slice(0, 3);
    const [sample] = readAll(store, { ...EVERYTHING, boundFor: () => -(2 ** 29) });
    const ranks = sample!.members.map(({ fromExit }) => fromExit);
    for (const { hash } of nearest) expect(sample!.members.map((each) => each.hash)).toContain(hash);
    expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
    expect(ranks.at(-1)!).toBeGreaterThan(75);
    expect(ranks.at(-1)!).toBeLessThanOrEqual(150);
  });
});

describe("a queue that is longer than the walk", () => {
  test("is told from both ends, with its length", () => {
    const store = Store.create({ budgetBytes: 4 << 20, policy: "lru" });
    for (let i = 0; i < 10_000; i++) request(store, `key:${i}`);
    const [queue] = readAll(store, { ...EVERYTHING, visits: 4000 });
    const { members, length, walkedFromExit, walkedFromEntrance } = queue!;
    expect([length, walkedFromExit, walkedFromEntrance]).toEqual([10_000, 3000, 1000]);
    expect(members.map(({ entry }) => fromUtf8(entry!.key))).toEqual([
      ...Array.from({ length: 3000 }, (_, i) => `key:${i}`),
      ...Array.from({ length: 1000 }, (_, i) => `key:${9000 + i}`),
    ]);
    expect(members[2999]).toMatchObject({ fromExit: 3000, fromEntrance: 0 });
    expect(members[3000]).toMatchObject({ fromExit: 0, fromEntrance: 1000 });
    expect(members.at(-1)).toMatchObject({ fromExit: 0, fromEntrance: 1 });
  });

  test("leaves the others what they need", () => {
    const { store } = usedStore("s3-fifo");
    const all = readAll(store).map(({ length }) => length!);
    const total = all.reduce((a, b) => a + b);
    // Three quarters are for the walks from the exit.
    const visits = Math.ceil((total * 4) / 3) + 3;
    expect(readAll(store, { ...EVERYTHING, visits }).map(({ length }) => length)).toEqual(all);
  });
});
