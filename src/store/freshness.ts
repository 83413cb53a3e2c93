import { expiryOf, hasExpiryField, isExtended, isOfEpoch } from "./entry.ts";
import { EXPIRY_FLOAT, GRACE_FLOAT } from "./entry-layout.ts";
import { EXPIRING, type ShardMemory } from "./shard-memory.ts";

/** What an entry is good for at a moment. The better, the smaller. */
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
  return hasExpiryField(memory, slot) ? freshnessByTerms(memory, slot, nowMs) : FRESH;
}

/** A function of its own, so that a hit on an entry without terms stays small enough to be compiled as one. */
function freshnessByTerms(memory: ShardMemory, slot: number, nowMs: number): Freshness {
  const expiresAtMs = memory.floats[slot + EXPIRY_FLOAT]!;
  const staleUntilMs = isExtended(memory, slot) ? memory.floats[slot + GRACE_FLOAT]! : 0;
  return freshnessAt(expiresAtMs, staleUntilMs, nowMs);
}

/**
 * What an entry of these terms is good for: the one place that compares deadlines with a time.
 * @param expiresAtMs 0 for never
 * @param staleUntilMs until when it may be served as stale behind that; 0 for no grace
 */
export function freshnessAt(expiresAtMs: number, staleUntilMs: number, nowMs: number): Freshness {
  if (expiresAtMs === 0 || expiresAtMs > nowMs) return FRESH;
  return staleUntilMs > nowMs ? STALE : EXPIRED;
}

/** Gives an entry its terms, and counts it as one that expires; its header has room for them. */
export function setTerms(memory: ShardMemory, slot: number, expiresAtMs: number, staleUntilMs: number): void {
  const { words, floats } = memory;
  if (hasExpiryField(memory, slot)) floats[slot + EXPIRY_FLOAT] = expiresAtMs;
  if (isExtended(memory, slot)) floats[slot + GRACE_FLOAT] = staleUntilMs;
  if (expiresAtMs !== 0) words[EXPIRING]!++;
}

/** The same of an entry that has had other terms, and has been counted. */
export function changeTerms(
  memory: ShardMemory,
  slot: number,
  expiresAtMs: number,
  staleUntilMs: number,
): void {
  if (expiryOf(memory, slot) !== 0) memory.words[EXPIRING]!--;
  setTerms(memory, slot, expiresAtMs, staleUntilMs);
}
