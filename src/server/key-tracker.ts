import type { Connection } from "../net/connection.ts";

/**
 * Told of every change of a key, whatever its cause: server-assisted client-side caching stands on it. Views are
 * not to be kept.
 */
export interface KeyTracker {
  /**
   * The key bytes[start, end) has changed.
   * @param by the client whose command it was; undefined for what happens by itself (expiry, eviction)
   */
  keyChanged(bytes: Uint8Array, start: number, end: number, by: Connection | undefined): void;
  /** All keys are gone. */
  flushed(by: Connection | undefined): void;
}
