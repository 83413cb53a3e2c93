import type { ValueSink } from "../lib/byte-buffer.ts";
import type { Clock } from "../lib/clock.ts";
import { KeyRef } from "../lib/key-ref.ts";
import type { Random } from "../lib/random.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import { KEY_BYTES_LIMIT } from "../store/entry-layout.ts";
import { ABSENT } from "../store/reading.ts";
import { Store } from "../store/store.ts";
import {
  type Engine,
  type EngineLimits,
  type EngineStats,
  type LargeWrite,
  OutOfMemoryError,
  type RemovalListener,
  type StoredValue,
  TooLargeError,
} from "./engine.ts";
import { ArenaWrite } from "./large-write.ts";

export interface MemoryEngineOptions {
  /** Memory for all data, tables included. */
  readonly budgetBytes: number;
  /** The largest budget that can be set while the engine runs; `budgetBytes` by default. */
  readonly mostBudgetBytes?: number | undefined;
  /** The eviction policy, as `parsePolicy` reads it: `s3-fifo`, `lru`, … */
  readonly policy: string;
  /** When a write does not fit: `evict` lets the policy make room, `refuse` throws an `OutOfMemoryError`. */
  readonly whenFull: "evict" | "refuse";
  readonly clock: Clock;
  /** Draws random keys. */
  readonly random: Random;
  /** The secret of the key hash; random by default. */
  readonly hashKey?: HashKey | undefined;
  readonly onRemoval: RemovalListener;
}

/** Keeps everything in memory, in one arena with an exact budget. Nothing survives the process. */
export class MemoryEngine implements Engine {
  readonly name = "memory";
  readonly limits: EngineLimits;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #random: Random;
  /** The key being looked up. */
  readonly #key = new KeyRef();

  /** @throws RangeError for an impossible budget or an unknown policy */
  constructor(options: MemoryEngineOptions) {
    const { budgetBytes, mostBudgetBytes, policy, whenFull, hashKey } = options;
    const store = Store.create({ budgetBytes, mostBudgetBytes, policy, whenFull, hashKey });
    store.onRemoval = options.onRemoval;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#store = store;
    this.limits = {
      keyBytes: KEY_BYTES_LIMIT,
      get valueBytes() {
        return store.maxValueBytes;
      },
    };
  }

  get(key: Uint8Array): StoredValue | undefined {
    const ref = this.#keyAt(key);
    const nowMs = this.#clock.wallMs();
    const entry = this.#store.peek(ref, nowMs);
    const value = this.#store.get(ref, nowMs);
    if (entry === undefined || value === undefined) return undefined;
    return { value, expiresAtMs: entry.expiresAtMs };
  }

  read(bytes: Uint8Array, start: number, end: number, sink: ValueSink): boolean {
    return this.#store.read(this.#keyAt(bytes, start, end), this.#clock.wallMs(), sink) !== ABSENT;
  }

  expiry(key: Uint8Array): number | undefined {
    return this.#peek(key)?.expiresAtMs;
  }

  length(key: Uint8Array): number | undefined {
    return this.#peek(key)?.valueBytes;
  }

  #peek(key: Uint8Array) {
    return this.#store.peek(this.#keyAt(key), this.#clock.wallMs());
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
    const { keyBytes, valueBytes } = this.limits;
    if (end - start > keyBytes) throw new TooLargeError(`a key may have up to ${keyBytes} bytes`);
    if (valueEnd - valueStart > valueBytes) {
      throw new TooLargeError(`a value may have up to ${valueBytes} bytes`);
    }
    const store = this.#store;
    const nowMs = this.#clock.wallMs();
    const outcome = store.write(
      this.#keyAt(key, start, end),
      value,
      valueStart,
      valueEnd,
      expiresAtMs,
      nowMs,
    );
    if (outcome === "stored") return;
    if (outcome === "full") throw new OutOfMemoryError("the memory budget is spent");
    if (outcome === "too-large") throw new TooLargeError("key and value together exceed the memory budget");
  }

  beginLarge(key: Uint8Array, valueBytes: number, expiresAtMs: number): LargeWrite | undefined {
    const store = this.#store;
    const growing = store.grow(this.#keyAt(key).copy(), valueBytes, this.#clock.wallMs());
    return growing && new ArenaWrite(store, growing, this.#clock, expiresAtMs);
  }

  setExpiry(key: Uint8Array, expiresAtMs: number): boolean {
    return this.#store.setExpiry(this.#keyAt(key), expiresAtMs, this.#clock.wallMs());
  }

  delete(key: Uint8Array): boolean {
    return this.#store.remove(this.#keyAt(key), this.#clock.wallMs());
  }

  clear(): void {
    this.#store.clear();
  }

  size(): number {
    return this.#store.stats().entries;
  }

  expiringCount(): number {
    return this.#store.stats().expiring;
  }

  scan(cursor: number, count: number, visit: (key: Uint8Array) => void): number {
    return this.#store.scan(cursor, count, this.#clock.wallMs(), visit);
  }

  randomKey(): Uint8Array | undefined {
    return this.#store.randomKey(this.#random, this.#clock.wallMs());
  }

  /**
   * Looks at a share of the store, so that a hundred calls look at all of it; a small store is looked at whole. The
   * share is bounded, so that no call delays others for long.
   */
  removeExpired(limit: number): number {
    const nowMs = this.#clock.wallMs();
    const share = Math.ceil(this.#store.stats().buckets / CALLS_PER_ROUND);
    let steps = Math.min(Math.max(LEAST_STEPS, share), MOST_STEPS);
    let removed = 0;
    while (steps > 0 && removed < limit) {
      const step = Math.min(steps, limit - removed);
      removed += this.#store.sweep(nowMs, step);
      steps -= step;
    }
    // A bucket is swept as a whole, and may have held more expired keys than were asked for.
    return Math.min(removed, limit);
  }

  settle(): undefined {
    return undefined;
  }

  #keyAt(bytes: Uint8Array, start = 0, end: number = bytes.length): KeyRef {
    return this.#store.refer(this.#key, bytes, start, end);
  }

  get policy(): string {
    return this.#store.policyName;
  }

  set policy(text: string) {
    this.#store.setPolicy(text);
  }

  get budgetBytes(): number {
    return this.#store.budgetBytes;
  }

  set budgetBytes(bytes: number) {
    this.#store.setBudget(bytes);
  }

  get mostBudgetBytes(): number {
    return this.#store.mostBudgetBytes;
  }

  stats(): EngineStats {
    const { usedBytes, budgetBytes, evictions, expirations, entries } = this.#store.stats();
    return {
      keys: entries,
      usedBytes,
      budgetBytes,
      evictedCount: evictions,
      expiredCount: expirations,
      diskBytes: 0,
      arenaHits: 0,
      arenaMisses: 0,
    };
  }

  async close(): Promise<void> {
    this.#store.clear();
  }
}

/** Bounds of how many buckets a call searches for expired keys. */
const LEAST_STEPS = 4096;
const MOST_STEPS = 16_384;
const CALLS_PER_ROUND = 100;
