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
  VARIANTS,
} from "./shard-memory.ts";

/**
 * How entries leave. Called with the shard's lock held. No slot outlives a removal: what becomes free may cause
 * other entries to be moved together.
 */

/** Removes an entry for a reason that lies outside the cache. */
export function removeEntry(shard: Shard, slot: number): void {
  shard.seated.policy.remove(slot);
  discard(shard, slot);
}

/** Removes an entry that has expired or is dead, and tells of it if it has expired. */
export function removeExpired(shard: Shard, slot: number, epoch: number): void {
  const { memory } = shard;
  if (isOfEpoch(memory, slot, epoch)) {
    memory.floats[EXPIRATIONS]!++;
    shard.departures.add(memory, slot, keyBytesOf(memory, slot), "expired");
  }
  removeEntry(shard, slot);
}

/**
 * Removes the entries with this key, of all variants, and tells of those that had expired.
 * @returns what the best of them was good for, `DEAD` where there was none
 */
export function removeKey(shard: Shard, key: KeyRef, epoch: number, nowMs: number): Freshness {
  const { memory } = shard;
  const mayBeSeveral = memory.words[VARIANTS] !== 0;
  let best: Freshness = DEAD;
  // From the start each time: a removal may move entries.
  for (
    let slot = findAny(memory, key, false);
    slot !== 0;
    slot = mayBeSeveral ? findAny(memory, key, false) : 0
  ) {
    const freshness = freshnessOf(memory, slot, epoch, nowMs);
    if (freshness < best) best = freshness;
    if (freshness < EXPIRED) removeEntry(shard, slot);
    else removeExpired(shard, slot, epoch);
  }
  return best;
}

/** Removes what is known of this key besides its value, which has been written. */
export function removeVariants(shard: Shard, key: KeyRef): void {
  const { memory } = shard;
  while (memory.words[VARIANTS] !== 0) {
    const slot = findAny(memory, key, true);
    if (slot === 0) return;
    removeEntry(shard, slot);
  }
}

/** Evicts what the policy chooses, to make room for the draft if there is one. @returns false when nothing is resident */
export function evictOne(shard: Shard, epoch: number, nowMs: number, draft?: Draft): boolean {
  const { memory } = shard;
  const victim = shard.seated.policy.evict(draft === undefined ? 0 : draft.key.hash);
  if (victim === 0) return false;
  const freshness = freshnessOf(memory, victim, epoch, nowMs);
  if (freshness !== DEAD) {
    const hasExpired = freshness === EXPIRED;
    memory.floats[hasExpired ? EXPIRATIONS : EVICTIONS]!++;
    // A draft that displaces the entry it is to overwrite keeps its key.
    if (draft === undefined || !isOverwritten(memory, victim, draft)) {
      shard.departures.add(memory, victim, keyBytesOf(memory, victim), hasExpired ? "expired" : "evicted");
    }
  }
  discard(shard, victim);
  return true;
}

/** Takes an entry out of the counters. */
export function uncount(memory: ShardMemory, slot: number, bytes: number): void {
  const { words, floats } = memory;
  if (expiryOf(memory, slot) !== 0) words[EXPIRING]!--;
  if (kindOf(memory, slot) !== 0) words[VARIANTS]!--;
  floats[USED_BYTES]! -= bytes;
  floats[PAYLOAD_BYTES]! -= valueOffsetOf(memory, slot) + valueBytesOf(memory, slot);
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

/** Gives the chunks of an entry back that is not in the index any more; those of a pinned one when it is unpinned. */
export function giveUpChain(memory: ShardMemory, slot: number): void {
  if (isPinned(memory, slot)) detach(memory, slot);
  else freeChain(memory, slot);
}

/** Gives an entry's memory back; the policy has forgotten it. */
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
