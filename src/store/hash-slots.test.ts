/** A store whose hash slots have epochs of their own. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { VALUE, type Variant } from "../coherence/variant.ts";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { HASH_SLOTS, hashSlotOf } from "../lib/hash-slot.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { SeededRandom } from "../lib/random.ts";
import { CopySink } from "./copy-sink.ts";
import { FRESH } from "./freshness.ts";
import { keyIn } from "./key-fixture.ts";
import type { QueuePlan } from "./queue-plan.ts";
import { LOCK, ShardMemory } from "./shard-memory.ts";
import { Store, type StoreOptions } from "./store.ts";

const NOW_MS = 1_700_000_000_000;
const MEGABYTE = 2 ** 20;
/** Another question about a key, with an argument. */
const ASKED: Variant = { kind: 2, bytes: utf8("field"), start: 0, end: 5 };

/** Keys with one hash tag are in one hash slot. */
function slotOf(tag: string): number {
  const bytes = utf8(tag);
  return hashSlotOf(bytes, 0, bytes.length);
}

function newStore(options: Partial<StoreOptions> = {}): Store {
  const store = Store.create({ budgetBytes: 4 * MEGABYTE, hashKey: { low: 5, high: 1 }, ...options });
  store.useHashSlots();
  return store;
}

function fillNow(store: Store, name: string, value: Uint8Array, variant: Variant = VALUE): boolean {
  const key = keyIn(store, name);
  const fill = { lease: store.beginFill(key.hash), epoch: store.epochOf(key) };
  const isStored = store.fill(key, value, 0, value.length, 0, fill, NOW_MS, 0, variant);
  store.endFill(key.hash);
  return isStored;
}

function read(store: Store, name: string, nowMs = NOW_MS, variant: Variant = VALUE): string | undefined {
  const sink = new CopySink();
  return store.read(keyIn(store, name), nowMs, sink, FRESH, variant) < 0 ? undefined : fromUtf8(sink.copy);
}

function grown(store: Store, name: string, variant: Variant = VALUE) {
  const growing = store.grow(keyIn(store, name), LARGE_BYTES, NOW_MS, variant)!;
  growing.append(utf8("g".repeat(LARGE_BYTES)), 0, LARGE_BYTES, NOW_MS);
  return growing;
}

