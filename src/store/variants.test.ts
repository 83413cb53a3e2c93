import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ABSENCE, VALUE, type Variant } from "../coherence/variant.ts";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { CopySink } from "./copy-sink.ts";
import { FRESH, type Freshness, STALE } from "./freshness.ts";
import { keyIn } from "./key-fixture.ts";
import { ABSENT } from "./reading.ts";
import { Store, type StoreOptions } from "./store.ts";

const START_MS = 1_700_000_000_000;
/** Kinds such as an owner of the store might choose. */
const ALL_FIELDS: Variant = { ...VALUE, kind: 2 };

function field(name: string): Variant {
  const bytes = utf8(`[${name}]`);
  return { kind: 3, bytes, start: 1, end: bytes.length - 1 };
}

/** Keys and fields of a few bytes, and of several chunks. */
const KEYS = ["a", "b", "key", `a${"long".repeat(2000)}`].map((name) => utf8(name));
const VARIANTS = [
  VALUE,
  ABSENCE,
  ALL_FIELDS,
  field(""),
  field("name"),
  field("names"),
  field("f".repeat(60)),
  field("f".repeat(9000)),
];

/** The entries of one key in the model, which is as simple as possible. */
interface Modelled {
  key: Uint8Array;
  variant: Variant;
  value: string;
  expiresAtMs: number;
  staleUntilMs: number;
}

/** A store beside a list of all its entries. */
class Pair {
  readonly store: Store;
  entries: Modelled[] = [];
  nowMs = START_MS;

  constructor(options: Partial<StoreOptions> = {}) {
    this.store = Store.create({ budgetBytes: 8 << 20, hashKey: { low: 7, high: 0 }, ...options });
  }

