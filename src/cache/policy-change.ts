import { assert } from "../lib/assert.ts";
import { HASH, POLICY_OFFSET, POLICY_WORDS } from "./entry-layout.ts";
import { evictOne } from "./leaving.ts";
import { policyLimits, seatPolicy, writePolicyChoice } from "./policy-seat.ts";
import type { PolicyChoice } from "./registry.ts";
import type { Shard } from "./shard.ts";
import { ENTRIES } from "./shard-memory.ts";

/**
 * Runs another policy over the resident entries, handing them over in the order of the one before. Entries beyond
 * what the new one has room for are evicted.
 */
export function changePolicy(shard: Shard, choice: PolicyChoice, epoch: number): void {
  const { memory } = shard;
  const { words } = memory;
  const limit = policyLimits(memory, choice).entries;
  while (words[ENTRIES]! > limit) evictOne(shard, epoch, 0);
  const slots = new Int32Array(words[ENTRIES]!);
  let count = 0;
  shard.seated.policy.forEach((slot) => {
    slots[count++] = slot;
  });
  assert(count === slots.length, `the policy knows of ${count} entries, but there are ${slots.length}`);
  writePolicyChoice(memory, choice);
  shard.seated = seatPolicy(memory, shard.seed);
  for (const slot of slots) {
    words.fill(0, slot * 2 + POLICY_OFFSET, slot * 2 + POLICY_OFFSET + POLICY_WORDS);
    shard.seated.policy.insert(slot, words[slot * 2 + HASH]! >>> 0);
  }
}
