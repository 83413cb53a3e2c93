import { equalBytes } from "../../lib/bytes.ts";
import { mix32 } from "../../lib/hash.ts";
import { DELETE, EXPIRE, READ, RecordBatch, WRITE } from "../../replay/records.ts";
import { ABSENT, EXISTS, KeyMemory, MAY_BE_CACHED, NOTHING_KNOWN } from "./key-memory.ts";
import type { MonitorLine } from "./monitor-line.ts";
import { addKey, quantity } from "./record-fields.ts";
import type { KeyObserver } from "./trace-format.ts";

/** More records than any command makes, apart from those that change all keys. */
const FIRST_RECORDS = 64;

/** The expiry time of a key that does not expire. */
export const NEVER = Number.POSITIVE_INFINITY;

/** Knowledge about a key when a command comes. */
export interface KnownKey {
  /** False also if unknown. */
  readonly exists: boolean;
  /** False also if unknown. */
  readonly isAbsent: boolean;
  /** Size of the value in bytes; 0 if unknown. */
  readonly size: number;
  /** On the trace's clock. */
  readonly expiryMs: number;
}

/**
 * The keys of a Redis as far as a trace of its commands shows them: whether they exist, how large they are, when they
 * expire. Turns the effects of commands into records. Keys from before the trace are unknown.
 */
export class MonitoredKeyspace {
  readonly line: MonitorLine;
  /** Records of the current command. */
  records: RecordBatch = new RecordBatch(FIRST_RECORDS);
  readonly #families: KeyObserver | undefined;
  readonly #memory = new KeyMemory();
  /** Internal number of each database: SWAPDB exchanges two of them. */
  readonly #databases = new Map<number, number>();
  /** Databases that were emptied (or all of them): a key not seen since then does not exist. */
  readonly #emptied = new Set<number>();
  #isAllEmptied = false;
  readonly #key = new RecordBatch(1);

  constructor(line: MonitorLine, families: KeyObserver | undefined) {
    this.line = line;
    this.#families = families;
  }

  /** The time of the current command. */
  get nowMs(): number {
    return this.line.timeMs;
  }

  /** Returns argument `index` as a number; NaN if it is none. */
  number(index: number): number {
    const { line } = this;
    if (index >= line.count) return Number.NaN;
    const start = line.starts[index]!;
    const isNegative = line.bytes[start] === 0x2d;
    const value = quantity(line.bytes, isNegative ? start + 1 : start, line.ends[index]!);
    return isNegative ? -value : value;
  }

  /** Returns argument `index` as a word in lower case. */
  word(index: number): string {
    return this.line.text(index).toLowerCase();
  }

  /** Returns the length of argument `index` in bytes; 0 if it is missing. */
  lengthOf(index: number): number {
    return index < this.line.count ? this.line.ends[index]! - this.line.starts[index]! : 0;
  }

  isSameKey(index: number, other: number): boolean {
    const { bytes, starts, ends } = this.line;
    if (ends[index]! - starts[index]! !== ends[other]! - starts[other]!) return false;
    return equalBytes(bytes, starts[index]!, ends[index]!, bytes, starts[other]!);
  }

  known(index: number, database = this.line.database): KnownKey {
    const place = this.#find(index, database);
    if (place < 0) return { exists: false, isAbsent: false, size: 0, expiryMs: NEVER };
    const memory = this.#memory;
    const state = memory.stateOf(place);
    return {
      exists: (state & EXISTS) !== 0,
      isAbsent: (state & ABSENT) !== 0,
      size: memory.sizeOf(place),
      expiryMs: memory.expiryOf(place),
    };
  }

  /** Records a read of the key at argument `index`. */
  read(index: number): void {
    const place = this.#find(index, this.line.database);
    if (place < 0) {
      this.#record(READ, 0, NEVER);
      return;
    }
    const memory = this.#memory;
    memory.changeState(place, 0, MAY_BE_CACHED);
    this.#record(READ, memory.sizeOf(place), memory.expiryOf(place));
  }

