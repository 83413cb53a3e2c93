import { EXPIRY_BYTES, HASH_BYTES, isExpired, readHash } from "./record.ts";
import type { Tables } from "./tables.ts";
import type { WriteBehind } from "./write-behind.ts";

/** Finds the keys that have expired and are still there, some at a time. */
export class ExpiredKeys {
  readonly #tables: Tables;
  readonly #pending: WriteBehind;
  /** Where the next search in the database goes on, as long as there have been so many checkpoints. */
  #from: Uint8Array | undefined;
  #checkpoints = 0;

  constructor(tables: Tables, pending: WriteBehind) {
    this.#tables = tables;
    this.#pending = pending;
  }

  /** Stored keys of what has expired, at most `limit`; those of the database first. */
  next(limit: number, nowMs: number): Uint8Array[] {
    const keys: Uint8Array[] = [];
    if (!this.#pending.hidesDatabase()) this.#addCommitted(limit, nowMs, keys);
    if (keys.length < limit) {
      this.#pending.overlay.forEach((write) => {
        const isGone = write.record !== undefined && isExpired(write.expiresAtMs, nowMs);
        if (isGone && keys.length < limit) keys.push(write.key);
      });
    }
    return keys;
  }

  /** Adds keys of the database that have no pending write: that would have the last word. */
  #addCommitted(limit: number, nowMs: number, keys: Uint8Array[]): void {
    const { overlay, checkpoints } = this.#pending;
    // Until the next checkpoint's end, what was removed is still found: going on behind it, calls need not skip
    // it again.
    if (this.#checkpoints !== checkpoints) this.#from = undefined;
    this.#checkpoints = checkpoints;
    this.#tables.expiringUpTo(nowMs, this.#from, (expiryKey) => {
      this.#from = expiryKey;
      const key = expiryKey.subarray(EXPIRY_BYTES);
      if (overlay.find(key, HASH_BYTES, key.length, readHash(key)) === undefined) keys.push(key);
      return keys.length < limit;
    });
  }
}
