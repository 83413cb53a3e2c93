import { assert } from "../lib/assert.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import {
  emptiestPage,
  firstSlotOf,
  freePage,
  isWasteful,
  planFits,
  resetArena,
  takeChunk,
  unlinkRoomyPage,
} from "./arena.ts";
import { ChainPlan, pagesOfPlan, planChain, samePlan } from "./chain-plan.ts";
import type { Departures } from "./departures.ts";
import {
  endOfChunk,
  expiryOf,
  filledAtMs,
  findEntry,
  freeChain,
  freeExtents,
  hasExpiryField,
  hasExtents,
  keyBytesOf,
  keyEquals,
  payloadOffset,
  planChunks,
  planEntry,
  readPayload,
  readsOf,
  relinkChunk,
  setFilledAt,
  takeChain,
  valueBytesOf,
  writePayload,
} from "./entry.ts";
import {
  EPOCH_BITS,
  EPOCH_SHIFT,
  EXPIRY_FLOAT,
  FILLED_HIGH,
  HAS_EXPIRY,
  HAS_EXTENTS,
  HASH,
  KEY_BYTES,
  KEY_BYTES_LIMIT,
  KIND_BITS,
  KIND_ENTRY,
  KIND_FREE,
  NEXT_IN_BUCKET,
  POLICY_OFFSET,
  POLICY_WORDS,
  READ_LIMIT,
  READ_SHIFT,
  SLOT_BITS,
  VALUE_BITS,
  VALUE_BYTES,
  VALUE_BYTES_LIMIT,
} from "./entry-layout.ts";
import {
  bucketAtPosition,
  growIndex,
  indexPagesNeeded,
  linkEntry,
  relinkEntry,
  resetIndex,
  shrinkIndex,
  unlinkEntry,
  wordOfBucket,
} from "./index-table.ts";
import {
  clearPolicyState,
  policyLimits,
  type SeatedPolicy,
  seatPolicy,
  writePolicyChoice,
} from "./policy-seat.ts";
import type { PolicyChoice } from "./registry.ts";
import {
  CLASS_FREE_CHUNKS,
  CLASS_WORDS,
  classOf,
  ENTRIES,
  EVICTIONS,
  EXPIRATIONS,
  EXPIRING,
  MOVES,
  PAGE_USED_CHUNKS,
  PAYLOAD_BYTES,
  pageRow,
  type ShardMemory,
  SWEEP_EPOCH,
  SWEEP_POSITION,
  SWEPT_EPOCH,
  USED_BYTES,
} from "./shard-memory.ts";

/**
 * What happens to the entries of one shard. Every function here is called with the shard's lock held. Slots do not
 * outlive a removal: what is freed may cause other entries to be moved together.
 */

/** What became of an entry that was to be stored; `full`: nothing may be evicted to make room for it. */
export type StoreOutcome = "stored" | "full" | "too-large";

/** An entry to be stored, as ranges of buffers; an object to be reused. */
export class Draft {
  key: Uint8Array = EMPTY;
  keyStart = 0;
  keyEnd = 0;
  hash = 0;
  value: Uint8Array = EMPTY;
  valueStart = 0;
  valueEnd = 0;
  /** Unix milliseconds, 0 for never. */
  expiresAtMs = 0;
  epoch = 0;
  nowMs = 0;
  /** Whether an overwritten entry counts as used, as in a write by a client. */
  touches = false;

  /** Lets go of the buffers. */
  clear(): void {
    this.key = EMPTY;
    this.value = EMPTY;
  }
}

const EMPTY = new Uint8Array(0);

/** One thread's hold on a shard. What threads share is all in `memory`. */
export class Shard {
  readonly memory: ShardMemory;
  /** Whether entries are evicted to make room; otherwise writes are refused. */
  readonly evicts: boolean;
  readonly departures: Departures;
  readonly seed: number;
  seated: SeatedPolicy;
  /** In use during one operation: the entry to be stored, its plan, and that of an entry that leaves. */
  readonly draft: Draft = new Draft();
  readonly plan: ChainPlan = new ChainPlan();
  readonly leavingPlan: ChainPlan = new ChainPlan();

