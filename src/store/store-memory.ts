import { drawHashKey } from "../lib/hash-key.ts";
import { formatSize } from "../lib/quantity.ts";
import { type HashKey, halfSipHash } from "../lib/sip-hash.ts";
import { parsePolicy } from "../policy/registry.ts";
import { Control, controlBytes } from "./control.ts";
import { EXTENDED_HEADER_BYTES, EXTENT_HEADER_BYTES, VALUE_BYTES_LIMIT } from "./entry-layout.ts";
import { formatShard } from "./shard.ts";
import {
  MOST_ENTRIES,
  PAGE_LIMIT,
  SHARD_LEAST_BYTES,
  SHARD_LIMIT_BYTES,
  ShardMemory,
} from "./shard-memory.ts";
import { checkPolicy } from "./shard-policy.ts";

export interface StoreOptions {
  /** All memory that the store takes, its own tables included; at least 256 KiB. */
  budgetBytes: number;
  /**
   * The largest budget that `Store.setBudget` accepts; this much address space is reserved. By default the budget.
   */
  mostBudgetBytes?: number | undefined;
  /** A power of two; 1 by default. Raised so that no shard exceeds 2 GiB. */
  shards?: number;
  /** An eviction policy, as `parsePolicy` reads it; `s3-fifo` by default. */
  policy?: string;
  /** The secret of the key hashes, which keeps clients from choosing keys that collide. Random by default. */
  hashKey?: HashKey | undefined;
  /** The seed of policies that use random numbers. Derived from the hash key by default. */
  seed?: number;
  /** What happens to a write that does not fit: `evict` (the default) makes room, `refuse` refuses the write. */
  whenFull?: "evict" | "refuse";
  /**
   * The most entries to hold, besides the budget; unlimited by default. Shards have equal parts of it. Every entry
   * then weighs the same to the policy, whatever its size.
   */
  maxEntries?: number | undefined;
}

/** Everything that another thread needs to attach to a store. Can be sent with `postMessage`. */
export interface StoreHandle {
  readonly control: SharedArrayBuffer;
  readonly shards: readonly SharedArrayBuffer[];
}

/** One thread's view of the memory of a store. */
export interface StoreMemory {
  readonly control: Control;
  readonly shards: readonly ShardMemory[];
}

const LEAST_BUDGET_BYTES = 256 * 1024;
const BUDGET_LIMIT_BYTES: number = 2 ** 40;
const SHARDS_LIMIT = 65_536;
/** A bound on the entries of one shard, far above the number that its memory has room for. */
const ENTRIES_LIMIT = 2 ** 29;
/**
 * A remainder that does not fill a page may be split into chunks of up to this many classes, each on another page.
 */
const PAGES_FOR_REST = 4;
const KEY_ALLOWANCE_BYTES = 256;

/**
 * Allocates and formats the memory of a store.
 * @throws RangeError for an option out of range, naming the range in one line
 */
export function createStoreMemory(options: StoreOptions): StoreMemory {
  const { budgetBytes, mostBudgetBytes = budgetBytes, whenFull = "evict" } = options;
  const hashKey = options.hashKey ?? drawHashKey();
  const seed = options.seed ?? seedOf(hashKey);
  const shardCount = shardCountFor(budgetBytes, mostBudgetBytes, options.shards ?? 1);
  const choice = parsePolicy(options.policy ?? "s3-fifo");
  const shards: ShardMemory[] = [];
  let control: Control;
  try {
    control = Control.create(budgetBytes, mostBudgetBytes, shardCount, whenFull === "evict", seed, hashKey);
    const [bytes, mostBytes] = [budgetBytes, mostBudgetBytes].map((budget) => shardBytesOf(control, budget));
    while (shards.length < shardCount) shards.push(ShardMemory.create(bytes!, mostBytes!));
  } catch (error) {
    throw new RangeError(`${formatSize(mostBudgetBytes)} of memory for the cache cannot be allocated`, {
      cause: error,
    });
  }
  for (const [index, memory] of shards.entries()) {
    if (options.maxEntries !== undefined) {
      memory.words[MOST_ENTRIES] = entriesOfShard(options.maxEntries, index, shardCount);
    }
    checkPolicy(memory, choice);
    formatShard(memory, choice);
  }
  return { control, shards };
}