  #hash(key: Uint8Array): number {
    return this.store.hash(key, 0, key.length);
  }

  #forget(isGone: (entry: Modelled) => boolean): void {
    this.entries = this.entries.filter((entry) => !isGone(entry));
  }

  #isGood(entry: Modelled, accepts: Freshness): boolean {
    const goodUntilMs =
      accepts === STALE ? Math.max(entry.expiresAtMs, entry.staleUntilMs) : entry.expiresAtMs;
    return entry.expiresAtMs === 0 || goodUntilMs > this.nowMs;
  }

  /** @param lifeMs 0 for ever */
  fill(key: Uint8Array, variant: Variant, value: string, lifeMs: number, graceMs: number): void {
    const bytes = utf8(value);
    const fill = {
      lease: this.store.lease(this.#hash(key)),
      epoch: this.store.epochOf(keyIn(this.store, key)),
    };
    const expiresAtMs = lifeMs === 0 ? 0 : this.nowMs + lifeMs;
    const staleUntilMs = graceMs === 0 ? 0 : this.nowMs + lifeMs + graceMs;
    const terms = [expiresAtMs, fill, this.nowMs, staleUntilMs] as const;
    const isStored = this.store.fill(keyIn(this.store, key), bytes, 0, bytes.length, ...terms, variant);
    expect(isStored).toBe(true);
    this.#remember({ key, variant, value, expiresAtMs, staleUntilMs });
  }

  #remember(filled: Modelled): void {
    this.#forget(({ key, variant }) => key === filled.key && variant === filled.variant);
    this.entries.push(filled);
  }

  /** Fills the store with values of other keys, so that further entries displace some. */
  overfill(): void {
    for (let i = 0; this.store.stats().evictions === 0; i++) {
      const other = utf8(`other ${i}`);
      this.store.set(keyIn(this.store, other), new Uint8Array(1000), 0, this.nowMs);
    }
  }

  set(key: Uint8Array, value: string): void {
    expect(this.store.set(keyIn(this.store, key), utf8(value), 0, this.nowMs)).toBe("stored");
    this.#forget((entry) => entry.key === key);
    this.entries.push({ key, variant: VALUE, value, expiresAtMs: 0, staleUntilMs: 0 });
  }

  /** Reads a variant. In a store that evicts it may be absent; it must never be anything but the model's. */
  read(key: Uint8Array, variant: Variant, accepts: Freshness): void {
    const sink = new CopySink();
    const read = this.store.read(keyIn(this.store, key), this.nowMs, sink, accepts, variant);
    const known = this.entries.find((entry) => entry.key === key && entry.variant === variant);
    const isGood = known !== undefined && this.#isGood(known, accepts);
    if (read !== ABSENT) expect(fromUtf8(sink.copy)).toBe(isGood ? known.value : "nothing");
    else if (this.store.stats().evictions === 0) expect(isGood).toBe(false);
  }

  readAll(): void {
    for (const key of KEYS) {
      for (const variant of VARIANTS) {
        this.read(key, variant, FRESH);
        this.read(key, variant, STALE);
      }
    }
  }

  invalidate(key: Uint8Array): void {
    const wasThere = this.store.invalidate(keyIn(this.store, key));
    if (this.store.stats().evictions === 0) {
      expect(wasThere).toBe(this.entries.some((entry) => entry.key === key));
    }
    this.#forget((entry) => entry.key === key);
  }

  remove(key: Uint8Array): void {
    const wasThere = this.store.remove(keyIn(this.store, key), this.nowMs);
    if (this.store.stats().evictions === 0) {
      expect(wasThere).toBe(this.entries.some((entry) => entry.key === key && this.#isGood(entry, FRESH)));
    }
    this.#forget((entry) => entry.key === key);
  }

  /** Changes the expiry of the value alone. */
  setExpiry(key: Uint8Array, lifeMs: number): void {
    const known = this.entries.find((entry) => entry.key === key && entry.variant === VALUE);
    const expiresAtMs = lifeMs === 0 ? 0 : this.nowMs + lifeMs;
    const isSet = this.store.setExpiry(keyIn(this.store, key), expiresAtMs, this.nowMs);
    const isGood = known !== undefined && this.#isGood(known, FRESH);
    if (isSet || this.store.stats().evictions === 0) expect(isSet).toBe(isGood);
    if (isSet) this.#remember({ ...known!, expiresAtMs, staleUntilMs: 0 });
  }

  advance(ms: number): void {
    this.nowMs += ms;
  }

  sweep(): void {
    this.store.sweep(this.nowMs, 1e9);
    this.store.sweep(this.nowMs, 1e9);
    this.#forget((entry) => !this.#isGood(entry, STALE));
    if (this.store.stats().evictions === 0) expect(this.store.stats().entries).toBe(this.entries.length);
  }

  bumpEpoch(): void {
    this.store.bumpEpoch();
    this.entries = [];
  }

  /** Scans visit keys, not variants. */
  scan(): void {
    const seen: string[] = [];
    let cursor = 0;
    do {
      cursor = this.store.scan(cursor, 3, this.nowMs, (key) => {
        seen.push(fromUtf8(key));
      });
    } while (cursor !== 0);
    const values = this.entries.filter((entry) => entry.variant === VALUE && this.#isGood(entry, FRESH));
    const keys = values.map(({ key }) => fromUtf8(key)).sort();
    if (this.store.stats().evictions === 0) expect(seen.sort()).toEqual(keys);
    else expect(new Set(seen).size).toBe(seen.length);
  }
}

type Step = (pair: Pair) => void;

const key = fc.constantFrom(...KEYS);
const variant = fc.constantFrom(...VARIANTS);
const accepts = fc.constantFrom<Freshness>(FRESH, STALE);
const lifeMs = fc.constantFrom(0, 0, 1, 50, 1000);
const graceMs = fc.constantFrom(0, 0, 1, 500);
const value = fc
  .tuple(fc.string({ maxLength: 6 }), fc.constantFrom(0, 1, 40, 3000, 30_000, 90_000))
  .map(([text, times]) => text + "v".repeat(times));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(key, variant, value, lifeMs, graceMs).map(
      (of): Step =>
        (on) =>
          on.fill(...of),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(key, variant, accepts).map(
      (of): Step =>
        (on) =>
          on.read(...of),
    ),
  },
  {
    weight: 2,
    arbitrary: key.map(
      (of): Step =>
        (on) =>
          on.invalidate(of),
    ),
  },
  {
    weight: 1,
    arbitrary: key.map(
      (of): Step =>
        (on) =>
          on.remove(of),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(key, value).map(
      (of): Step =>
        (on) =>
          on.set(...of),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(key, lifeMs).map(
      (of): Step =>
        (on) =>
          on.setExpiry(...of),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 30, 400).map(
      (of): Step =>
        (on) =>
          on.advance(of),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>((on) => on.sweep()) },
  { weight: 1, arbitrary: fc.constant<Step>((on) => on.scan()) },
  { weight: 1, arbitrary: fc.constant<Step>((on) => on.bumpEpoch()) },
);

describe("variants of a key", () => {
  for (const [name, options] of [
    ["with room for all", {}],
    ["with evictions", { budgetBytes: 300_000, policy: "lru" }],
    ["in two shards", { shards: 2 }],
  ] as const) {
    test(`agree with a list of all entries, ${name}`, () => {
      let evictions = 0;
      fc.assert(
        fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
          const pair = new Pair(options);
          if (name === "with evictions") pair.overfill();
          for (const take of steps) {
            take(pair);
            pair.store.check();
          }
          pair.readAll();
          evictions += pair.store.stats().evictions;
        }),
        { numRuns: Number(process.env["GLASSCACHE_FUZZ_ROUNDS"] ?? 6) * 40 },
      );
      expect(evictions > 0).toBe(name === "with evictions");
    });
  }

  test("are told apart by kind and argument, and go with one invalidation", () => {
    const pair = new Pair();
    for (const each of KEYS) {
      for (const [at, asked] of VARIANTS.entries()) pair.fill(each, asked, `answer ${at}`, 0, 0);
    }
    pair.readAll();
    expect(pair.store.stats().entries).toBe(KEYS.length * VARIANTS.length);
    for (const [at, each] of KEYS.entries()) {
      pair.invalidate(each);
      pair.readAll();
      expect(pair.store.stats().entries).toBe((KEYS.length - at - 1) * VARIANTS.length);
      pair.store.check();
    }
  });

  test("all but one can be removed, and other keys keep theirs", () => {
    for (const kept of VARIANTS) {
      const pair = new Pair();
      for (const each of KEYS) {
        for (const asked of VARIANTS) pair.fill(each, asked, "answer", 0, 0);
      }
      const { store } = pair;
      const key = keyIn(store, String.fromCharCode(...KEYS[0]!));
      store.removeOthers(key, kept);
      for (const asked of VARIANTS) {
        expect(store.peek(key, START_MS, FRESH, asked) !== undefined).toBe(asked === kept);
      }
      expect(store.stats().entries).toBe((KEYS.length - 1) * VARIANTS.length + 1);
      store.check();
    }
  });

  test("take no more memory than a value if they have no argument", () => {
    const charged = (asked: Variant): number => {
      const pair = new Pair();
      pair.fill(KEYS[0]!, asked, "v".repeat(7), 0, 0);
      return pair.store.stats().usedBytes;
    };
    expect(charged(VALUE)).toBe(40);
    expect(charged(ABSENCE)).toBe(40);
    expect(charged(ALL_FIELDS)).toBe(40);
    expect(charged(field("name"))).toBeGreaterThanOrEqual(56 + 1 + 4 + 7);
  });

  test("of large values are written and read little by little, too", () => {
    const { store } = new Pair();
    const name = utf8("hash");
    const hash = store.hash(name, 0, name.length);
    const filled = (asked: Variant, byte: number): void => {
      const growing = store.grow(keyIn(store, name), LARGE_BYTES, START_MS, asked)!;
      growing.append(new Uint8Array(LARGE_BYTES).fill(byte), 0, LARGE_BYTES, START_MS);
      expect(
        store.fillGrown(
          growing,
          0,
          { lease: store.lease(hash), epoch: store.epochOf(keyIn(store, name)) },
          START_MS,
        ),
      ).toBe(true);
      growing.release();
    };
    const read = (asked: Variant): Uint8Array | undefined => {
      const sink = new CopySink();
      const found = store.read(keyIn(store, name), START_MS, sink, FRESH, asked);
      return found === ABSENT ? undefined : sink.copy;
    };
    filled(ALL_FIELDS, 1);
    filled(field("f".repeat(9000)), 2);
    expect(read(VALUE)).toBeUndefined();
    expect(read(field("f"))).toBeUndefined();
    expect(read(ALL_FIELDS)).toEqual(new Uint8Array(LARGE_BYTES).fill(1));
    expect(read(field("f".repeat(9000)))).toEqual(new Uint8Array(LARGE_BYTES).fill(2));
    store.check();
    store.invalidate(keyIn(store, name));
    expect(store.stats()).toMatchObject({ entries: 0, usedBytes: 0, payloadBytes: 0 });
    store.check();
  });
});
