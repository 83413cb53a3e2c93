import type { ValueSink } from "../lib/byte-buffer.ts";

/**
 * Where the server's data lives. One seam, one conformance suite (`engine-conformance.ts`), several engines.
 *
 * Every call is synchronous and sees all calls before it. Durability is separate: `settle` tells when what has
 * been read or written since the last `settle` is on disk, and the server holds back replies until then.
 * Keys and values are byte strings; an engine copies what it keeps. Times are Unix milliseconds.
 */
export interface Engine {
  readonly name: "memory" | "lmdb";
  readonly limits: EngineLimits;
  /**
   * Who leaves the arena when it is full, as `parsePolicy` reads it. A change loses no entry.
   * @throws RangeError for a text that names no policy; nothing has changed then
   */
  policy: string;
  /**
   * Memory for entries: all of them, or for `lmdb` the arena's. Another size is taken on in small steps.
   * @throws RangeError for one beyond `mostBudgetBytes`, too small, or that would lose entries which may not be evicted
   */
  budgetBytes: number;
  /** What `budgetBytes` may be set to; so much was reserved at the start. */
  readonly mostBudgetBytes: number;

  /** The value and its expiry, as a copy of its own; undefined when there is none or it has expired. */
  get(key: Uint8Array): StoredValue | undefined;
  /** Delivers the value of bytes[start, end) to `sink` without an allocation. @returns false when there is none. */
  read(bytes: Uint8Array, start: number, end: number, sink: ValueSink): boolean;
  /** When the key expires, `NEVER` when it has no expiry, undefined when there is no such key. */
  expiry(key: Uint8Array): number | undefined;
  /** Length of the value in bytes; undefined when there is no such key. */
  length(key: Uint8Array): number | undefined;

  /**
   * Stores or replaces: the key key[keyStart, keyEnd) has the value value[valueStart, valueEnd) now. Both may lie in
   * one buffer, such as a request's. `setWhole` takes whole arrays.
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
   * Begins to store a large value little by little: `write`, spread over time. The key keeps what it has until then.
   * @param key kept
   * @returns undefined where that cannot be done: the value is to be set as a whole
   * @throws OutOfMemoryError, TooLargeError or StorageError
   */
  beginLarge(key: Uint8Array, valueBytes: number, expiresAtMs: number): LargeWrite | undefined;
  /** Changes only the expiry. @returns false when there is no such key. */
  setExpiry(key: Uint8Array, expiresAtMs: number): boolean;
  /** @returns whether there was such a key */
  delete(key: Uint8Array): boolean;
  clear(): void;

  /** Number of keys, those counted too that have expired and not been removed yet (as Redis counts). */
  size(): number;
  /** Keys that have an expiry. */
  expiringCount(): number;
  /**
   * A step through all keys, in an order of the engine's own. Start with cursor 0; 0 comes back at the end. Keys
   * that are there from the first step to the last are visited; none that is there all along is visited twice.
   * Expired keys are not visited. `cursor` is any whole number from 0 to 2^48.
   * @param count about how many keys a step visits
   */
  scan(cursor: number, count: number, visit: (key: Uint8Array) => void): number;
  /** A key chosen at random; undefined when there is none. */
  randomKey(): Uint8Array | undefined;

  /**
   * Removes some of what has expired. @returns how many were removed; call again while it returns `limit`.
   */
  removeExpired(limit: number): number;
  /**
   * Undefined when everything read or written since the last call is as durable as this engine makes it;
   * otherwise a promise of that. A rejection means those writes may be lost.
   */
  settle(): Promise<void> | undefined;
  /** Bytes and counts for INFO. */
  stats(): EngineStats;
  close(): Promise<void>;
}

/** Gives a key a value. @throws as `Engine.write` */
export function setWhole(engine: Engine, key: Uint8Array, value: Uint8Array, expiresAtMs: number): void {
  engine.write(key, 0, key.length, value, 0, value.length, expiresAtMs);
}

/** A large value on its way into an engine. Whoever began it calls `release` at the end, whatever has become of it. */
export interface LargeWrite {
  /** Appends source[start, end). @throws OutOfMemoryError */
  append(source: Uint8Array, start: number, end: number): void;
  /** All of it has come: the key has it now. @throws OutOfMemoryError or StorageError; nothing has changed then */
  store(): void;
  release(): void;
}

/** An expiry that never comes. */
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
  /** Bytes of the arena in use. */
  usedBytes: number;
  /** The arena's budget. */
  budgetBytes: number;
  /** Entries evicted to stay within the budget (for `lmdb`: from the arena, not from the store). */
  evictedCount: number;
  expiredCount: number;
  /** Bytes on disk; 0 for `memory`. */
  diskBytes: number;
  /** Reads answered from the arena and reads that went to disk (`lmdb` only). */
  arenaHits: number;
  arenaMisses: number;
}

/** Why a key left without anybody asking for it. */
export type Departure = "expired" | "evicted";

/** Told of keys that leave by themselves, so that watchers and trackers hear of it. The view is not to be kept. */
export type DepartureListener = (key: Uint8Array, departure: Departure) => void;

/** The budget is spent and the engine was told to refuse writers rather than evict. */
export class OutOfMemoryError extends Error {
  override name = "OutOfMemoryError";
}

/** A key or value beyond `EngineLimits`. */
export class TooLargeError extends Error {
  override name = "TooLargeError";
}

/** A write could not be made durable; the engine refuses further ones. */
export class StorageError extends Error {
  override name = "StorageError";
}
