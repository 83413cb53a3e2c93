import { compact } from "./compaction.ts";
import type { Draft } from "./draft.ts";
import {
  expiryOf,
  findEntry,
  freeChain,
  isOfEpoch,
  isPinned,
  keyBytesOf,
  keyEquals,
  planChunks,
  valueBytesOf,
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
 * Removes the entry with this key, and tells of it if it has expired.
 * @returns what it was good for, `DEAD` where there was none
 */
export function removeKey(
  shard: Shard,
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
  epoch: number,
  nowMs: number,
): Freshness {
  const { memory } = shard;
  const slot = findEntry(memory, bytes, start, end, hash);
  if (slot === 0) return DEAD;
  const freshness = freshnessOf(memory, slot, epoch, nowMs);
  if (freshness < EXPIRED) removeEntry(shard, slot);
  else removeExpired(shard, slot, epoch);
  return freshness;
}

/** Evicts what the policy chooses, to make room for the draft if there is one. @returns false when nothing is resident */
export function evictOne(shard: Shard, epoch: number, nowMs: number, draft?: Draft): boolean {
  const { memory } = shard;
  const victim = shard.seated.policy.evict(draft === undefined ? 0 : draft.hash);
  if (victim === 0) return false;
  const freshness = freshnessOf(memory, victim, epoch, nowMs);
  if (freshness !== DEAD) {
    const hasExpired = freshness === EXPIRED;
    memory.floats[hasExpired ? EXPIRATIONS : EVICTIONS]!++;
    // A draft that displaces the entry of its own key keeps that key.
    if (draft === undefined || !isDraftsKey(memory, victim, draft)) {
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
  floats[USED_BYTES]! -= bytes;
  floats[PAYLOAD_BYTES]! -= keyBytesOf(memory, slot) + valueBytesOf(memory, slot);
}

function isDraftsKey(memory: ShardMemory, slot: number, draft: Draft): boolean {
  const keyBytes = draft.keyEnd - draft.keyStart;
  return (
    memory.words[slot * 2 + HASH] === (draft.hash | 0) &&
    keyBytesOf(memory, slot) === keyBytes &&
    keyEquals(memory, slot, draft.key, draft.keyStart, draft.keyEnd)
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
