import { assert } from "../lib/assert.ts";
import { copyBytes, type ValueSink } from "../lib/byte-buffer.ts";
import type { Clock } from "../lib/clock.ts";
import { drawHashKey } from "../lib/hash-key.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { BytesValue, LARGE_BYTES } from "../lib/large-value.ts";
import { silentLog } from "../lib/log.ts";
import { formatSize } from "../lib/quantity.ts";
import type { Random } from "../lib/random.ts";
import { ABSENT as NOT_CACHED } from "../store/reading.ts";
import { type EntryInfo, Store } from "../store/store.ts";
import { DamageError, damageText } from "./damage.ts";
import { keepCopies, makeDirectory, prepareDirectory } from "./data-directory.ts";
import { lockDirectory } from "./directory-lock.ts";
import {
  type Engine,
  type EngineLimits,
  type EngineStats,
  type LargeWrite,
  NEVER,
  OutOfMemoryError,
  type RemovalListener,
  StorageError,
  type StoredValue,
  TooLargeError,
} from "./engine.ts";
import { ExpiredKeys } from "./expired-keys.ts";
import { type FoundJournal, findJournal, replayJournal } from "./journal-recovery.ts";
import { type WalkStep, walkKeys } from "./key-walk.ts";
import { ArenaWrite, RecordWrite } from "./large-write.ts";
import type { LmdbEngineOptions, Recovery } from "./lmdb-options.ts";
import { ABSENT } from "./overlay.ts";
import {
  HASH_BYTES,
  isExpired,
  MAXIMUM_HASH,
  readHash,
  recordExpiry,
  recordLength,
  valueOffset,
  writeHash,
  writeRecord,
} from "./record.ts";
import { Slab } from "./slab.ts";
import { tableHash } from "./table-hash.ts";
import { MAXIMUM_KEY_BYTES, MAXIMUM_VALUE_BYTES, Tables } from "./tables.ts";
import { WriteBehind } from "./write-behind.ts";

export type { LmdbEngineOptions, Recovery } from "./lmdb-options.ts";

/**
 * Keeps everything on disk, in LMDB, with an arena in front of it.
 *
 * A write goes to the overlay of pending writes and to a journal. From there it goes to the database every second, or
 * sooner when much is pending (`write-behind.ts`). Opening the directory again replays the journal. So the disk
 * always holds everything written up to some moment between two turns of the event loop. Writes made in one turn,
 * such as those of an EXEC, are there together or not at all. A read looks in the overlay, then the arena, then the
 * database. For a key in the overlay, the arena holds the same value or none.
 *
 * With `sync: "always"`, `settle` waits until the journal has been synchronized; writes made meanwhile share the next
 * synchronization. With `sync: "interval"` it only writes the journal, and returns at once; a crash of the machine
 * may lose the journal's end.
 *
 * After a write to disk has failed, writes are refused, and reads see what is durable.
 *
 * A cursor of `scan` is the hash of the next key, so it needs no memory and survives any change and a restart. Keys
 * with equal hashes are visited in one step.
 */
export class LmdbEngine implements Engine {
  readonly name = "lmdb";
  readonly limits: EngineLimits = { keyBytes: MAXIMUM_KEY_BYTES, valueBytes: MAXIMUM_VALUE_BYTES };
  readonly #directory: string;
  readonly #onFailure: ((error: StorageError) => void) | undefined;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onRemoval: RemovalListener;
  readonly #pendingBytes: number;
  readonly #unlock: () => void;
  readonly #tables: Tables;
  readonly #arena: Store;
  readonly #pending: WriteBehind;
  /** The key being looked up. */
  readonly #key = new KeyRef();
  readonly #expiredKeys: ExpiredKeys;
  readonly #slab = new Slab();
  /** Room for one stored key. */
  readonly #storedKey = new Uint8Array(HASH_BYTES + MAXIMUM_KEY_BYTES);
  #recovery: Recovery = { journaledWrites: 0, voidBytes: 0 };
  #size = 0;
  #expiring = 0;
  #expired = 0;
  #arenaHits = 0;
  #arenaMisses = 0;
  #isClosed = false;

