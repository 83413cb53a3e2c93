import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { murmurCollisions } from "../lib/murmur-collisions-fixture.ts";
import { chainsOf } from "./chain-length-fixture.ts";
import { keyIn } from "./key-fixture.ts";
import { Store } from "./store.ts";

const KEYS = 36_000;
const NOW_MS = 1_700_000_000_000;

test.each([1, 4])("keys chosen to collide are spread over the buckets of %d shards", (shards) => {
  const store = Store.create({ budgetBytes: 16 << 20, shards });
  for (const key of murmurCollisions(KEYS)) {
    store.set(keyIn(store, key), utf8("value"), 0, NOW_MS);
  }
  expect(store.stats().entries).toBe(KEYS);
  const { longest, hashes } = chainsOf(store);
  // With one or two entries per bucket on average, the fullest bucket has about a dozen.
  expect(longest).toBeLessThan(24);
  expect(hashes).toBeGreaterThanOrEqual(KEYS - 5);
  store.check();
});

test("each store draws a hash key of its own", () => {
  const key = utf8("key");
  const hashes = Array.from({ length: 20 }, () => Store.create({ budgetBytes: 1 << 20 }).hash(key, 0, 3));
  expect(new Set(hashes).size).toBeGreaterThan(18);
});

test("a thread that attaches hashes as the creator of the store does", () => {
  const store = Store.create({ budgetBytes: 1 << 20 });
  const key = utf8("key");
  for (const holder of [2, 3]) {
    expect(Store.attach(store.handle, holder).hash(key, 0, 3)).toBe(store.hash(key, 0, 3));
  }
});
