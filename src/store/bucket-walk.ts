import { VALUE } from "../coherence/variant.ts";
import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { Random } from "../lib/random.ts";
import { keyBytesOf, kindOf, readPayload } from "./entry.ts";
import { HASH, NEXT_IN_BUCKET, SLOT_BITS } from "./entry-layout.ts";
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
 * Walks over the entries of a shard in scan order, the order of bit-reversed hashes, in which every bucket of the
 * index is one interval however the index grows and shrinks. Called with the shard's lock held.
 */

/** Positions in scan order. */
export const POSITIONS: number = 2 ** 32;

/** The first slot in the chain of the bucket at a position in scan order. */
function firstEntryAt(memory: ShardMemory, position: number): number {
  return memory.words[wordOfBucket(memory, bucketAtPosition(memory, position))]!;
}

export function nextInBucket(memory: ShardMemory, slot: number): number {
  return memory.words[slot * 2 + NEXT_IN_BUCKET]! & SLOT_BITS;
}

/** Collects the keys of fresh values in the bucket at a position that are not before it in scan order. */
export function collectKeys(
  memory: ShardMemory,
  position: number,
  epoch: number,
  nowMs: number,
  keys: ByteBuffer,
  ends: number[],
  hashes: number[],
): void {
  for (let slot = firstEntryAt(memory, position); slot !== 0; slot = nextInBucket(memory, slot)) {
    const hash = memory.words[slot * 2 + HASH]! >>> 0;
    if (reverseBits(hash) < position || !isFreshValue(memory, slot, epoch, nowMs)) continue;
    const keyBytes = keyBytesOf(memory, slot);
    keys.reserve(keyBytes);
    readPayload(memory, slot, 0, keyBytes, keys);
    ends.push(keys.length);
    hashes.push(hash);
  }
}

/**
 * Draws one of the fresh values in the bucket at a position.
 * @returns its slot, 0 when there is none
 */
export function drawEntryAt(
  memory: ShardMemory,
  position: number,
  epoch: number,
  nowMs: number,
  random: Random,
): number {
  let fresh = 0;
  for (let slot = firstEntryAt(memory, position); slot !== 0; slot = nextInBucket(memory, slot)) {
    if (isFreshValue(memory, slot, epoch, nowMs)) fresh++;
  }
  if (fresh === 0) return 0;
  let skipped = Math.floor(random.next() * fresh);
  let slot = firstEntryAt(memory, position);
  while (!isFreshValue(memory, slot, epoch, nowMs) || skipped-- > 0) slot = nextInBucket(memory, slot);
  return slot;
}

/** Of a key's entries the value alone stands for it, so that no key comes twice. */
function isFreshValue(memory: ShardMemory, slot: number, epoch: number, nowMs: number): boolean {
  return kindOf(memory, slot) === VALUE.kind && freshnessOf(memory, slot, epoch, nowMs) === FRESH;
}

/** How far a sweep has come. An object to be reused. */
export interface SweepProgress {
  /** Entries removed. */
  removed: number;
  /** Buckets that may still be looked at. */
  steps: number;
}

/**
 * Removes dead and expired entries, going on where the last call ended.
 * @param limit how many buckets to look at in this call
 * @returns whether this round through the shard is over, or there is nothing to do
 */
export function sweepShard(
  shard: Shard,
  epoch: number,
  nowMs: number,
  limit: number,
  progress: SweepProgress,
): boolean {
  const { memory } = shard;
  const { words } = memory;
  for (let buckets = 0; buckets < limit && progress.steps > 0; buckets++, progress.steps--) {
    if (!needsSweep(memory, epoch)) return true;
    const position = words[SWEEP_POSITION]! >>> 0;
    if (position === 0) words[SWEEP_EPOCH] = epoch;
    progress.removed += sweepBucket(shard, position, epoch, nowMs);
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
 * @returns how many they were
 */
function sweepBucket(shard: Shard, position: number, epoch: number, nowMs: number): number {
  const { memory } = shard;
  for (let removed = 0; ; removed++) {
    // From the start each time: a removal may move entries and merge buckets.
    const slot = expiredEntryAt(memory, position, epoch, nowMs);
    if (slot === 0) return removed;
    removeExpired(shard, slot, epoch);
  }
}

/** The first entry that has expired or is dead. */
function expiredEntryAt(memory: ShardMemory, position: number, epoch: number, nowMs: number): number {
  let slot = firstEntryAt(memory, position);
  while (slot !== 0 && freshnessOf(memory, slot, epoch, nowMs) < EXPIRED) slot = nextInBucket(memory, slot);
  return slot;
}

/** Whether there may be entries that have expired or are of an epoch before. */
function needsSweep(memory: ShardMemory, epoch: number): boolean {
  const { words } = memory;
  if (words[ENTRIES] === 0) return false;
  return words[EXPIRING] !== 0 || words[SWEPT_EPOCH] !== epoch;
}
