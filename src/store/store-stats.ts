import { HASH_SLOTS } from "../lib/hash-slot.ts";
import {
  BUCKET_COUNT,
  ENTRIES,
  EVICTIONS,
  EXPIRATIONS,
  EXPIRING,
  FILLS,
  FILLS_AT_EPOCH,
  FREE_PAGES,
  HITS,
  MISSES,
  MOVES,
  PAYLOAD_BYTES,
  REFUSED_FILLS,
  type ShardMemory,
  USED_BYTES,
  VALUES_BYTES,
} from "./shard-memory.ts";

/** Hash slots whose fills are noted together when they become void. */
const SLOTS_PER_GROUP = 16;
export const SLOT_GROUPS: number = HASH_SLOTS / SLOTS_PER_GROUP;

export interface StoreStats {
  budgetBytes: number;
  /** Bytes of the arena that entries use. */
  usedBytes: number;
  /** Bytes of keys and values. */
  payloadBytes: number;
  /** Bytes of values alone. */
  valuesBytes: number;
  /** Resident entries, including those that are expired or of an earlier epoch and have not been removed yet. */
  entries: number;
  /** Entries with an expiry. */
  expiring: number;
  evictions: number;
  expirations: number;
  hits: number;
  misses: number;
  fills: number;
  /** Fills refused: lease void, epoch over, expired, or no room. */
  refusedFills: number;
  shards: number;
  /** Bytes of unused pages. */
  freeBytes: number;
  /** Buckets of the index. */
  buckets: number;
  /** Chunks that compaction has moved. */
  moves: number;
}

export function emptyStats(budgetBytes: number, shards: number): StoreStats {
  return {
    budgetBytes,
    usedBytes: 0,
    payloadBytes: 0,
    valuesBytes: 0,
    entries: 0,
    expiring: 0,
    evictions: 0,
    expirations: 0,
    hits: 0,
    misses: 0,
    fills: 0,
    refusedFills: 0,
    shards,
    freeBytes: 0,
    buckets: 0,
    moves: 0,
  };
}

/** Adds a shard's counters. Each is an aligned word of 4 or 8 bytes, so none is read half written. */
export function addStats(stats: StoreStats, memory: ShardMemory): void {
  const { words, floats, sizes } = memory;
  stats.usedBytes += floats[USED_BYTES]!;
  stats.payloadBytes += floats[PAYLOAD_BYTES]!;
  stats.valuesBytes += floats[VALUES_BYTES]!;
  stats.entries += words[ENTRIES]!;
  stats.expiring += words[EXPIRING]!;
  stats.evictions += floats[EVICTIONS]!;
  stats.expirations += floats[EXPIRATIONS]!;
  stats.hits += floats[HITS]!;
  stats.misses += floats[MISSES]!;
  stats.fills += floats[FILLS]!;
  stats.refusedFills += floats[REFUSED_FILLS]!;
  stats.freeBytes += words[FREE_PAGES]! * sizes.pageBytes;
  stats.buckets += words[BUCKET_COUNT]!;
  stats.moves += floats[MOVES]!;
}

/**
 * Counts the entries of a shard that become invisible because a new epoch has begun, without a walk: all that are
 * resident, expired ones included. Those of earlier epochs that were not removed yet must not count again. Nobody knows
 * how many these are, but each entry of the epoch that ends was filled in it, so there are no more than its fills. The
 * count is too high only if epochs follow so fast that the sweep does not keep up, and entries were filled and lost in
 * between.
 */
export function droppedAtEpoch({ words, floats }: ShardMemory): number {
  const fills = floats[FILLS]! | 0;
  // Of two threads that begin an epoch at once, one counts.
  const before = Atomics.exchange(words, FILLS_AT_EPOCH, fills);
  return Math.min(words[ENTRIES]!, (fills - before) >>> 0);
}

/**
 * Counts the entries of a store that become invisible because some hash slots, or all, have begun a new epoch, without a
 * walk. Assumes that each hash slot has as many entries as any other. As in `droppedAtEpoch`, a slot has no more visible
 * entries than it had fills since its last epoch began. That is noted for groups of neighbors, since a node's slots are
 * mostly ranges. A group that is bumped in part counts these slots and notes nothing, so the count is too high if the
 * same slots are bumped again soon.
 * @param fillsAtEpoch for each group, the fills of the store until its latest epoch began, their lowest 32 bits
 * @param slots distinct hash slots; undefined: all
 */
export function droppedInSlots(
  memories: readonly ShardMemory[],
  fillsAtEpoch: Int32Array,
  slots?: readonly number[],
): number {
  let fills = 0;
  let entries = 0;
  for (const { words, floats } of memories) {
    fills += floats[FILLS]!;
    entries += words[ENTRIES]!;
  }
  const bumped = new Uint8Array(SLOT_GROUPS);
  if (slots === undefined) bumped.fill(SLOTS_PER_GROUP);
  else for (const slot of slots) bumped[Math.floor(slot / SLOTS_PER_GROUP)]!++;
  let dropped = 0;
  for (let group = 0; group < SLOT_GROUPS; group++) {
    const count = bumped[group]!;
    if (count === 0) continue;
    const before =
      count === SLOTS_PER_GROUP
        ? Atomics.exchange(fillsAtEpoch, group, fills | 0)
        : Atomics.load(fillsAtEpoch, group);
    dropped += (Math.min(entries, (fills - before) >>> 0) * count) / HASH_SLOTS;
  }
  return Math.round(dropped);
}

/** Notes that all hash slots begin a new epoch now, for `droppedInSlots`. */
export function noteFills(memories: readonly ShardMemory[], fillsAtEpoch: Int32Array): void {
  const fills = memories.reduce((sum, { floats }) => sum + floats[FILLS]!, 0);
  for (let group = 0; group < SLOT_GROUPS; group++) Atomics.store(fillsAtEpoch, group, fills | 0);
}
