import type { LargeValue } from "../lib/byte-buffer.ts";

/** Where a value came from: the cache, the origin, or a request to the origin that somebody else had made. */
export type Source = "hit" | "miss" | "coalesced";

/** The origin could not be asked, or did not answer. */
export interface OriginFailure extends Error {
  readonly code: string;
  /** Whether the origin may have executed the request. */
  readonly maybeExecuted: boolean;
}

/** Why there is no value for a key. */
export type NoValue =
  /** The origin does not have the key. */
  | { readonly kind: "missing" }
  /** The origin answered with an error; whether it is that the key holds a value of another type. */
  | { readonly kind: "refused"; readonly message: string; readonly isWrongType: boolean }
  /** It answered with something else than a value: bytes[start, end), valid during the call only. */
  | { readonly kind: "odd"; readonly bytes: Uint8Array; readonly start: number; readonly end: number }
  /** It did not answer. */
  | { readonly kind: "failed"; readonly error: OriginFailure };

export const MISSING: NoValue = { kind: "missing" };

/** A read that waits for a key's value. `found`, `without` or `arriving` is called, and `arrived` behind `arriving`. */
export interface Waiter {
  /** What the observer calls this read; absent where there is none. */
  read?: number;
  /** The value is bytes[start, end); valid during the call only. `remainingMs` is -1 where it never expires. */
  found(bytes: Uint8Array, start: number, end: number, source: Source, remainingMs: number): void;
  /** There is no value to be had. */
  without(reason: NoValue): void;
  /**
   * The value is large, and may still be coming in. It is the waiter's from now on, to be read as it comes. `remainingMs`
   * as above.
   */
  arriving(value: LargeValue, source: Source, remainingMs: number): void;
  /** All of it has come; with an error: the rest never will, and who reads it finds it lost. */
  arrived(error?: OriginFailure): void;
}
