import { expiryOf, hasExpiryField, isExtended, isOfEpoch } from "./entry.ts";
import { EXPIRY_FLOAT, GRACE_FLOAT } from "./entry-layout.ts";
import { EXPIRING, type ShardMemory } from "./shard-memory.ts";

/** Whether an entry may be served at a given time; a smaller number is better. */
export type Freshness = 0 | 1 | 2 | 3;

/** Before its expiry: may be served. */
export const FRESH = 0;
/** Behind its expiry, but within its grace: may be served to readers that accept an old value. */
export const STALE = 1;
/** Behind expiry and grace. Not served; a write, an eviction or the sweep removes it. */
export const EXPIRED = 2;
/** Of an epoch that is over: never served, whatever its deadlines. */
export const DEAD = 3;

/** Returns the entry's freshness without changing the entry. @param epoch that of its key */
export function freshnessOf(memory: ShardMemory, slot: number, epoch: number, nowMs: number): Freshness {
  if (!isOfEpoch(memory, slot, epoch)) return DEAD;
  return hasExpiryField(memory, slot) ? freshnessByTerms(memory, slot, nowMs) : FRESH;
}

/** Kept apart so that a hit on an entry without deadlines stays small enough to be compiled as one function. */
function freshnessByTerms(memory: ShardMemory, slot: number, nowMs: number): Freshness {
  const expiresAtMs = memory.floats[slot + EXPIRY_FLOAT]!;
  const staleUntilMs = isExtended(memory, slot) ? memory.floats[slot + GRACE_FLOAT]! : 0;
  return freshnessAt(expiresAtMs, staleUntilMs, nowMs);
}

/**
 * Returns the freshness that follows from two deadlines. Only this function compares deadlines with a time.
 * @param expiresAtMs 0: never
 * @param staleUntilMs until when it may be served stale after its expiry; 0: no grace
 */
export function freshnessAt(expiresAtMs: number, staleUntilMs: number, nowMs: number): Freshness {
  if (expiresAtMs === 0 || expiresAtMs > nowMs) return FRESH;
  return staleUntilMs > nowMs ? STALE : EXPIRED;
}

/** Sets the deadlines of a new entry, whose header has room for them, and counts it if it expires. */
export function setTerms(memory: ShardMemory, slot: number, expiresAtMs: number, staleUntilMs: number): void {
  const { words, floats } = memory;
  if (hasExpiryField(memory, slot)) floats[slot + EXPIRY_FLOAT] = expiresAtMs;
  if (isExtended(memory, slot)) floats[slot + GRACE_FLOAT] = staleUntilMs;
  if (expiresAtMs !== 0) words[EXPIRING]!++;
}

/** Changes the deadlines of an entry that `setTerms` has counted. */
export function changeTerms(
  memory: ShardMemory,
  slot: number,
  expiresAtMs: number,
  staleUntilMs: number,
): void {
  if (expiryOf(memory, slot) !== 0) memory.words[EXPIRING]!--;
  setTerms(memory, slot, expiresAtMs, staleUntilMs);
}
