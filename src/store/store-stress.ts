import { assert } from "../lib/assert.ts";
import { SeededRandom } from "../lib/random.ts";
import { keyIn } from "./key-fixture.ts";
import type { Store } from "./store.ts";

/**
 * One thread's part of a stress test of a shared store: random operations with every answer checked. `StressGround`
 * holds what the threads share besides the store.
 */
export interface StressOptions {
  readonly thread: number;
  readonly seed: number;
  /** The number of threads. None starts before all are there. */
  readonly threads: number;
  readonly operations: number;
  /** Policies to change between. */
  readonly policies: readonly string[];
}

/** The versions by which threads check each other: the cache must never return an older one than acknowledged. */
export interface StressGround {
  /** The origin: the newest version of each shared key. */
  readonly origin: Int32Array;
  /** The newest version of each key whose writer has completed its invalidation. */
  readonly acknowledged: Int32Array;
  /** One word: the number of threads that have arrived. */
  readonly arrived: Int32Array;
}

export interface StressCounts {
  hits: number;
  fills: number;
}

/** The origin's answer to an earlier miss, not stored yet. */
interface PendingFill {
  id: number;
  version: number;
  lease: number;
  epoch: number;
}

const PENDING_LIMIT = 32;
const SHARED_KEYS = 1500;
const OWN_KEYS = 150;
const HEADER_WORDS = 4;
const NOW_MS = 1_700_000_000_000;

/** Allocates the shared state for any number of threads. */
export function stressGround(): StressGround {
  const words = (count: number) => new Int32Array(new SharedArrayBuffer(count * 4));
  return { origin: words(SHARED_KEYS), acknowledged: words(SHARED_KEYS), arrived: words(1) };
}

/**
 * Runs one thread's part.
 * @public run in threads
 * @throws AssertionError if a value is torn, of another key, or older than it may be
 */
export function stress(store: Store, ground: StressGround, options: StressOptions): StressCounts {
  const random = new SeededRandom(options.seed * 1000 + options.thread);
  const own = new Map<number, number>();
  const pending: PendingFill[] = [];
  const counts: StressCounts = { hits: 0, fills: 0 };
  meet(ground.arrived, options.threads);
  for (let operation = 0; operation < options.operations; operation++) {
    if (options.thread === 0 && operation === options.operations >> 1) store.useHashSlots();
    const choice = random.below(100_000);
    if (choice < 35_000) readShared(store, ground, random, counts, pending);
    else if (choice < 60_000) fillShared(store, random, counts, pending);
    else if (choice < 74_500) writeShared(store, ground, random);
    else if (choice < 75_000) moveSlots(store, ground, random);
    else if (choice < 97_000) useOwn(store, own, options.thread, operation, random);
    else if (choice < 98_500) store.sweep(NOW_MS + random.below(3) * 500, 64);
    else if (choice < 99_500) scanSome(store, random);
    else if (choice < 99_950) store.randomKey(random, NOW_MS);
    else if (choice < 99_970) store.setPolicy(random.pick(options.policies));
    else if (choice < 99_978) store.setBudget(randomBudget(store, random));
    else if (choice < 99_985) store.bumpEpoch();
    else if (choice < 99_990) store.clear();
    else store.check();
  }
  return counts;
}

/** At least half of the largest budget, so that every value fits. */
function randomBudget({ mostBudgetBytes }: Store, random: SeededRandom): number {
  return mostBudgetBytes / 2 + random.below(mostBudgetBytes / 2);
}

function meet(arrived: Int32Array, threads: number): void {
  Atomics.add(arrived, 0, 1);
  Atomics.notify(arrived, 0);
  for (let count = Atomics.load(arrived, 0); count < threads; count = Atomics.load(arrived, 0)) {
    Atomics.wait(arrived, 0, count);
  }
}

/** Reads as a read-through cache does. A hit must be at least as new as the newest acknowledged version. */
function readShared(
  store: Store,
  ground: StressGround,
  random: SeededRandom,
  counts: StressCounts,
  pending: PendingFill[],
): void {
  // Some keys are read far more often than others.
  const id = Math.floor(random.next() ** 3 * SHARED_KEYS);
  const key = keyOf(id, 0);
  const hash = store.hash(key, 0, key.length);
  const newest = Atomics.load(ground.acknowledged, id);
  const value = store.get(keyIn(store, key), NOW_MS);
  if (value !== undefined) {
    counts.hits++;
    const version = checkValue(value, id);
    assert(version >= newest, `key ${id}: read version ${version} after ${newest} was acknowledged`);
  } else if (pending.length < PENDING_LIMIT) {
    const lease = store.lease(hash);
    const epoch = store.epochOf(keyIn(store, key));
    pending.push({ id, version: Atomics.load(ground.origin, id), lease, epoch });
  }
}

