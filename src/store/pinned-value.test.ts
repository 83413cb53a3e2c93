import { expect, test } from "bun:test";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { keyIn } from "./key-fixture.ts";
import { holderOf } from "./lock.ts";
import { LOCK, ShardMemory } from "./shard-memory.ts";
import { Store } from "./store.ts";

const NOW_MS = 1_700_000_000_000;
const HOLDER = 7;

/** A buffer that notes who holds the shard's lock while bytes come, and while it makes room for them. */
class WatchingBuffer extends ByteBuffer {
  readonly seen: string[] = [];
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  constructor(words: Int32Array, bytes: Uint8Array) {
    super(0);
    this.#words = words;
    this.#bytes = bytes;
    Object.defineProperty(this, "bytes", {
      get: () => {
        this.seen.push(`copied under ${holderOf(words, LOCK)}`);
        return this.#bytes;
      },
    });
  }

  override reserve(): void {
    this.seen.push(`reserved under ${holderOf(this.#words, LOCK)}`);
  }
}

/** Reads the key. @returns the large value; undefined if the value was copied */
function pinnedIn(store: Store): LargeValue | undefined {
  const taken: LargeValue[] = [];
  store.read(keyIn(store, "key"), NOW_MS, {
    takesLarge: true,
    takeLarge: (large) => taken.push(large),
    openValue: () => new ByteBuffer(0),
    closeValue: () => {},
  });
  return taken[0];
}

test("a large value is copied under the lock of its shard; memory is allocated before", () => {
  const owner = Store.create({ budgetBytes: 8 << 20, hashKey: { low: 1, high: 0 } });
  owner.set(keyIn(owner, "key"), new Uint8Array(LARGE_BYTES), 0, NOW_MS);
  const large = pinnedIn(Store.attach(owner.handle, HOLDER))!;
  const { words } = new ShardMemory(owner.handle.shards[0]!);
  const buffer = new WatchingBuffer(words, new Uint8Array(100));
  expect(large.read(0, 10, buffer)).toBe(true);
  expect([...new Set(buffer.seen)]).toEqual(["reserved under 0", `copied under ${HOLDER}`]);
  expect(holderOf(words, LOCK)).toBe(0);
  large.release();
  expect(holderOf(words, LOCK)).toBe(0);
});

test("a value is read little by little from 256 KiB on, and copied below", () => {
  const store = Store.create({ budgetBytes: 8 << 20, hashKey: { low: 1, high: 0 } });
  for (const [valueBytes, isPinned] of [
    [LARGE_BYTES - 1, false],
    [LARGE_BYTES, true],
  ] as const) {
    store.set(keyIn(store, "key"), new Uint8Array(valueBytes), 0, NOW_MS);
    const large = pinnedIn(store);
    expect([large !== undefined, large?.lengthBytes ?? valueBytes]).toEqual([isPinned, valueBytes]);
    large?.release();
  }
  expect([LARGE_BYTES, store.stats().hits]).toEqual([256 * 1024, 2]);
  store.check();
});
