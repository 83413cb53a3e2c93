/**
 * Tries the rules of coherence in interleavings drawn by fast-check. One to three threads share a store. Each has its
 * own connection to one origin, which delivers replies and invalidations when the test says so.
 */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { CoherentCache, type CoherentStore } from "./coherent-cache.ts";
import type { Flight, FlightOwner } from "./flight.ts";
import { type Fill, Leases } from "./leases.ts";
import { VALUE, type Variant } from "./variant.ts";
import type { Waiter } from "./waiter.ts";

const KEYS = ["a", "b"].map((name) => {
  const bytes = utf8(name);
  return new KeyRef().refer(bytes, 0, 1, bytes[0]!);
});
const LEASES = 4;

/** The questions asked about a key. Each answer is an entry of its own; all answers are the key's version. */
const QUESTIONS: readonly Variant[] = [VALUE, { ...VALUE, kind: 2 }];

/** Stands for all keys in a FLUSHALL and its invalidation. */
const ALL = -1;

/**
 * A value is the version of its key: 0 at first, increased by each write that the origin executes. The time to live
 * equals the version too, so a test sees when one is stored with the other's.
 */
class MapStore implements CoherentStore {
  readonly entries = new Map<number, { version: number; remainingMs: number; epoch: number }>();
  readonly #leases = new Leases(new SharedArrayBuffer(LEASES * 8), 0, LEASES);
  #epoch = 0;
  /** How often hash slots were bumped alone. */
  readonly #bumps = new Map<number, number>();

  refer(key: KeyRef, bytes: Uint8Array, start: number, end: number): KeyRef {
    return key.refer(bytes, start, end, bytes[start]!);
  }

  invalidate({ hash }: KeyRef): void {
    this.#leases.change(hash);
    for (const { kind } of QUESTIONS) this.entries.delete(placeOf(hash, kind));
  }

  removeOthers({ hash }: KeyRef, kept: Variant): void {
    for (const { kind } of QUESTIONS) if (kind !== kept.kind) this.entries.delete(placeOf(hash, kind));
  }

  lease(hash: number): number {
    return this.#leases.of(hash);
  }

  beginFill(hash: number): number {
    return this.#leases.begin(hash);
  }

  endFill(hash: number): void {
    this.#leases.end(hash);
  }

  holds(key: KeyRef, fill: Fill): boolean {
    return this.#leases.holds(key.hash, fill, this.epochOf(key));
  }

  epochOf({ hashSlot }: KeyRef): number {
    return this.#epoch + (this.#bumps.get(hashSlot) ?? 0);
  }

  bumpEpoch(slots?: readonly number[]): number {
    if (slots === undefined) this.#epoch++;
    else for (const slot of slots) this.#bumps.set(slot, (this.#bumps.get(slot) ?? 0) + 1);
    return 0;
  }

  find(key: KeyRef, { kind }: Variant): number | undefined {
    const entry = this.entries.get(placeOf(key.hash, kind));
    if (entry?.epoch !== this.epochOf(key)) return undefined;
    expect(entry.remainingMs).toBe(entry.version);
    return entry.version;
  }

  fill(flight: Flight, version: number): boolean {
    const { key, variant, epoch, remainingMs } = flight;
    const { hash } = key;
    if (!this.holds(key, flight)) return false;
    this.entries.set(placeOf(hash, variant.kind), { version, remainingMs, epoch });
    this.#leases.stored(hash);
    return true;
  }
}

function placeOf(hash: number, kind: number): number {
  return hash * QUESTIONS.length * 8 + kind;
}

type Request =
  | { readonly kind: "ttl" | "get"; readonly flight: Flight }
  | { readonly kind: "write"; readonly key: number; version?: number };

type Delivery =
  | { readonly kind: "push"; readonly key: number }
  | { readonly kind: "reply"; readonly request: Request; readonly version: number };

