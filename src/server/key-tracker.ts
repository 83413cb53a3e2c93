import type { Connection } from "../net/connection.ts";

/**
 * Hears of every change of a key, whatever its cause. Server-assisted client-side caching depends on it. Views are
 * valid only during the call.
 */
export interface KeyTracker {
  /**
   * Called when the key bytes[start, end) has changed.
   * @param by the client that changed it; undefined for expiry and eviction
   */
  keyChanged(bytes: Uint8Array, start: number, end: number, by: Connection | undefined): void;
  /** Called when all keys have been removed. */
  flushed(by: Connection | undefined): void;
}