describe("a new epoch of some hash slots", () => {
  test("voids the entries of exactly their keys, hash tags included", () => {
    const store = newStore({ shards: 4 });
    store.onRemoval = () => expect.unreachable();
    const names = Array.from({ length: 3000 }, (_, i) => (i % 3 === 0 ? `{tag-${i % 50}}:${i}` : `key-${i}`));
    for (const name of names) expect(fillNow(store, name, utf8(name))).toBe(true);
    const slots = [...new Set(names.slice(0, 400).map((name) => keyIn(store, name).hashSlot))];
    const isVoid = (name: string): boolean => slots.includes(keyIn(store, name).hashSlot);
    const left = names.filter((name) => !isVoid(name));
    expect(left.length).toBeGreaterThan(1000);
    store.bumpEpoch(slots);
    for (const name of names) expect(read(store, name)).toBe(isVoid(name) ? undefined : name);
    const scanned: string[] = [];
    for (let cursor = store.scan(0, 100, NOW_MS, (key) => scanned.push(fromUtf8(key))); cursor !== 0; ) {
      cursor = store.scan(cursor, 100, NOW_MS, (key) => scanned.push(fromUtf8(key)));
    }
    expect(scanned.sort()).toEqual([...left].sort());
    expect(store.sweep(NOW_MS, 1_000_000)).toBe(names.length - left.length);
    // Nothing is left to sweep until the next epoch.
    expect(store.sweep(NOW_MS, 1_000_000)).toBe(0);
    expect(store.stats()).toMatchObject({ entries: left.length, expirations: 0, evictions: 0 });
    for (const name of names.filter(isVoid)) expect(fillNow(store, name, utf8("new"))).toBe(true);
    for (const name of names) expect(read(store, name)).toBe(isVoid(name) ? "new" : name);
    store.check();
  });

  test("counts for the key that is referred to, not for the one before it", () => {
    const store = newStore();
    const [first, second] = ["{a}1", "{b}1"];
    const key = keyIn(store, first);
    expect(key.hashSlot).toBe(slotOf("a"));
    fillNow(store, second, utf8("old"));
    store.bumpEpoch([slotOf("b")]);
    store.refer(key, utf8(second), 0, second.length);
    expect(key.hashSlot).toBe(slotOf("b"));
    expect(store.read(key, NOW_MS, new CopySink())).toBeLessThan(0);
    fillNow(store, second, utf8("new"));
    expect(store.read(key, NOW_MS, new CopySink())).toBe(3);
  });

  test("is told to readers of queues, and voids no key of other slots in the policy's order", () => {
    const store = newStore({ policy: "lru" });
    const names = ["{a}1", "{b}1", "{a}2", "{b}2"];
    for (const name of names) fillNow(store, name, utf8(name));
    const before = store.copyEpochs();
    store.bumpEpoch([slotOf("a")]);
    const plan: QueuePlan = { visits: 10, nearest: 10, positionOf: () => 0, boundFor: () => 1 };
    const [queue] = store.readQueues(0, NOW_MS, plan)!;
    const told = queue!.members.map(({ entry }) => [fromUtf8(entry!.key), entry!.freshness]);
    expect(new Map(told as [string, number][])).toEqual(
      new Map([
        ["{a}1", 3],
        ["{b}1", 0],
        ["{a}2", 3],
        ["{b}2", 0],
      ]),
    );
    const inOrder = (epochs?: typeof before): string[] => {
      const found: string[] = [];
      const keys = store.keysInOrder(0, epochs);
      while (keys.step(NOW_MS, (key) => found.push(fromUtf8(key))) === "under way");
      return found;
    };
    expect(inOrder()).toEqual(["{b}1", "{b}2"]);
    expect(inOrder(before)).toEqual(names);
  });

  test("voids large entries, entries with long keys, and other variants", () => {
    const store = newStore({ budgetBytes: 16 * MEGABYTE });
    const long = "x".repeat(60_000);
    const large = utf8("v".repeat(2 * LARGE_BYTES));
    for (const tag of ["a", "b"]) {
      expect(fillNow(store, `{${tag}}large`, large)).toBe(true);
      // The hash tag lies behind the entry's first chunk.
      expect(fillNow(store, `${long}{${tag}}`, utf8("long"))).toBe(true);
      expect(fillNow(store, `{${tag}}asked`, utf8("value"))).toBe(true);
      expect(fillNow(store, `{${tag}}asked`, utf8("answer"), ASKED)).toBe(true);
    }
    store.bumpEpoch([slotOf("b")]);
    const answers = (tag: string) => [
      read(store, `{${tag}}large`)?.length,
      read(store, `${long}{${tag}}`),
      read(store, `{${tag}}asked`),
      read(store, `{${tag}}asked`, NOW_MS, ASKED),
    ];
    expect(answers("a")).toEqual([large.length, "long", "value", "answer"]);
    expect(answers("b")).toEqual([undefined, undefined, undefined, undefined]);
    expect(store.sweep(NOW_MS, 1_000_000)).toBe(4);
    expect(answers("a")).toEqual([large.length, "long", "value", "answer"]);
    store.check();
  });

  test("leaves a large value that is being read to its reader", () => {
    const store = newStore({ budgetBytes: 16 * MEGABYTE });
    fillNow(store, "{a}", utf8("v".repeat(LARGE_BYTES)));
    const sink = new CopySink();
    let pinned: { readonly lengthBytes: number; release(): void } | undefined;
    const takesLarge = {
      takesLarge: true as const,
      openValue: (bytes: number) => sink.openValue(bytes),
      closeValue: () => sink.closeValue(),
      takeLarge(value: { readonly lengthBytes: number; release(): void }) {
        pinned = value;
      },
    };
    store.read(keyIn(store, "{a}"), NOW_MS, takesLarge);
    store.bumpEpoch([slotOf("a")]);
    expect(store.sweep(NOW_MS, 1_000_000)).toBe(1);
    store.check();
    expect(pinned?.lengthBytes).toBe(LARGE_BYTES);
    pinned!.release();
    store.check();
  });

  test("refuses the fills under way of its keys, and of no others", () => {
    const store = newStore();
    const names = ["{a}1", "{b}1", "1{a}", "c"];
    const fills = names.map((name) => {
      const key = keyIn(store, name);
      return { key, lease: store.beginFill(key.hash), epoch: store.epochOf(key) };
    });
    store.bumpEpoch([slotOf("a"), slotOf("d")]);
    const value = utf8("value");
    expect(fills.map((fill) => store.holds(fill.key, fill))).toEqual([false, true, false, true]);
    expect(fills.map((fill) => store.fill(fill.key, value, 0, 5, 0, fill, NOW_MS))).toEqual([
      ...[false, true],
      ...[false, true],
    ]);
    expect(store.stats()).toMatchObject({ fills: 2, refusedFills: 2 });
  });

  test("refuses the growing entries of its keys, and of no others", () => {
    const store = newStore({ budgetBytes: 16 * MEGABYTE });
    const fills = ["{a}1", "{b}1"].map((name) => {
      const key = keyIn(store, name);
      return { name, lease: store.lease(key.hash), epoch: store.epochOf(key), growing: grown(store, name) };
    });
    store.bumpEpoch([slotOf("a")]);
    expect(fills.map((fill) => store.fillGrown(fill.growing, 0, fill, NOW_MS))).toEqual([false, true]);
    for (const { growing } of fills) growing.release();
    expect(fills.map(({ name }) => read(store, name)?.length)).toEqual([undefined, LARGE_BYTES]);
    const written = grown(store, "{a}2");
    store.bumpEpoch([slotOf("a")]);
    expect(store.setGrown(written, 0, NOW_MS)).toBe(true);
    written.release();
    expect(read(store, "{a}2")?.length).toBe(LARGE_BYTES);
    store.check();
  });

  test("brings nothing back when a slot's epoch repeats its lowest 16 bits", () => {
    const store = Store.create({ budgetBytes: 4 * MEGABYTE, hashKey: { low: 5, high: 1 } });
    const slots = [slotOf("a")];
    for (let i = 0; i < 20_000; i++) store.bumpEpoch();
    store.useHashSlots();
    fillNow(store, "{a}", utf8("old"));
    fillNow(store, "{b}", utf8("old"));
    for (let i = 0; i < 65_536; i++) store.bumpEpoch(slots);
    expect(read(store, "{a}")).toBeUndefined();
    fillNow(store, "{b}", utf8("kept"));
    fillNow(store, "{a}", utf8("new"));
    store.bumpEpoch(slots);
    expect([read(store, "{a}"), read(store, "{b}")]).toEqual([undefined, "kept"]);
    store.check();
  });

  test("never waits for a dead thread's lock if it must not, also when everything must be removed", () => {
    const store = newStore({ shards: 2 });
    for (const tag of ["a", "b"]) for (let i = 0; i < 50; i++) fillNow(store, `{${tag}}${i}`, utf8("old"));
    const dead = 9;
    new ShardMemory(store.handle.shards[0]!).words[LOCK] = dead << 1;
    for (let i = 0; i < 40_000; i++) store.bumpEpoch([slotOf("a")], false);
    expect(store.releaseDead()).toBe(false);
    store.recover(dead);
    expect(store.releaseDead()).toBe(true);
    expect(store.stats().entries).toBe(0);
    for (const tag of ["a", "b"]) expect(read(store, `{${tag}}1`)).toBeUndefined();
    store.check();
  });
});