/** One step of a run. */
interface Step {
  readonly kind:
    | "read"
    | "write"
    | "write-and-read"
    | "write-elsewhere"
    | "execute"
    | "deliver"
    | "lose"
    | "lose-slot";
  readonly thread: number;
  readonly key: number;
  /** The index in `QUESTIONS` of the question that is read. */
  readonly question: number;
  /** How many requests to execute, or replies and invalidations to deliver. */
  readonly count: number;
}

/**
 * One thread of the proxy: the part of `ReadThrough` and a session that matters here, and the connection to the
 * origin.
 */
class Thread implements FlightOwner<Variant> {
  readonly cache: CoherentCache<MapStore>;
  readonly world: World;
  requests: Request[] = [];
  deliveries: Delivery[] = [];
  readonly tracked = new Set<number>();

  constructor(world: World) {
    this.world = world;
    this.cache = new CoherentCache(world.store, world.threadCount > 1);
  }

  /** @param own a write that the same client sent before, whose reply it has not awaited */
  read(key: number, question: Variant, own?: Request & { readonly kind: "write" }): void {
    const { world, cache } = this;
    const ref = KEYS[key]!;
    const known = world.known[key]!;
    const done = (version: number): void => world.hasRead(key, version, Math.max(known, own?.version ?? 0));
    const cached = world.store.find(ref, question);
    if (cached !== undefined) {
      done(cached);
      return;
    }
    const waiter: Waiter = {
      found: ([version]) => done(version!),
      without() {},
      arriving() {},
      arrived() {},
    };
    const underway = cache.joinable(ref, question, 0, 1);
    if (underway !== undefined) {
      underway.join(waiter, 0);
      return;
    }
    const flight = cache.begin(ref, question, this, waiter);
    flight.sent(0);
    this.requests.push({ kind: "ttl", flight }, { kind: "get", flight });
  }

  write(key: number): Request & { readonly kind: "write" } {
    this.#invalidate(key, (ref) => this.cache.invalidate(ref));
    const request = { kind: "write" as const, key };
    this.requests.push(request);
    return request;
  }

  /** Makes the origin execute the next request. */
  execute(): void {
    const request = this.requests.shift();
    if (request === undefined) return;
    const { world } = this;
    if (request.kind === "write") {
      request.version = world.change(request.key, this);
      this.deliveries.push({ kind: "reply", request, version: request.version });
      // The origin sends the invalidation of a connection's own write behind the reply.
      this.told(request.key);
    } else {
      const key = KEYS.indexOf(request.flight.key);
      // Both commands of a fill read the key, so the origin tracks it from the first on.
      this.tracked.add(key);
      this.deliveries.push({ kind: "reply", request, version: world.versions[key]! });
    }
  }

  /** The origin has changed the key. */
  told(key: number): void {
    const isTracked = key === ALL ? this.tracked.size > 0 : this.tracked.delete(key);
    if (key === ALL) this.tracked.clear();
    if (isTracked) this.deliveries.push({ kind: "push", key });
  }

  #invalidate(key: number, one: (key: KeyRef) => void): void {
    if (key === ALL) this.cache.invalidateAll("flush");
    else one(KEYS[key]!);
  }

  /** Delivers the origin's next message. */
  deliver(): void {
    const delivery = this.deliveries.shift();
    if (delivery === undefined) return;
    if (delivery.kind === "push") {
      this.#invalidate(delivery.key, ({ bytes }) => this.cache.pushed(bytes, 0, 1));
      return;
    }
    const { request, version } = delivery;
    if (request.kind === "write") {
      if (this.cache.isShared) this.#invalidate(request.key, (ref) => this.cache.invalidateEarlier(ref));
      this.world.isKnown(request.key, version);
    } else if (request.kind === "ttl") {
      request.flight.timeToLive(version);
    } else {
      this.cache.end(request.flight, this.world.store.fill(request.flight, version));
      request.flight.found(new Uint8Array([version]), 0, 1);
    }
  }

  /** Breaks the connection. */
  lose(): void {
    const { requests, deliveries, cache } = this;
    this.requests = [];
    this.deliveries = [];
    this.tracked.clear();
    cache.invalidateAll("flush");
    const outstanding = [
      ...deliveries.flatMap((delivery) => (delivery.kind === "reply" ? [delivery.request] : [])),
      ...requests,
    ];
    for (const request of outstanding) if (request.kind === "get") cache.end(request.flight, false);
  }

  /** The hash slot of a key is lost, with everything under way about it, and no other. */
  loseSlot(key: number): void {
    const { requests, deliveries, cache } = this;
    const isLost = (request: Request): boolean =>
      request.kind === "write" ? request.key === key : request.flight.key === KEYS[key];
    this.requests = requests.filter((request) => !isLost(request));
    this.deliveries = deliveries.filter((delivery) =>
      delivery.kind === "push" ? delivery.key !== key : !isLost(delivery.request),
    );
    this.tracked.delete(key);
    cache.invalidateAll("channel", [KEYS[key]!.hashSlot]);
    const outstanding = [
      ...deliveries.flatMap((delivery) => (delivery.kind === "reply" ? [delivery.request] : [])),
      ...requests,
    ];
    for (const request of outstanding) {
      if (request.kind === "get" && isLost(request)) cache.end(request.flight, false);
    }
  }

  answered(): void {}

  askAgain(): void {}
}

