import { describe, expect, test } from "bun:test";
import { latin1, utf8 } from "../lib/bytes.ts";
import { SeededRandom } from "../lib/random.ts";
import { keyIn } from "./key-fixture.ts";
import { storePolicyNames } from "./shard-policy.ts";
import { Store, type StoreOptions } from "./store.ts";

const START_MS = 1_700_000_000_000;

/** An entry in the model, which is as simple as possible. */
interface Modelled {
  value: Uint8Array;
  expiresAtMs: number;
  filledAtMs: number;
  reads: number;
}

/** A store beside a `Map`. Every answer of the store is compared with the map. */
class Pair {
  readonly store: Store;
  readonly model = new Map<string, Modelled>();
  nowMs = START_MS;
  /** The key that is being stored, and whether it was reported as gone meanwhile. */
  #storing = "";
  #storingLeft = false;
  readonly evicts: boolean;

  constructor(options: StoreOptions) {
    this.store = Store.create(options);
    this.evicts = options.whenFull !== "refuse";
    this.store.onRemoval = (key, why) => this.#removed(key, why);
  }

  #removed(key: Uint8Array, why: "evicted" | "expired"): void {
    const name = latin1(key);
    const entry = this.model.get(name);
    if (name === this.#storing) this.#storingLeft = true;
    if (entry === undefined) throw new Error(`${name.slice(0, 20)} left (${why}), but was not there`);
    if (why === "expired") {
      expect(entry.expiresAtMs).toBeGreaterThan(0);
      expect(entry.expiresAtMs).toBeLessThanOrEqual(this.nowMs);
    } else {
      expect(this.evicts).toBe(true);
    }
    this.model.delete(name);
  }

