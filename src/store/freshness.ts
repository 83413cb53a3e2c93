import { expiryOf, hasExpiryField, isOfEpoch } from "./entry.ts";
import type { ShardMemory } from "./shard-memory.ts";

/** What an entry is good for at a moment. The better, the smaller: `freshness <= STALE` is an entry to be served or kept. */
export type Freshness = 0 | 1 | 2 | 3;

/** Before its expiry: to be served. */
export const FRESH = 0;
/** Behind its expiry, within the grace that its terms grant: for readers that accept an old value. */
export const STALE = 1;
/** Past its terms: as good as gone, until a write, an eviction or the sweep removes it. */
export const EXPIRED = 2;
/** Of an epoch before: everything fetched then is void, whatever its terms. */
export const DEAD = 3;

/** What an entry is good for. Looking changes nothing. */
export function freshnessOf(memory: ShardMemory, slot: number, epoch: number, nowMs: number): Freshness {
  if (!isOfEpoch(memory, slot, epoch)) return DEAD;
  if (!hasExpiryField(memory, slot)) return FRESH;
  return freshnessAt(expiryOf(memory, slot), nowMs);
}

/**
 * What an entry of these terms is good for: the one place that compares a deadline with a time.
 * @param expiresAtMs 0 for never
 */
export function freshnessAt(expiresAtMs: number, nowMs: number): Freshness {
  return expiresAtMs === 0 || expiresAtMs > nowMs ? FRESH : EXPIRED;
}
