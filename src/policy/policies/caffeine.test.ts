/**
 * Compares every hit and every victim of W-TinyLFU with an independently written model of Caffeine. It covers
 * requests for entries of equal weight only; `policy-conformance.ts` covers the rest of the policy interface.
 */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { SeededRandom } from "../../lib/random.ts";
import type { Policy } from "../policy.ts";
import { parsePolicy } from "../registry.ts";
import { CaffeineModel } from "./caffeine-model.ts";

const SEED = Number(process.env["GLASSCACHE_SEED"] ?? 1);
const RUNS = Number(process.env["GLASSCACHE_CONFORMANCE_RUNS"] ?? 24);
/** A case takes about 50 ms. */
const CACHE_RUNS: number = Math.min(RUNS, 150);
const POLICY_SEED = 3;

/** A cache of equal entries over dense slots, driven as the simulator drives one. */
class Cache {
  readonly #policy: Policy;
  readonly #capacity: number;
  readonly #slotOf = new Map<number, number>();
  readonly #keyOf: Uint32Array;
  #used = 0;

  constructor(text: string, capacity: number) {
    const { type, parameters } = parsePolicy(text);
    const keyOf = new Uint32Array(capacity + 1);
    this.#capacity = capacity;
    this.#keyOf = keyOf;
    this.#policy = type.create(
      {
        words: new Int32Array((capacity + 1) * type.wordsPerSlot),
        stride: type.wordsPerSlot,
        offset: 0,
        state: new Int32Array(type.stateWords(capacity, parameters)),
        sums: new Float64Array(type.sums),
        capacity,
        maxEntries: capacity,
        weigh: () => 1,
        hashOf: (slot) => keyOf[slot]!,
        seed: POLICY_SEED,
      },
      parameters,
    );
  }

  /** Returns the same as `CaffeineModel.request`. */
  request(key: number): number {
    const found = this.#slotOf.get(key);
    if (found !== undefined) {
      this.#policy.hit(found);
      return -1;
    }
    this.#policy.miss(key);
    let victim = 0;
    let slot = this.#used + 1;
    if (this.#used === this.#capacity) {
      slot = this.#policy.evict(key);
      victim = this.#keyOf[slot]!;
      this.#slotOf.delete(victim);
    } else {
      this.#used++;
    }
    this.#slotOf.set(key, slot);
    this.#keyOf[slot] = key;
    this.#policy.insert(slot, key);
    return victim;
  }

  check(): void {
    this.#policy.check();
  }
}

/**
 * Checks the cache against the model.
 * @returns the number of misses, equal in both
 */
function replay(keys: Iterable<number>, capacity: number, climbs: boolean, options = ""): number {
  const random = new SeededRandom(POLICY_SEED);
  const [, window, protectedShare] = /window=(.*),protected=(.*)/.exec(options) ?? [];
  const model = new CaffeineModel({
    capacity,
    climbs,
    ...(window !== undefined && { window: Number(window), protectedShare: Number(protectedShare) }),
    draw: (bound) => random.below(bound),
  });
  const cache = new Cache(`${climbs ? "w-tinylfu-climb" : "w-tinylfu"}(${options})`, capacity);
  let misses = 0;
  let step = 0;
  for (const key of keys) {
    const [ours, theirs] = [cache.request(key), model.request(key)];
    if (ours !== theirs)
      throw new Error(`request ${step} for key ${key}: ${ours}, and ${theirs} by the model`);
    if (ours >= 0) misses++;
    if (++step % 10_000 === 0) cache.check();
  }
  cache.check();
  return misses;
}

/** Phases of Zipf, loops and new keys, each partly with keys of its own. */
function* phases(seed: number, capacity: number, requests: number): Generator<number> {
  const random = new SeededRandom(seed);
  for (let left = requests; left > 0; ) {
    const kind = random.below(4);
    const length = Math.min(left, 1 + random.below(Math.ceil(requests / 4)));
    const keys = 2 + random.below(4 * capacity);
    const offset = random.below(3) * capacity;
    const skew = 1 + 4 * random.next();
    for (let i = 0; i < length; i++) {
      const mixed = kind === 3 ? random.below(3) : kind;
      if (mixed === 0) yield 1 + offset + Math.floor(random.next() ** skew * keys);
      else if (mixed === 1) yield 1 + offset + (i % keys);
      else yield 1_000_000_000 + left - i;
    }
    left -= length;
  }
}

describe("W-TinyLFU decides as Caffeine", () => {
  for (const climbs of [false, true]) {
    const name = climbs ? "with a window that adapts" : "with a window of fixed size";

    test(`${name}, in small caches`, () => {
      const property = fc.property(fc.nat(2 ** 30), fc.integer({ min: 1, max: 500 }), (seed, capacity) => {
        replay(phases(seed, capacity, 60 * capacity + 4000), capacity, climbs);
      });
      fc.assert(property, { numRuns: CACHE_RUNS, seed: SEED });
    }, 120_000);

    test(`${name}, with other shares`, () => {
      const share = fc.constantFrom(0, 0.1, 0.3, 0.5, 0.8, 1);
      const property = fc.property(
        fc.nat(2 ** 30),
        fc.integer({ min: 1, max: 300 }),
        share,
        share,
        (seed, capacity, window, protectedShare) => {
          const options = `window=${window},protected=${protectedShare}`;
          replay(phases(seed, capacity, 60 * capacity + 4000), capacity, climbs, options);
        },
      );
      fc.assert(property, { numRuns: CACHE_RUNS, seed: SEED });
    }, 120_000);

    test(`${name}, in one of 5,000 entries`, () => {
      replay(phases(SEED, 5000, 400_000), 5000, climbs);
    }, 120_000);
  }
});

/** Traces beside the repository; tests that need them are skipped when they are missing. */
const traces = join(import.meta.dir, "../../../../shared/traces");

function readTrace(name: string): Uint32Array {
  const bytes = Bun.zstdDecompressSync(readFileSync(join(traces, `${name}.oracleGeneral.zst`)));
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  // A record has six words; the key is in the second and third. These traces' keys fit in the second.
  return Uint32Array.from({ length: words.length / 6 }, (_, i) => words[6 * i + 1]! + 1);
}

const isThere = existsSync(join(traces, "web12.oracleGeneral.zst"));
if (!isThere) test.skip("real traces: needs ../shared, which is not part of the repository", () => {});

describe.skipIf(!isThere)("W-TinyLFU decides as Caffeine on real traces", () => {
  const isLong = RUNS > 24;

  test("web12", () => {
    const keys = readTrace("web12");
    const misses = (capacity: number, climbs: boolean) => replay(keys, capacity, climbs);
    expect([misses(137, false), misses(1375, false)]).toEqual([60_613, 28_139]);
    expect([misses(137, true), misses(1375, true)]).toEqual([54_998, 28_571]);
  }, 120_000);

  test("orm-busy, with a window that adapts by density", () => {
    const keys = readTrace("orm-busy").subarray(0, isLong ? undefined : 1_000_000);
    replay(keys, 7634, true);
  }, 120_000);
});
