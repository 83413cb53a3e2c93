import { keyBytesOf, readsOf } from "./entry.ts";
import { HASH, KEY_BYTES, READ_LIMIT, READ_SHIFT } from "./entry-layout.ts";
import { clearPolicyWords } from "./handover.ts";
import type { Shard } from "./shard.ts";

/** More reads than that tell no policy anything new. */
const MOST_HITS = 15;

/**
 * Takes an entry out of its policy and gives it back, at its place in an order: see `Store.place`. Under the shard's
 * lock.
 * @returns false while the policy is being changed: then entries have places of their own
 */
export function placeAnew({ memory, current }: Shard, slot: number, rank: number, reads: number): boolean {
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