  constructor(memory: ShardMemory, evicts: boolean, departures: Departures, seed: number) {
    this.memory = memory;
    this.evicts = evicts;
    this.departures = departures;
    this.seed = seed;
    this.seated = seatPolicy(memory, seed);
  }
}

/** Prepares zeroed memory: no entries, all pages free. */
export function formatShard(memory: ShardMemory, choice: PolicyChoice, epoch: number): void {
  resetArena(memory);
  resetIndex(memory);
  memory.words[SWEEP_EPOCH] = epoch;
  memory.words[SWEPT_EPOCH] = epoch;
  writePolicyChoice(memory, choice);
}

/** Takes part in a policy change that another thread made. */
export function seatAgain(shard: Shard): void {
  shard.seated = seatPolicy(shard.memory, shard.seed);
}

/** Removes all entries. */
export function clearShard(shard: Shard): void {
  const { words, floats } = shard.memory;
  words[ENTRIES] = 0;
  words[EXPIRING] = 0;
  words[SWEEP_POSITION] = 0;
  floats[USED_BYTES] = 0;
  floats[PAYLOAD_BYTES] = 0;
  resetArena(shard.memory);
  resetIndex(shard.memory);
  clearPolicyState(shard.memory, shard.seated.choice);
}

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

/** The live entry with this key, 0 when there is none; one that is dead or expired is removed. */
export function liveEntry(
  shard: Shard,
  bytes: Uint8Array,
  start: number,
  end: number,
  hash: number,
  epoch: number,
  nowMs: number,
): number {
  const slot = findEntry(shard.memory, bytes, start, end, hash);
  if (slot === 0 || isLive(shard.memory, slot, epoch, nowMs)) return slot;
  removeStale(shard, slot, epoch, true);
  return 0;
}

/** Whether an entry is of the current epoch and has not expired. */
export function isLive(memory: ShardMemory, slot: number, epoch: number, nowMs: number): boolean {
  if (!isOfEpoch(memory, slot, epoch)) return false;
  if (!hasExpiryField(memory, slot)) return true;
  const expiresAtMs = memory.floats[slot + EXPIRY_FLOAT]!;
  return expiresAtMs === 0 || expiresAtMs > nowMs;
}

/** Counts a read of an entry. */
export function countRead(shard: Shard, slot: number): void {
  const { words } = shard.memory;
  const at = slot * 2 + KEY_BYTES;
  const word = words[at]!;
  if (word >>> READ_SHIFT !== READ_LIMIT) words[at] = (word + (1 << READ_SHIFT)) | 0;
  shard.seated.policy.hit(slot);
}

/**
 * Stores the shard's draft, over the entry before if there is one.
 * @returns "stored"; nothing has changed otherwise
 */
export function storeDraft(shard: Shard): StoreOutcome {
  const { memory, draft, plan } = shard;
  const keyBytes = draft.keyEnd - draft.keyStart;
  const valueBytes = draft.valueEnd - draft.valueStart;
  if (keyBytes > KEY_BYTES_LIMIT || valueBytes > VALUE_BYTES_LIMIT) return "too-large";
  planChain(plan, memory.sizes, keyBytes + valueBytes, needsExpiryField(shard));
  // One page at least is the index's.
  if (pagesOfPlan(plan, memory.sizes) >= memory.pageCount) return "too-large";

  const slot = findDraft(shard);
  if (slot === 0) return insertDraft(shard);
  if (!isLive(memory, slot, draft.epoch, draft.nowMs)) {
    // Its departure is not told: the key stays, with another value.
    removeStale(shard, slot, draft.epoch, false);
    return insertDraft(shard);
  }
  planEntry(memory, slot, shard.leavingPlan);
  if (samePlan(plan, shard.leavingPlan)) {
    uncount(memory, slot, plan.bytes);
    writeDraft(shard, slot);
    if (draft.touches) shard.seated.policy.hit(slot);
    return "stored";
  }
  return resizeToDraft(shard, slot);
}

