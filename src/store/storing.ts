import { VALUE } from "../coherence/variant.ts";
import { assert } from "../lib/assert.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { planFits } from "./arena.ts";
import { pagesOfPlan, planChain, samePlan } from "./chain-plan.ts";
import { compact } from "./compaction.ts";
import {
  endOfChunk,
  filledAtMs,
  findEntry,
  freeExtents,
  hasExpiryField,
  hasExtents,
  isPinned,
  keyBytesOf,
  payloadOffset,
  planChunks,
  planEntry,
  readPayload,
  readsOf,
  setFilledAt,
  setForm,
  takeChain,
  valueBytesOf,
  valueOffsetOf,
  writePayload,
} from "./entry.ts";
import {
  ENTRY_HEADER_BYTES,
  EXPIRY_BYTES,
  EXTENDED_HEADER_BYTES,
  HAS_EXPIRY,
  HAS_EXTENTS,
  HASH,
  KEY_BYTES,
  KEY_BYTES_LIMIT,
  NEXT_IN_BUCKET,
  POLICY_OFFSET,
  POLICY_WORDS,
  READ_SHIFT,
  VALUE_BITS,
  VALUE_BYTES,
  VALUE_BYTES_LIMIT,
} from "./entry-layout.ts";
import { changeTerms, DEAD, EXPIRED, freshnessOf, setTerms } from "./freshness.ts";
import { growIndex, indexPagesNeeded, linkEntry, relinkEntry } from "./index-table.ts";
import { evictOne, giveUpChain, removeEntry, uncount } from "./leaving.ts";
import { voidDetached } from "./pins.ts";
import type { Shard } from "./shard.ts";
import {
  classOf,
  ENTRIES,
  EXPIRATIONS,
  PAGE_LIMIT,
  PAYLOAD_BYTES,
  USED_BYTES,
  VALUES_BYTES,
  VARIANTS,
} from "./shard-memory.ts";

/** Stores entries. All functions expect the shard's lock to be held. */

/** The outcome of storing an entry. `full`: the store never evicts, and there is no room. */
export type StoreOutcome = "stored" | "full" | "too-large";

/**
 * Stores the shard's draft, replacing the key's entry if there is one.
 * @returns "stored"; otherwise nothing has changed, except that an expired entry is gone
 */
export function storeDraft(shard: Shard): StoreOutcome {
  const { memory, draft, plan } = shard;
  const keyBytes = draft.key.length;
  const argumentBytes = draft.variant.end - draft.variant.start;
  const valueBytes = draft.valueEnd - draft.valueStart;
  if (Math.max(keyBytes, argumentBytes) > KEY_BYTES_LIMIT || valueBytes > VALUE_BYTES_LIMIT)
    return "too-large";
  draft.headerBytes = headerBytesOf(shard);
  planChain(plan, memory.sizes, keyBytes + argumentBytes + valueBytes, draft.headerBytes);
  // The index needs one page at least.
  if (pagesOfPlan(plan, memory.sizes) >= memory.words[PAGE_LIMIT]!) return "too-large";

  const slot = findDraft(shard);
  if (slot === 0) return insertDraft(shard);
  const freshness = freshnessOf(memory, slot, draft.epoch, draft.nowMs);
  if (freshness >= EXPIRED) return replaceExpired(shard, slot, freshness !== DEAD);
  if (hasChunksOfPlan(shard, slot) && !isPinned(memory, slot)) {
    uncount(memory, slot, plan.bytes);
    writeDraft(shard, slot);
    if (draft.touches) shard.current.policy.hit(slot);
    return "stored";
  }
  return resizeToDraft(shard, slot);
}

/** Whether an entry consists of the chunks that the draft's plan has. Mostly that is one, whose class says it all. */
function hasChunksOfPlan({ memory, plan, leavingPlan }: Shard, slot: number): boolean {
  if (!plan.hasExtents && !hasExtents(memory, slot)) return classOf(memory, slot) === plan.classes[0];
  planEntry(memory, slot, leavingPlan);
  return samePlan(plan, leavingPlan);
}