class World {
  readonly store = new MapStore();
  readonly threadCount: number;
  readonly threads: Thread[];
  #version = 0;
  /** The version of each key at the origin. */
  readonly versions: number[] = KEYS.map(() => 0);
  /** The newest version of each key that a read through the proxy has returned or an acknowledged write has made. */
  readonly known: number[] = KEYS.map(() => 0);

  constructor(threadCount: number) {
    this.threadCount = threadCount;
    this.threads = Array.from({ length: threadCount }, () => new Thread(this));
  }

  /** The origin executes a write. @returns the new version of each key that it changes */
  change(key: number, writer?: Thread): number {
    this.#version++;
    for (const each of keysOf(key)) this.versions[each] = this.#version;
    for (const thread of this.threads) if (thread !== writer) thread.told(key);
    return this.#version;
  }

  hasRead(key: number, version: number, knownBefore: number): void {
    expect(version).toBeGreaterThanOrEqual(knownBefore);
    this.isKnown(key, version);
  }

  isKnown(key: number, version: number): void {
    for (const each of keysOf(key)) this.known[each] = Math.max(this.known[each]!, version);
  }

  take({ kind, thread, key, question, count }: Step): void {
    const one = this.threads[thread % this.threadCount]!;
    if (kind === "read") one.read(Math.max(0, key), QUESTIONS[question]!);
    else if (kind === "write") one.write(key);
    else if (kind === "write-and-read") one.read(Math.max(0, key), QUESTIONS[question]!, one.write(key));
    else if (kind === "write-elsewhere") this.change(key);
    else if (kind === "lose") one.lose();
    else if (kind === "lose-slot") one.loseSlot(Math.max(0, key));
    else for (let n = 0; n < count; n++) one[kind]();
  }

  /** Executes and delivers everything outstanding. */
  drain(): void {
    while (this.threads.some(({ requests, deliveries }) => requests.length + deliveries.length > 0)) {
      for (const thread of this.threads) {
        thread.execute();
        thread.deliver();
      }
    }
  }
}

function keysOf(key: number): number[] {
  return key === ALL ? [...KEYS.keys()] : [key];
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { arbitrary: fc.constantFrom("read" as const, "execute" as const, "deliver" as const), weight: 12 },
    {
      arbitrary: fc.constantFrom("write" as const, "write-and-read" as const, "write-elsewhere" as const),
      weight: 4,
    },
    { arbitrary: fc.constantFrom("lose" as const, "lose-slot" as const, "lose-slot" as const), weight: 1 },
  ),
  thread: fc.nat({ max: 2 }),
  key: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, ALL),
  question: fc.constantFrom(0, 0, 1),
  count: fc.constantFrom(1, 2, 4),
});

/**
 * One thread has cached a value. It is changed elsewhere, and another thread, which asks another question about the key,
 * sees the change before the first one is told of it.
 */