describe("a store", () => {
  test("drops everything when it begins to use hash slots, once, and all keys where it does not", () => {
    const store = Store.create({ budgetBytes: MEGABYTE, hashKey: { low: 5, high: 1 } });
    const key = keyIn(store, "{a}");
    fillNow(store, "{a}", utf8("value"));
    expect(store.bumpEpoch([slotOf("b")])).toBe(1);
    expect([read(store, "{a}"), store.epochCount]).toEqual([undefined, 1]);
    fillNow(store, "{a}", utf8("value"));
    const fill = { lease: store.lease(key.hash), epoch: store.epochOf(key) };
    expect([store.useHashSlots(), store.usesHashSlots, store.epochCount]).toEqual([1, true, 2]);
    expect(store.fill(key, utf8("late"), 0, 4, 0, fill, NOW_MS)).toBe(false);
    expect(read(store, "{a}")).toBeUndefined();
    fillNow(store, "{a}", utf8("kept"));
    expect([store.useHashSlots(), store.epochCount]).toEqual([0, 2]);
    store.bumpEpoch([slotOf("b")]);
    expect([read(store, "{a}"), store.epochCount]).toEqual(["kept", 3]);
    store.clear();
    expect([read(store, "{a}"), store.epochCount]).toEqual([undefined, 4]);
  });

  test("counts about how many entries hash slots had, once", () => {
    const store = newStore({ budgetBytes: 16 * MEGABYTE, shards: 2 });
    const slots = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
    const fillSome = (): void => {
      for (let i = 0; i < 12_000; i++) fillNow(store, `key-${i}`, utf8("v"));
    };
    fillSome();
    const third = slots(0, HASH_SLOTS / 4);
    expect(store.bumpEpoch(third)).toBe(3000);
    expect(store.bumpEpoch(third)).toBe(0);
    // One hash slot after the other, as they move from node to node.
    let moved = 0;
    for (const slot of slots(HASH_SLOTS / 4, HASH_SLOTS / 2)) moved += store.bumpEpoch([slot]);
    expect(Math.abs(moved - 3000)).toBeLessThanOrEqual(HASH_SLOTS / 4);
    expect(store.bumpEpoch(slots(HASH_SLOTS / 4, HASH_SLOTS / 2))).toBe(3000);
    expect(store.bumpEpoch()).toBe(6000);
    expect(store.bumpEpoch()).toBe(0);
    store.sweep(NOW_MS, 1_000_000);
    fillSome();
    expect(store.bumpEpoch()).toBe(12_000);
  });
});

