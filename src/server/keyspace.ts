import {
  type Engine,
  type LargeWrite,
  type RemovalCause,
  type StoredValue,
  setWhole,
  TooLargeError,
} from "../engine/engine.ts";
import type { ValueSink } from "../lib/byte-buffer.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import { type Encoding, NotedEncodings } from "./encodings.ts";
import type { KeyTracker } from "./key-tracker.ts";
import { WatchTable } from "./watch-table.ts";

/**
 * Wraps the engine, so that every change of a key reaches watchers and trackers. Reads count as hits and misses as
 * Redis counts them. Reads by commands that write do not count (`peek`, `has`).
 */
export class Keyspace {
  readonly engine: Engine;
  readonly watches: WatchTable;
  /** Reads that found their key, and those that did not: `keyspace_hits` and `keyspace_misses`. */
  hitCount = 0;
  missCount = 0;
  /** Changes of keys by clients, since the start. */
  changeCount = 0;
  readonly #encodings: NotedEncodings;
  readonly #tracker: KeyTracker;

  /** @param hashKey secret of the key hash */
  constructor(engine: Engine, tracker: KeyTracker, hashKey: HashKey) {
    this.engine = engine;
    this.#tracker = tracker;
    this.watches = new WatchTable(hashKey);
    this.#encodings = new NotedEncodings(hashKey);
  }

  // ---- reads that count

  /** Delivers the value of the key bytes[start, end) to `sink`. @returns false when there is none */
  read(bytes: Uint8Array, start: number, end: number, sink: ValueSink): boolean {
    const found = this.engine.read(bytes, start, end, sink);
    this.#count(found);
    return found;
  }

  get(key: Uint8Array): StoredValue | undefined {
    const stored = this.engine.get(key);
    this.#count(stored !== undefined);
    return stored;
  }

  /** Returns the length of the value in bytes; undefined when there is no such key. */
  length(key: Uint8Array): number | undefined {
    const length = this.engine.length(key);
    this.#count(length !== undefined);
    return length;
  }

  /** Returns when the key expires: `NEVER` without an expiry, undefined when there is no such key. */
  expiry(key: Uint8Array): number | undefined {
    const expiresAtMs = this.engine.expiry(key);
    this.#count(expiresAtMs !== undefined);
    return expiresAtMs;
  }

  // ---- reads that do not count

  peek(key: Uint8Array): StoredValue | undefined {
    return this.engine.get(key);
  }

  peekExpiry(key: Uint8Array): number | undefined {
    return this.engine.expiry(key);
  }

  peekLength(key: Uint8Array): number | undefined {
    return this.engine.length(key);
  }

  /** Returns as what Redis would store the key's value, which the caller has read. */
  encodingOf(key: Uint8Array, value: Uint8Array): Encoding {
    return this.#encodings.of(key, value);
  }

  has(key: Uint8Array): boolean {
    return this.engine.expiry(key) !== undefined;
  }

  // ---- limits

  /** @throws TooLargeError when a key is longer than the engine takes */
  checkKeyLength(lengthBytes: number): void {
    const { keyBytes } = this.engine.limits;
    if (lengthBytes > keyBytes) {
      throw new TooLargeError(`key of ${lengthBytes} bytes is longer than the limit of ${keyBytes} bytes`);
    }
  }

  /** @throws TooLargeError when a value is longer than the engine takes */
  checkValueLength(lengthBytes: number): void {
    const { valueBytes } = this.engine.limits;
    if (lengthBytes > valueBytes) {
      throw new TooLargeError(
        `value of ${lengthBytes} bytes is longer than the limit of ${valueBytes} bytes`,
      );
    }
  }

  // ---- changes; `by` is the client that asked for them

  /**
   * @param encoding as what Redis stores the value; as one that was set whole by default
   * @throws OutOfMemoryError, TooLargeError or StorageError; nothing has changed then
   */
  set(key: Uint8Array, value: Uint8Array, expiresAtMs: number, by: Connection, encoding?: Encoding): void {
    this.checkKeyLength(key.length);
    this.checkValueLength(value.length);
    setWhole(this.engine, key, value, expiresAtMs);
    this.#replaced(key, 0, key.length, by);
    if (encoding !== undefined) this.#encodings.note(key, value, encoding);
  }

  /** Notes that Redis now stores the key's present value as this. */
  noteEncoding(key: Uint8Array, value: Uint8Array, encoding: Encoding): void {
    this.#encodings.note(key, value, encoding);
  }

  /**
   * Sets a key and value that are arguments of a request, without an allocation.
   * @throws OutOfMemoryError, TooLargeError or StorageError; nothing has changed then
   */
  setArgument(
    request: Request,
    keyIndex: number,
    valueIndex: number,
    expiresAtMs: number,
    by: Connection,
  ): void {
    const { bytes, starts, ends } = request;
    const keyStart = starts[keyIndex]!;
    const keyEnd = ends[keyIndex]!;
    const valueStart = starts[valueIndex]!;
    const valueEnd = ends[valueIndex]!;
    this.checkKeyLength(keyEnd - keyStart);
    this.checkValueLength(valueEnd - valueStart);
    this.engine.write(bytes, keyStart, keyEnd, bytes, valueStart, valueEnd, expiresAtMs);
    this.#replaced(bytes, keyStart, keyEnd, by);
  }

  /**
   * Stores a large value whose bytes are complete.
   * @throws OutOfMemoryError or StorageError; nothing has changed then
   */
  storeLarge(key: Uint8Array, write: LargeWrite, by: Connection): void {
    write.store();
    this.#replaced(key, 0, key.length, by);
  }

  /** Changes only the expiry. @returns false when there is no such key */
  setExpiry(key: Uint8Array, expiresAtMs: number, by: Connection): boolean {
    const found = this.engine.setExpiry(key, expiresAtMs);
    if (found) this.#changed(key, 0, key.length, by);
    return found;
  }

  /** Removes a key. @returns whether there was one */
  delete(key: Uint8Array, by: Connection): boolean {
    const found = this.engine.delete(key);
    if (found) this.#replaced(key, 0, key.length, by);
    return found;
  }

  clear(by: Connection): void {
    if (this.watches.size > 0) this.watches.flushing((key) => this.has(key));
    this.changeCount += this.engine.stats().keys;
    this.engine.clear();
    this.#encodings.clear();
    this.#tracker.flushed(by);
  }

  /** Notes that the engine itself has removed a key. Called by the engine. */
  removedByEngine(key: Uint8Array, cause: RemovalCause): void {
    if (this.watches.size > 0) {
      if (cause === "expired") this.watches.expired(key);
      else this.watches.changed(key, 0, key.length);
    }
    this.#encodings.forget(key, 0, key.length);
    this.#tracker.keyChanged(key, 0, key.length, undefined);
  }

  /** As `#changed`, for a key that is gone or has another value. */
  #replaced(bytes: Uint8Array, start: number, end: number, by: Connection): void {
    this.#encodings.forget(bytes, start, end);
    this.#changed(bytes, start, end, by);
  }

  /** Tells watchers and trackers that the key bytes[start, end) has changed. */
  #changed(bytes: Uint8Array, start: number, end: number, by: Connection): void {
    this.changeCount++;
    if (this.watches.size > 0) this.watches.changed(bytes, start, end);
    this.#tracker.keyChanged(bytes, start, end, by);
  }

  #count(found: boolean): void {
    if (found) this.hitCount++;
    else this.missCount++;
  }
}