  #live(key: Uint8Array): Modelled | undefined {
    const entry = this.model.get(latin1(key));
    return entry !== undefined && (entry.expiresAtMs === 0 || entry.expiresAtMs > this.nowMs)
      ? entry
      : undefined;
  }

  #remember(key: Uint8Array, value: Uint8Array, expiresAtMs: number): void {
    this.model.set(latin1(key), { value, expiresAtMs, filledAtMs: this.nowMs, reads: 0 });
  }

  /** Whether an entry may be too large for the present budget. */
  #isLarge(key: Uint8Array, value: Uint8Array): boolean {
    return key.length + value.length > this.store.maxValueBytes - 20_000;
  }

  hash(key: Uint8Array): number {
    return this.store.hash(key, 0, key.length);
  }

  set(key: Uint8Array, value: Uint8Array, expiresAtMs: number): void {
    this.#storing = latin1(key);
    this.#storingLeft = false;
    const outcome = this.store.set(keyIn(this.store, key), value, expiresAtMs, this.nowMs);
    this.#storing = "";
    if (outcome === "stored") {
      expect(this.#storingLeft).toBe(false);
      this.#remember(key, value, expiresAtMs);
    } else {
      const isLarge = this.#isLarge(key, value);
      expect(isLarge || outcome === (this.evicts ? "too-large" : "full")).toBe(true);
    }
  }

  get(key: Uint8Array): void {
    const entry = this.#live(key);
    const got = this.store.get(keyIn(this.store, key), this.nowMs);
    if (entry === undefined) {
      expect(got).toBeUndefined();
    } else {
      expect(got).toEqual(entry.value);
      entry.reads++;
    }
  }

  peek(key: Uint8Array): void {
    const entry = this.#live(key);
    const info = this.store.explain(keyIn(this.store, key), this.nowMs);
    expect(info === undefined).toBe(entry === undefined);
    if (info === undefined || entry === undefined) return;
    expect(info.valueBytes).toBe(entry.value.length);
    expect(info.keyBytes).toBe(key.length);
    expect(info.expiresAtMs).toBe(entry.expiresAtMs);
    expect(info.filledAtMs).toBe(entry.filledAtMs);
    expect(info.reads).toBe(Math.min(entry.reads, 65_535));
    expect(info.chargedBytes).toBeGreaterThan(info.valueBytes + info.keyBytes);
    expect(info.queue.length).toBeGreaterThan(0);
  }

  remove(key: Uint8Array): void {
    const entry = this.#live(key);
    expect(this.store.remove(keyIn(this.store, key), this.nowMs)).toBe(entry !== undefined);
    this.model.delete(latin1(key));
  }

  invalidate(key: Uint8Array): void {
    const wasThere = this.model.delete(latin1(key));
    expect(this.store.invalidate(keyIn(this.store, key))).toBe(wasThere);
  }

  setExpiry(key: Uint8Array, expiresAtMs: number): void {
    const entry = this.#live(key);
    const isThere = this.store.setExpiry(keyIn(this.store, key), expiresAtMs, this.nowMs);
    expect(isThere).toBe(entry !== undefined);
    // It may have been evicted by its own growth.
    if (entry !== undefined) this.model.set(latin1(key), { ...entry, expiresAtMs });
  }

  fill(key: Uint8Array, value: Uint8Array, expiresAtMs: number, random: SeededRandom): void {
    const lease = this.store.lease(this.hash(key));
    const epoch = this.store.epochOf(keyIn(this.store, key));
    let isVoid = expiresAtMs !== 0 && expiresAtMs <= this.nowMs;
    switch (random.below(6)) {
      case 0:
        this.invalidate(key);
        isVoid = true;
        break;
      case 1:
        this.bumpEpoch();
        isVoid = true;
        break;
    }
    const padded = new Uint8Array(value.length + 7);
    padded.set(value, 3);
    const isStored = this.store.fill(
      keyIn(this.store, key),
      padded,
      3,
      3 + value.length,
      expiresAtMs,
      { lease, epoch },
      this.nowMs,
    );
    if (isVoid) expect(isStored).toBe(false);
    if (isStored) this.#remember(key, value, expiresAtMs);
    else if (this.evicts) expect(isVoid || this.#isLarge(key, value)).toBe(true);
  }

  bumpEpoch(): void {
    this.store.bumpEpoch();
    this.model.clear();
  }

  clear(): void {
    this.store.clear();
    this.model.clear();
    expect(this.store.stats().entries).toBe(0);
  }

  sweepAll(): void {
    this.store.sweep(this.nowMs, 1e9);
    this.store.sweep(this.nowMs, 1e9);
    for (const entry of this.model.values()) {
      expect(entry.expiresAtMs === 0 || entry.expiresAtMs > this.nowMs).toBe(true);
    }
    expect(this.store.stats().entries).toBe(this.model.size);
  }

  scanAll(random: SeededRandom): void {
    const seen = new Set<string>();
    let cursor = 0;
    do {
      cursor = this.store.scan(cursor, 1 + random.below(100), this.nowMs, (key, hash) => {
        expect(hash).toBe(this.hash(key));
        const name = latin1(key);
        expect(seen.has(name)).toBe(false);
        seen.add(name);
      });
    } while (cursor !== 0);
    for (const [name, entry] of this.model) {
      expect(seen.has(name)).toBe(entry.expiresAtMs === 0 || entry.expiresAtMs > this.nowMs);
    }
    expect([...seen].every((name) => this.model.has(name))).toBe(true);
  }

  randomKey(random: SeededRandom): void {
    const key = this.store.randomKey(random, this.nowMs);
    if (key !== undefined) expect(this.#live(key)).toBeDefined();
    else
      expect(
        [...this.model.keys()].every((name) => this.#live(Buffer.from(name, "latin1")) === undefined),
      ).toBe(true);
  }

  setBudget(random: SeededRandom): void {
    const { mostBudgetBytes } = this.store;
    const { shards } = this.store.stats();
    const least = shards * 262_144;
    const budgetBytes = least + Math.floor((mostBudgetBytes - least) * random.next() ** 2);
    if (this.evicts) this.store.setBudget(budgetBytes);
    else {
      const before = this.store.budgetBytes;
      try {
        this.store.setBudget(budgetBytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
        expect(this.store.budgetBytes).toBe(before);
        return;
      }
    }
    expect(this.store.budgetBytes).toBe(budgetBytes);
  }

  check(): void {
    this.store.check();
    const stats = this.store.stats();
    expect(stats.entries).toBeGreaterThanOrEqual(this.model.size);
  }
}

function randomKey(random: SeededRandom, keys: number): Uint8Array {
  const index = random.below(keys);
  const text = `key-${index}`;
  if (index % 97 === 0) return utf8(text.padEnd(12_000 + index, "long "));
  if (index % 13 === 0) return utf8(text.padEnd(100 + index, "."));
  return utf8(text);
}

/** Sizes from nothing to several hundred kilobytes, small ones more often. */
function randomValue(random: SeededRandom, largest: number): Uint8Array {
  const length = Math.floor(random.next() ** 4 * Math.min(largest, 10 ** (1 + random.below(6))));
  const value = new Uint8Array(length);
  const first = random.below(256);
  for (let i = 0; i < length; i++) value[i] = (first + i * 7 + (i >> 8)) & 255;
  return value;
}

function act(pair: Pair, random: SeededRandom, keys: number, largest: number): void {
  const key = randomKey(random, keys);
  const expiresAtMs = random.below(3) === 0 ? pair.nowMs + random.below(3000) - 100 : 0;
  const choice = random.below(1000);
  if (choice < 350) pair.set(key, randomValue(random, largest), expiresAtMs);
  else if (choice < 600) pair.get(key);
  else if (choice < 650) pair.peek(key);
  else if (choice < 720) pair.remove(key);
  else if (choice < 760) pair.invalidate(key);
  else if (choice < 880) pair.fill(key, randomValue(random, largest), expiresAtMs, random);
  else if (choice < 930) pair.setExpiry(key, expiresAtMs);
  else if (choice < 970) pair.nowMs += random.below(200);
  else if (choice < 975) pair.scanAll(random);
  else if (choice < 985) pair.randomKey(random);
  else if (choice < 992) pair.sweepAll();
  else if (choice < 994) pair.bumpEpoch();
  else if (choice < 995) pair.clear();
  else if (choice < 998) pair.store.setPolicy(random.pick(storePolicyNames()));
  else pair.setBudget(random);
}

describe("store against a map", () => {
  const rounds = Number(process.env["GLASSCACHE_FUZZ_ROUNDS"] ?? 6);
  for (const whenFull of ["evict", "refuse"] as const) {
    for (let round = 0; round < rounds; round++) {
      const seed = Number(process.env["GLASSCACHE_SEED"] ?? 4711) + round;
      const budgetBytes = [300_000, 1_000_000, 4_000_000][round % 3]!;
      const shards = round % 2 === 0 ? 1 : 2;
      test(`${whenFull} when full, ${budgetBytes} bytes, seed ${seed}`, () => {
        const random = new SeededRandom(seed);
        const pair = new Pair({
          budgetBytes: Math.max(budgetBytes, shards * 300_000),
          mostBudgetBytes: 6_000_000,
          shards,
          hashKey: { low: seed, high: 0 },
          whenFull,
        });
        const largest = pair.store.maxValueBytes;
        const keys = [50, 500, 5000][random.below(3)]!;
        for (let step = 0; step < 4000; step++) {
          act(pair, random, keys, largest);
          if (step % 16 === 0) pair.check();
        }
        pair.check();
      });
    }
  }
});