  private constructor(
    options: LmdbEngineOptions,
    tables: Tables,
    journal: FoundJournal | undefined,
    unlock: () => void,
  ) {
    const {
      directory,
      sync,
      arenaBytes,
      mostArenaBytes,
      policy,
      intervalMs = 1000,
      pendingBytes = 256 * 1024 ** 2,
      disk,
    } = options;
    this.#directory = directory;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#onRemoval = options.onRemoval;
    this.#pendingBytes = pendingBytes;
    this.#onFailure = options.onFailure;
    this.#unlock = unlock;
    this.#tables = tables;
    this.#arena = Store.create({
      budgetBytes: arenaBytes,
      mostBudgetBytes: mostArenaBytes,
      policy,
      hashKey: tables.hashKey,
    });
    const pending = { directory, sync, intervalMs, pendingBytes, disk };
    this.#pending = new WriteBehind(tables, pending, (error) => this.#failed(error));
    this.#expiredKeys = new ExpiredKeys(tables, this.#pending);
    this.#recover(journal);
  }

  /**
   * Opens the database of a directory, and replays its journal.
   * @throws DamageError, or StorageError when the directory is in use, holds something else, or cannot be read or
   *   written
   * @throws RangeError for an impossible arena size or an unknown policy
   */
  static async open(options: LmdbEngineOptions): Promise<LmdbEngine> {
    const { directory, sync, clock, isRecovering = false, log = silentLog } = options;
    const { hashKey = drawHashKey() } = options;
    makeDirectory(directory);
    const unlock = await lockDirectory(directory);
    let tables: Tables | undefined;
    try {
      const wasAlways = sync === "always";
      await prepareDirectory({ directory, wasAlways, isRecovering, nowMs: clock.wallMs(), hashKey, log });
      tables = new Tables(directory);
      const known = tables.knownUses();
      const journal = known && findJournal(directory, known);
      if (journal !== undefined) tellDamage(options, journal);
      const engine = new LmdbEngine(options, tables, journal, unlock);
      await engine.#pending.start(Math.max(tables.journalSequence(), journal?.lastNumber ?? 0));
      return engine;
    } catch (error) {
      await tables?.close();
      unlock();
      throw error;
    }
  }

  /** What `open` found in the directory. */
  get recovery(): Recovery {
    return this.#recovery;
  }

  /** Number of keys with a write that is not in the database yet. For tests. */
  get pendingWrites(): number {
    return this.#pending.overlay.count;
  }

  /** Counts the database's keys, and adds the journal's operations that it lacks. */
  #recover(journal: FoundJournal | undefined): void {
    this.#size = this.#tables.count();
    this.#expiring = this.#tables.expiringCount();
    let journaledWrites = 0;
    // Hashes again instead of reading the hash: the database may have been made anew, with another secret.
    const keyOf = (key: Uint8Array) => this.#keyAt(key, HASH_BYTES, key.length);
    const reader = {
      put: (key: Uint8Array, record: Uint8Array) => {
        journaledWrites++;
        const own = this.#slab.take(record.length);
        own.set(record);
        this.#assign(keyOf(key), own, recordExpiry(record));
      },
      remove: (key: Uint8Array) => {
        journaledWrites++;
        this.#assign(keyOf(key), undefined, ABSENT);
      },
      removeAll: () => {
        journaledWrites++;
        this.#removeAll();
      },
    };
    if (journal !== undefined) replayJournal(journal, this.#tables.journalSequence(), reader);
    this.#recovery = { journaledWrites, voidBytes: journal?.voidBytes ?? 0 };
  }

  /** From now on shows only what is durable. */
  #failed(error: StorageError): void {
    this.#arena.clear();
    let journal: FoundJournal | undefined;
    try {
      const known = this.#tables.knownUses();
      const found = known && findJournal(this.#directory, known);
      if (found?.damages.length === 0) journal = found;
    } catch {
      // If even the journal cannot be read, only the database is left.
    }
    this.#recover(journal);
    this.#onFailure?.(error);
  }

  get(key: Uint8Array): StoredValue | undefined {
    if (key.length > MAXIMUM_KEY_BYTES) return undefined;
    const ref = this.#keyAt(key);
    const nowMs = this.#clock.wallMs();
    const entry = this.#resident(ref, nowMs);
    const value = entry && this.#arena.get(ref, nowMs);
    if (value !== undefined) {
      this.#arenaHits++;
      return { value, expiresAtMs: entry!.expiresAtMs };
    }
    const record = this.#liveRecord(ref, nowMs);
    if (record === undefined) return undefined;
    return { value: record.slice(valueOffset(record)), expiresAtMs: recordExpiry(record) };
  }

  read(bytes: Uint8Array, start: number, end: number, sink: ValueSink): boolean {
    if (end - start > MAXIMUM_KEY_BYTES) return false;
    const ref = this.#keyAt(bytes, start, end);
    const nowMs = this.#clock.wallMs();
    const isPending = this.#pending.find(ref) !== undefined;
    if (!isPending && this.#arena.read(ref, nowMs, sink) !== NOT_CACHED) {
      this.#arenaHits++;
      return true;
    }
    const record = this.#liveRecord(ref, nowMs);
    if (record === undefined) return false;
    const offset = valueOffset(record);
    if (record.length - offset >= LARGE_BYTES && sink.takesLarge === true) {
      if (isPending) {
        sink.takeLarge!(new BytesValue(record, offset));
        return true;
      }
      // The value came from the database, and the arena may have it now.
      if (this.#arena.read(ref, nowMs, sink) !== NOT_CACHED) return true;
    }
    sink.openValue(record.length - offset).append(record, offset, record.length);
    sink.closeValue();
    return true;
  }

  expiry(key: Uint8Array): number | undefined {
    if (key.length > MAXIMUM_KEY_BYTES) return undefined;
    const ref = this.#keyAt(key);
    const nowMs = this.#clock.wallMs();
    const entry = this.#resident(ref, nowMs);
    if (entry !== undefined) return entry.expiresAtMs;
    const record = this.#liveRecord(ref, nowMs);
    return record && recordExpiry(record);
  }

  length(key: Uint8Array): number | undefined {
    if (key.length > MAXIMUM_KEY_BYTES) return undefined;
    const ref = this.#keyAt(key);
    const nowMs = this.#clock.wallMs();
    const entry = this.#resident(ref, nowMs);
    if (entry !== undefined) return entry.valueBytes;
    const record = this.#liveRecord(ref, nowMs);
    return record && record.length - valueOffset(record);
  }

  /** Returns the arena's entry of a key that has no pending write. */
  #resident(ref: KeyRef, nowMs: number): EntryInfo | undefined {
    if (this.#pending.find(ref) !== undefined) return undefined;
    return this.#arena.peek(ref, nowMs);
  }

  /**
   * Returns the record of a key that the arena does not have, unless it has expired: a view that is valid until the
   * next call. A record from the database also goes to the arena.
   */
  #liveRecord(ref: KeyRef, nowMs: number): Uint8Array | undefined {
    const write = this.#pending.find(ref);
    if (write !== undefined) {
      this.#arenaHits++;
      return isExpired(write.expiresAtMs, nowMs) ? undefined : write.record;
    }
    if (this.#pending.hidesDatabase()) return undefined;
    this.#arenaMisses++;
    const record = this.#tables.find(this.#storedKeyOf(ref));
    if (record === undefined) return undefined;
    const expiresAtMs = recordExpiry(record);
    if (isExpired(expiresAtMs, nowMs)) return undefined;
    const offset = valueOffset(record);
    this.#arena.write(ref, record, offset, record.length, expiresAtMs, nowMs);
    return record;
  }

  write(
    key: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
  ): void {
    this.#checkRoom();
    if (end - start > MAXIMUM_KEY_BYTES) {
      throw new TooLargeError(
        `a key may have up to ${MAXIMUM_KEY_BYTES} bytes, because LMDB's keys are limited`,
      );
    }
    if (valueEnd - valueStart > MAXIMUM_VALUE_BYTES) {
      throw new TooLargeError(`a value may have up to ${formatSize(MAXIMUM_VALUE_BYTES)}`);
    }
    const ref = this.#keyAt(key, start, end);
    const nowMs = this.#clock.wallMs();
    const record = this.#record(value, valueStart, valueEnd, expiresAtMs);
    this.#assign(ref, record, expiresAtMs);
    const outcome = this.#arena.write(ref, value, valueStart, valueEnd, expiresAtMs, nowMs);
    if (outcome !== "stored") this.#arena.remove(ref, nowMs);
  }

  /**
   * The value counts as written when it is stored: it is pending from then on, and as durable as other writes of that
   * turn.
   */
  beginLarge(key: Uint8Array, valueBytes: number, expiresAtMs: number): LargeWrite | undefined {
    this.#checkRoom();
    if (key.length > MAXIMUM_KEY_BYTES || valueBytes > MAXIMUM_VALUE_BYTES) return undefined;
    const ref = this.#keyAt(key).copy();
    const growing = this.#arena.grow(ref, valueBytes, this.#clock.wallMs());
    const inArena = growing && new ArenaWrite(this.#arena, growing, this.#clock, expiresAtMs);
    const assign = (record: Uint8Array): void => {
      this.#checkRoom();
      this.#assign(ref, record, expiresAtMs);
    };
    const forget = (): boolean => this.#arena.remove(ref, this.#clock.wallMs());
    return new RecordWrite(valueBytes, expiresAtMs, inArena, assign, forget);
  }

  setExpiry(key: Uint8Array, expiresAtMs: number): boolean {
    this.#checkRoom();
    if (key.length > MAXIMUM_KEY_BYTES) return false;
    const ref = this.#keyAt(key);
    const nowMs = this.#clock.wallMs();
    const record = this.#liveRecord(ref, nowMs);
    if (record === undefined) return false;
    const changed = this.#record(record, valueOffset(record), record.length, expiresAtMs);
    this.#assign(ref, changed, expiresAtMs);
    this.#arena.setExpiry(ref, expiresAtMs, nowMs);
    return true;
  }

  delete(key: Uint8Array): boolean {
    this.#checkWritable();
    if (key.length > MAXIMUM_KEY_BYTES) return false;
    const ref = this.#keyAt(key);
    const nowMs = this.#clock.wallMs();
    const expiresAtMs = this.#expiryOf(ref);
    if (expiresAtMs === ABSENT) return false;
    this.#remove(ref, nowMs);
    if (!isExpired(expiresAtMs, nowMs)) return true;
    this.#expired++;
    this.#onRemoval(key, "expired");
    return false;
  }

  clear(): void {
    this.#checkWritable();
    this.#removeAll();
  }

  size(): number {
    this.#pending.touchAll();
    return this.#size;
  }

  expiringCount(): number {
    this.#pending.touchAll();
    return this.#expiring;
  }

  scan(cursor: number, count: number, visit: (key: Uint8Array) => void): number {
    const { keys, next } = this.#walk(cursor, count);
    for (const key of keys) visit(key.subarray(HASH_BYTES));
    return next;
  }

  randomKey(): Uint8Array | undefined {
    // Walks from a random hash to the end, then from the beginning. It draws one of the next few keys: the very next
    // one would be likelier the larger the gap before it is.
    const drawn: Uint8Array[] = [];
    let cursor = Math.floor(this.#random.next() * (MAXIMUM_HASH + 1));
    let isWrapped = cursor === 0;
    while (true) {
      const { keys, next } = this.#walk(cursor, RANDOM_KEYS);
      for (const key of keys) drawn.push(key);
      // Behind the last key the walk goes on with the first, which else would have no chance.
      if (next !== 0 ? drawn.length > 0 : isWrapped || drawn.length >= RANDOM_KEYS) break;
      if (next === 0) isWrapped = true;
      cursor = next;
    }
    return drawn[Math.floor(this.#random.next() * drawn.length)]?.slice(HASH_BYTES);
  }

  #walk(cursor: number, count: number): WalkStep {
    return walkKeys(this.#tables, this.#pending, cursor, count, this.#clock.wallMs());
  }

  removeExpired(limit: number): number {
    if (this.#pending.refusal !== undefined || this.#expiring === 0) return 0;
    const nowMs = this.#clock.wallMs();
    const keys = this.#expiredKeys.next(limit, nowMs);
    for (const key of keys) {
      this.#remove(this.#key.refer(key, HASH_BYTES, key.length, readHash(key)), nowMs);
      this.#expired++;
    }
    for (const key of keys) this.#onRemoval(key.subarray(HASH_BYTES), "expired");
    return keys.length;
  }

  settle(): Promise<void> | undefined {
    return this.#pending.settle();
  }

  get policy(): string {
    return this.#arena.policyName;
  }

  set policy(text: string) {
    this.#arena.setPolicy(text);
  }

  get budgetBytes(): number {
    return this.#arena.budgetBytes;
  }

  set budgetBytes(bytes: number) {
    this.#arena.setBudget(bytes);
  }

  get mostBudgetBytes(): number {
    return this.#arena.mostBudgetBytes;
  }

  stats(): EngineStats {
    const { usedBytes, budgetBytes, evictions } = this.#arena.stats();
    return {
      keys: this.#size,
      usedBytes,
      budgetBytes,
      evictedCount: evictions,
      expiredCount: this.#expired,
      diskBytes: this.#tables.diskBytes() + this.#pending.diskBytes,
      arenaHits: this.#arenaHits,
      arenaMisses: this.#arenaMisses,
    };
  }

  /**
   * Waits until all writes are on disk, and frees everything.
   * @throws StorageError when writing fails; everything is freed then too
   */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    try {
      await this.#pending.close();
    } finally {
      await this.#tables.close();
      this.#unlock();
    }
  }

  /**
   * Reads everything and checks that the database is consistent and the counts agree with it. For tests; nothing may
   * be pending.
   * @throws AssertionError
   */
  check(): void {
    assert(this.#pending.overlay.count === 0, "nothing is pending");
    this.#tables.check();
    this.#arena.check((key) => this.#hash(key, 0, key.length));
    assert(this.#size === this.#tables.count(), "the number of keys is right");
    assert(this.#expiring === this.#tables.expiringCount(), "the number of keys that expire is right");
  }

  #keyAt(bytes: Uint8Array, start = 0, end: number = bytes.length): KeyRef {
    return this.#key.refer(bytes, start, end, this.#hash(bytes, start, end));
  }

  #hash(bytes: Uint8Array, start: number, end: number): number {
    return tableHash(bytes, start, end, this.#tables.hashKey);
  }

  /** Returns the stored key, as a view that is valid until the next call. */
  #storedKeyOf({ bytes, start, end, hash }: KeyRef): Uint8Array {
    const key = this.#storedKey;
    writeHash(key, 0, hash);
    copyBytes(bytes, start, end, key, HASH_BYTES);
    return key.subarray(0, HASH_BYTES + end - start);
  }

  /** Makes the record of the value source[start, end). */
  #record(source: Uint8Array, start: number, end: number, expiresAtMs: number): Uint8Array {
    const record = this.#slab.take(recordLength(end - start, expiresAtMs));
    writeRecord(record, source, start, end, expiresAtMs);
    return record;
  }

  /** Returns when a key expires, even if it has expired: an expiry, `NEVER` or `ABSENT`. */
  #expiryOf(ref: KeyRef): number {
    const write = this.#pending.find(ref);
    return write === undefined ? this.#committedExpiryOf(ref) : write.expiresAtMs;
  }

  /** Returns the same for a key that has no pending write. */
  #committedExpiryOf(ref: KeyRef): number {
    if (this.#pending.hidesDatabase()) return ABSENT;
    const entry = this.#arena.peek(ref, this.#clock.wallMs());
    if (entry !== undefined) return entry.expiresAtMs;
    const record = this.#tables.find(this.#storedKeyOf(ref));
    return record === undefined ? ABSENT : recordExpiry(record);
  }

  #remove(ref: KeyRef, nowMs: number): void {
    this.#assign(ref, undefined, ABSENT);
    this.#arena.remove(ref, nowMs);
  }

  #removeAll(): void {
    this.#pending.clear();
    this.#arena.clear();
    this.#size = 0;
    this.#expiring = 0;
  }

  /** Gives a key a record, or none, and updates the counts. The caller updates the arena. */
  #assign(ref: KeyRef, record: Uint8Array | undefined, expiresAtMs: number): void {
    const write = this.#pending.find(ref);
    let before: number;
    if (write !== undefined) {
      before = write.expiresAtMs;
      this.#pending.change(write, record, expiresAtMs);
    } else {
      before = this.#committedExpiryOf(ref);
      const key = this.#slab.take(HASH_BYTES + ref.length);
      key.set(this.#storedKeyOf(ref));
      this.#pending.add(key, ref.hash, record, expiresAtMs, before);
    }
    this.#size += Number(expiresAtMs !== ABSENT) - Number(before !== ABSENT);
    this.#expiring += Number(expiresAtMs > NEVER) - Number(before > NEVER);
  }

  #checkWritable(): void {
    if (this.#isClosed) throw new StorageError("the storage is closed");
    if (this.#pending.refusal !== undefined) throw this.#pending.refusal;
  }

  #checkRoom(): void {
    this.#checkWritable();
    if (this.#pending.overlay.bytes > this.#pendingBytes) {
      throw new OutOfMemoryError(
        `the disk is too slow: more than ${formatSize(this.#pendingBytes)} of writes wait for it`,
      );
    }
  }
}

/** A random key is drawn from this many neighbours. */
const RANDOM_KEYS = 16;

/**
 * Reports damage, and keeps the damaged files.
 * @throws DamageError when there is damage and the options say to stop
 */
function tellDamage(options: LmdbEngineOptions, journal: FoundJournal): void {
  const { directory, clock, isRecovering = false, log = silentLog } = options;
  const { damages, repairs, framesBehind } = journal;
  if (repairs.length > 0) {
    log.warn(
      { damages: repairs.map(damageText) },
      "a header of the journal is damaged; its other copy is whole, nothing is lost",
    );
  }
  if (damages.length === 0) return;
  if (!isRecovering) throw new DamageError(directory, damages);
  const copies = keepCopies(directory, damages, clock.wallMs());
  log.warn(
    { damages: damages.map(damageText), copies, framesBehind },
    "the journal is damaged: reading every whole frame, before and behind the damage",
  );
}