/** Sets or removes a value's expiry and grace. If the header has no room for an expiry, the entry is stored anew. */
export function writeExpiry(
  shard: Shard,
  slot: number,
  expiresAtMs: number,
  epoch: number,
  nowMs: number,
): void {
  const { memory, draft } = shard;
  const { words } = memory;
  if (hasExpiryField(memory, slot)) {
    changeTerms(memory, slot, expiresAtMs, 0);
    return;
  }
  if (expiresAtMs === 0) return;
  // There is only one chunk, so the copy is shorter than a page.
  const keyBytes = keyBytesOf(memory, slot);
  const payload = new ByteBuffer(keyBytes + valueBytesOf(memory, slot));
  readPayload(memory, slot, 0, payload.bytes.length, payload);
  const hash = words[slot * 2 + HASH]! >>> 0;
  const filled = filledAtMs(memory, slot);
  const reads = readsOf(memory, slot);
  draft.key = new KeyRef().refer(payload.bytes, 0, keyBytes, hash);
  draft.variant = VALUE;
  draft.value = payload.bytes;
  draft.valueStart = keyBytes;
  draft.valueEnd = payload.length;
  draft.expiresAtMs = expiresAtMs;
  draft.staleUntilMs = 0;
  draft.epoch = epoch;
  draft.nowMs = nowMs;
  draft.touches = false;
  const outcome = storeDraft(shard);
  assert(outcome === "stored", "an entry has no room for its expiry");
  const stored = findDraft(shard);
  setFilledAt(memory, stored, filled, epoch);
  words[stored * 2 + KEY_BYTES] = keyBytes | (reads << READ_SHIFT);
}

/** Stores the draft if its key has an entry that is expired or dead. */
function replaceExpired(shard: Shard, slot: number, hasExpired: boolean): StoreOutcome {
  const { memory, draft, removals } = shard;
  if (hasExpired) {
    memory.floats[EXPIRATIONS]!++;
    removals.log?.add(memory, slot, "expired", shard.current);
  }
  removeEntry(shard, slot);
  const outcome = insertDraft(shard);
  // If the draft is stored, the key stays in the cache, so it has not left.
  if (hasExpired && outcome !== "stored") removals.addKey(draft.key, "expired");
  return outcome;
}

function findDraft(shard: Shard): number {
  const { draft } = shard;
  return findEntry(shard.memory, draft.key, draft.variant);
}

/**
 * Returns the size of the draft's header. In a store that never evicts, every entry has room for an expiry, so that
 * setting one needs no more memory.
 */
function headerBytesOf({ draft, evicts }: Shard): number {
  if (draft.staleUntilMs !== 0 || draft.variant.end > draft.variant.start) return EXTENDED_HEADER_BYTES;
  return draft.expiresAtMs !== 0 || !evicts ? ENTRY_HEADER_BYTES + EXPIRY_BYTES : ENTRY_HEADER_BYTES;
}

/** Stores the draft if its key is not resident. */
function insertDraft(shard: Shard): StoreOutcome {
  const { memory, draft, plan, current } = shard;
  if (!shard.evicts && !hasRoom(shard, 1) && !(voidDetached(shard) && hasRoom(shard, 1))) return "full";
  current.policy.miss(draft.key.hash);
  while (!hasRoom(shard, 1)) {
    if (!evictOne(shard, draft.nowMs, draft) && !voidDetached(shard)) return "full";
  }
  const slot = takeChain(memory, plan);
  writeDraft(shard, slot);
  linkEntry(memory, slot, draft.key.hash);
  memory.words[ENTRIES]!++;
  growIndex(memory);
  current.policy.insert(slot, draft.key.hash);
  return "stored";
}

