import type { Variant } from "../coherence/variant.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { compact } from "./compaction.ts";
import type { Draft } from "./draft.ts";
import {
  expiryOf,
  findAny,
  freeChain,
  isOfEpoch,
  isOfVariant,
  isPinned,
  keyBytesOf,
  keyEquals,
  kindOf,
  planChunks,
  valueBytesOf,
  valueOffsetOf,
} from "./entry.ts";
import { HASH } from "./entry-layout.ts";
import { DEAD, EXPIRED, type Freshness, freshnessOf } from "./freshness.ts";
import { shrinkIndex, unlinkEntry } from "./index-table.ts";
import { detach } from "./pin-table.ts";
import type { Shard } from "./shard.ts";
import {
  ENTRIES,
  EVICTIONS,
  EXPIRATIONS,
  EXPIRING,
  PAYLOAD_BYTES,
  type ShardMemory,
  USED_BYTES,
  VALUES_BYTES,
  VARIANTS,
} from "./shard-memory.ts";

/**
 * Removes entries. All functions expect the shard's lock to be held. No slot stays valid across a removal: compaction
 * may then move other entries.
 */

/** Removes an entry that a request replaces or deletes. */
export function removeEntry(shard: Shard, slot: number): void {
  shard.current.policy.remove(slot);
  discard(shard, slot);
}

/** Removes an entry that is expired or dead, and reports it if it had expired. */
export function removeExpired(shard: Shard, slot: number): void {
  const { memory, epochs } = shard;
  if (isOfEpoch(memory, slot, epochs.ofEntry(memory, slot))) {
    memory.floats[EXPIRATIONS]!++;
    shard.removals.log?.add(memory, slot, "expired", shard.current);
    shard.removals.add(memory, slot, keyBytesOf(memory, slot), "expired");
  }
  removeEntry(shard, slot);
}

/**
 * Removes the key's entries of all variants, and reports those that had expired.
 * @returns the freshness of the best of them, `DEAD` if there was none
 */
export function removeKey(shard: Shard, key: KeyRef, nowMs: number): Freshness {
  const { memory } = shard;
  const epoch = shard.epochs.ofKey(key);
  const mayBeSeveral = memory.words[VARIANTS] !== 0;
  let best: Freshness = DEAD;
  // Starts over each time: a removal may move entries.
  for (
    let slot = findAny(memory, key, undefined);
    slot !== 0;
    slot = mayBeSeveral ? findAny(memory, key, undefined) : 0
  ) {
    const freshness = freshnessOf(memory, slot, epoch, nowMs);
    if (freshness < best) best = freshness;
    if (freshness >= EXPIRED) removeExpired(shard, slot);
    else {
      shard.removals.log?.add(memory, slot, "removed", shard.current);
      removeEntry(shard, slot);
    }
  }
  return best;
}

/** Removes all entries of a key but that of one variant, which has just been stored. */
export function removeOthers(shard: Shard, key: KeyRef, kept: Variant): void {
  const { memory } = shard;
  while (memory.words[VARIANTS] !== 0) {
    const slot = findAny(memory, key, kept);
    if (slot === 0) return;
    removeEntry(shard, slot);
  }
}

/** Evicts the policy's victim, for the draft if there is one. @returns false if the shard has no entries */
export function evictOne(shard: Shard, nowMs: number, draft?: Draft): boolean {
  const { memory, epochs } = shard;
  const victim = shard.current.policy.evict(draft === undefined ? 0 : draft.key.hash);
  if (victim === 0) return false;
  const freshness = freshnessOf(memory, victim, epochs.ofEntry(memory, victim), nowMs);
  if (freshness !== DEAD) {
    const hasExpired = freshness === EXPIRED;
    memory.floats[hasExpired ? EXPIRATIONS : EVICTIONS]!++;
    // A draft that evicts the entry it was going to overwrite keeps the key in the cache.
    if (draft === undefined || !isOverwritten(memory, victim, draft)) {
      shard.removals.log?.add(memory, victim, hasExpired ? "expired" : "evicted", shard.current);
      shard.removals.add(memory, victim, keyBytesOf(memory, victim), hasExpired ? "expired" : "evicted");
    }
  }
  discard(shard, victim);
  return true;
}

/** Subtracts an entry from the counters. */
export function uncount(memory: ShardMemory, slot: number, bytes: number): void {
  const { words, floats } = memory;
  if (expiryOf(memory, slot) !== 0) words[EXPIRING]!--;
  if (kindOf(memory, slot) !== 0) words[VARIANTS]!--;
  floats[USED_BYTES]! -= bytes;
  const valueBytes = valueBytesOf(memory, slot);
  floats[PAYLOAD_BYTES]! -= valueOffsetOf(memory, slot) + valueBytes;
  floats[VALUES_BYTES]! -= valueBytes;
}

function isOverwritten(memory: ShardMemory, slot: number, draft: Draft): boolean {
  const { bytes, start, end, hash } = draft.key;
  return (
    memory.words[slot * 2 + HASH] === (hash | 0) &&
    keyBytesOf(memory, slot) === end - start &&
    keyEquals(memory, slot, bytes, start, end) &&
    isOfVariant(memory, slot, draft.variant)
  );
}

/** Frees the chunks of an entry that has left the index, unless it is pinned; then unpinning frees them. */
export function giveUpChain(memory: ShardMemory, slot: number): void {
  if (isPinned(memory, slot)) detach(memory, slot);
  else freeChain(memory, slot);
}

/** Frees an entry's memory. The policy has already forgotten it. */
function discard(shard: Shard, slot: number): void {
  const { memory, leavingPlan } = shard;
  planChunks(memory, slot, leavingPlan);
  uncount(memory, slot, leavingPlan.bytes);
  unlinkEntry(memory, slot);
  giveUpChain(memory, slot);
  memory.words[ENTRIES]!--;
  shrinkIndex(memory);
  compact(shard, leavingPlan);
}
