import type { NumberedBatch } from "./numbered-batch.ts";
import { DELETE, EXPIRE, READ } from "./records.ts";
import type { SimulatedCache } from "./simulated-cache.ts";
import type { Counts } from "./tally.ts";

/**
 * The effect of a write on the cache: stores the object, or drops the present copy, as a cache beside the origin
 * does.
 */
export type WriteEffect = "store" | "drop";

/**
 * Replays records of any kind: sizes, writes, deletes, times to live, families, offline policies.
 *
 * A read of a resident object is a hit; if the object's size has changed, the policy is told. Any other read is a
 * miss, after which the object is resident unless it is larger than the cache. A time to live counts from the record
 * that made the object resident or wrote it. Expired entries are removed before the next record, as the store's sweep
 * removes them, so no entry is evicted while an expired one takes room. Writes, deletes and new times to live change
 * the cache but do not count as requests, and a new time to live does not count as a use of the entry.
 * @param familyMisses receives the misses by family of keys
 */
export function replayRecords(
  cache: SimulatedCache,
  batch: NumberedBatch,
  from: number,
  to: number,
  writes: WriteEffect,
  counts: Counts,
  familyMisses: Float64Array | undefined,
): void {
  const { objects, size, operation, ttlMs, timeMs, family, nextDistance } = batch;
  const { hasSizes, hasOperations, hasNextDistances } = batch;
  const isWeighed = cache.weightOf !== undefined;
  for (let i = from; i < to; i++, cache.now++) {
    const object = objects[i]!;
    const bytes = hasSizes ? size[i]! : 1;
    const weight = isWeighed ? bytes : 1;
    const distance = hasNextDistances ? nextDistance[i]! : 0;
    const nextAccess = distance === 0 ? Number.POSITIVE_INFINITY : cache.now + distance;
    const kind = hasOperations ? operation[i]! : READ;
    if (hasOperations && cache.nextExpiryMs <= timeMs[i]!) cache.expire(timeMs[i]!);
    let slot = cache.slotHolding(object);
    if (kind === READ) {
      counts.requests++;
      counts.bytesRequested += bytes;
      if (slot !== 0 && weight <= cache.capacity) {
        touch(cache, slot, weight, nextAccess);
        continue;
      }
      counts.misses++;
      counts.bytesMissed += bytes;
      if (familyMisses !== undefined) familyMisses[family[i]!]!++;
    } else if (kind === DELETE || writes === "drop") {
      if (slot !== 0) cache.remove(slot);
      continue;
    } else if (kind === EXPIRE) {
      if (slot === 0) continue;
      if (cache.isOffline) cache.nextOf[slot] = nextAccess;
      limitLife(cache, object, timeMs[i]!, ttlMs[i]!);
      continue;
    }
    if (slot !== 0 && weight > cache.capacity) {
      cache.remove(slot);
      continue;
    }
    if (slot !== 0) touch(cache, slot, weight, nextAccess);
    else slot = cache.admit(object, weight, nextAccess);
    if (hasOperations) limitLife(cache, object, timeMs[i]!, ttlMs[i]!);
  }
}

/** Counts a use of an entry, whose object may have a new size. */
function touch(cache: SimulatedCache, slot: number, weight: number, nextAccess: number): void {
  if (cache.isOffline) cache.nextOf[slot] = nextAccess;
  cache.policy.hit(slot);
  if (cache.weightOf !== undefined && cache.weightOf[slot] !== weight) cache.reweigh(slot, weight);
}

/** Sets or removes the time to live of an object that was just stored, unless it was evicted at once. */
function limitLife(cache: SimulatedCache, object: number, nowMs: number, ttlMs: number): void {
  const slot = cache.slotHolding(object);
  if (slot !== 0) cache.setExpiry(slot, ttlMs > 0 ? nowMs + ttlMs : Number.POSITIVE_INFINITY);
}
