import type { Overlay, PendingWrite } from "./overlay.ts";
import { HASH_BYTES, isExpired, MAXIMUM_HASH, readHash, recordExpiry } from "./record.ts";
import type { Tables } from "./tables.ts";
import type { WriteBehind } from "./write-behind.ts";

/** One step through all keys, in the order of their hashes. */
export interface WalkStep {
  /** Stored keys that have not expired. */
  readonly keys: Uint8Array[];
  /** The hash at which the next step begins; 0 when this was the last one. */
  readonly next: number;
}

/**
 * Takes about `count` keys from the hash `cursor` on, of pending writes and of the database. All keys of the last
 * hash are included. A key that appears or disappears between two steps cannot hide another key.
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
  // The step ends where pending writes, or else the database, have reached about `count` keys.
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

/** Returns the hash up to which pending writes have about `count` keys. */
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
