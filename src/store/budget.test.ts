import { describe, expect, test } from "bun:test";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { SeededRandom } from "../lib/random.ts";
import { Control } from "./control.ts";
import { STEADY } from "./handover.ts";
import { keyIn } from "./key-fixture.ts";
import { FREE_PAGES, LOCK, PAGE_LIMIT, roomWithin, ShardMemory } from "./shard-memory.ts";
import { stageOf, storePolicyNames } from "./shard-policy.ts";
import { Store, type StoreOptions } from "./store.ts";
import { shardBytesOf } from "./store-memory.ts";

const NOW_MS = 1_700_000_000_000;
const MIB = 2 ** 20;

/** A store whose keys are numbers. */
class Numbered {
  readonly store: Store;
  readonly memories: ShardMemory[];
  left: number[] = [];

  constructor(options: StoreOptions) {
    this.store = Store.create({ hashKey: { low: 3, high: 0 }, ...options });
    this.memories = this.store.handle.shards.map((buffer) => new ShardMemory(buffer));
    this.store.onRemoval = (key) => this.left.push(Number(fromUtf8(key)));
  }

  set(id: number, valueBytes = 100): string {
    const key = utf8(String(id).padStart(8, "0"));
    return this.store.set(keyIn(this.store, key), new Uint8Array(valueBytes), 0, NOW_MS);
  }

  has(id: number): boolean {
    const key = utf8(String(id).padStart(8, "0"));
    return this.store.peek(keyIn(this.store, key), NOW_MS) !== undefined;
  }

  /** Fills the store until the first entry leaves. @returns how many entries there are then */
  fill(valueBytes = 100): number {
    let id = 0;
    while (this.left.length === 0) this.set(id++, valueBytes);
    this.left = [];
    return this.store.stats().entries;
  }

  get isChanging(): boolean {
    return this.memories.some((memory) => stageOf(memory) !== STEADY);
  }

  finish(): void {
    while (this.isChanging) this.store.sweep(NOW_MS, 1000);
    this.store.check();
  }

  /** Pages that may be in use, over all shards. */
  get pageLimit(): number {
    return this.memories.reduce((sum, { words }) => sum + words[PAGE_LIMIT]!, 0);
  }

  get wantedPages(): number {
    const bytes = shardBytesOf(new Control(this.store.handle.control), this.store.budgetBytes);
    return this.memories.reduce((sum, { pageShift }) => sum + roomWithin(bytes, pageShift).pages, 0);
  }
}

