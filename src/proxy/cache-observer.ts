import type { InvalidationObserver } from "../coherence/coherent-cache.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Departure } from "../store/departures.ts";

/** Why what a miss brought was not kept: it was changed meanwhile, has no time to live to be kept for, or no room. */
type FillRefusal = "void" | "no-time-to-live" | "no-room";

/**
 * Told of everything that happens to the keys of one thread's cache, each from one place. Keys are bytes[start, end),
 * valid during the call; `hash` is the store's. Nothing is told where nobody listens, at the cost of one comparison.
 */
export interface CacheObserver extends InvalidationObserver {
  /** A read was answered from the cache. */
  hit(key: KeyRef, valueBytes: number, nowMs: number): void;
  /** A read was not, and waits for the origin. @returns a number to call it by when it is `answered` */
  missed(key: KeyRef, nowMs: number): number;
  /** Such a read joins what somebody else has asked already. */
  coalesced(hash: number): void;
  /** A read that missed is given a value. @param read as `missed` called it @param remainingMs as PTTL has it */
  answered(read: number, valueBytes: number, remainingMs: number): void;
  /** What came is in the cache. @param expiresAtMs 0: never */
  filled(hash: number, valueBytes: number, expiresAtMs: number): void;
  refused(hash: number, why: FillRefusal): void;
  /** A write of the key passes. @param removes whether it leaves no value */
  wrote(key: KeyRef, removes: boolean, nowMs: number): void;
  /** An entry left by itself. Absent where nobody wants to know: the key has to be copied for it. */
  left?(key: Uint8Array, why: Departure): void;
}