/** Stores the draft over an entry of its key that has other chunks. The entry keeps its place in the policy. */
function resizeToDraft(shard: Shard, resident: number): StoreOutcome {
  const { memory, draft, plan, leavingPlan } = shard;
  const { words } = memory;
  const { policy } = shard.current;
  let from = resident;
  if (!hasRoom(shard, 0)) {
    if (!shard.evicts) return voidDetached(shard) ? resizeToDraft(shard, findDraft(shard)) : "full";
    truncate(shard, from);
    while (!hasRoom(shard, 0) && evictOne(shard, draft.nowMs, draft));
    from = findDraft(shard);
    if (from === 0) return insertDraft(shard);
  }
  planChunks(memory, from, leavingPlan);
  const oldBytes = leavingPlan.bytes;
  uncount(memory, from, oldBytes);
  const to = takeChain(memory, plan);
  words[to * 2 + NEXT_IN_BUCKET] = words[from * 2 + NEXT_IN_BUCKET]!;
  words.copyWithin(to * 2 + POLICY_OFFSET, from * 2 + POLICY_OFFSET, from * 2 + POLICY_OFFSET + POLICY_WORDS);
  relinkEntry(memory, from, to);
  writeDraft(shard, to);
  policy.move(from, to);
  giveUpChain(memory, from);
  if (!shard.current.countsEntries) policy.reweigh(to, oldBytes, plan.bytes);
  if (draft.touches) policy.hit(to);
  compact(shard, leavingPlan);
  return "stored";
}

/**
 * Frees the value of an entry about to be overwritten, and all its chunks but the first. An entry whose key or
 * argument extends into further chunks is removed.
 */
function truncate(shard: Shard, slot: number): void {
  const { memory, leavingPlan } = shard;
  const { words, floats } = memory;
  if (!hasExtents(memory, slot) || isPinned(memory, slot)) return;
  if (slot * 8 + payloadOffset(memory, slot) + valueOffsetOf(memory, slot) > endOfChunk(memory, slot)) {
    removeEntry(shard, slot);
    return;
  }
  planEntry(memory, slot, leavingPlan);
  const oldBytes = leavingPlan.bytes;
  freeExtents(memory, slot);
  const valueBytes = valueBytesOf(memory, slot);
  floats[PAYLOAD_BYTES]! -= valueBytes;
  floats[VALUES_BYTES]! -= valueBytes;
  words[slot * 2 + VALUE_BYTES]! &= ~VALUE_BITS;
  const newBytes = memory.sizes.chunkBytes[classOf(memory, slot)]!;
  floats[USED_BYTES]! += newBytes - oldBytes;
  if (!shard.current.countsEntries) shard.current.policy.reweigh(slot, oldBytes, newBytes);
  compact(shard, leavingPlan);
}

/** Whether there is room for the draft's chunks, and for `added` more entries in the index. */
function hasRoom(shard: Shard, added: number): boolean {
  const { memory } = shard;
  if (added === 0) return planFits(memory, shard.plan, 0);
  if (memory.words[ENTRIES]! >= shard.current.entryLimit) return false;
  // If nothing may be evicted, a slower index is better than a refusal.
  return planFits(memory, shard.plan, shard.evicts ? indexPagesNeeded(memory) : 0);
}

/** Writes the draft's header and payload into the chunks of its plan, and counts it. */
function writeDraft(shard: Shard, slot: number): void {
  const { memory, draft, plan } = shard;
  const { words, floats } = memory;
  const { variant } = draft;
  const at = slot * 2;
  const keyBytes = draft.key.length;
  const valueOffset = keyBytes + variant.end - variant.start;
  const valueBytes = draft.valueEnd - draft.valueStart;
  const header = draft.headerBytes;
  const withExpiry = header > ENTRY_HEADER_BYTES;
  words[at + HASH] = draft.key.hash;
  words[at + VALUE_BYTES] = valueBytes | (withExpiry ? HAS_EXPIRY : 0) | (plan.hasExtents ? HAS_EXTENTS : 0);
  words[at + KEY_BYTES] = keyBytes;
  setForm(memory, slot, header === EXTENDED_HEADER_BYTES, variant);
  setFilledAt(memory, slot, draft.nowMs, draft.epoch);
  setTerms(memory, slot, draft.expiresAtMs, draft.staleUntilMs);
  writePayload(memory, slot, 0, draft.key.bytes, draft.key.start, draft.key.end);
  if (valueOffset > keyBytes) writePayload(memory, slot, keyBytes, variant.bytes, variant.start, variant.end);
  writePayload(memory, slot, valueOffset, draft.value, draft.valueStart, draft.valueEnd);
  if (variant.kind !== VALUE.kind) words[VARIANTS]!++;
  floats[USED_BYTES]! += plan.bytes;
  floats[PAYLOAD_BYTES]! += valueOffset + valueBytes;
  floats[VALUES_BYTES]! += valueBytes;
}
