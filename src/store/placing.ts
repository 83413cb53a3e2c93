import { VALUE } from "../coherence/variant.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { keyBytesOf, readsOf } from "./entry.ts";
import { HASH, KEY_BYTES, READ_LIMIT, READ_SHIFT } from "./entry-layout.ts";
import { FRESH } from "./freshness.ts";
import { clearPolicyWords } from "./handover.ts";
import { goodEntry } from "./reading.ts";
import type { Shard } from "./shard.ts";
import type { Shards } from "./shards.ts";

/** More reads than that tell no policy anything new. */
const MOST_HITS = 15;

/** See `Store.place`. */
export function placeAnew(shards: Shards, key: KeyRef, rank: number, reads: number, nowMs: number): boolean {
  return shards.underLock(shards.indexOf(key.hash), (shard) => {
    const slot = goodEntry(shard.memory, key, shards.epochs.ofKey(key), nowMs, FRESH, VALUE);
    return slot !== 0 && place(shard, slot, rank, reads);
  });
}

/**
 * Takes an entry out of its policy and gives it back.
 * @returns false while the policy is being changed: then entries have places of their own
 */
function place({ memory, current }: Shard, slot: number, rank: number, reads: number): boolean {
  if (current.handover !== undefined) return false;
  const { policy } = current;
  const { words } = memory;
  policy.remove(slot);
  clearPolicyWords(words, slot);
  policy.adopt(slot, words[slot * 2 + HASH]! >>> 0, rank);
  const all = Math.min(READ_LIMIT, readsOf(memory, slot) + reads);
  words[slot * 2 + KEY_BYTES] = keyBytesOf(memory, slot) | (all << READ_SHIFT);
  for (let hits = Math.min(MOST_HITS, all); hits > 0; hits--) policy.hit(slot);
  return true;
}