/** What the model knows of an entry. */
interface Modelled {
  readonly tag: string;
  readonly value: string;
  readonly expiresAtMs: number;
  /** Another entry of the key, or this one, was evicted. */
  isUncertain: boolean;
}

/** A fill under way, and whether its key was voided since it began. */
interface Underway {
  readonly name: string;
  readonly tag: string;
  readonly variant: Variant;
  readonly epoch: number;
  isVoid: boolean;
}

const TAGS = ["a", "b", "c", "d", "e"];
const LENGTHS = [1, 30, 300, 5000, 30_000, LARGE_BYTES];

/** A store beside a map. The map knows a key's hash tag, and nothing of hash slots. */
class Pair {
  readonly store: Store;
  readonly #model = new Map<string, Modelled>();
  #underway: Underway[] = [];
  #usesHashSlots = false;
  #nowMs = NOW_MS;
  #count = 0;

  constructor(budgetBytes: number) {
    this.store = Store.create({ budgetBytes, hashKey: { low: 2, high: 3 }, shards: 1 });
    this.store.onRemoval = (key, cause) => this.#left(fromUtf8(key), cause);
  }

  /** An entry left. It must not have been void. */
  #left(name: string, cause: string): void {
    const entries = this.#entriesOf(name);
    if (entries.length === 0) throw new Error(`${name} left, but was void or not there`);
    if (cause === "expired") expect(entries.some((entry) => this.#hasExpired(entry))).toBe(true);
    for (const entry of entries) entry.isUncertain = true;
  }

  #entriesOf(name: string): Modelled[] {
    return [VALUE, ASKED].flatMap((variant) => this.#model.get(placeOf(name, variant)) ?? []);
  }

  #hasExpired({ expiresAtMs }: Modelled): boolean {
    return expiresAtMs !== 0 && expiresAtMs <= this.#nowMs;
  }