/** Stores the answer to an earlier miss. If it is out of date, the store must refuse it. */
function fillShared(store: Store, random: SeededRandom, counts: StressCounts, pending: PendingFill[]): void {
  const index = random.below(pending.length);
  const fill = pending[index];
  if (fill === undefined) return;
  pending[index] = pending.at(-1)!;
  pending.pop();
  const key = keyOf(fill.id, 0);
  const value = makeValue(fill.id, fill.version, random);
  const expiresAtMs = random.below(4) === 0 ? NOW_MS + 1 + random.below(1000) : 0;
  if (store.fill(keyIn(store, key), value, 0, value.length, expiresAtMs, fill, NOW_MS)) {
    counts.fills++;
  }
}

function writeShared(store: Store, ground: StressGround, random: SeededRandom): void {
  const id = Math.floor(random.next() ** 3 * SHARED_KEYS);
  const key = keyOf(id, 0);
  const version = Atomics.add(ground.origin, id, 1) + 1;
  store.invalidate(keyIn(store, key));
  acknowledge(ground, id, version);
}

/** Keys change in hash slots whose messages nobody receives, so the slots begin new epochs. */
function moveSlots(store: Store, ground: StressGround, random: SeededRandom): void {
  const moved = Array.from({ length: 1 + random.below(8) }, () => {
    const id = Math.floor(random.next() ** 3 * SHARED_KEYS);
    return { id, version: Atomics.add(ground.origin, id, 1) + 1, slot: keyIn(store, keyOf(id, 0)).hashSlot };
  });
  store.bumpEpoch([...new Set(moved.map(({ slot }) => slot))]);
  for (const { id, version } of moved) acknowledge(ground, id, version);
}

function acknowledge({ acknowledged }: StressGround, id: number, version: number): void {
  let known = Atomics.load(acknowledged, id);
  while (known < version) known = Atomics.compareExchange(acknowledged, id, known, version);
}

/** Uses keys that no other thread touches: a read returns the value written last, or nothing. */
function useOwn(
  store: Store,
  own: Map<number, number>,
  thread: number,
  version: number,
  random: SeededRandom,
): void {
  const id = random.below(OWN_KEYS);
  const key = keyOf(id, thread + 1);
  switch (random.below(4)) {
    case 0: {
      assert(
        store.set(keyIn(store, key), makeValue(id, version, random), 0, NOW_MS) === "stored",
        "a value was refused",
      );
      own.set(id, version);
      break;
    }
    case 1:
      store.remove(keyIn(store, key), NOW_MS);
      own.delete(id);
      break;
    default: {
      const value = store.get(keyIn(store, key), NOW_MS);
      if (value === undefined) return;
      const found = checkValue(value, id);
      assert(found === own.get(id), `own key ${id}: read version ${found} instead of ${own.get(id)}`);
    }
  }
}

function scanSome(store: Store, random: SeededRandom): void {
  let cursor = Math.floor(random.next() * 2 ** 32);
  for (let steps = 0; steps < 3; steps++) {
    cursor = store.scan(cursor, 20, NOW_MS, (key) => {
      assert(key.length >= 8, "a key of the wrong form");
    });
    if (cursor === 0) break;
  }
}

function keyOf(id: number, owner: number): Uint8Array {
  const key = new Uint8Array(8 + (id % 40));
  const view = new DataView(key.buffer);
  view.setInt32(0, id);
  view.setInt32(4, owner);
  return key;
}

/** Returns a value whose every word follows from its first ones. Most are short, some take several pages. */
function makeValue(id: number, version: number, random: SeededRandom): Uint8Array {
  const words = new Int32Array(HEADER_WORDS + random.below(random.below(50) === 0 ? 10_000 : 200));
  const nonce = random.below(2 ** 31);
  words[0] = id;
  words[1] = version;
  words[2] = words.length;
  words[3] = nonce;
  for (let i = HEADER_WORDS; i < words.length; i++) words[i] = nonce + Math.imul(i, 0x9e37_79b1);
  return new Uint8Array(words.buffer);
}

/** Checks that a value is whole. @returns its version */
function checkValue(value: Uint8Array, id: number): number {
  const words = new Int32Array(value.slice().buffer);
  assert(words[0] === id, `key ${id} has the value of key ${words[0]}`);
  assert(words[2] === words.length, `key ${id} has a value of ${words.length} words instead of ${words[2]}`);
  const nonce = words[3]!;
  for (let i = HEADER_WORDS; i < words.length; i++) {
    assert(words[i] === (nonce + Math.imul(i, 0x9e37_79b1)) >> 0, `key ${id} has a torn value, at word ${i}`);
  }
  return words[1]!;
}
