import { describe, expect, test } from "bun:test";
import { latin1, utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { NEVER, OutOfMemoryError, type RemovalListener, setWhole, TooLargeError } from "./engine.ts";
import { describeEngine } from "./engine-conformance.ts";
import { MemoryEngine, type MemoryEngineOptions } from "./memory.ts";

const defaults: MemoryEngineOptions = {
  budgetBytes: 16 * 1024 ** 2,
  policy: "s3-fifo",
  whenFull: "evict",
  clock: new ManualClock(),
  random: new SeededRandom(1),
  hashKey: { low: 1, high: 0 },
  onRemoval: () => {},
};

describeEngine("memory engine", async (surroundings) => new MemoryEngine({ ...defaults, ...surroundings }));

describe("memory engine at its budget", () => {
  const value = new Uint8Array(10_000);

  test("evicts, and reports it", () => {
    const gone: string[] = [];
    const onRemoval: RemovalListener = (key, cause) => {
      expect(cause).toBe("evicted");
      gone.push(latin1(key));
    };
    const engine = new MemoryEngine({ ...defaults, budgetBytes: 512 * 1024, policy: "fifo", onRemoval });
    for (let i = 0; i < 200; i++) setWhole(engine, utf8(`key ${i}`), value, NEVER);
    expect(gone.length).toBe(200 - engine.size());
    expect(gone).toEqual(Array.from({ length: gone.length }, (_, i) => `key ${i}`));
    expect(engine.stats().evictedCount).toBe(gone.length);
    expect(engine.stats().usedBytes).toBeLessThanOrEqual(512 * 1024);
    expect(engine.get(utf8("key 199"))?.value).toEqual(value);
  });

  test("refuses writes if set to, and takes them again when there is room", () => {
    const engine = new MemoryEngine({ ...defaults, budgetBytes: 512 * 1024, whenFull: "refuse" });
    let stored = 0;
    expect(() => {
      for (; stored < 200; stored++) setWhole(engine, utf8(`key ${stored}`), value, NEVER);
    }).toThrow(OutOfMemoryError);
    expect(engine.size()).toBe(stored);
    expect(engine.stats().evictedCount).toBe(0);
    expect(engine.get(utf8("key 0"))?.value).toEqual(value);
    engine.delete(utf8("key 0"));
    setWhole(engine, utf8("another"), value, NEVER);
    expect(engine.get(utf8("another"))?.value).toEqual(value);
  });

  test("grows and shrinks while it runs, and reports evictions", () => {
    const gone: string[] = [];
    const onRemoval: RemovalListener = (key) => gone.push(latin1(key));
    const budgets = { budgetBytes: 512 * 1024, mostBudgetBytes: 4 * 1024 ** 2 };
    const engine = new MemoryEngine({ ...defaults, ...budgets, policy: "lru", onRemoval });
    const half = engine.limits.valueBytes;
    engine.budgetBytes = 4 * 1024 ** 2;
    for (let i = 0; i < 200; i++) setWhole(engine, utf8(`key ${i}`), value, NEVER);
    expect(gone).toEqual([]);
    expect(engine.limits.valueBytes).toBeGreaterThan(7 * half);
    engine.budgetBytes = 512 * 1024;
    // Active expiry takes changes further, too.
    for (let i = 0; i < 50; i++) engine.removeExpired(20);
    expect(engine.limits.valueBytes).toBeLessThanOrEqual(half);
    expect(gone).toEqual(Array.from({ length: gone.length }, (_, i) => `key ${i}`));
    expect(gone.length).toBeGreaterThan(150);
    expect(engine.size()).toBe(200 - gone.length);
  });

  test("a value larger than the budget is TooLarge, not OutOfMemory", () => {
    const engine = new MemoryEngine(defaults);
    const large = new Uint8Array(engine.limits.valueBytes);
    setWhole(engine, utf8("key"), large, NEVER);
    expect(engine.length(utf8("key"))).toBe(large.length);
    expect(() => setWhole(engine, utf8("key"), new Uint8Array(large.length + 1), NEVER)).toThrow(
      TooLargeError,
    );
    expect(() => setWhole(engine, new Uint8Array(60_000), large, NEVER)).toThrow(TooLargeError);
  });

  test("an impossible budget or policy is refused", () => {
    expect(() => new MemoryEngine({ ...defaults, budgetBytes: 1000 })).toThrow(RangeError);
    expect(() => new MemoryEngine({ ...defaults, policy: "clairvoyant" })).toThrow(RangeError);
  });
});