/** Attaches to memory that another thread has created. */
export function attachStoreMemory(handle: StoreHandle): StoreMemory {
  return {
    control: new Control(handle.control),
    shards: handle.shards.map((buffer) => new ShardMemory(buffer)),
  };
}

/** Returns the size of each shard within a budget. Control words and leases keep the size they were made with. */
export function shardBytesOf({ buffer, shardCount }: Control, budgetBytes: number): number {
  return Math.floor((budgetBytes - buffer.byteLength) / shardCount / 8) * 8;
}

/** Returns the size up to which every value fits a shard, with a key of up to 256 bytes. */
export function largestValueBytes(memory: ShardMemory): number {
  const { words, sizes } = memory;
  // The index needs one page at least.
  const roomBytes = (words[PAGE_LIMIT]! - 1 - PAGES_FOR_REST) * (sizes.pageBytes - EXTENT_HEADER_BYTES);
  return Math.min(VALUE_BYTES_LIMIT, roomBytes - EXTENDED_HEADER_BYTES - KEY_ALLOWANCE_BYTES);
}

/** Derives a seed by hashing, so that the seed reveals nothing about the key. */
function seedOf({ low, high }: HashKey): number {
  return halfSipHash(new Uint8Array(0), 0, 0, low, high);
}

/** Returns a shard's part of the entries. The parts are equal; the first ones are larger by one if necessary. */
function entriesOfShard(maxEntries: number, index: number, shards: number): number {
  if (!Number.isInteger(maxEntries) || maxEntries < shards || maxEntries > shards * ENTRIES_LIMIT) {
    const most = (shards * ENTRIES_LIMIT).toLocaleString("en");
    throw new RangeError(
      `the number of entries must be a whole number from ${shards} to ${most}, not ${maxEntries}`,
    );
  }
  return Math.floor(maxEntries / shards) + (index < maxEntries % shards ? 1 : 0);
}

/** Returns the smallest budget of a store with this many shards. */
export function leastBudgetBytes(shards: number): number {
  return Math.max(LEAST_BUDGET_BYTES, shards * SHARD_LEAST_BYTES * 2);
}

function shardCountFor(budgetBytes: number, mostBudgetBytes: number, wanted: number): number {
  if (!Number.isInteger(Math.log2(wanted)) || wanted < 1 || wanted > SHARDS_LIMIT) {
    throw new RangeError(`the number of shards must be a power of two up to ${SHARDS_LIMIT}, not ${wanted}`);
  }
  const leastBytes = leastBudgetBytes(wanted);
  if (!(budgetBytes >= leastBytes)) {
    const needed = wanted === 1 ? "a cache" : `a cache of ${wanted} shards`;
    throw new RangeError(
      `${needed} needs at least ${formatSize(leastBytes)}, not ${formatSize(budgetBytes)}`,
    );
  }
  if (mostBudgetBytes > BUDGET_LIMIT_BYTES) {
    throw new RangeError(
      `a cache takes at most ${formatSize(BUDGET_LIMIT_BYTES)}, not ${formatSize(mostBudgetBytes)}`,
    );
  }
  if (!(mostBudgetBytes >= budgetBytes)) {
    throw new RangeError(
      `a cache of ${formatSize(budgetBytes)} exceeds its own maximum of ${formatSize(mostBudgetBytes)}`,
    );
  }
  let count = wanted;
  while ((mostBudgetBytes - controlBytes(budgetBytes)) / count > SHARD_LIMIT_BYTES) count *= 2;
  if (budgetBytes < leastBudgetBytes(count)) {
    const [grown, least] = [mostBudgetBytes, leastBudgetBytes(count)].map(formatSize);
    throw new RangeError(
      `a cache that may grow to ${grown} needs at least ${least}, not ${formatSize(budgetBytes)}`,
    );
  }
  return count;
}