/** Sets or takes away an entry's expiry. Where its header has no room for one, it is stored anew. */
export function writeExpiry(
  shard: Shard,
  slot: number,
  expiresAtMs: number,
  epoch: number,
  nowMs: number,
): void {
  const { memory, draft } = shard;
  const { words, floats } = memory;
  if (hasExpiryField(memory, slot)) {
    words[EXPIRING]! += Number(expiresAtMs !== 0) - Number(floats[slot + EXPIRY_FLOAT]! !== 0);
    floats[slot + EXPIRY_FLOAT] = expiresAtMs;
    return;
  }
  if (expiresAtMs === 0) return;
  // There is one chunk only, so what is copied is less than a page.
  const keyBytes = keyBytesOf(memory, slot);
  const payload = new ByteBuffer(keyBytes + valueBytesOf(memory, slot));
  readPayload(memory, slot, 0, payload.bytes.length, payload);
  const hash = words[slot * 2 + HASH]! >>> 0;
  const filled = filledAtMs(memory, slot);
  const reads = readsOf(memory, slot);
  draft.key = payload.bytes;
  draft.keyStart = 0;
  draft.keyEnd = keyBytes;
  draft.hash = hash;
  draft.value = payload.bytes;
  draft.valueStart = keyBytes;
  draft.valueEnd = payload.length;
  draft.expiresAtMs = expiresAtMs;
  draft.epoch = epoch;
  draft.nowMs = nowMs;
  draft.touches = false;
  const outcome = storeDraft(shard);
  assert(outcome === "stored", "an entry has no room for its expiry");
  const stored = findDraft(shard);
  setFilledAt(memory, stored, filled, epoch);
  words[stored * 2 + KEY_BYTES] = keyBytes | (reads << READ_SHIFT);
}

/** Removes an entry for a reason that lies outside the cache. */
export function removeEntry(shard: Shard, slot: number): void {
  shard.seated.policy.remove(slot);
  discard(shard, slot);
}

/**
 * Removes the dead and expired entries of the bucket at a position in scan order.
 * @returns how many they were
 */
export function sweepBucket(shard: Shard, position: number, epoch: number, nowMs: number): number {
  const { memory } = shard;
  for (let removed = 0; ; removed++) {
    // From the start each time: a removal may move entries and merge buckets.
    const slot = staleEntryAt(memory, position, epoch, nowMs);
    if (slot === 0) return removed;
    removeStale(shard, slot, epoch, true);
  }
}

/** The first slot in the chain of the bucket at a position in scan order. */
export function firstEntryAt(memory: ShardMemory, position: number): number {
  return memory.words[wordOfBucket(memory, bucketAtPosition(memory, position))]!;
}

export function nextInBucket(memory: ShardMemory, slot: number): number {
  return memory.words[slot * 2 + NEXT_IN_BUCKET]! & SLOT_BITS;
}

function staleEntryAt(memory: ShardMemory, position: number, epoch: number, nowMs: number): number {
  let slot = firstEntryAt(memory, position);
  while (slot !== 0 && isLive(memory, slot, epoch, nowMs)) slot = nextInBucket(memory, slot);
  return slot;
}

/** Removes an entry that is dead or has expired. */
function removeStale(shard: Shard, slot: number, epoch: number, isTold: boolean): void {
  const { memory } = shard;
  if (isOfEpoch(memory, slot, epoch)) {
    memory.floats[EXPIRATIONS]!++;
    if (isTold) shard.departures.add(memory, slot, keyBytesOf(memory, slot), "expired");
  }
  removeEntry(shard, slot);
}

/** Evicts what the policy chooses, to make room for the draft if there is one. @returns false when nothing is resident */
function evictOne(shard: Shard, epoch: number, nowMs: number, draft?: Draft): boolean {
  const { memory } = shard;
  const victim = shard.seated.policy.evict(draft === undefined ? 0 : draft.hash);
  if (victim === 0) return false;
  if (isOfEpoch(memory, victim, epoch)) {
    const expiresAtMs = expiryOf(memory, victim);
    const hasExpired = expiresAtMs !== 0 && expiresAtMs <= nowMs;
    memory.floats[hasExpired ? EXPIRATIONS : EVICTIONS]!++;
    // A draft that displaces the entry of its own key keeps that key.
    if (draft === undefined || !isDraftsKey(memory, victim, draft)) {
      shard.departures.add(memory, victim, keyBytesOf(memory, victim), hasExpired ? "expired" : "evicted");
    }
  }
  discard(shard, victim);
  return true;
}

