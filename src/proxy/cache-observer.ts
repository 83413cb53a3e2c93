import type { InvalidationObserver } from "../coherence/coherent-cache.ts";
import type { Refusal } from "../instruments/events/event-kinds.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { RemovalCause } from "../store/removals.ts";

/**
 * Is told of everything that happens to the keys of one thread's cache; each event has one place that reports it.
 * Keys are valid during the call only; `hash` is the store's. Without an observer each event costs one comparison.
 */
export interface CacheObserver extends InvalidationObserver {
  /** A read was answered from the cache. */
  hit(key: KeyRef, valueBytes: number, nowMs: number): void;
  /** A read missed, and waits for the origin. @returns a number that stands for the read in `answered` */
  missed(key: KeyRef, nowMs: number): number;
  /** A read that missed joins the flight of another one. */
  coalesced(hash: number): void;
  /** A read that missed gets a value. @param read the number from `missed` @param remainingMs as PTTL returns it */
  answered(hash: number, read: number, valueBytes: number, remainingMs: number): void;
  /**
   * A fetched value was stored.
   * @param expiresAtMs 0: never
   * @param sentAtMs when the origin was asked for it
   */
  filled(hash: number, valueBytes: number, expiresAtMs: number, sentAtMs: number): void;
  /** A miss left nothing in the cache. */
  refused(hash: number, why: Refusal): void;
  /** A write of the key passes. @param removes whether it leaves no value */
  wrote(key: KeyRef, removes: boolean, nowMs: number): void;
  /** An entry was evicted or has expired. If this method is absent, the key need not be copied for it. */
  left?(key: Uint8Array, cause: RemovalCause): void;
}