  /**
   * Records a write of the key at argument `index`.
   * @param sizeBytes 0: unknown, the size stays
   * @param expiryMs undefined: the expiry time stays
   */
  write(index: number, sizeBytes: number, expiryMs: number | undefined, database = this.line.database): void {
    const place = this.#find(index, database);
    let size = sizeBytes;
    let expiry = expiryMs ?? NEVER;
    if (place >= 0) {
      const memory = this.#memory;
      if (sizeBytes > 0) memory.setSize(place, sizeBytes);
      size = memory.sizeOf(place);
      if (expiryMs !== undefined) memory.setExpiry(place, expiryMs);
      expiry = memory.expiryOf(place);
      memory.changeState(place, ABSENT, EXISTS | MAY_BE_CACHED);
    }
    this.#record(WRITE, size, expiry);
  }

  /** Changes or removes the expiry time of the key at argument `index`. */
  expire(index: number, expiryMs: number): void {
    const place = this.#find(index, this.line.database);
    if (place >= 0) {
      this.#memory.setExpiry(place, expiryMs);
      this.#memory.changeState(place, 0, EXISTS);
    }
    this.#record(EXPIRE, place < 0 ? 0 : this.#memory.sizeOf(place), expiryMs);
  }

  delete(index: number): void {
    const place = this.#find(index, this.line.database);
    if (place >= 0) this.#forget(place);
    this.#record(DELETE, 1, NEVER);
  }

  /** Deletes all keys of the command's database, or of all databases. */
  flush(isEverywhere: boolean): void {
    const database = isEverywhere ? undefined : this.#databaseOf(this.line.database);
    if (database === undefined) this.#isAllEmptied = true;
    else this.#emptied.add(database);
    this.#memory.forEach(database, (place, low, high) => {
      const mayBeCached = (this.#memory.stateOf(place) & MAY_BE_CACHED) !== 0;
      this.#forget(place);
      if (!mayBeCached) return;
      this.#key.keyLow[0] = low;
      this.#key.keyHigh[0] = high;
      this.#key.family[0] = 0;
      this.#record(DELETE, 1, NEVER);
    });
  }

  swap(one: number, other: number): void {
    const [first, second] = [this.#databaseOf(one), this.#databaseOf(other)];
    this.#databases.set(one, second).set(other, first);
  }

  #isEmptied(database: number): boolean {
    return this.#isAllEmptied || this.#emptied.has(database);
  }

  #forget(place: number): void {
    this.#memory.changeState(place, EXISTS | MAY_BE_CACHED, ABSENT);
    this.#memory.setExpiry(place, NEVER);
  }

  #databaseOf(database: number): number {
    return this.#databases.get(database) ?? database;
  }

  /**
   * Puts the key into `#key`, and expires it if it is due.
   * @returns its place; -1 if it has none
   */
  #find(index: number, database: number): number {
    const { line } = this;
    const key = this.#key;
    key.count = 0;
    addKey(key, line.bytes, line.starts[index]!, line.ends[index]!, this.#families);
    const name = this.#databaseOf(database);
    if (name !== 0) key.keyHigh[0]! ^= mix32(name);
    const place = this.#memory.placeOf(key.keyLow[0]!, key.keyHigh[0]!, name);
    if (place < 0) return place;
    const memory = this.#memory;
    if ((memory.stateOf(place) & ~MAY_BE_CACHED) === NOTHING_KNOWN && this.#isEmptied(name)) {
      memory.changeState(place, 0, ABSENT);
    }
    if (memory.expiryOf(place) <= this.nowMs) {
      memory.setExpiry(place, NEVER);
      memory.changeState(place, EXISTS, ABSENT);
    }
    return place;
  }

  /** Adds a record of the key in `#key`. */
  #record(operation: number, size: number, expiryMs: number): void {
    if (this.records.isFull) this.#makeRoom();
    const { records } = this;
    const key = this.#key;
    const i = records.count++;
    records.keyLow[i] = key.keyLow[0]!;
    records.keyHigh[i] = key.keyHigh[0]!;
    records.family[i] = key.family[0]!;
    records.operation[i] = operation;
    records.size[i] = Math.max(1, size);
    records.timeMs[i] = this.nowMs;
    records.ttlMs[i] = expiryMs === NEVER ? 0 : Math.max(1, expiryMs - this.nowMs);
  }

  #makeRoom(): void {
    const { records } = this;
    const larger = new RecordBatch(2 * records.capacity);
    larger.keyLow.set(records.keyLow);
    larger.keyHigh.set(records.keyHigh);
    larger.size.set(records.size);
    larger.timeMs.set(records.timeMs);
    larger.operation.set(records.operation);
    larger.ttlMs.set(records.ttlMs);
    larger.family.set(records.family);
    larger.count = records.count;
    this.records = larger;
  }
}