function isDraftsKey(memory: ShardMemory, slot: number, draft: Draft): boolean {
  const keyBytes = draft.keyEnd - draft.keyStart;
  return (
    memory.words[slot * 2 + HASH] === (draft.hash | 0) &&
    keyBytesOf(memory, slot) === keyBytes &&
    keyEquals(memory, slot, draft.key, draft.keyStart, draft.keyEnd)
  );
}

function findDraft(shard: Shard): number {
  const { draft } = shard;
  return findEntry(shard.memory, draft.key, draft.keyStart, draft.keyEnd, draft.hash);
}

/** Where nothing may be evicted, every entry has room for an expiry, so that setting one never needs more. */
function needsExpiryField(shard: Shard): boolean {
  return shard.draft.expiresAtMs !== 0 || !shard.evicts;
}

/** Stores the draft where its key is not resident. */
function insertDraft(shard: Shard): StoreOutcome {
  const { memory, draft, plan, seated } = shard;
  if (!shard.evicts && !hasRoom(shard, 1)) return "full";
  seated.policy.miss(draft.hash);
  while (!hasRoom(shard, 1)) {
    if (!evictOne(shard, draft.epoch, draft.nowMs, draft)) return "full";
  }
  const slot = takeChain(memory, plan);
  writeDraft(shard, slot);
  linkEntry(memory, slot, draft.hash);
  memory.words[ENTRIES]!++;
  growIndex(memory);
  seated.policy.insert(slot, draft.hash);
  return "stored";
}

/** Stores the draft over an entry of its key that consists of other chunks; it keeps its place in the policy. */
function resizeToDraft(shard: Shard, resident: number): StoreOutcome {
  const { memory, draft, plan, leavingPlan } = shard;
  const { words } = memory;
  const { policy } = shard.seated;
  let from = resident;
  if (!hasRoom(shard, 0)) {
    if (!shard.evicts) return "full";
    truncate(shard, from);
    while (!hasRoom(shard, 0) && evictOne(shard, draft.epoch, draft.nowMs, draft));
    from = findDraft(shard);
    if (from === 0) return insertDraft(shard);
  }
  planChunks(memory, from, leavingPlan);
  const oldBytes = leavingPlan.bytes;
  uncount(memory, from, oldBytes);
  const to = takeChain(memory, plan);
  words[to * 2 + NEXT_IN_BUCKET]! |= words[from * 2 + NEXT_IN_BUCKET]! & SLOT_BITS;
  words.copyWithin(to * 2 + POLICY_OFFSET, from * 2 + POLICY_OFFSET, from * 2 + POLICY_OFFSET + POLICY_WORDS);
  relinkEntry(memory, from, to);
  writeDraft(shard, to);
  policy.move(from, to);
  freeChain(memory, from);
  policy.reweigh(to, oldBytes, plan.bytes);
  if (draft.touches) policy.hit(to);
  compact(shard, leavingPlan);
  return "stored";
}

/**
 * Gives back what an entry about to be overwritten takes beyond its first chunk, and its value with it. Where
 * the key runs on into other chunks the entry is removed.
 */
function truncate(shard: Shard, slot: number): void {
  const { memory, leavingPlan } = shard;
  const { words, floats } = memory;
  if (!hasExtents(memory, slot)) return;
  const keyBytes = keyBytesOf(memory, slot);
  if (slot * 8 + payloadOffset(memory, slot) + keyBytes > endOfChunk(memory, slot)) {
    removeEntry(shard, slot);
    return;
  }
  planEntry(memory, slot, leavingPlan);
  const oldBytes = leavingPlan.bytes;
  freeExtents(memory, slot);
  floats[PAYLOAD_BYTES]! -= valueBytesOf(memory, slot);
  words[slot * 2 + VALUE_BYTES]! &= ~VALUE_BITS;
  const newBytes = memory.sizes.chunkBytes[classOf(memory, slot)]!;
  floats[USED_BYTES]! += newBytes - oldBytes;
  shard.seated.policy.reweigh(slot, oldBytes, newBytes);
  compact(shard, leavingPlan);
}

/** Whether the draft's chunks can be had, and those of the index for `added` entries more. */
function hasRoom(shard: Shard, added: number): boolean {
  const { memory } = shard;
  if (added === 0) return planFits(memory, shard.plan, 0);
  if (memory.words[ENTRIES]! >= shard.seated.entryLimit) return false;
  // Where nothing may be evicted, a slower index is better than a refusal.
  return planFits(memory, shard.plan, shard.evicts ? indexPagesNeeded(memory) : 0);
}

