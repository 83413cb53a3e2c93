/** A walk whose queue changes between its steps. */
import { expect, test } from "bun:test";
import { VALUE } from "../coherence/variant.ts";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { SeededRandom } from "../lib/random.ts";
import { halfSipHash } from "../lib/sip-hash.ts";
import type { PolicyQueue } from "../policy/policy-queue.ts";
import { parsePolicy } from "../policy/registry.ts";
import { CopySink } from "./copy-sink.ts";
import { newEpochs } from "./epochs-fixture.ts";
import { FRESH } from "./freshness.ts";
import { removeKey } from "./leaving.ts";
import { QueueWalk } from "./queue-walk.ts";
import { readEntry } from "./reading.ts";
import { Removals } from "./removals.ts";
import { formatShard, Shard } from "./shard.ts";
import { ShardMemory } from "./shard-memory.ts";
import { storeDraft } from "./storing.ts";

const NOW_MS = 1_700_000_000_000;
const ENTRIES = 3000;

function newShard(policy: string): Shard {
  const memory = ShardMemory.create(4 << 20);
  formatShard(memory, parsePolicy(policy));
  return new Shard(memory, newEpochs(), true, new Removals(), 1);
}

function keyOf(name: string): KeyRef {
  const bytes = utf8(name);
  return new KeyRef().refer(bytes, 0, bytes.length, halfSipHash(bytes, 0, bytes.length, 1, 0));
}

/** @returns the names of the entries by their hashes */
function fill(shard: Shard, count: number): Map<number, string> {
  const names = new Map<number, string>();
  for (let i = 0; i < count; i++) {
    const { draft } = shard;
    draft.key = keyOf(`key:${i}`);
    draft.value = utf8("value");
    draft.valueEnd = draft.value.length;
    draft.nowMs = NOW_MS;
    expect(storeDraft(shard)).toBe("stored");
    names.set(draft.key.hash, `key:${i}`);
  }
  return names;
}

function read(shard: Shard, name: string): void {
  expect(readEntry(shard, 1, keyOf(name), 0, NOW_MS, new CopySink(), FRESH, VALUE)).toBe(5);
}

/** The hashes of a queue's members, in the policy's order. */
function hashesOf(shard: Shard, queue: PolicyQueue): number[] {
  const hashes: number[] = [];
  shard.current.policy.forEach((slot) => {
    const hash = queue.hashOf(slot);
    if (queue.holds(slot, hash)) hashes.push(hash);
  });
  return hashes;
}

test.each(["lru", "fifo", "clock", "lirs", "s3-fifo", "lfu", "arc", "slru", "w-tinylfu"])(
  "of %s meets each entry that stays in its place once, in order",
  (policy) => {
    for (const isBackwards of [false, true]) {
      const shard = newShard(policy);
      const random = new SeededRandom(isBackwards ? 1 : 2);
      const names = fill(shard, ENTRIES);
      for (let i = 0; i < ENTRIES; i++) read(shard, `key:${Math.floor(random.next() ** 2 * ENTRIES)}`);
      const queues = shard.current.policy.queues().filter(({ kind }) => kind === "resident");
      const [queue] = queues.toSorted((a, b) => hashesOf(shard, b).length - hashesOf(shard, a).length);
      const moved = new Set<number>();
      const before = hashesOf(shard, queue!);
      const walk = new QueueWalk(queue!, isBackwards, 2 * ENTRIES);
      for (let step = 0; walk.state === "under way"; step++) {
        walk.step(shard.memory, 100);
        // Some of the places that the walk would go on from move away, or leave: neighbours in the order of the walk.
        for (const behind of step % 2 === 0 ? [3, 2, 1] : [1, 2, 4]) {
          const hash = walk.hashes[walk.count - behind]! >>> 0;
          const name = names.get(hash);
          if (walk.count < behind || moved.has(hash) || name === undefined) continue;
          moved.add(hash);
          if (step % 3 === 0) removeKey(shard, keyOf(name), NOW_MS);
          else read(shard, name);
        }
      }
      expect(walk.state).toBe("complete");
      const now = hashesOf(shard, queue!);
      const stayed = new Set(before.filter((hash) => !moved.has(hash) && now.includes(hash)));
      const met = [...walk.hashes.subarray(0, walk.count)].map((hash) => hash >>> 0);
      const expected = now.filter((hash) => stayed.has(hash));
      if (isBackwards) expected.reverse();
      expect(stayed.size).toBeGreaterThan(1000);
      expect(met.filter((hash) => stayed.has(hash))).toEqual(expected);
    }
  },
);

test("ends if nothing is where it was", () => {
  const shard = newShard("lru");
  fill(shard, 1000);
  const walk = new QueueWalk(shard.current.policy.queues()[0]!, false, 1000);
  walk.step(shard.memory, 100);
  for (let i = 0; i < 100; i++) read(shard, `key:${i}`);
  walk.step(shard.memory, 100);
  expect(walk.state).toBe("lost");
});

test("that is full goes on where it was", () => {
  const shard = newShard("fifo");
  const names = fill(shard, 500);
  const walk = new QueueWalk(shard.current.policy.queues()[0]!, false, 3);
  walk.step(shard.memory, 100);
  expect([walk.state, walk.count]).toEqual(["full", 3]);
  walk.extend(1000);
  while (walk.state === "under way") walk.step(shard.memory, 100);
  const met = [...walk.hashes.subarray(0, walk.count)].map((hash) => names.get(hash >>> 0));
  expect(met).toEqual([...names.values()]);
});