describe("a store whose budget changes", () => {
  test("grows without losing an entry, to what a store of that size holds", () => {
    for (const policy of storePolicyNames()) {
      const grown = new Numbered({ budgetBytes: MIB, mostBudgetBytes: 4 * MIB, policy, shards: 2 });
      const before = grown.fill();
      const resident = Array.from({ length: before * 2 }, (_, id) => id).filter((id) => grown.has(id));
      grown.store.setBudget(4 * MIB);
      expect(grown.store.budgetBytes).toBe(4 * MIB);
      grown.finish();
      expect(grown.left).toEqual([]);
      expect(resident.every((id) => grown.has(id))).toBe(true);
      expect(grown.pageLimit).toBe(grown.wantedPages);
      let next = 1_000_000;
      while (grown.left.length === 0) grown.set(next++);
      const fresh = new Numbered({ budgetBytes: 4 * MIB, policy, shards: 2 }).fill();
      expect(grown.store.stats().entries / fresh).toBeGreaterThan(0.97);
      expect(grown.store.stats().entries / fresh).toBeLessThan(1.03);
      grown.store.check();
    }
  }, 60_000);

  test("shrinks to the new budget, and keeps the entries that the policy values most", () => {
    const numbered = new Numbered({ budgetBytes: 4 * MIB, policy: "lru" });
    const entries = numbered.fill();
    const resident = Array.from({ length: entries + 1 }, (_, id) => id).filter((id) => numbered.has(id));
    numbered.store.setBudget(MIB);
    numbered.finish();
    expect(numbered.pageLimit).toBe(numbered.wantedPages);
    // The oldest entries left, in their order. Leases keep their size, and the index may have twice the buckets.
    expect(numbered.left).toEqual(resident.slice(0, numbered.left.length));
    const fresh = new Numbered({ budgetBytes: MIB, policy: "lru" }).fill();
    expect(numbered.store.stats().entries / fresh).toBeGreaterThan(0.9);
    expect(numbered.store.stats().entries).toBeLessThanOrEqual(fresh * 1.02);
  });

  test("shrinks under every policy, and stays usable", () => {
    for (const policy of storePolicyNames()) {
      const numbered = new Numbered({ budgetBytes: 2 * MIB, policy, shards: 2 });
      numbered.fill();
      numbered.store.setBudget(MIB / 2);
      for (let id = 0; numbered.isChanging; id++) {
        numbered.set(id, id % 2000);
        if (id % 500 === 0) numbered.store.check();
      }
      expect(numbered.pageLimit).toBe(numbered.wantedPages);
      for (let id = 0; id < 2000; id++) expect(numbered.set(id, id % 2000)).toBe("stored");
      numbered.store.check();
    }
  }, 60_000);

  test("evicts a few entries at a time", () => {
    const numbered = new Numbered({ budgetBytes: 4 * MIB, policy: "s3-fifo" });
    numbered.fill();
    numbered.store.setBudget(MIB);
    let most = 0;
    let uses = 0;
    for (let before = 0; numbered.isChanging; uses++) {
      numbered.has(uses);
      most = Math.max(most, numbered.left.length - before);
      before = numbered.left.length;
    }
    expect(numbered.left.length).toBeGreaterThan(10_000);
    expect(most).toBeLessThanOrEqual(16);
    expect(uses).toBeGreaterThan(numbered.left.length / 16);
  });

  test("takes another budget, or another policy, while it changes", () => {
    const random = new SeededRandom(11);
    for (let round = 0; round < 20; round++) {
      const numbered = new Numbered({ budgetBytes: MIB, mostBudgetBytes: 3 * MIB, shards: 2 });
      numbered.fill();
      for (let change = 0; change < 5; change++) {
        if (random.below(3) === 0) numbered.store.setPolicy(random.pick(storePolicyNames()));
        else numbered.store.setBudget(MIB / 2 + random.below(2.5 * MIB));
        for (let uses = random.below(800); uses > 0; uses--) numbered.set(random.below(20_000), 300);
        numbered.store.check();
      }
      const { policyName } = numbered.store;
      numbered.finish();
      expect(numbered.pageLimit).toBe(numbered.wantedPages);
      expect(numbered.store.policyName).toBe(policyName);
    }
  }, 60_000);

  test("is left unchanged by the same budget", () => {
    const numbered = new Numbered({ budgetBytes: MIB });
    numbered.fill();
    numbered.store.setBudget(MIB);
    expect(numbered.isChanging).toBe(false);
  });

  test("waits for an entry that is being written, and then takes its room", () => {
    const numbered = new Numbered({ budgetBytes: 4 * MIB });
    const { store } = numbered;
    const key = utf8("large");
    const size = 7 * LARGE_BYTES;
    const growing = store.grow(keyIn(store, key), size, NOW_MS)!;
    growing.append(new Uint8Array(size - 1), 0, size - 1, NOW_MS);
    store.setBudget(MIB);
    for (let steps = 0; steps < 100; steps++) store.sweep(NOW_MS, 1000);
    expect(numbered.isChanging).toBe(true);
    store.check();
    growing.append(new Uint8Array(1), 0, 1, NOW_MS);
    growing.release();
    numbered.finish();
    expect(numbered.pageLimit).toBe(numbered.wantedPages);
    expect(store.stats().usedBytes).toBe(0);
  });

  test("takes entries that have left the cache away from their readers", () => {
    const numbered = new Numbered({ budgetBytes: 4 * MIB, policy: "fifo" });
    numbered.set(1, 7 * LARGE_BYTES);
    const { store } = numbered;
    const key = utf8("00000001");
    const taken: { release(): void }[] = [];
    store.read(keyIn(store, key), NOW_MS, {
      takesLarge: true,
      takeLarge: (large) => taken.push(large),
      openValue: () => expect.unreachable() as never,
      closeValue: () => {},
    });
    store.setBudget(MIB);
    numbered.finish();
    expect(numbered.left).toEqual([1]);
    taken[0]!.release();
    store.check();
  });

  test("is emptied if a thread dies during the change, and reaches the new budget", () => {
    const dead = 9;
    for (const [from, to] of [
      [MIB, 3 * MIB],
      [3 * MIB, MIB],
    ] as const) {
      for (const uses of [0, 10, 100, 200, 400, 600, 1000]) {
        const numbered = new Numbered({ budgetBytes: from, mostBudgetBytes: 3 * MIB, policy: "sieve" });
        const { store } = numbered;
        numbered.fill();
        store.setBudget(to);
        for (let id = 0; id < uses; id++) numbered.has(id);
        const memory = numbered.memories[0]!;
        memory.words[LOCK] = dead << 1;
        memory.words[FREE_PAGES]! += 12_345;
        memory.policyState.fill(0x5a5a_5a5a);
        expect(store.recover(dead)).toBe(1);
        numbered.finish();
        expect(store.stats().entries).toBe(0);
        expect(numbered.pageLimit).toBe(numbered.wantedPages);
        for (let id = 0; id < 600; id++) numbered.set(id);
        store.check();
      }
    }
  });

  test("refuses a budget beyond the reserve, one too small, and one that would lose entries", () => {
    const numbered = new Numbered({ budgetBytes: 2 * MIB, mostBudgetBytes: 3 * MIB, shards: 4 });
    expect(() => numbered.store.setBudget(3 * MIB + 1)).toThrow("more than the 3 MB that were reserved");
    expect(() => numbered.store.setBudget(MIB - 1)).toThrow("too little for 4 shards: the least is 1 MB");
    expect(() => numbered.store.setBudget(Number.NaN)).toThrow(RangeError);
    expect(numbered.store.budgetBytes).toBe(2 * MIB);
    expect(numbered.isChanging).toBe(false);
    const full = new Numbered({ budgetBytes: 2 * MIB, mostBudgetBytes: 3 * MIB, whenFull: "refuse" });
    let stored = 0;
    while (full.set(stored) === "stored") stored++;
    expect(() => full.store.setBudget(MIB)).toThrow("more is stored than that holds");
    expect(full.store.budgetBytes).toBe(2 * MIB);
    full.store.setBudget(3 * MIB);
    full.finish();
    while (full.set(stored) === "stored") stored++;
    expect(full.store.stats()).toMatchObject({ entries: stored, evictions: 0 });
    expect(stored).toBeGreaterThan(12_000);
  });

  test("shrinks at once and evicts nothing if it never evicts", () => {
    const numbered = new Numbered({ budgetBytes: 3 * MIB, whenFull: "refuse" });
    for (let id = 0; id < 2000; id++) numbered.set(id);
    numbered.store.setBudget(MIB);
    let stored = 2000;
    while (numbered.set(stored) === "stored") stored++;
    numbered.finish();
    expect(numbered.store.stats()).toMatchObject({ entries: stored, evictions: 0 });
    expect(numbered.pageLimit).toBe(numbered.wantedPages);
    expect(stored).toBeLessThan(7000);
  });

  test("bounds the largest value", () => {
    const numbered = new Numbered({ budgetBytes: MIB, mostBudgetBytes: 8 * MIB });
    expect(numbered.set(1, 4 * MIB)).toBe("too-large");
    numbered.store.setBudget(8 * MIB);
    numbered.finish();
    expect(numbered.store.maxValueBytes).toBeGreaterThan(6 * MIB);
    expect(numbered.set(1, 4 * MIB)).toBe("stored");
    numbered.store.setBudget(MIB);
    numbered.finish();
    expect(numbered.has(1)).toBe(false);
    expect(numbered.set(1, 4 * MIB)).toBe("too-large");
    expect(numbered.set(2, numbered.store.maxValueBytes)).toBe("stored");
  });

  test("is seen by other threads at once", () => {
    const { store } = new Numbered({ budgetBytes: MIB, mostBudgetBytes: 2 * MIB });
    const other = Store.attach(store.handle, 7);
    other.setBudget(2 * MIB);
    expect(store.budgetBytes).toBe(2 * MIB);
    expect(store.stats().budgetBytes).toBe(2 * MIB);
    expect(store.mostBudgetBytes).toBe(2 * MIB);
    store.check();
    other.check();
  });
});
