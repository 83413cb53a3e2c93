import { EXPIRY_BYTES, HASH_BYTES, isExpired, readHash } from "./record.ts";
import type { Tables } from "./tables.ts";
import type { WriteBehind } from "./write-behind.ts";

/** Finds expired keys that have not been removed yet, some at a time. */
export class ExpiredKeys {
  readonly #tables: Tables;
  readonly #pending: WriteBehind;
  /** Where the next search of the database begins; valid while the number of checkpoints is `#checkpoints`. */
  #from: Uint8Array | undefined;
  #checkpoints = 0;

  constructor(tables: Tables, pending: WriteBehind) {
    this.#tables = tables;
    this.#pending = pending;
  }

  /** Returns the stored keys of at most `limit` expired records, those of the database first. */
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

  /** Adds expired keys of the database that have no pending write. A pending write would overrule the database. */
  #addCommitted(limit: number, nowMs: number, keys: Uint8Array[]): void {
    const { overlay, checkpoints } = this.#pending;
    // The database still has removed keys until the next checkpoint ends. By continuing behind them, calls need not
    // skip them again.
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
