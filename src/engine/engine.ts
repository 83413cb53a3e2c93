import type { ValueSink } from "../lib/byte-buffer.ts";

/**
 * Where the server's data lives. Several engines implement it and share one conformance suite
 * (`engine-conformance.ts`).
 *
 * Every call is synchronous and sees all calls before it. Durability is separate: `settle` tells when everything read
 * or written since the last `settle` is on disk. The server holds back replies until then.
 *
 * Keys and values are byte strings. An engine copies what it keeps. Times are Unix milliseconds.
 */
export interface Engine {
  readonly name: "memory" | "lmdb";
  readonly limits: EngineLimits;
  /**
   * The eviction policy of the arena, as `parsePolicy` reads it. A change loses no entry.
   * @throws RangeError for a text that names no policy; nothing has changed then
   */
  policy: string;
  /**
   * Memory for entries: for all entries, or with `lmdb` for the arena's. The arena moves to a new size in small
   * steps.
   * @throws RangeError for a size above `mostBudgetBytes`, for one that is too small, or for one that would lose
   *   entries which may not be evicted
   */
  budgetBytes: number;
  /** The largest size that `budgetBytes` can be set to, reserved at the start. */
  readonly mostBudgetBytes: number;

  /** Returns the value as a new copy, and its expiry; undefined when there is no such key or it has expired. */
  get(key: Uint8Array): StoredValue | undefined;
  /**
   * Delivers the value of the key bytes[start, end) to `sink` without an allocation.
   * @returns false when there is none
   */
  read(bytes: Uint8Array, start: number, end: number, sink: ValueSink): boolean;
  /** Returns when the key expires: `NEVER` without an expiry, undefined when there is no such key. */
  expiry(key: Uint8Array): number | undefined;
  /** Returns the length of the value in bytes; undefined when there is no such key. */
  length(key: Uint8Array): number | undefined;

  /**
   * Stores or replaces a value: the key key[keyStart, keyEnd) gets value[valueStart, valueEnd). Both may lie in one
   * buffer, such as a request's. `setWhole` takes whole arrays.
   * @throws OutOfMemoryError, TooLargeError or StorageError; nothing has changed then
   */
  write(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
  ): void;
  /**
   * Begins a `write` of a large value that arrives in parts. The key keeps its present value until `store`.
   * @param key kept
   * @returns undefined when the engine cannot do that; the value must then be written whole
   * @throws OutOfMemoryError, TooLargeError or StorageError
   */
  beginLarge(key: Uint8Array, valueBytes: number, expiresAtMs: number): LargeWrite | undefined;
  /** Changes only the expiry. @returns false when there is no such key */
  setExpiry(key: Uint8Array, expiresAtMs: number): boolean;
  /** Removes a key. @returns whether there was one */
  delete(key: Uint8Array): boolean;
  clear(): void;

  /** Returns the number of keys, including expired ones that have not been removed yet (as Redis counts). */
  size(): number;
  /** Returns the number of keys that have an expiry. */
  expiringCount(): number;
  /**
   * Takes one step through all keys, in the engine's own order. Start with cursor 0; 0 is returned at the end. A key
   * that exists from the first step to the last is visited exactly once. Expired keys are not visited.
   * @param cursor a whole number from 0 to 2^48
   * @param count about how many keys a step visits
   * @returns the cursor of the next step
   */
  scan(cursor: number, count: number, visit: (key: Uint8Array) => void): number;
  /** Returns a key chosen at random; undefined when there is none. */
  randomKey(): Uint8Array | undefined;

  /** Removes some expired keys. @returns how many it removed; call again while it returns `limit` */
  removeExpired(limit: number): number;
  /**
   * Returns undefined when everything read or written since the last call is as durable as this engine makes it;
   * otherwise a promise of that. A rejection means that those writes may be lost.
   */
  settle(): Promise<void> | undefined;
  /** Returns bytes and counts for INFO. */
  stats(): EngineStats;
  close(): Promise<void>;
}

/** Gives a key a value. @throws as `Engine.write` */
export function setWhole(engine: Engine, key: Uint8Array, value: Uint8Array, expiresAtMs: number): void {
  engine.write(key, 0, key.length, value, 0, value.length, expiresAtMs);
}

/** A large value on its way into an engine. Its owner calls `release` at the end, in success and failure alike. */
export interface LargeWrite {
  /** Appends source[start, end). @throws OutOfMemoryError */
  append(source: Uint8Array, start: number, end: number): void;
  /** Gives the key the complete value. @throws OutOfMemoryError or StorageError; nothing has changed then */
  store(): void;
  release(): void;
}

/** The expiry of a key that never expires. */
export const NEVER = 0;

export interface StoredValue {
  readonly value: Uint8Array;
  /** Unix milliseconds, or `NEVER`. */
  readonly expiresAtMs: number;
}

export interface EngineLimits {
  readonly keyBytes: number;
  readonly valueBytes: number;
}

export interface EngineStats {
  /** As `size` counts. Unlike `size`, reading it delays no reply until writes are durable. */
  keys: number;
  /** Bytes of the arena in use. */
  usedBytes: number;
  /** The arena's budget. */
  budgetBytes: number;
  /** Entries evicted to stay within the budget (with `lmdb`: from the arena, not from the database). */
  evictedCount: number;
  expiredCount: number;
  /** Bytes on disk; 0 for `memory`. */
  diskBytes: number;
  /** Reads answered from the arena, and reads that went to disk (`lmdb` only). */
  arenaHits: number;
  arenaMisses: number;
}

/** Why the engine itself removed a key. */
export type RemovalCause = "expired" | "evicted";

/** Hears of keys that the engine itself removes, for watchers and trackers. The key is a view; do not keep it. */
export type RemovalListener = (key: Uint8Array, cause: RemovalCause) => void;

/** The budget is spent, and the engine is set to refuse writes rather than evict. */
export class OutOfMemoryError extends Error {
  override name = "OutOfMemoryError";
}

/** A key or value beyond `EngineLimits`. */
export class TooLargeError extends Error {
  override name = "TooLargeError";
}

/** A write could not be made durable; the engine refuses further writes. */
export class StorageError extends Error {
  override name = "StorageError";
}