/** Writes the draft's header and payload into chunks of its plan, and counts it. */
function writeDraft(shard: Shard, slot: number): void {
  const { memory, draft, plan } = shard;
  const { words, floats } = memory;
  const at = slot * 2;
  const keyBytes = draft.keyEnd - draft.keyStart;
  const valueBytes = draft.valueEnd - draft.valueStart;
  const withExpiry = needsExpiryField(shard);
  words[at + HASH] = draft.hash;
  words[at + VALUE_BYTES] = valueBytes | (withExpiry ? HAS_EXPIRY : 0) | (plan.hasExtents ? HAS_EXTENTS : 0);
  words[at + KEY_BYTES] = keyBytes;
  setFilledAt(memory, slot, draft.nowMs, draft.epoch);
  if (withExpiry || plan.hasExtents) floats[slot + EXPIRY_FLOAT] = draft.expiresAtMs;
  writePayload(memory, slot, 0, draft.key, draft.keyStart, draft.keyEnd);
  writePayload(memory, slot, keyBytes, draft.value, draft.valueStart, draft.valueEnd);
  if (draft.expiresAtMs !== 0) words[EXPIRING]!++;
  floats[USED_BYTES]! += plan.bytes;
  floats[PAYLOAD_BYTES]! += keyBytes + valueBytes;
}

/** Takes an entry out of the counters. */
function uncount(memory: ShardMemory, slot: number, bytes: number): void {
  const { words, floats } = memory;
  if (expiryOf(memory, slot) !== 0) words[EXPIRING]!--;
  floats[USED_BYTES]! -= bytes;
  floats[PAYLOAD_BYTES]! -= keyBytesOf(memory, slot) + valueBytesOf(memory, slot);
}

/** Gives an entry's memory back; the policy has forgotten it. */
function discard(shard: Shard, slot: number): void {
  const { memory, leavingPlan } = shard;
  planChunks(memory, slot, leavingPlan);
  uncount(memory, slot, leavingPlan.bytes);
  unlinkEntry(memory, slot);
  freeChain(memory, slot);
  memory.words[ENTRIES]!--;
  shrinkIndex(memory);
  compact(shard, leavingPlan);
}

/** Empties pages of the plan's classes as long as they hold too many free chunks. */
function compact(shard: Shard, plan: ChainPlan): void {
  for (let run = 0; run < plan.runs; run++) {
    const sizeClass = plan.classes[run]!;
    while (isWasteful(shard.memory, sizeClass)) emptyPage(shard, sizeClass);
  }
}

/** Moves the chunks of a class's emptiest page into other pages of the class and gives the page back. */
function emptyPage(shard: Shard, sizeClass: number): void {
  const { memory } = shard;
  const { words, bytes } = memory;
  const chunkBytes = memory.sizes.chunkBytes[sizeClass]!;
  const chunks = memory.sizes.chunksPerPage[sizeClass]!;
  const page = emptiestPage(memory, sizeClass);
  const row = pageRow(memory, page);
  const used = words[row + PAGE_USED_CHUNKS]!;
  unlinkRoomyPage(memory, page);
  for (let from = firstSlotOf(memory, page), left = used; left > 0; from += chunkBytes / 8) {
    const kind = words[from * 2]! & KIND_BITS;
    if (kind === KIND_FREE) continue;
    left--;
    const to = takeChunk(memory, sizeClass);
    bytes.copyWithin(to * 8, from * 8, from * 8 + chunkBytes);
    if (kind === KIND_ENTRY) {
      relinkEntry(memory, from, to);
      shard.seated.policy.move(from, to);
    }
    relinkChunk(memory, to);
  }
  memory.floats[MOVES]! += used;
  words[memory.classTable + sizeClass * CLASS_WORDS + CLASS_FREE_CHUNKS]! -= chunks - used;
  freePage(memory, page);
}

function isOfEpoch(memory: ShardMemory, slot: number, epoch: number): boolean {
  return memory.words[slot * 2 + FILLED_HIGH]! >>> EPOCH_SHIFT === (epoch & EPOCH_BITS);
}
