import { describe, expect, test } from "bun:test";
import { VALUE } from "../coherence/variant.ts";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { halfSipHash } from "../lib/sip-hash.ts";
import { parsePolicy } from "../policy/registry.ts";
import { CopySink } from "./copy-sink.ts";
import { findEntry, readsOf } from "./entry.ts";
import { newEpochs } from "./epochs-fixture.ts";
import { FRESH } from "./freshness.ts";
import { DRAINING, FILLING, STEADY, ZEROING } from "./handover.ts";
import { beginChange, continuePolicyChange } from "./policy-change.ts";
import { readEntry } from "./reading.ts";
import { Removals } from "./removals.ts";
import { formatShard, Shard } from "./shard.ts";
import { SHARD_LEAST_BYTES, ShardMemory } from "./shard-memory.ts";
import { stageOf } from "./shard-policy.ts";
import { storeDraft } from "./storing.ts";

const SEED = 3;
const NOW_MS = 1_700_000_000_000;
const ENTRIES = 20;
const NAMES = Array.from({ length: ENTRIES }, (_, id) => `key-${id}`);

function keyOf(name: string): KeyRef {
  const bytes = utf8(name);
  return new KeyRef().refer(bytes, 0, bytes.length, hashOf(bytes));
}

function hashOf(key: Uint8Array): number {
  return halfSipHash(key, 0, key.length, SEED, 0);
}

/** Returns a shard that changes from LRU to LRU and has taken this many steps. */
function changingShard(steps: number): Shard {
  const memory = ShardMemory.create(SHARD_LEAST_BYTES);
  formatShard(memory, parsePolicy("lru"));
  const shard = new Shard(memory, newEpochs(), true, new Removals(), SEED);
  const { draft } = shard;
  for (const name of NAMES) {
    draft.key = keyOf(name);
    draft.value = utf8("value");
    draft.valueEnd = draft.value.length;
    draft.nowMs = NOW_MS;
    expect(storeDraft(shard)).toBe("stored");
  }
  beginChange(shard, parsePolicy("lru"));
  continuePolicyChange(shard, steps);
  return shard;
}

function slotOf(shard: Shard, name: string): number {
  return findEntry(shard.memory, keyOf(name), VALUE);
}

function isWaiting(shard: Shard, name: string): boolean {
  return shard.current.policy.explain(slotOf(shard, name)).queue === "handover";
}

function evictAll(shard: Shard): string[] {
  const names = new Map(NAMES.map((name) => [slotOf(shard, name), name]));
  const evicted: string[] = [];
  for (let slot = shard.current.policy.evict(0); slot !== 0; slot = shard.current.policy.evict(0)) {
    evicted.push(names.get(slot)!);
  }
  return evicted;
}

describe("a read while the policy changes", () => {
  test("counts at every stage: its entry leaves after all its neighbours", () => {
    const seen = new Set<string>();
    for (let steps = 0; ; steps++) {
      const begun = changingShard(steps);
      const stage = stageOf(begun.memory);
      if (stage === STEADY) break;
      const before = evictAll(changingShard(steps));
      expect(before).toEqual(NAMES);
      for (const name of NAMES) {
        const shard = changingShard(steps);
        const waits = isWaiting(shard, name);
        seen.add(`${stage} ${waits}`);
        const sink = new CopySink();
        expect(readEntry(shard, 1, keyOf(name), 0, NOW_MS, sink, FRESH, VALUE)).toBeGreaterThan(0);
        expect(readsOf(shard.memory, slotOf(shard, name))).toBe(1);
        const same = NAMES.filter((other) => isWaiting(shard, other) === waits);
        const moved = [...same.filter((other) => other !== name), name];
        const expected = NAMES.map((other) => (isWaiting(shard, other) === waits ? moved.shift()! : other));
        expect(evictAll(shard), `${name} after ${steps} steps`).toEqual(expected);
      }
    }
    const places = [`${DRAINING} false`, `${DRAINING} true`, `${ZEROING} true`];
    expect([...seen].sort()).toEqual([...places, `${FILLING} false`, `${FILLING} true`].sort());
  });
});
