import {
  type Engine,
  type EngineLimits,
  type EngineStats,
  NEVER,
  OutOfMemoryError,
  type RemovalListener,
  type StoredValue,
  TooLargeError,
} from "../../src/engine/engine.ts";
import type { ValueSink } from "../../src/lib/byte-buffer.ts";
import { fromLatin1, latin1 } from "../../src/lib/bytes.ts";
import type { Clock } from "../../src/lib/clock.ts";
import type { Random } from "../../src/lib/random.ts";

export interface MapEngineOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly onRemoval: RemovalListener;
  readonly limits?: EngineLimits;
}

interface Entry {
  value: Uint8Array;
  expiresAtMs: number;
  /** Its place in the order of `scan`. */
  readonly place: number;
}

/**
 * The obvious engine, for tests of what stands on one: a `Map`, with a budget that can be set at any time and
 * durability that comes when the test says so.
 */
export class MapEngine implements Engine {
  readonly name = "memory";
  readonly limits: EngineLimits;
  /** It has none, but keeps the name. */
  policy = "s3-fifo";
  /** Bytes of keys and values; more are refused. */
  budgetBytes: number = Number.POSITIVE_INFINITY;
  readonly mostBudgetBytes: number = Number.POSITIVE_INFINITY;
  /** What `settle` answers with. */
  settleWith: () => Promise<void> | undefined = () => undefined;
  isClosed = false;
  readonly #entries = new Map<string, Entry>();
  /** Keys in the order they came; undefined where one has gone. */
  #order: (string | undefined)[] = [];
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #onRemoval: RemovalListener;
  #usedBytes = 0;
  #expiredCount = 0;

  constructor(options: MapEngineOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#onRemoval = options.onRemoval;
    this.limits = options.limits ?? { keyBytes: 64 * 1024, valueBytes: 512 * 1024 ** 2 };
  }

  get(key: Uint8Array): StoredValue | undefined {
    const entry = this.#find(latin1(key));
    return entry && { value: new Uint8Array(entry.value), expiresAtMs: entry.expiresAtMs };
  }

  read(bytes: Uint8Array, start: number, end: number, sink: ValueSink): boolean {
    const entry = this.#find(latin1(bytes, start, end));
    if (entry === undefined) return false;
    sink.openValue(entry.value.length).append(entry.value);
    sink.closeValue();
    return true;
  }

  expiry(key: Uint8Array): number | undefined {
    return this.#find(latin1(key))?.expiresAtMs;
  }

  length(key: Uint8Array): number | undefined {
    return this.#find(latin1(key))?.value.length;
  }

  write(
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
  ): void {
    const keyBytes = keyEnd - keyStart;
    const valueBytes = valueEnd - valueStart;
    if (keyBytes > this.limits.keyBytes || valueBytes > this.limits.valueBytes) {
      throw new TooLargeError("beyond the engine's limits");
    }
    const name = latin1(key, keyStart, keyEnd);
    const old = this.#find(name);
    const added = valueBytes - (old === undefined ? -keyBytes : old.value.length);
    if (added > 0 && this.#usedBytes + added > this.budgetBytes) {
      throw new OutOfMemoryError("the budget is spent");
    }
    this.#usedBytes += added;
    const place = old?.place ?? this.#order.push(name) - 1;
    this.#entries.set(name, { value: value.slice(valueStart, valueEnd), expiresAtMs, place });
  }

  /** Values are set as a whole here. */
  beginLarge(): undefined {}

  setExpiry(key: Uint8Array, expiresAtMs: number): boolean {
    const entry = this.#find(latin1(key));
    if (entry !== undefined) entry.expiresAtMs = expiresAtMs;
    return entry !== undefined;
  }

  delete(key: Uint8Array): boolean {
    const name = latin1(key);
    return this.#find(name) !== undefined && this.#remove(name);
  }

  clear(): void {
    this.#entries.clear();
    this.#order = [];
    this.#usedBytes = 0;
  }

  size(): number {
    return this.#entries.size;
  }

  expiringCount(): number {
    return [...this.#entries.values()].filter((entry) => entry.expiresAtMs !== NEVER).length;
  }

  scan(cursor: number, count: number, visit: (key: Uint8Array) => void): number {
    let at = cursor;
    for (let visited = 0; at < this.#order.length && visited < count; at++) {
      const name = this.#order[at];
      if (name === undefined) continue;
      visited++;
      if (!this.#hasExpired(this.#entries.get(name)!)) visit(fromLatin1(name));
    }
    return at < this.#order.length ? at : 0;
  }

  randomKey(): Uint8Array | undefined {
    const names = [...this.#entries].filter(([, entry]) => !this.#hasExpired(entry)).map(([name]) => name);
    const name = names[Math.floor(this.#random.next() * names.length)];
    return name === undefined ? undefined : fromLatin1(name);
  }

  removeExpired(limit: number): number {
    let removed = 0;
    for (const [name, entry] of this.#entries) {
      if (removed === limit) break;
      if (!this.#hasExpired(entry)) continue;
      this.#expire(name);
      removed++;
    }
    return removed;
  }

  /** Throws a key out, as an engine that evicts does. */
  evict(key: string): void {
    this.#remove(key);
    this.#onRemoval(fromLatin1(key), "evicted");
  }

  settle(): Promise<void> | undefined {
    return this.settleWith();
  }

  stats(): EngineStats {
    return {
      keys: this.#entries.size,
      usedBytes: this.#usedBytes,
      budgetBytes: this.budgetBytes,
      evictedCount: 0,
      expiredCount: this.#expiredCount,
      diskBytes: 0,
      arenaHits: 0,
      arenaMisses: 0,
    };
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  #find(name: string): Entry | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined || !this.#hasExpired(entry)) return entry;
    this.#expire(name);
    return undefined;
  }

  #hasExpired(entry: Entry): boolean {
    return entry.expiresAtMs !== NEVER && entry.expiresAtMs <= this.#clock.wallMs();
  }

  #expire(name: string): void {
    this.#remove(name);
    this.#expiredCount++;
    this.#onRemoval(fromLatin1(name), "expired");
  }

  #remove(name: string): boolean {
    const entry = this.#entries.get(name);
    if (entry === undefined) return false;
    this.#usedBytes -= name.length + entry.value.length;
    this.#order[entry.place] = undefined;
    return this.#entries.delete(name);
  }
}