  begin(name: string, tag: string, variant: Variant): void {
    const epoch = this.store.epochOf(keyIn(this.store, name));
    this.#underway.push({ name, tag, variant, epoch, isVoid: false });
  }

  /** The oldest fill under way comes to its end. */
  land(value: string, lifeMs: number, grows: boolean): void {
    const fill = this.#underway.shift();
    if (fill === undefined) return;
    const { store } = this;
    const { name, tag, variant, epoch } = fill;
    const key = keyIn(store, name);
    const expiresAtMs = lifeMs === 0 ? 0 : this.#nowMs + lifeMs;
    // Which fills leases refuse is tested elsewhere.
    const terms = { lease: store.lease(key.hash), epoch };
    const bytes = utf8(value);
    const before = this.#model.get(placeOf(name, variant));
    this.#model.set(placeOf(name, variant), { tag, value, expiresAtMs, isUncertain: false });
    let isStored = false;
    const growing = grows ? store.grow(key, bytes.length, this.#nowMs, variant) : undefined;
    if (growing === undefined) {
      isStored = store.fill(key, bytes, 0, bytes.length, expiresAtMs, terms, this.#nowMs, 0, variant);
    } else {
      growing.append(bytes, 0, bytes.length, this.#nowMs);
      isStored = store.fillGrown(growing, expiresAtMs, terms, this.#nowMs);
      growing.release();
    }
    expect(isStored).toBe(!fill.isVoid);
    if (!isStored) this.#restore(placeOf(name, variant), before);
  }

  /** A growing entry that is not stored may have evicted others, the key's entry included. */
  #restore(place: string, before: Modelled | undefined): void {
    const { isUncertain } = this.#model.get(place)!;
    if (before === undefined) this.#model.delete(place);
    else this.#model.set(place, { ...before, isUncertain: before.isUncertain || isUncertain });
  }

  write(name: string, tag: string, value: string): void {
    const bytes = utf8(value);
    this.#model.set(placeOf(name, VALUE), { tag, value, expiresAtMs: 0, isUncertain: false });
    expect(this.store.set(keyIn(this.store, name), bytes, 0, this.#nowMs)).toBe("stored");
    this.#model.delete(placeOf(name, ASKED));
  }

  read(name: string, variant: Variant): void {
    const entry = this.#model.get(placeOf(name, variant));
    const found = read(this.store, name, this.#nowMs, variant);
    if (entry === undefined || this.#hasExpired(entry)) expect(found).toBeUndefined();
    else if (found !== undefined || !entry.isUncertain) expect(found).toBe(entry.value);
    if (entry !== undefined && !this.#hasExpired(entry) && found === undefined) {
      this.#model.delete(placeOf(name, variant));
    }
  }

  bump(tags: readonly string[] | undefined): void {
    this.store.bumpEpoch(tags?.map(slotOf));
    if (tags?.length === 0) return;
    this.#count++;
    this.#drop(this.#usesHashSlots ? tags : undefined);
  }

  useHashSlots(): void {
    this.store.useHashSlots();
    if (this.#usesHashSlots) return;
    this.#usesHashSlots = true;
    this.#count++;
    this.#drop(undefined);
  }

  #drop(tags: readonly string[] | undefined): void {
    const isDropped = ({ tag }: { readonly tag: string }): boolean =>
      tags === undefined || tags.includes(tag);
    for (const [place, entry] of this.#model) if (isDropped(entry)) this.#model.delete(place);
    for (const fill of this.#underway) if (isDropped(fill)) fill.isVoid = true;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
  }

  sweep(steps: number): void {
    this.store.sweep(this.#nowMs, steps);
  }

  /** Compares everything, and lets the sweep remove what is void. */
  compare(): void {
    const { store } = this;
    const live = [...this.#model].filter(([, entry]) => !this.#hasExpired(entry));
    const scanned = new Set<string>();
    let cursor = 0;
    do {
      cursor = store.scan(cursor, 50, this.#nowMs, (key) => scanned.add(placeOf(fromUtf8(key), VALUE)));
    } while (cursor !== 0);
    for (const place of scanned) expect(live.map(([each]) => each)).toContain(place);
    for (const [place, { isUncertain }] of live) {
      if (!isUncertain && place.endsWith("/0")) expect(scanned).toContain(place);
    }
    if (scanned.size > 0) {
      const drawn = store.randomKey(new SeededRandom(1), this.#nowMs);
      expect(scanned).toContain(placeOf(fromUtf8(drawn!), VALUE));
    }
    expect(store.epochCount).toBe(this.#count);
    // The first round may begin in the middle.
    for (let round = 0; round < 2; round++) this.sweep(1_000_000);
    const certain = live.filter(([, { isUncertain }]) => !isUncertain).length;
    expect(store.stats().entries).toBeGreaterThanOrEqual(certain);
    expect(store.stats().entries).toBeLessThanOrEqual(live.length);
    store.check();
  }
}

function placeOf(name: string, { kind }: Variant): string {
  return `${name}/${kind}`;
}

type Step = (pair: Pair) => void;

const tag = fc.constantFrom(...TAGS);
const someTags = fc.uniqueArray(tag, { maxLength: 3 });
const variant = fc.constantFrom(VALUE, VALUE, ASKED);
const named = fc
  .tuple(tag, fc.constantFrom("", "1", "2", "three"), fc.boolean())
  .map(([tag, rest, isBehind]) => ({
    tag,
    name: isBehind ? `${"k".repeat(6000)}${rest}{${tag}}` : `{${tag}}${rest}`,
  }));
const value = fc
  .tuple(fc.constantFrom("x", "y", "z"), fc.constantFrom(...LENGTHS))
  .map(([letter, length]) => letter.repeat(length));

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.tuple(named, variant).map(
      ([{ name, tag }, variant]) =>
        (on: Pair) =>
          on.begin(name, tag, variant),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(value, fc.constantFrom(0, 0, 50), fc.boolean()).map(
      ([value, lifeMs, grows]) =>
        (on: Pair) =>
          on.land(value, lifeMs, grows),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(named, value).map(
      ([{ name, tag }, value]) =>
        (on: Pair) =>
          on.write(name, tag, value),
    ),
  },
  {
    weight: 10,
    arbitrary: fc.tuple(named, variant).map(
      ([{ name }, variant]) =>
        (on: Pair) =>
          on.read(name, variant),
    ),
  },
  { weight: 5, arbitrary: someTags.map((tags) => (on: Pair) => on.bump(tags)) },
  { weight: 1, arbitrary: fc.constant<Step>((on) => on.bump(undefined)) },
  { weight: 1, arbitrary: fc.constant<Step>((on) => on.useHashSlots()) },
  { weight: 2, arbitrary: fc.constantFrom(1, 30, 60).map((ms) => (on: Pair) => on.pass(ms)) },
  { weight: 2, arbitrary: fc.constantFrom(10, 1000).map((steps) => (on: Pair) => on.sweep(steps)) },
  { weight: 1, arbitrary: fc.constant<Step>((on) => on.compare()) },
);

describe("a store with hash slots and a slow, obvious model", () => {
  for (const [room, budgetBytes] of [
    ["room for all", 16 * MEGABYTE],
    ["room for some", 1.2 * MEGABYTE],
  ] as const) {
    test(`agree, with ${room}`, () => {
      let evictions = 0;
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120, size: "max" }), fc.boolean(), (steps, usesAtOnce) => {
          const pair = new Pair(budgetBytes);
          if (usesAtOnce) pair.useHashSlots();
          for (const one of steps) one(pair);
          pair.compare();
          evictions += pair.store.stats().evictions;
        }),
        { numRuns: 300 },
      );
      expect(evictions > 0).toBe(budgetBytes < 2 * MEGABYTE);
    }, 60_000);
  }
});
