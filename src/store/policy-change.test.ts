import { describe, expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { SeededRandom } from "../lib/random.ts";
import { halfSipHash } from "../lib/sip-hash.ts";
import { parsePolicy } from "../policy/registry.ts";
import { HASH } from "./entry-layout.ts";
import { newEpochs } from "./epochs-fixture.ts";
import { STEADY, ZEROING } from "./handover.ts";
import { keyIn } from "./key-fixture.ts";
import { beginChange, continuePolicyChange } from "./policy-change.ts";
import { Removals } from "./removals.ts";
import { clearShard, formatShard, Shard } from "./shard.ts";
import { checkShard } from "./shard-check.ts";
import { LOCK, SHARD_LEAST_BYTES, ShardMemory } from "./shard-memory.ts";
import { policyLimits, stageOf, storePolicyNames } from "./shard-policy.ts";
import { Store } from "./store.ts";
import { storeDraft } from "./storing.ts";

const SEED = 3;
const NOW_MS = 1_700_000_000_000;

function shardWith(policy: string, entries: number, bytes: number = SHARD_LEAST_BYTES): Shard {
  const memory = ShardMemory.create(bytes);
  formatShard(memory, parsePolicy(policy));
  const shard = new Shard(memory, newEpochs(), true, new Removals(), SEED);
  for (let id = 0; id < entries; id++) store(shard, `key-${id}`);
  return shard;
}

function store(shard: Shard, name: string): void {
  const { draft } = shard;
  draft.key = keyOf(name);
  draft.value = utf8("value");
  draft.valueEnd = draft.value.length;
  draft.nowMs = NOW_MS;
  expect(storeDraft(shard)).toBe("stored");
}

function keyOf(name: string): KeyRef {
  const bytes = utf8(name);
  return new KeyRef().refer(bytes, 0, bytes.length, hashOf(bytes));
}

function hashOf(key: Uint8Array): number {
  return halfSipHash(key, 0, key.length, SEED, 0);
}

function check(shard: Shard): void {
  checkShard(shard, () => true, hashOf);
}

function slots(shard: Shard): number[] {
  const found: number[] = [];
  shard.current.policy.forEach((slot) => {
    found.push(slot);
  });
  return found;
}

function waiting(shard: Shard): number {
  return slots(shard).filter((slot) => shard.current.policy.explain(slot).queue === "handover").length;
}

/** Evicts everything. @returns the hashes of the keys, in the order of eviction */
function evictAll(shard: Shard): number[] {
  const hashes: number[] = [];
  for (let slot = shard.current.policy.evict(0); slot !== 0; slot = shard.current.policy.evict(0)) {
    hashes.push(shard.memory.words[slot * 2 + HASH]!);
  }
  return hashes;
}

describe("a change of the policy", () => {
  test("hands over no more entries per call than allowed, and keeps all invariants in between", () => {
    const shard = shardWith("lru", 500);
    beginChange(shard, parsePolicy("s3-fifo"));
    let before = 0;
    let most = 0;
    let calls = 0;
    while (stageOf(shard.memory) !== STEADY) {
      expect(continuePolicyChange(shard, 7)).toBeLessThan(7);
      check(shard);
      const now = waiting(shard);
      most = Math.max(most, Math.abs(now - before));
      before = now;
      calls++;
    }
    expect(most).toBe(7);
    expect(calls).toBeGreaterThanOrEqual((2 * 500) / 7);
    expect(continuePolicyChange(shard, 7)).toBe(7);
    expect(shard.current.choice.type.name).toBe("s3-fifo");
  });

  test("zeroes the state a piece at a time", () => {
    const bytes = 16 << 20;
    const shard = shardWith("fifo", 10, bytes);
    beginChange(shard, parsePolicy("s3-fifo"));
    continuePolicyChange(shard, 11);
    expect(stageOf(shard.memory)).toBe(ZEROING);
    const { stateWords } = policyLimits(shard.memory, parsePolicy("s3-fifo"));
    let calls = 0;
    for (; stageOf(shard.memory) === ZEROING; calls++) continuePolicyChange(shard, 1);
    expect(calls).toBeGreaterThan(stateWords / 1024);
    expect(calls).toBeLessThan(stateWords / 1024 + 3);
  });

  test("keeps the order of eviction at every stage", () => {
    for (const steps of [0, 1, 50, 100, 101, 120, 150, 1000]) {
      const plain = evictAll(shardWith("fifo", 100));
      const shard = shardWith("fifo", 100);
      beginChange(shard, parsePolicy("lru"));
      continuePolicyChange(shard, steps);
      store(shard, "one more");
      check(shard);
      expect(evictAll(shard).slice(0, 100)).toEqual(plain);
    }
  });

  test("hands entries over with their ranks, and later ones as new", () => {
    const shard = shardWith("lru", 500);
    const hot = slots(shard).slice(0, 100);
    for (const slot of hot) shard.current.policy.hit(slot);
    beginChange(shard, parsePolicy("s3-fifo"));
    continuePolicyChange(shard, 700);
    expect(stageOf(shard.memory)).not.toBe(STEADY);
    for (let id = 0; id < 5; id++) store(shard, `new-${id}`);
    while (continuePolicyChange(shard, 50) === 0) check(shard);
    const small = slots(shard).filter((slot) => shard.current.policy.explain(slot).queue === "small");
    // Ranks up to a tenth, and the new entries.
    expect(small.length).toBe(50 + 5);
    expect(small.filter((slot) => hot.includes(slot))).toEqual([]);
    // Nothing has been read since the new policy began, so the entries that the old one would have kept longest are
    // left.
    expect(slots(shard).slice(-100)).toEqual(hot);
    for (const policy of ["lru", "s3-fifo"]) {
      beginChange(shard, parsePolicy(policy));
      while (continuePolicyChange(shard, 50) === 0) check(shard);
    }
    const queues = slots(shard).map((slot) => shard.current.policy.explain(slot).queue);
    expect(queues.filter((queue) => queue === "small").length).toBe(51);
  });

  test("takes another goal on its way", () => {
    for (const steps of [0, 40, 100, 110, 150, 1000]) {
      const shard = shardWith("fifo", 100);
      beginChange(shard, parsePolicy("lfu"));
      continuePolicyChange(shard, steps);
      beginChange(shard, parsePolicy("arc"));
      beginChange(shard, parsePolicy("lru"));
      expect(shard.current.choice.type.name).toBe("lru");
      while (continuePolicyChange(shard, 5) === 0) check(shard);
      expect(stageOf(shard.memory)).toBe(STEADY);
      expect(shard.current.choice.type.name).toBe("lru");
      expect(evictAll(shard)).toEqual(evictAll(shardWith("fifo", 100)));
    }
  });

  test("evicts the entries beyond the new policy's limit, a few at a time", () => {
    const shard = shardWith("fifo", 1500);
    const limit = policyLimits(shard.memory, parsePolicy("lfu")).entries;
    expect(limit).toBeLessThan(1000);
    beginChange(shard, parsePolicy("lfu"));
    while (stageOf(shard.memory) !== ZEROING) continuePolicyChange(shard, 10);
    for (let count = slots(shard).length; count > limit; count = slots(shard).length) {
      // Writes find room meanwhile, without having to evict all at once.
      store(shard, `more-${count}`);
      continuePolicyChange(shard, 10);
      expect(slots(shard).length).toBeGreaterThanOrEqual(count + 1 - 10);
      check(shard);
    }
    while (continuePolicyChange(shard, 10) === 0);
    expect(slots(shard).length).toBe(limit);
    check(shard);
  });

  test("between any two policies keeps every entry, usable all the time", () => {
    const random = new SeededRandom(5);
    const names = storePolicyNames();
    const shard = shardWith(names[0]!, 200, 512 * 1024);
    let next = 200;
    for (let change = 0; change < 50; change++) {
      beginChange(shard, parsePolicy(random.pick(names)));
      for (let steps = random.below(600); steps > 0; steps -= 8) {
        continuePolicyChange(shard, 8);
        store(shard, `key-${random.below(3) === 0 ? next++ : random.below(next)}`);
        const resident = slots(shard);
        shard.current.policy.hit(random.pick(resident));
        check(shard);
      }
      if (random.below(10) === 0) {
        clearShard(shard);
        check(shard);
        for (let id = 0; id < 100; id++) store(shard, `key-${id}`);
      }
    }
  });
});

describe("a store whose policy changes", () => {
  test("is emptied if a thread dies at any stage, and completes the change", () => {
    const dead = 9;
    for (const uses of [0, 3, 10, 30, 40, 45, 60, 80]) {
      const store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: SEED, high: 0 }, policy: "sieve" });
      const set = (name: string) => {
        const key = utf8(name);
        expect(store.set(keyIn(store, key), utf8("value"), 0, NOW_MS)).toBe("stored");
      };
      for (let id = 0; id < 600; id++) set(`key-${id}`);
      store.setPolicy("w-tinylfu");
      for (let id = 0; id < uses; id++) set(`key-${id}`);
      const memory = new ShardMemory(store.handle.shards[0]!);
      memory.words[LOCK] = dead << 1;
      // The half-written state cannot be trusted.
      memory.policyState.fill(0x5a5a_5a5a);
      expect(store.recover(dead)).toBe(1);
      expect(store.stats().entries).toBe(0);
      expect(store.policyName).toBe("w-tinylfu");
      for (let id = 0; id < 600; id++) {
        set(`key-${id}`);
        if (id % 20 === 0) store.check();
      }
      store.check();
      expect(store.stats().entries).toBe(600);
      expect(stageOf(memory)).toBe(STEADY);
    }
  });

  test("is completed by sweeping alone", () => {
    const store = Store.create({
      budgetBytes: 4 << 20,
      hashKey: { low: SEED, high: 0 },
      shards: 4,
      policy: "lru",
    });
    for (let id = 0; id < 5000; id++) {
      const key = utf8(`key-${id}`);
      store.set(keyIn(store, key), utf8("value"), 0, NOW_MS);
    }
    const memories = store.handle.shards.map((buffer) => new ShardMemory(buffer));
    const changing = () => memories.filter((memory) => stageOf(memory) !== STEADY).length;
    store.setPolicy("arc");
    expect(changing()).toBe(4);
    let sweeps = 0;
    for (; changing() > 0; sweeps++) expect(store.sweep(NOW_MS, 400)).toBe(0);
    expect(sweeps).toBeGreaterThan(5000 / 400);
    expect(store.stats()).toMatchObject({ entries: 5000, evictions: 0 });
    store.check();
  });

  test("is seen by another thread in the middle of a large entry", () => {
    for (const isComplete of [false, true]) {
      const here = Store.create({
        ...{ budgetBytes: 4 << 20, hashKey: { low: SEED, high: 0 }, shards: 1, policy: "lru" },
      });
      const there = Store.attach(here.handle, 7);
      for (let id = 0; id < 1000; id++) here.set(keyIn(here, utf8(`key-${id}`)), utf8("value"), 0, NOW_MS);
      const value = new Uint8Array(1 << 20).fill(1);
      const growing = there.grow(keyIn(there, utf8("large")), value.length, NOW_MS)!;
      growing.append(value, 0, value.length / 2, NOW_MS);
      here.setPolicy("s3-fifo");
      if (isComplete) here.sweep(NOW_MS, 1e9);
      // The other thread does nothing else meanwhile.
      growing.append(value, value.length / 2, value.length, NOW_MS);
      expect(there.setGrown(growing, 0, NOW_MS)).toBe(true);
      growing.release();
      here.check();
      here.sweep(NOW_MS, 1e9);
      here.check();
      expect(here.stats()).toMatchObject({ entries: 1001, evictions: 0 });
      expect(there.policyName).toBe("s3-fifo");
    }
  });

  test("refuses a policy with room for fewer entries if nothing may be evicted", () => {
    const store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: SEED, high: 0 }, whenFull: "refuse" });
    let stored = 0;
    for (let outcome = "stored"; outcome === "stored"; stored++) {
      const key = utf8(`key-${stored}`);
      outcome = store.set(keyIn(store, key), utf8("value"), 0, NOW_MS);
    }
    expect(() => store.setPolicy("gdsf")).toThrow("policy gdsf has room for fewer entries than are stored");
    expect(store.policyName).toBe("s3-fifo");
    expect(store.stats().entries).toBe(stored - 1);
  });
});
