import type { Overlay, PendingWrite } from "./overlay.ts";
import { HASH_BYTES, isExpired, MAXIMUM_HASH, readHash, recordExpiry } from "./record.ts";
import type { Tables } from "./tables.ts";
import type { WriteBehind } from "./write-behind.ts";

/** A step through all keys in the order of their hashes. */
export interface WalkStep {
  /** Stored keys of what has not expired. */
  readonly keys: Uint8Array[];
  /** The hash at which the next step begins; 0 when this was the last one. */
  readonly next: number;
}

/**
 * Takes the keys from the hash `cursor` on, of pending writes and of the database: about `count` of them, so that
 * the keys of the last hash are complete. What comes and goes between two steps cannot hide other keys.
 */
export function walkKeys(
  tables: Tables,
  pending: WriteBehind,
  cursor: number,
  count: number,
  nowMs: number,
): WalkStep {
  pending.touchAll();
  if (cursor > MAXIMUM_HASH) return { keys: [], next: 0 };
  const { overlay } = pending;
  // Pending writes may end the step early, then the database may.
  let upTo = pendingUpTo(overlay, cursor, count, nowMs);
  const keys: Uint8Array[] = [];
  if (!pending.hidesDatabase()) {
    const stored = tables.keysByHash(cursor, upTo, count);
    upTo = stored.upTo;
    const mayBeExpired = tables.hasExpiring(nowMs);
    for (const key of stored.keys) {
      if (overlay.find(key, HASH_BYTES, key.length, readHash(key)) !== undefined) continue;
      if (mayBeExpired && isExpired(recordExpiry(tables.find(key)!), nowMs)) continue;
      keys.push(key);
    }
  }
  overlay.forEach((write) => {
    if (write.hash >= cursor && write.hash <= upTo && isLive(write, nowMs)) keys.push(write.key);
  });
  return { keys, next: upTo === MAXIMUM_HASH ? 0 : upTo + 1 };
}

/** The hash up to which there are about `count` keys of pending writes from a hash on. */
function pendingUpTo(overlay: Overlay, from: number, count: number, nowMs: number): number {
  if (overlay.count <= count) return MAXIMUM_HASH;
  const hashes: number[] = [];
  overlay.forEach((write) => {
    if (write.hash >= from && isLive(write, nowMs)) hashes.push(write.hash);
  });
  if (hashes.length <= count) return MAXIMUM_HASH;
  return Uint32Array.from(hashes).sort()[count]!;
}

function isLive(write: PendingWrite, nowMs: number): boolean {
  return write.record !== undefined && !isExpired(write.expiresAtMs, nowMs);
}