const OTHER_QUESTION: Step[] = [
  { kind: "read", thread: 0, key: 0, question: 0, count: 1 },
  { kind: "execute", thread: 0, key: 0, question: 0, count: 2 },
  { kind: "deliver", thread: 0, key: 0, question: 0, count: 2 },
  { kind: "write-elsewhere", thread: 0, key: 0, question: 0, count: 1 },
  { kind: "read", thread: 2, key: 0, question: 1, count: 1 },
  { kind: "execute", thread: 2, key: 0, question: 0, count: 4 },
  { kind: "deliver", thread: 2, key: 0, question: 0, count: 4 },
  { kind: "read", thread: 0, key: 0, question: 0, count: 1 },
];

describe.each([1, 2, 3])("%d threads", (threadCount) => {
  test("no read returns an older value than a write acknowledged, or a read answered, before it began", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
        const world = new World(threadCount);
        for (const one of steps) world.take(one);
        world.drain();
        // Nothing is under way any more: every cached value is the origin's.
        for (const [key, ref] of KEYS.entries()) {
          for (const question of QUESTIONS) {
            const cached = world.store.find(ref, question);
            if (cached !== undefined) expect(cached).toBe(world.versions[key]!);
          }
        }
        for (const { cache } of world.threads) expect(cache.flightCount).toBe(0);
      }),
      { numRuns: 15_000, examples: [[OTHER_QUESTION]] },
    );
  });
});

test("a fill behind a write is kept, though the invalidation of that write comes before its reply", () => {
  const world = new World(1);
  world.take({ kind: "read", thread: 0, key: 0, question: 0, count: 1 });
  world.drain();
  world.take({ kind: "write-and-read", thread: 0, key: 0, question: 0, count: 1 });
  world.drain();
  expect(world.store.find(KEYS[0]!, VALUE)).toBe(1);
});

test("where a hash slot is lost, its fills are void and cannot be joined, and those of other slots can", () => {
  const told: (readonly number[] | undefined)[] = [];
  const store = new MapStore();
  const observer = { invalidated() {}, invalidatedAll: (slots?: readonly number[]) => told.push(slots) };
  const cache = new CoherentCache(store, false, observer);
  const owner: FlightOwner<Variant> = { askAgain() {}, answered() {} };
  const waiter: Waiter = { found() {}, without() {}, arriving() {}, arrived() {} };
  const bytes = ["{a}1", "a", "b", "{b}2", "c{a}d"].map((name) => utf8(name));
  const keys = bytes.map((name, index) => new KeyRef().refer(name, 0, name.length, index % 2));
  const flights = keys.map((key) => cache.begin(key, VALUE, owner, waiter));
  for (const flight of flights) flight.sent(0);
  const slots = [keys[1]!.hashSlot];
  cache.invalidateAll("channel", slots);
  expect(told).toEqual([slots]);
  expect(cache.flightCount).toBe(2);
  expect(keys.map((key) => cache.joinable(key, VALUE, 0, 1))).toEqual([
    ...[undefined, undefined],
    ...[flights[2], flights[3], undefined],
  ]);
  expect(flights.map((flight) => cache.holds(flight.key, flight))).toEqual([false, false, true, true, false]);
  cache.invalidateAll("channel");
  expect([cache.flightCount, cache.invalidations.channel]).toEqual([0, 2]);
  expect(flights.map((flight) => cache.holds(flight.key, flight))).toEqual(flights.map(() => false));
});

test("an observer is told a write from an answer that could not be stored", () => {
  const causes: string[] = [];
  const observer = { invalidated: (_: KeyRef, by: string) => causes.push(by), invalidatedAll() {} };
  const cache = new CoherentCache(new MapStore(), true, observer);
  const owner: FlightOwner<Variant> = { askAgain() {}, answered() {} };
  const waiter: Waiter = { found() {}, without() {}, arriving() {}, arrived() {} };
  cache.invalidate(KEYS[0]!);
  for (const isStored of [true, false]) cache.end(cache.begin(KEYS[0]!, VALUE, owner, waiter), isStored);
  expect(causes).toEqual(["write", "reply"]);
});
