/** An epoch begins without a lock, so it may begin between any two looks at the epochs. Here it does. */
import { describe, expect, spyOn, test } from "bun:test";
import { SeededRandom } from "../lib/random.ts";
import { Epochs } from "./epochs.ts";
import { keyIn } from "./key-fixture.ts";
import { storePolicyNames } from "./shard-policy.ts";
import { Store } from "./store.ts";
import { stress, stressGround } from "./store-stress.ts";

const NOW_MS = 1_700_000_000_000;
/** No operation looks as often: it would look for ever. */
const MOST_LOOKS = 200_000;

/** Calls `before` before each look at an epoch, as if another thread acted there. */
function interleave(before: (epochs: Epochs) => void): Disposable {
  const { of, ofKey, ofEntry } = Epochs.prototype;
  let isInside = false;
  const spies = Object.entries({ of, ofKey, ofEntry }).map(([name, look]) =>
    spyOn(Epochs.prototype, name as "of").mockImplementation(function (this: Epochs, ...args: unknown[]) {
      if (!isInside) {
        isInside = true;
        before(this);
        isInside = false;
      }
      return (look as (...args: unknown[]) => number).apply(this, args);
    }),
  );
  return {
    [Symbol.dispose]() {
      for (const spy of spies) spy.mockRestore();
    },
  };
}

describe("an epoch that begins", () => {
  test.each([1, 5, 20])("between the looks at %d entries while a random key is drawn", (keys) => {
    for (let bumpAt = 1; bumpAt <= 2 * keys + 1; bumpAt++) {
      const store = Store.create({ budgetBytes: 1 << 20, hashKey: { low: 5, high: 0 }, shards: 1 });
      for (let i = 0; i < keys; i++) store.set(keyIn(store, `${i}`), new Uint8Array(1), 0, NOW_MS);
      let looks = 0;
      using _interleaved = interleave((epochs) => {
        if (++looks === bumpAt) epochs.bump();
        if (looks > MOST_LOOKS) throw new Error("it looks for a fresh entry for ever");
      });
      store.randomKey(new SeededRandom(bumpAt), NOW_MS);
      // Nothing is fresh any more, and the lock is free.
      if (looks >= bumpAt) expect(store.randomKey(new SeededRandom(bumpAt), NOW_MS)).toBeUndefined();
      store.check();
    }
  });

  const policies = storePolicyNames();
  test.each([
    ["all keys", 2000],
    ["hash slots", 20],
  ] as const)("at any moment of any operation: of %s", (of, looksPerBump) => {
    const seed = Number(process.env["GLASSCACHE_SEED"] ?? 1);
    const random = new SeededRandom(seed);
    const store = Store.create({
      budgetBytes: 800_000,
      mostBudgetBytes: 1_200_000,
      hashKey: { low: seed, high: 0 },
      shards: 2,
    });
    if (of === "hash slots") store.useHashSlots();
    let bumps = 0;
    using _interleaved = interleave((epochs) => {
      if (random.below(looksPerBump) > 0) return;
      bumps++;
      epochs.bump(of === "all keys" ? undefined : [random.below(16_384)]);
    });
    const { hits, fills } = stress(store, stressGround(), {
      thread: 1,
      threads: 1,
      seed,
      operations: 30_000,
      policies,
    });
    store.check();
    expect(bumps).toBeWithin(20, 30_000);
    expect(Math.min(hits, fills)).toBeGreaterThan(100);
  });
});
