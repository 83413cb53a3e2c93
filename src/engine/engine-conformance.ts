import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { equalBytes, latin1, utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { type Random, SeededRandom } from "../lib/random.ts";
import {
  type Engine,
  NEVER,
  type RemovalCause,
  type RemovalListener,
  setWhole,
  TooLargeError,
} from "./engine.ts";
import { BufferSink, EngineModel, operations, read, scanAll } from "./engine-model.ts";

/** Builds an engine with enough memory that nothing has to be evicted. */
interface EngineSurroundings {
  readonly clock: ManualClock;
  readonly random: Random;
  readonly onRemoval: RemovalListener;
}

/** Makes engines; each of an empty store of its own. */
export type EngineMaker = (surroundings: EngineSurroundings) => Promise<Engine>;

/** Runs of the random comparison with the model; more with `GLASSCACHE_ENGINE_RUNS`. */
const RUNS = Number(process.env["GLASSCACHE_ENGINE_RUNS"] ?? 60);

/** The tests that every engine must pass. */
export function describeEngine(name: string, make: EngineMaker): void {
  describe(name, () => {
    let clock: ManualClock;
    let engine: Engine;
    let removals: [string, RemovalCause][];

    beforeEach(async () => {
      clock = new ManualClock();
      removals = [];
      engine = await make({
        clock,
        random: new SeededRandom(1),
        onRemoval: (key, cause) => removals.push([latin1(key), cause]),
      });
    });
    afterEach(() => engine.close());

    test("a key that was never set does not exist", () => {
      const key = utf8("nobody");
      expect(engine.get(key)).toBeUndefined();
      expect(read(engine, key)).toBeUndefined();
      expect(engine.expiry(key)).toBeUndefined();
      expect(engine.length(key)).toBeUndefined();
      expect(engine.setExpiry(key, clock.wallMs() + 1000)).toBe(false);
      expect(engine.delete(key)).toBe(false);
      expect(engine.size()).toBe(0);
      expect(engine.expiringCount()).toBe(0);
      expect(engine.randomKey()).toBeUndefined();
      expect(scanAll(engine, 10)).toEqual([]);
    });

    test("a value that was set is returned, by every method", async () => {
      for (const settled of [false, true]) {
        const key = utf8(`key ${settled}`);
        setWhole(engine, key, utf8("value"), NEVER);
        if (settled) await engine.settle();
        expectValue(engine, key, utf8("value"), NEVER);
        expect(engine.size()).toBe(settled ? 2 : 1);
      }
    });

    test("a key and a value inside a larger buffer are stored without the bytes around them", async () => {
      const request = utf8("before key between value behind");
      engine.write(request, 7, 10, request, 19, 24, clock.wallMs() + 1000);
      engine.write(request, 0, 6, request, 11, 11, NEVER);
      request.fill(0);
      for (let settled = 0; settled < 2; settled++) {
        expectValue(engine, utf8("key"), utf8("value"), clock.wallMs() + 1000);
        expectValue(engine, utf8("before"), utf8(""), NEVER);
        expect(engine.size()).toBe(2);
        await engine.settle();
      }
    });

    test("the returned value is a copy", () => {
      const key = utf8("key");
      const value = utf8("value");
      setWhole(engine, key, value, NEVER);
      value.fill(0);
      key.fill(0);
      engine.get(utf8("key"))!.value.fill(1);
      expectValue(engine, utf8("key"), utf8("value"), NEVER);
    });

    test("read appends to what the sink has and takes the key out of a larger buffer", () => {
      setWhole(engine, utf8("key"), utf8("value"), NEVER);
      const sink = new BufferSink();
      sink.buffer.append(utf8("before "));
      expect(engine.read(utf8("a key b"), 2, 5, sink)).toBe(true);
      expect(sink.text()).toBe("before value|");
      expect(engine.read(utf8("a key b"), 2, 6, sink)).toBe(false);
      expect(sink.text()).toBe("before value|");
    });

    test("an overwrite replaces value and expiry", async () => {
      const key = utf8("key");
      const later = clock.wallMs() + 5000;
      setWhole(engine, key, utf8("one"), later);
      expectValue(engine, key, utf8("one"), later);
      expect(engine.expiringCount()).toBe(1);
      await engine.settle();
      setWhole(engine, key, utf8("a longer one"), NEVER);
      expectValue(engine, key, utf8("a longer one"), NEVER);
      expect(engine.expiringCount()).toBe(0);
      await engine.settle();
      setWhole(engine, key, utf8(""), later);
      await engine.settle();
      expectValue(engine, key, utf8(""), later);
      expect(engine.size()).toBe(1);
      expect(engine.expiringCount()).toBe(1);
    });

    test("delete removes a key, and says whether there was one", async () => {
      const key = utf8("key");
      setWhole(engine, key, utf8("value"), clock.wallMs() + 1000);
      expect(engine.delete(key)).toBe(true);
      expect(engine.delete(key)).toBe(false);
      expect(engine.get(key)).toBeUndefined();
      expect(engine.size()).toBe(0);
      expect(engine.expiringCount()).toBe(0);
      setWhole(engine, key, utf8("value"), NEVER);
      await engine.settle();
      expect(engine.delete(key)).toBe(true);
      expect(read(engine, key)).toBeUndefined();
      await engine.settle();
      expect(read(engine, key)).toBeUndefined();
      expect(engine.delete(key)).toBe(false);
      expect(removals).toEqual([]);
    });

    test("clear removes everything before it and nothing after it", async () => {
      for (let i = 0; i < 100; i++)
        setWhole(engine, utf8(`settled ${i}`), utf8("value"), clock.wallMs() + 1000);
      await engine.settle();
      setWhole(engine, utf8("pending"), utf8("value"), NEVER);
      setWhole(engine, utf8("settled 7"), utf8("newer"), NEVER);
      engine.clear();
      expect(engine.size()).toBe(0);
      expect(engine.expiringCount()).toBe(0);
      expect(engine.get(utf8("settled 1"))).toBeUndefined();
      expect(engine.get(utf8("pending"))).toBeUndefined();
      expect(scanAll(engine, 10)).toEqual([]);
      expect(engine.randomKey()).toBeUndefined();
      setWhole(engine, utf8("settled 3"), utf8("after"), NEVER);
      expect(scanAll(engine, 10)).toEqual(["settled 3"]);
      await engine.settle();
      expect(engine.size()).toBe(1);
      expect(engine.get(utf8("settled 1"))).toBeUndefined();
      expectValue(engine, utf8("settled 3"), utf8("after"), NEVER);
      expect(scanAll(engine, 10)).toEqual(["settled 3"]);
      engine.clear();
      engine.clear();
      await engine.settle();
      expect(engine.size()).toBe(0);
      expect(removals).toEqual([]);
    });

    test("keys and values are any bytes, and may be empty", async () => {
      const allBytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      const keys = [new Uint8Array(0), allBytes, Uint8Array.of(0), Uint8Array.of(0, 0), Uint8Array.of(255)];
      for (const [i, key] of keys.entries()) {
        setWhole(engine, key, i % 2 === 0 ? allBytes : new Uint8Array(0), NEVER);
      }
      for (const settled of [false, true]) {
        if (settled) await engine.settle();
        for (const [i, key] of keys.entries()) {
          expectValue(engine, key, i % 2 === 0 ? allBytes : new Uint8Array(0), NEVER);
        }
        expect(scanAll(engine, 2).sort()).toEqual(keys.map((key) => latin1(key)).sort());
      }
      for (const key of keys) expect(engine.delete(key)).toBe(true);
      expect(engine.size()).toBe(0);
    });

    test("values of a megabyte and around powers of two", async () => {
      const lengths = [1, 127, 128, 4095, 4096, 4097, 65_535, 65_536, 1 << 20];
      const random = new SeededRandom(2);
      const values = lengths.map((length) => Uint8Array.from({ length }, () => random.below(256)));
      for (const [i, value] of values.entries()) setWhole(engine, utf8(`key ${i}`), value, NEVER);
      for (const settled of [false, true]) {
        if (settled) await engine.settle();
        for (const [i, value] of values.entries()) expectValue(engine, utf8(`key ${i}`), value, NEVER);
      }
      for (const [i] of values.entries()) setWhole(engine, utf8(`key ${i}`), utf8("short"), NEVER);
      for (const [i] of values.entries()) expectValue(engine, utf8(`key ${i}`), utf8("short"), NEVER);
    });

    test("a key may be as long as the limit, but no longer", async () => {
      const longest = new Uint8Array(engine.limits.keyBytes).fill(7);
      setWhole(engine, longest, utf8("value"), clock.wallMs() + 1000);
      await engine.settle();
      expectValue(engine, longest, utf8("value"), clock.wallMs() + 1000);
      const beyond = new Uint8Array(engine.limits.keyBytes + 1);
      expect(() => setWhole(engine, beyond, utf8("value"), NEVER)).toThrow(TooLargeError);
      expect(() => setWhole(engine, beyond, utf8("value"), NEVER)).toThrow(String(engine.limits.keyBytes));
      expect(engine.get(beyond)).toBeUndefined();
      expect(read(engine, beyond)).toBeUndefined();
      expect(engine.expiry(beyond)).toBeUndefined();
      expect(engine.length(beyond)).toBeUndefined();
      expect(engine.setExpiry(beyond, NEVER)).toBe(false);
      expect(engine.delete(beyond)).toBe(false);
      expect(engine.size()).toBe(1);
    });

    test("a value beyond the limit is refused and changes nothing", () => {
      setWhole(engine, utf8("key"), utf8("value"), NEVER);
      // Only the length is checked; no memory is touched.
      const beyond = { length: engine.limits.valueBytes + 1 } as Uint8Array;
      expect(() => setWhole(engine, utf8("key"), beyond, NEVER)).toThrow(TooLargeError);
      expectValue(engine, utf8("key"), utf8("value"), NEVER);
    });

    test("setExpiry changes only the expiry", async () => {
      const key = utf8("key");
      setWhole(engine, key, utf8("value"), NEVER);
      for (const settled of [false, true]) {
        if (settled) await engine.settle();
        const later = clock.wallMs() + 3000;
        expect(engine.setExpiry(key, later)).toBe(true);
        expectValue(engine, key, utf8("value"), later);
        expect(engine.expiringCount()).toBe(1);
        expect(engine.setExpiry(key, later + 1)).toBe(true);
        expectValue(engine, key, utf8("value"), later + 1);
        if (settled) await engine.settle();
        expect(engine.setExpiry(key, NEVER)).toBe(true);
        expectValue(engine, key, utf8("value"), NEVER);
        expect(engine.expiringCount()).toBe(0);
      }
    });

    test("an expiry far in the future is kept as it is", async () => {
      for (const farOff of [2 ** 52 - 1, 2 ** 53 - 1, 2 ** 62 + 1024, 2 ** 63 - 1024]) {
        setWhole(engine, utf8("key"), utf8("value"), farOff);
        await engine.settle();
        expectValue(engine, utf8("key"), utf8("value"), farOff);
      }
    });

    test("an expired key is invisible at once", async () => {
      const key = utf8("key");
      for (const settled of [false, true]) {
        setWhole(engine, key, utf8("value"), clock.wallMs() + 100);
        if (settled) await engine.settle();
        clock.advance(99);
        expect(read(engine, key)).toBe("value");
        clock.advance(1);
        expect(engine.get(key)).toBeUndefined();
        expect(read(engine, key)).toBeUndefined();
        expect(engine.expiry(key)).toBeUndefined();
        expect(engine.length(key)).toBeUndefined();
        expect(engine.setExpiry(key, NEVER)).toBe(false);
        expect(scanAll(engine, 10)).toEqual([]);
        expect(engine.randomKey()).toBeUndefined();
        expect(engine.delete(key)).toBe(false);
      }
      setWhole(engine, key, utf8("new"), NEVER);
      expectValue(engine, key, utf8("new"), NEVER);
      expect(engine.size()).toBe(1);
    });

    test("a key set with an expiry in the past is not seen", () => {
      setWhole(engine, utf8("key"), utf8("value"), clock.wallMs() - 1);
      expect(engine.get(utf8("key"))).toBeUndefined();
      while (engine.removeExpired(10) === 10);
      expect(engine.size()).toBe(0);
    });

    test("removeExpired removes exactly the expired keys, reports them, and stops at its limit", async () => {
      for (let i = 0; i < 50; i++) {
        setWhole(engine, utf8(`soon ${i}`), utf8("value"), clock.wallMs() + 100 + i);
        setWhole(engine, utf8(`later ${i}`), utf8("value"), clock.wallMs() + 10_000);
        setWhole(engine, utf8(`never ${i}`), utf8("value"), NEVER);
        if (i === 25) await engine.settle();
      }
      expect(engine.removeExpired(10)).toBe(0);
      clock.advance(1000);
      expect(engine.removeExpired(10)).toBe(10);
      let removed = 10;
      for (let step = 10; step === 10; ) {
        step = engine.removeExpired(10);
        removed += step;
      }
      expect(removed).toBe(50);
      expect(engine.size()).toBe(100);
      expect(engine.expiringCount()).toBe(50);
      expect(engine.stats().expiredCount).toBe(50);
      expect(removals.map(([key]) => key).sort()).toEqual(
        Array.from({ length: 50 }, (_, i) => `soon ${i}`).sort(),
      );
      expect(removals.every(([, cause]) => cause === "expired")).toBe(true);
      await engine.settle();
      expect(engine.removeExpired(10)).toBe(0);
      expect(scanAll(engine, 10)).toHaveLength(100);
    });

    test("removeExpired uses the newest expiry of a key", async () => {
      setWhole(engine, utf8("prolonged"), utf8("value"), clock.wallMs() + 100);
      setWhole(engine, utf8("persisted"), utf8("value"), clock.wallMs() + 100);
      setWhole(engine, utf8("replaced"), utf8("value"), clock.wallMs() + 100);
      setWhole(engine, utf8("shortened"), utf8("value"), clock.wallMs() + 9000);
      await engine.settle();
      engine.setExpiry(utf8("prolonged"), clock.wallMs() + 9000);
      engine.setExpiry(utf8("persisted"), NEVER);
      setWhole(engine, utf8("replaced"), utf8("value"), NEVER);
      engine.setExpiry(utf8("shortened"), clock.wallMs() + 100);
      clock.advance(500);
      expect(engine.removeExpired(10)).toBe(1);
      await engine.settle();
      expect(engine.removeExpired(10)).toBe(0);
      expect(removals).toEqual([["shortened", "expired"]]);
      expect(scanAll(engine, 10).sort()).toEqual(["persisted", "prolonged", "replaced"]);
    });

    test("a scan visits every key once, in steps of about the count", async () => {
      for (let i = 0; i < 1000; i++) setWhole(engine, utf8(`key ${i}`), utf8("value"), NEVER);
      for (const settled of [false, true]) {
        if (settled) await engine.settle();
        for (const count of [1, 10, 333, 5000]) {
          const keys: string[] = [];
          let largestStep = 0;
          let cursor = 0;
          do {
            const before = keys.length;
            cursor = engine.scan(cursor, count, (key) => keys.push(latin1(key)));
            expect(Number.isInteger(cursor) && cursor >= 0 && cursor <= 2 ** 48).toBe(true);
            largestStep = Math.max(largestStep, keys.length - before);
          } while (cursor !== 0);
          expect(keys).toHaveLength(1000);
          expect(new Set(keys).size).toBe(1000);
          expect(largestStep).toBeLessThanOrEqual(4 * count + 16);
        }
      }
    });

    test("a scan takes any cursor", () => {
      for (let i = 0; i < 100; i++) setWhole(engine, utf8(`key ${i}`), utf8("value"), NEVER);
      for (const cursor of [1, 12_345, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 17, 2 ** 48]) {
        const keys: string[] = [];
        for (let at = cursor; ; ) {
          at = engine.scan(at, 10, (key) => keys.push(latin1(key)));
          if (at === 0) break;
        }
        expect(new Set(keys).size).toBe(keys.length);
      }
    });

    test("a scan visits every lasting key while others come, go and are overwritten", async () => {
      const seed = 3;
      const random = new SeededRandom(seed);
      const steady = Array.from({ length: 500 }, (_, i) => `steady ${i}`);
      for (const key of steady) setWhole(engine, utf8(key), utf8("value"), NEVER);
      for (let i = 0; i < 500; i++) setWhole(engine, utf8(`passing ${i}`), utf8("value"), NEVER);
      for (let round = 0; round < 5; round++) {
        const seen: string[] = [];
        let cursor = 0;
        do {
          cursor = engine.scan(cursor, 20, (key) => seen.push(latin1(key)));
          for (let change = 0; change < 20; change++) {
            const passing = utf8(`passing ${random.below(1000)}`);
            if (random.next() < 0.5) engine.delete(passing);
            else setWhole(engine, passing, utf8("other"), NEVER);
            if (random.next() < 0.3)
              setWhole(engine, utf8(random.pick(steady)), utf8("a longer value"), NEVER);
          }
          if (random.next() < 0.3) await engine.settle();
        } while (cursor !== 0);
        const seenSteady = seen.filter((key) => key.startsWith("steady"));
        expect(seenSteady.sort()).toEqual([...steady].sort());
      }
    });

    test("a visitor may change the keys that it visits", async () => {
      for (let i = 0; i < 200; i++) setWhole(engine, utf8(`key ${i}`), utf8("value"), NEVER);
      await engine.settle();
      let cursor = 0;
      do {
        const keys: Uint8Array[] = [];
        cursor = engine.scan(cursor, 7, (key) => keys.push(key.slice()));
        for (const key of keys) engine.delete(key);
      } while (cursor !== 0);
      expect(engine.size()).toBe(0);
    });

    test("a random key is one of the keys, and every key is drawn at times", async () => {
      const keys = new Set(Array.from({ length: 10 }, (_, i) => `key ${i}`));
      for (const key of keys) setWhole(engine, utf8(key), utf8("value"), NEVER);
      for (const settled of [false, true]) {
        if (settled) await engine.settle();
        const drawn = new Set<string>();
        for (let i = 0; i < 1000; i++) drawn.add(latin1(engine.randomKey()!));
        expect([...drawn].sort()).toEqual([...keys].sort());
      }
    });

    test("a random key is never an expired one, even if most have expired", async () => {
      for (let i = 0; i < 300; i++) setWhole(engine, utf8(`gone ${i}`), utf8("value"), clock.wallMs() + 10);
      setWhole(engine, utf8("there"), utf8("value"), NEVER);
      await engine.settle();
      clock.advance(10);
      for (let i = 0; i < 20; i++) expect(latin1(engine.randomKey()!)).toBe("there");
    });

    test("a change of policy loses nothing, and an unknown policy changes nothing", async () => {
      for (let i = 0; i < 100; i++) setWhole(engine, utf8(`key ${i}`), utf8(`value ${i}`), NEVER);
      for (const policy of ["lru", "sieve", "fifo", "s3-fifo"]) {
        engine.policy = policy;
        expect(engine.policy).toStartWith(policy);
        for (let i = 0; i < 100; i++) expect(latin1(engine.get(utf8(`key ${i}`))!.value)).toBe(`value ${i}`);
      }
      const before = engine.policy;
      expect(() => {
        engine.policy = "no-such-policy";
      }).toThrow(RangeError);
      expect(engine.policy).toBe(before);
      await engine.settle();
    });

    test("another budget loses no entry that fits, and an impossible one changes nothing", async () => {
      for (let i = 0; i < 100; i++) setWhole(engine, utf8(`key ${i}`), utf8(`value ${i}`), NEVER);
      const most = engine.mostBudgetBytes;
      const half = Math.max(256 * 1024, engine.budgetBytes / 2);
      for (const budgetBytes of [half, most, half]) {
        engine.budgetBytes = budgetBytes;
        expect(engine.budgetBytes).toBe(budgetBytes);
        expect(engine.stats().budgetBytes).toBe(budgetBytes);
        for (let i = 0; i < 100; i++) expect(latin1(engine.get(utf8(`key ${i}`))!.value)).toBe(`value ${i}`);
      }
      for (const impossible of [most + 1, 1]) {
        expect(() => {
          engine.budgetBytes = impossible;
        }).toThrow(RangeError);
      }
      expect(engine.budgetBytes).toBe(half);
      await engine.settle();
    });

    test("settle waits for nothing when nothing was touched, or when called again", async () => {
      expect(engine.settle()).toBeUndefined();
      setWhole(engine, utf8("key"), utf8("value"), NEVER);
      await engine.settle();
      expect(engine.settle()).toBeUndefined();
      engine.get(utf8("key"));
      expect(engine.settle()).toBeUndefined();
    });

    test("statistics are finite and not negative", async () => {
      for (let i = 0; i < 100; i++) setWhole(engine, utf8(`key ${i}`), utf8("value"), NEVER);
      await engine.settle();
      for (let i = 0; i < 200; i++) engine.get(utf8(`key ${i}`));
      const stats = engine.stats();
      for (const value of Object.values(stats)) expect(Number.isFinite(value) && value >= 0).toBe(true);
      expect(stats.budgetBytes).toBeGreaterThan(0);
      expect(stats.usedBytes).toBeGreaterThan(0);
      expect(stats.usedBytes).toBeLessThanOrEqual(stats.budgetBytes);
    });

    test("random operations agree with a plain map", async () => {
      const property = fc.asyncProperty(fc.array(operations, { maxLength: 120 }), async (steps) => {
        const runClock = new ManualClock();
        const gone: string[] = [];
        const tested = await make({
          clock: runClock,
          random: new SeededRandom(4),
          onRemoval: (key, cause) => {
            expect(cause).toBe("expired");
            gone.push(latin1(key));
          },
        });
        try {
          const model = new EngineModel(tested, runClock, gone);
          for (const step of steps) await model.take(step);
          await tested.settle();
          model.compare();
        } finally {
          await tested.close();
        }
      });
      await fc.assert(property, { numRuns: RUNS, verbose: 1 });
    }, 120_000);
  });
}

function expectValue(engine: Engine, key: Uint8Array, value: Uint8Array, expiresAtMs: number): void {
  const got = engine.get(key)!;
  expect(got.value.length).toBe(value.length);
  expect(equalBytes(got.value, 0, value.length, value, 0)).toBe(true);
  expect(got.expiresAtMs).toBe(expiresAtMs);
  expect(read(engine, key) === latin1(value)).toBe(true);
  expect(engine.expiry(key)).toBe(expiresAtMs);
  expect(engine.length(key)).toBe(value.length);
}
