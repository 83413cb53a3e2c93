import { VALUE } from "../coherence/variant.ts";
import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { Random } from "../lib/random.ts";
import { keyBytesOf, kindOf, readPayload } from "./entry.ts";
import { HASH, NEXT_IN_BUCKET, SLOT_BITS } from "./entry-layout.ts";
import type { Epochs } from "./epochs.ts";
import { EXPIRED, FRESH, freshnessOf } from "./freshness.ts";
import { bucketAtPosition, nextPosition, reverseBits, wordOfBucket } from "./index-table.ts";
import { removeExpired } from "./leaving.ts";
import type { Shard } from "./shard.ts";
import {
  ENTRIES,
  EXPIRING,
  type ShardMemory,
  SWEEP_EPOCH,
  SWEEP_POSITION,
  SWEPT_EPOCH,
} from "./shard-memory.ts";

/**
 * Walks over the entries of a shard in scan order, the order of bit-reversed hashes. In this order each bucket of the
 * index is one interval, however the index grows and shrinks. All functions expect the shard's lock to be held.
 */

/** The number of positions in scan order. */
export const POSITIONS: number = 2 ** 32;

/** Returns the first slot in the chain of the bucket at a position in scan order. */
function firstEntryAt(memory: ShardMemory, position: number): number {
  return memory.words[wordOfBucket(memory, bucketAtPosition(memory, position))]!;
}

export function nextInBucket(memory: ShardMemory, slot: number): number {
  return memory.words[slot * 2 + NEXT_IN_BUCKET]! & SLOT_BITS;
}

/** Collects the keys of fresh values in the bucket at a position, leaving out those before it in scan order. */
export function collectKeys(
  memory: ShardMemory,
  position: number,
  epochs: Epochs,
  nowMs: number,
  keys: ByteBuffer,
  ends: number[],
  hashes: number[],
): void {
  for (let slot = firstEntryAt(memory, position); slot !== 0; slot = nextInBucket(memory, slot)) {
    const hash = memory.words[slot * 2 + HASH]! >>> 0;
    if (reverseBits(hash) < position || !isFreshValue(memory, slot, epochs, nowMs)) continue;
    const keyBytes = keyBytesOf(memory, slot);
    keys.reserve(keyBytes);
    readPayload(memory, slot, 0, keyBytes, keys);
    ends.push(keys.length);
    hashes.push(hash);
  }
}

/** Visits the entries in the bucket at a position, leaving out those before it in scan order. */
export function visitBucket(
  memory: ShardMemory,
  position: number,
  visit: (slot: number, hash: number) => void,
): void {
  for (let slot = firstEntryAt(memory, position); slot !== 0; slot = nextInBucket(memory, slot)) {
    const hash = memory.words[slot * 2 + HASH]! >>> 0;
    if (reverseBits(hash) >= position) visit(slot, hash);
  }
}

/**
 * Draws a random fresh value from the bucket at a position, in one pass (reservoir sampling): an entry that was fresh
 * may be dead a moment later, because an epoch begins without this lock.
 * @returns its slot, 0 if there is none
 */
export function drawEntryAt(
  memory: ShardMemory,
  position: number,
  epochs: Epochs,
  nowMs: number,
  random: Random,
): number {
  let fresh = 0;
  let drawn = 0;
  for (let slot = firstEntryAt(memory, position); slot !== 0; slot = nextInBucket(memory, slot)) {
    if (!isFreshValue(memory, slot, epochs, nowMs)) continue;
    fresh++;
    if (random.next() * fresh < 1) drawn = slot;
  }
  return drawn;
}

/** Only the value counts among a key's entries, so that no key is visited twice. */
function isFreshValue(memory: ShardMemory, slot: number, epochs: Epochs, nowMs: number): boolean {
  return (
    kindOf(memory, slot) === VALUE.kind &&
    freshnessOf(memory, slot, epochs.ofEntry(memory, slot), nowMs) === FRESH
  );
}

/** The progress of a sweep. Reused between calls. */
export interface SweepProgress {
  /** Entries removed. */
  removed: number;
  /** Buckets that the sweep may still visit. */
  steps: number;
}

/**
 * Removes dead and expired entries, continuing where the last call ended.
 * @param limit the greatest number of buckets to visit in this call
 * @returns whether this round through the shard is over, or there is nothing to sweep
 */
export function sweepShard(shard: Shard, nowMs: number, limit: number, progress: SweepProgress): boolean {
  const { memory, epochs } = shard;
  const { words } = memory;
  for (let buckets = 0; buckets < limit && progress.steps > 0; buckets++, progress.steps--) {
    // Read before the epochs of entries: those that are dead by now are found.
    const { count } = epochs;
    if (!needsSweep(memory, count)) return true;
    const position = words[SWEEP_POSITION]! >>> 0;
    if (position === 0) words[SWEEP_EPOCH] = count;
    progress.removed += sweepBucket(shard, position, nowMs);
    const next = nextPosition(memory, position);
    words[SWEEP_POSITION] = next < POSITIONS ? next : 0;
    if (next >= POSITIONS) {
      words[SWEPT_EPOCH] = words[SWEEP_EPOCH]!;
      return true;
    }
  }
  return false;
}

/**
 * Removes the dead and expired entries of the bucket at a position in scan order.
 * @returns how many it removed
 */
function sweepBucket(shard: Shard, position: number, nowMs: number): number {
  for (let removed = 0; ; removed++) {
    // Starts over each time: a removal may move entries and merge buckets.
    const slot = expiredEntryAt(shard, position, nowMs);
    if (slot === 0) return removed;
    removeExpired(shard, slot);
  }
}

/** Returns the slot of the bucket's first entry that has expired or is dead; 0: none. */
function expiredEntryAt({ memory, epochs }: Shard, position: number, nowMs: number): number {
  let slot = firstEntryAt(memory, position);
  while (slot !== 0 && freshnessOf(memory, slot, epochs.ofEntry(memory, slot), nowMs) < EXPIRED) {
    slot = nextInBucket(memory, slot);
  }
  return slot;
}

/** Whether the shard may hold entries that expire or are of an epoch that is over. @param count of epochs */
function needsSweep(memory: ShardMemory, count: number): boolean {
  const { words } = memory;
  if (words[ENTRIES] === 0) return false;
  return words[EXPIRING] !== 0 || words[SWEPT_EPOCH] !== count;
}
