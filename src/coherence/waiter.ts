import type { LargeValue } from "../lib/byte-buffer.ts";

/** Where a value came from: the cache, the origin, or a request to the origin that another read had already made. */
export type Source = "hit" | "miss" | "coalesced";

/** The origin could not be asked, or did not answer. */
export interface OriginFailure extends Error {
  readonly code: string;
  /** Whether the origin may have executed the request. */
  readonly maybeExecuted: boolean;
}

/** Why a key has no value. */
export type NoValue =
  /** The origin does not have the key. */
  | { readonly kind: "missing" }
  /** The origin answered with an error. `isWrongType`: the key holds a value of another type. */
  | { readonly kind: "refused"; readonly message: string; readonly isWrongType: boolean }
  /** The origin answered with something other than a value: bytes[start, end), valid during the call only. */
  | { readonly kind: "odd"; readonly bytes: Uint8Array; readonly start: number; readonly end: number }
  /** The origin did not answer. */
  | { readonly kind: "failed"; readonly error: OriginFailure };

export const MISSING: NoValue = { kind: "missing" };

/**
 * A read that waits for a key's value. It is called once with `found`, `without` or `arriving`; `arrived` follows
 * `arriving`.
 */
export interface Waiter {
  /** The observer's number for this read; absent without an observer. */
  read?: number;
  /** Whether it waits for the answer to another read's question. */
  isCoalesced?: boolean;
  /** Delivers the value bytes[start, end), valid during the call only. `remainingMs` is -1 if it never expires. */
  found(bytes: Uint8Array, start: number, end: number, source: Source, remainingMs: number): void;
  /** There is no value. */
  without(reason: NoValue): void;
  /**
   * Delivers a large value that may still be arriving. It belongs to the waiter, which reads it as it arrives.
   * `remainingMs` as in `found`.
   */
  arriving(value: LargeValue, source: Source, remainingMs: number): void;
  /** The large value is complete. With an error, the rest will never come, and its readers find it lost. */
  arrived(error?: OriginFailure): void;
}
