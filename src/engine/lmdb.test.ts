import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { open as openDatabase } from "lmdb";
import { until } from "../../test/support/until.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { murmurCollisions } from "../lib/murmur-collisions-fixture.ts";
import { SeededRandom } from "../lib/random.ts";
import { TakingSink } from "../store/copy-sink.ts";
import { DamageError } from "./damage.ts";
import {
  type LargeWrite,
  NEVER,
  OutOfMemoryError,
  StorageError,
  type StoredValue,
  setWhole,
} from "./engine.ts";
import { describeEngine } from "./engine-conformance.ts";
import { EngineModel, operations, read, scanAll } from "./engine-model.ts";
import { FRAMES_AT } from "./journal-format.ts";
import { LmdbEngine, type LmdbEngineOptions } from "./lmdb.ts";
import { SlowDisk } from "./slow-disk-fixture.ts";
import { tableHash } from "./table-hash.ts";

let scratch = "";
let directories = 0;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "glasscache-lmdb-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const defaults = {
  sync: "always",
  arenaBytes: 1024 ** 2,
  policy: "s3-fifo",
  clock: new ManualClock(),
  random: new SeededRandom(1),
  hashKey: { low: 1, high: 2 },
  onRemoval: () => {},
} as const;

function journalsIn(directory: string): string[] {
  return readdirSync(directory)
    .filter((name) => name.startsWith("journal"))
    .sort();
}

function newDirectory(): string {
  return join(scratch, `${directories++}`);
}

for (const sync of ["always", "interval"] as const) {
  for (const arenaBytes of [256 * 1024, 16 * 1024 ** 2]) {
    describeEngine(`lmdb engine, sync ${sync}, arena of ${arenaBytes} bytes`, (surroundings) =>
      LmdbEngine.open({ ...defaults, ...surroundings, directory: newDirectory(), sync, arenaBytes }),
    );
  }
}

describe("lmdb engine", () => {
  let directory: string;
  let clock: ManualClock;
  let opened: LmdbEngine[];

  beforeEach(() => {
    directory = newDirectory();
    clock = new ManualClock();
    opened = [];
  });
  afterEach(async () => {
    for (const engine of opened) await engine.close();
  });

  async function open(options: Partial<LmdbEngineOptions> = {}): Promise<LmdbEngine> {
    const engine = await LmdbEngine.open({ ...defaults, directory, clock, ...options });
    opened.push(engine);
    return engine;
  }

  describe("opened again", () => {
    test.each(["always", "interval"] as const)("has all it had, expiries too: sync %s", async (sync) => {
      const later = clock.wallMs() + 60_000;
      const first = await open({ sync });
      for (let i = 0; i < 300; i++)
        setWhole(first, utf8(`key ${i}`), utf8(`value ${i}`), i % 3 === 0 ? later : NEVER);
      for (let i = 0; i < 300; i += 10) first.delete(utf8(`key ${i}`));
      await first.close();
      expect(journalsIn(directory)).toEqual([]);

      const second = await open({ sync });
      second.check();
      expect(second.size()).toBe(270);
      expect(second.expiringCount()).toBe(90);
      for (let i = 0; i < 300; i++) {
        const got = second.get(utf8(`key ${i}`));
        if (i % 10 === 0) expect(got).toBeUndefined();
        else expect(latin1(got!.value)).toBe(`value ${i}`);
        if (got !== undefined) expect(got.expiresAtMs).toBe(i % 3 === 0 ? later : NEVER);
      }
      expect(second.recovery).toEqual({ journaledWrites: 0, voidBytes: 0 });
    });

    test("keys expire while it is closed", async () => {
      const gone: string[] = [];
      const first = await open();
      setWhole(first, utf8("soon"), utf8("value"), clock.wallMs() + 1000);
      setWhole(first, utf8("later"), utf8("value"), clock.wallMs() + 5000);
      await first.close();
      clock.advance(2000);
      const second = await open({ onRemoval: (key) => gone.push(latin1(key)) });
      expect(second.get(utf8("soon"))).toBeUndefined();
      expect(scanAll(second, 10)).toEqual(["later"]);
      expect(second.size()).toBe(2);
      expect(second.removeExpired(10)).toBe(1);
      expect(second.size()).toBe(1);
      expect(gone).toEqual(["soon"]);
    });

    test("a scan goes on where it stopped", async () => {
      const keys = Array.from({ length: 200 }, (_, i) => `key ${i}`);
      const first = await open();
      for (const key of keys) setWhole(first, utf8(key), utf8("value"), NEVER);
      const seen: string[] = [];
      const cursor = first.scan(0, 50, (key) => seen.push(latin1(key)));
      await first.close();
      const second = await open();
      for (let at = cursor; at !== 0; ) at = second.scan(at, 50, (key) => seen.push(latin1(key)));
      expect(seen.sort()).toEqual(keys.sort());
    });

    test("random operations and restarts agree with a plain map, with either way of synchronization", async () => {
      const step = fc.oneof({ weight: 12, arbitrary: operations }, fc.constant({ type: "reopen" as const }));
      const property = fc.asyncProperty(fc.array(step, { maxLength: 80 }), fc.nat(), async (steps, seed) => {
        const random = new SeededRandom(seed);
        const surroundings = { directory: newDirectory(), clock: new ManualClock(), random };
        const live = () =>
          LmdbEngine.open({
            ...defaults,
            ...surroundings,
            sync: random.next() < 0.5 ? "always" : "interval",
          });
        let engine = await live();
        try {
          const model = new EngineModel(engine, surroundings.clock, []);
          for (const step of steps) {
            if (step.type !== "reopen") {
              await model.take(step);
              continue;
            }
            await engine.close();
            engine = await live();
            engine.check();
            model.moveTo(engine);
            model.compare();
          }
        } finally {
          await engine.close();
        }
      });
      await fc.assert(property, { numRuns: 30, verbose: 1 });
    }, 120_000);
  });

  /** Waits until nothing is pending, without calling `settle`. */
  async function untilWritten(engine: LmdbEngine): Promise<void> {
    while (true) {
      try {
        return engine.check();
      } catch {
        await Bun.sleep(1);
      }
    }
  }

  /** Copies the directory as a process that is killed now would leave it. */
  function copyAsIs(): string {
    const copy = newDirectory();
    cpSync(directory, copy, { recursive: true });
    return copy;
  }

  describe("settle with sync always", () => {
    test("waits for writes", async () => {
      const engine = await open();
      setWhole(engine, utf8("key"), utf8("value"), NEVER);
      const settled = engine.settle();
      expect(settled).toBeInstanceOf(Promise);
      expect(engine.settle()).toBeUndefined();
      await settled;
      expect(engine.settle()).toBeUndefined();
      const copy = await open({ directory: copyAsIs() });
      expect(copy.recovery).toEqual({ journaledWrites: 1, voidBytes: 0 });
      expect(scanAll(copy, 10)).toEqual(["key"]);
      // Recovered writes need no waiting.
      expect(copy.settle()).toBeUndefined();
      setWhole(copy, utf8("other"), utf8("value"), NEVER);
      await copy.settle();
    });

    test("waits for values that were read and are not durable, however they were read", async () => {
      const engine = await open();
      setWhole(engine, utf8("deleted"), utf8("value"), NEVER);
      setWhole(engine, utf8("unrelated"), utf8("value"), NEVER);
      await engine.settle();
      const key = utf8("key");
      setWhole(engine, key, utf8("value"), NEVER);
      engine.delete(utf8("deleted"));
      const written = engine.settle();
      const touches: (() => void)[] = [
        () => engine.get(key),
        () => engine.expiry(key),
        () => engine.length(key),
        () => engine.get(utf8("deleted")),
        () => engine.delete(utf8("deleted")),
        () => engine.size(),
        () => engine.expiringCount(),
        () => scanAll(engine, 10),
        () => engine.randomKey(),
      ];
      for (const touch of touches) {
        touch();
        expect(engine.settle()).toBe(written!);
      }
      engine.get(utf8("unrelated"));
      engine.get(utf8("nobody"));
      expect(engine.settle()).toBeUndefined();
      await written;
      for (const touch of touches.slice(0, 4)) {
        touch();
        expect(engine.settle()).toBeUndefined();
      }
    });

    test("waits when everything was removed and that is not durable", async () => {
      const engine = await open();
      setWhole(engine, utf8("key"), utf8("value"), NEVER);
      await engine.settle();
      engine.clear();
      const cleared = engine.settle();
      expect(cleared).toBeInstanceOf(Promise);
      expect(engine.get(utf8("key"))).toBeUndefined();
      expect(engine.settle()).toBe(cleared!);
      await cleared;
      expect(engine.get(utf8("key"))).toBeUndefined();
      expect(engine.settle()).toBeUndefined();
    });

    test("writes during a synchronization wait for the next one, and are visible meanwhile", async () => {
      const engine = await open({ intervalMs: 5 });
      const order: string[] = [];
      setWhole(engine, utf8("key"), utf8("1"), NEVER);
      setWhole(engine, utf8("short-lived"), utf8("1"), NEVER);
      const first = engine.settle()!.then(() => order.push("first"));
      // The synchronization begins at the end of the event turn.
      await new Promise((resolve) => setImmediate(resolve));
      setWhole(engine, utf8("key"), utf8("2"), NEVER);
      setWhole(engine, utf8("other"), utf8("1"), clock.wallMs() + 1000);
      engine.delete(utf8("short-lived"));
      const second = engine.settle()!.then(() => order.push("second"));
      for (const synchronized of [first, second]) {
        await synchronized;
        expect(latin1(engine.get(utf8("key"))!.value)).toBe("2");
        expect(engine.get(utf8("short-lived"))).toBeUndefined();
        expect(scanAll(engine, 10).sort()).toEqual(["key", "other"]);
      }
      expect(order).toEqual(["first", "second"]);
      await untilWritten(engine);
      expect(scanAll(engine, 10).sort()).toEqual(["key", "other"]);
    });

    test("resolves when the journal is on disk, and one synchronization serves all waiting writes", async () => {
      const disk = new SlowDisk();
      const engine = await open({ disk: disk.files });
      disk.isSlow = true;
      const answered: string[] = [];
      const write = (key: string) => {
        setWhole(engine, utf8(key), utf8("value"), NEVER);
        engine.settle()!.then(() => answered.push(key));
      };
      write("a");
      write("b");
      await disk.isAsked();
      write("c");
      await new Promise((resolve) => setImmediate(resolve));
      write("d");
      expect(answered).toEqual([]);
      disk.finish();
      await disk.isAsked();
      expect(answered).toEqual(["a", "b"]);
      disk.isSlow = false;
      disk.finish();
      await engine.close();
      expect(answered).toEqual(["a", "b", "c", "d"]);
    });

    test("rejects when the journal cannot be synchronized, and writes that were not on disk are gone", async () => {
      const disk = new SlowDisk();
      const engine = await open({ disk: disk.files });
      disk.isSlow = true;
      const write = (value: string) => {
        setWhole(engine, utf8("key"), utf8(value), NEVER);
        return engine.settle()!;
      };
      const first = write("1");
      await disk.isAsked();
      disk.finish();
      await first;
      const second = write("2");
      await disk.isAsked();
      const third = write("3");
      disk.finish(new Error("EIO: i/o error"));
      await expect(second).rejects.toThrow("synchronizing the journal failed: EIO");
      await expect(third).rejects.toThrow(StorageError);
      expect(latin1(engine.get(utf8("key"))!.value)).toBe("1");
      expect(engine.settle()).toBeUndefined();
      expect(() => write("4")).toThrow("writes are refused since synchronizing the journal failed");
      await engine.close();
      const again = await open();
      expect(latin1(again.get(utf8("key"))!.value)).toBe("1");
    });

    test("an interrupted checkpoint is begun again", async () => {
      const disk = new SlowDisk();
      const engine = await open({ disk: disk.files, intervalMs: 1 });
      disk.isSlow = false;
      for (let i = 0; i < 1000; i++) setWhole(engine, utf8(`old ${i}`), utf8("value"), NEVER);
      await engine.settle();
      await untilWritten(engine);
      engine.clear();
      for (let i = 0; i < 3000; i++) setWhole(engine, utf8(`key ${i}`), utf8(`${i}`), clock.wallMs() + 1000);
      await engine.settle();
      // Part of the checkpoint is in the database, and the journal cannot be written any more.
      while (engine.pendingWrites === 3000) await new Promise((resolve) => setImmediate(resolve));
      expect(engine.pendingWrites).toBeGreaterThan(0);
      disk.isSlow = true;
      setWhole(engine, utf8("lost"), utf8("value"), NEVER);
      const lost = engine.settle()!;
      await disk.isAsked();
      disk.finish(new Error("ENOSPC"));
      await expect(lost).rejects.toThrow("ENOSPC");
      for (let reopened = 0; reopened < 2; reopened++) {
        const found: LmdbEngine = reopened === 0 ? engine : await open();
        expect(found.size()).toBe(3000);
        expect(found.expiringCount()).toBe(3000);
        for (let i = 0; i < 3000; i++) expect(latin1(found.get(utf8(`key ${i}`))!.value)).toBe(`${i}`);
        expect(scanAll(found, 500)).toHaveLength(3000);
        if (reopened === 1) found.check();
        await found.close();
      }
    });

    test("writes that nobody waits for reach the disk, too", async () => {
      const engine = await open({ intervalMs: 5 });
      setWhole(engine, utf8("key"), utf8("value"), clock.wallMs() + 10);
      await untilWritten(engine);
      clock.advance(10);
      expect(engine.removeExpired(5)).toBe(1);
      await engine.close();
      const again = await open();
      expect(again.size()).toBe(0);
    });
  });

  describe("a large value", () => {
    const key = utf8("key");
    const value = Uint8Array.from({ length: 400_000 }, (_, i) => (i * 7) ^ (i >> 8));

    /** Everything but the last byte has been appended. */
    function begin(engine: LmdbEngine, expiresAtMs: number): LargeWrite {
      const write = engine.beginLarge(key, value.length, expiresAtMs)!;
      for (let at = 0; at < value.length - 1; at += 100_000) {
        write.append(value, at, Math.min(at + 100_000, value.length - 1));
      }
      return write;
    }

    function end(write: LargeWrite): void {
      write.append(value, value.length - 1, value.length);
      store(write);
    }

    function store(write: LargeWrite): void {
      write.store();
      write.release();
    }

    /** Returns what is read now, from the database and the arena, and by a process that opens the files on disk. */
    async function expectEverywhere(engine: LmdbEngine, expected: StoredValue | undefined): Promise<void> {
      await engine.settle();
      expect(engine.get(key)).toEqual(expected);
      const early = await open({ directory: copyAsIs() });
      expect(early.get(key)).toEqual(expected);
      await untilWritten(engine);
      expect(engine.get(key)).toEqual(expected);
      const late = await open({ directory: copyAsIs() });
      expect(late.get(key)).toEqual(expected);
      for (const checked of [engine, late]) checked.check();
    }

    for (const [where, arenaBytes] of [
      ["with room in the arena", 16 * 1024 ** 2],
      ["with none", 256 * 1024],
    ] as const) {
      for (const sync of ["always", "interval"] as const) {
        test(`is invisible until it is complete, and then durable: ${where}, sync ${sync}`, async () => {
          const engine = await open({ sync, arenaBytes, intervalMs: 5 });
          const expiresAtMs = clock.wallMs() + 60_000;
          setWhole(engine, key, utf8("before"), NEVER);
          const write = begin(engine, expiresAtMs);
          await expectEverywhere(engine, { value: utf8("before"), expiresAtMs: NEVER });
          end(write);
          if (sync === "always") {
            const settled = engine.settle();
            expect(settled).toBeInstanceOf(Promise);
            await settled;
          }
          await expectEverywhere(engine, { value, expiresAtMs });
          expect([engine.size(), engine.expiringCount()]).toEqual([1, 1]);
        });

        test(`has its place among other writes of its key: ${where}, sync ${sync}`, async () => {
          const engine = await open({ sync, arenaBytes, intervalMs: 5 });
          const others: (() => void)[] = [
            () => setWhole(engine, key, utf8("other"), clock.wallMs() + 1000),
            () => engine.delete(key),
            () => engine.setExpiry(key, clock.wallMs() + 1000),
            () => end(begin(engine, clock.wallMs() + 1000)),
            () => engine.clear(),
            () => {
              engine.clear();
              setWhole(engine, key, utf8("other"), clock.wallMs() + 1000);
            },
          ];
          for (const isComplete of [false, true]) {
            for (const other of others) {
              const write = begin(engine, NEVER);
              if (isComplete) write.append(value, value.length - 1, value.length);
              other();
              if (isComplete) store(write);
              else end(write);
              await expectEverywhere(engine, { value, expiresAtMs: NEVER });
              expect([engine.size(), engine.expiringCount()]).toEqual([1, 0]);
            }
          }
          end(begin(engine, NEVER));
          setWhole(engine, key, utf8("last"), NEVER);
          await expectEverywhere(engine, { value: utf8("last"), expiresAtMs: NEVER });
          end(begin(engine, NEVER));
          engine.delete(key);
          await expectEverywhere(engine, undefined);
        });
      }
    }

    test.each([
      ["with room in the arena", 16 * 1024 ** 2],
      ["with none", 256 * 1024],
    ])("stays as it was read while others are read, pending and stored: %s", async (_, arenaBytes) => {
      const engine = await open({ sync: "interval", arenaBytes });
      const others = [1, 2, 3].map((other) => value.map((byte) => byte ^ other));
      setWhole(engine, key, value, NEVER);
      for (const [i, other] of others.entries()) setWhole(engine, utf8(`other ${i}`), other, NEVER);
      for (const isPending of [true, false]) {
        if (!isPending) await untilWritten(engine);
        const sink = new TakingSink();
        expect(engine.read(key, 0, key.length, sink)).toBe(true);
        for (const [i, other] of others.entries()) {
          expect(engine.get(utf8(`other ${i}`))!.value).toEqual(other);
        }
        const read = new ByteBuffer();
        if (sink.large === undefined) read.append(sink.copy);
        else {
          for (let at = 0; at < value.length; at += 100_000) {
            expect(sink.large.read(at, Math.min(100_000, value.length - at), read)).toBe(true);
          }
          sink.large.release();
        }
        expect(Buffer.compare(read.view(), value)).toBe(0);
      }
    });

    test("is refused, and changes nothing, when the disk failed before its end", async () => {
      const disk = new SlowDisk();
      disk.isSlow = false;
      const engine = await open({ disk: disk.files, arenaBytes: 16 * 1024 ** 2 });
      setWhole(engine, key, utf8("before"), NEVER);
      await engine.settle();
      const write = begin(engine, NEVER);
      disk.isSlow = true;
      setWhole(engine, utf8("other"), utf8("value"), NEVER);
      const settled = engine.settle()!;
      await disk.isAsked();
      disk.finish(new Error("no disk"));
      await expect(settled).rejects.toThrow("no disk");
      write.append(value, value.length - 1, value.length);
      expect(() => write.store()).toThrow(StorageError);
      write.release();
      expect(latin1(engine.get(key)!.value)).toBe("before");
      expect(() => engine.beginLarge(key, value.length, NEVER)).toThrow(StorageError);
    });
  });

  describe("with sync interval", () => {
    test("settle does not wait, and settled writes survive", async () => {
      const engine = await open({ sync: "interval", intervalMs: 1e6 });
      setWhole(engine, utf8("early"), utf8("value"), clock.wallMs() + 1000);
      setWhole(engine, utf8("removed"), utf8("value"), NEVER);
      expect(engine.settle()).toBeUndefined();
      engine.clear();
      setWhole(engine, utf8("key"), utf8("first"), clock.wallMs() + 1000);
      setWhole(engine, utf8("short-lived"), utf8("value"), NEVER);
      expect(engine.settle()).toBeUndefined();
      engine.setExpiry(utf8("key"), clock.wallMs() + 2000);
      engine.delete(utf8("short-lived"));
      expect(engine.settle()).toBeUndefined();
      setWhole(engine, utf8("not settled"), utf8("value"), NEVER);
      expect(engine.stats().diskBytes).toBeGreaterThan(0);

      for (const sync of ["interval", "always"] as const) {
        const copy = await open({ directory: copyAsIs(), sync });
        expect(scanAll(copy, 10)).toEqual(["key"]);
        expect(copy.get(utf8("key"))).toEqual({
          value: utf8("first"),
          expiresAtMs: clock.wallMs() + 2000,
        });
        expect(copy.recovery).toEqual({ journaledWrites: 7, voidBytes: 0 });
        copy.check();
      }
    });

    test("a journal that cannot be synchronized is reported at once, without a write or a call of settle", async () => {
      const disk = new SlowDisk();
      const told = Promise.withResolvers<StorageError>();
      const engine = await open({
        sync: "interval",
        intervalMs: 5,
        disk: disk.files,
        onFailure: told.resolve,
      });
      disk.isSlow = true;
      setWhole(engine, utf8("key"), utf8("value"), NEVER);
      expect(engine.settle()).toBeUndefined();
      await disk.isAsked();
      disk.finish(new Error("EIO: i/o error"));
      expect((await told.promise).message).toBe("synchronizing the journal failed: EIO: i/o error");
      expect(() => engine.clear()).toThrow("writes are refused since");
    });

    test("writes reach the database after the interval", async () => {
      const engine = await open({ sync: "interval", intervalMs: 5 });
      setWhole(engine, utf8("key"), utf8("value"), NEVER);
      engine.settle();
      await untilWritten(engine);
      const copy = await open({ directory: copyAsIs() });
      expect(copy.recovery.journaledWrites).toBe(0);
      expect(copy.size()).toBe(1);
    });

    test("writes settled during a checkpoint survive as well", async () => {
      const engine = await open({ sync: "interval", intervalMs: 1e6 });
      for (let i = 0; i < 20_000; i++) setWhole(engine, utf8(`key ${i}`), utf8("value"), NEVER);
      engine.settle();
      setWhole(engine, utf8("key 0"), utf8("other"), NEVER);
      engine.delete(utf8("key 1"));
      engine.settle();
      expect(journalsIn(directory)).toEqual(["journal-even", "journal-odd"]);
      await until(() => engine.pendingWrites <= 2);
      expect(latin1(engine.get(utf8("key 0"))!.value)).toBe("other");
      expect(engine.get(utf8("key 1"))).toBeUndefined();
      const copy = await open({ directory: copyAsIs() });
      expect(latin1(copy.get(utf8("key 0"))!.value)).toBe("other");
      expect(copy.size()).toBe(19_999);
      expect(copy.recovery.journaledWrites).toBe(2);
    });

    test("a journal cut anywhere leaves the writes up to some moment", async () => {
      const engine = await open({ sync: "interval", intervalMs: 1e6 });
      const frames: number[] = [];
      for (let i = 1; i <= 6; i++) {
        // Both keys of a turn have the same value, or both are missing.
        setWhole(engine, utf8("a"), utf8(`${i}`), i % 2 === 0 ? clock.wallMs() + i : NEVER);
        setWhole(engine, utf8("b"), utf8(`${i}`), NEVER);
        engine.settle();
        frames.push(statSync(join(directory, "journal-odd")).size);
      }
      const original = copyAsIs();
      for (let length = frames.at(-1)!; length >= FRAMES_AT; length -= 7) {
        const copy = newDirectory();
        cpSync(original, copy, { recursive: true });
        truncateSync(join(copy, "journal-odd"), length);
        const found = await open({ directory: copy });
        const whole = frames.filter((end) => end <= length);
        const value = whole.length === 0 ? undefined : utf8(`${whole.length}`);
        expect(found.get(utf8("a"))?.value).toEqual(value);
        expect(found.get(utf8("b"))?.value).toEqual(value);
        const rest = length - (whole.at(-1) ?? FRAMES_AT);
        expect(found.recovery.voidBytes).toBe(rest < 8 ? 0 : rest);
        found.check();
        await found.close();
        expect(journalsIn(copy)).toEqual([]);
      }
    });

    test("the part after a lost or damaged journal file is void, and stays void", async () => {
      const engine = await open({ sync: "interval", intervalMs: 1e6 });
      for (let i = 0; i < 20_000; i++) setWhole(engine, utf8(`key ${i}`), utf8("value"), NEVER);
      engine.settle();
      // A checkpoint has begun, and this goes to the other file.
      setWhole(engine, utf8("later"), utf8("value"), NEVER);
      engine.settle();
      const original = copyAsIs();
      for (const damage of ["none", "lost", "cut short"] as const) {
        const copy = newDirectory();
        cpSync(original, copy, { recursive: true });
        const first = join(copy, "journal-odd");
        if (damage === "lost") rmSync(first);
        if (damage === "cut short") truncateSync(first, statSync(first).size - 1);
        const options = { directory: copy, sync: "interval", intervalMs: 1e6 } as const;
        if (damage === "lost") {
          // Whether it was on disk is no longer known.
          await expect(open(options)).rejects.toThrow("journal-odd: the file is missing");
        }
        const found = await open({ ...options, isRecovering: damage === "lost" });
        expect(found.size()).toBe({ none: 20_001, lost: 1, "cut short": 0 }[damage]);
        setWhole(found, utf8("b"), utf8("2"), NEVER);
        found.settle();
        const again = newDirectory();
        cpSync(copy, again, { recursive: true });
        const reopened = await open({ directory: again });
        expect(reopened.get(utf8("b"))?.value).toEqual(utf8("2"));
        expect(reopened.get(utf8("later")) === undefined).toBe(damage === "cut short");
        expect(reopened.recovery).toEqual({ journaledWrites: 1, voidBytes: 0 });
        await reopened.close();
        await found.close();
      }
    });

    test("journal files are overwritten, checkpoint by checkpoint, and replay only new writes", async () => {
      const engine = await open({ sync: "interval", intervalMs: 1 });
      let most = 0;
      for (let round = 1; round <= 30; round++) {
        // Early rounds are long, so that later ones end within the remains of those.
        for (let i = 0; i < (round < 4 ? 200 : 3); i++)
          setWhole(engine, utf8(`key ${i}`), utf8(`${round}`), NEVER);
        engine.settle();
        most = Math.max(most, engine.stats().diskBytes - statSync(join(directory, "data.mdb")).size);
        const copy = await open({ directory: copyAsIs(), intervalMs: 1e6 });
        expect(latin1(copy.get(utf8("key 0"))!.value)).toBe(`${round}`);
        expect(latin1(copy.get(utf8("key 100"))!.value)).toBe(`${Math.min(round, 3)}`);
        expect(copy.size()).toBe(200);
        expect(copy.recovery.voidBytes).toBe(0);
        copy.check();
        await copy.close();
        await untilWritten(engine);
      }
      expect(journalsIn(directory)).toEqual(["journal-even", "journal-odd"]);
      expect(most).toBeLessThan(2 * (200 * 40 + FRAMES_AT));
    });

    test("writers wait when much is pending, and are refused when too much is", async () => {
      const engine = await open({ sync: "interval", intervalMs: 1e6, pendingBytes: 4 * 1024 ** 2 });
      const value = new Uint8Array(100_000);
      let waited = 0;
      for (let i = 0; i < 100; i++) {
        setWhole(engine, utf8(`key ${i}`), value, NEVER);
        const settled = engine.settle();
        if (settled !== undefined) waited++;
        await settled;
      }
      expect(waited).toBeGreaterThan(1);
      expect(waited).toBeLessThan(30);
      expect(() => {
        for (let i = 0; i < 100; i++) setWhole(engine, utf8(`more ${i}`), value, NEVER);
      }).toThrow(OutOfMemoryError);
      expect(() => engine.setExpiry(utf8("key 1"), clock.wallMs() + 1)).toThrow("4 MB");
      expect(engine.delete(utf8("key 1"))).toBe(true);
      await engine.settle();
      setWhole(engine, utf8("after"), value, NEVER);
      await engine.close();
      const again = await open();
      expect(again.length(utf8("after"))).toBe(value.length);
      again.check();
    });
  });

  describe("its directory", () => {
    test("is made readable by its owner only", async () => {
      directory = join(directory, "deeper", "still");
      const engine = await open();
      expect(statSync(directory).mode & 0o777).toBe(0o700);
      for (const name of ["data.mdb", "lock.mdb"]) {
        expect(statSync(join(directory, name)).mode & 0o077).toBe(0);
      }
      setWhole(engine, utf8("key"), utf8("value"), NEVER);
      await engine.settle();
      const bytesOf = (name: string) => statSync(join(directory, name)).size;
      expect(engine.stats().diskBytes).toBe(
        bytesOf("data.mdb") + bytesOf("journal-odd") + bytesOf("journal-even"),
      );
      expect(statSync(join(directory, "journal-odd")).mode & 0o077).toBe(0);
    });

    test("is for one engine at a time", async () => {
      const engine = await open();
      await expect(open()).rejects.toThrow(StorageError);
      await expect(open()).rejects.toThrow(`the data directory ${directory} is in use`);
      await engine.close();
      await open();
    });

    test("is for one process at a time, and free when that has died", async () => {
      const script = `
        const { LmdbEngine } = await import(${JSON.stringify(join(import.meta.dir, "lmdb.ts"))});
        const { systemClock } = await import(${JSON.stringify(join(import.meta.dir, "../lib/clock.ts"))});
        await LmdbEngine.open({ directory: ${JSON.stringify(directory)}, sync: "always", arenaBytes: 1e6,
          policy: "lru", clock: systemClock, random: { next: () => 0.5 }, onRemoval: () => {} });
        process.stdout.write("open");
        setInterval(() => {}, 1e6);`;
      const child = Bun.spawn([process.execPath, "-e", script], { stdout: "pipe" });
      await child.stdout.getReader().read();
      await expect(open()).rejects.toThrow(directory);
      child.kill("SIGKILL");
      await child.exited;
      await open();
    });

    test("that a newer program has written is not changed", async () => {
      await (await open()).close();
      const root = openDatabase(directory, {
        encoding: "binary",
        keyEncoding: "binary",
        overlappingSync: false,
      });
      await root
        .openDB({ name: "meta", encoding: "binary", keyEncoding: "binary" })
        .put(Buffer.from("version"), Uint8Array.of(4));
      await root.close();
      await expect(open()).rejects.toThrow(StorageError);
      await expect(open()).rejects.toThrow("it has format 4");
    });

    test("with the database of another program is not changed", async () => {
      const root = openDatabase(directory, { overlappingSync: false });
      await root.openDB({ name: "theirs" }).put("key", "value");
      await root.close();
      await expect(open()).rejects.toThrow("it holds a database of another program");
      const again = openDatabase(directory, { overlappingSync: false });
      expect(again.openDB({ name: "theirs" }).get("key")).toBe("value");
      expect([...again.getKeys()]).toEqual(["theirs"]);
      await again.close();
    });

    test("with something else in it, or that cannot exist, is a clear error", async () => {
      mkdirSync(directory);
      for (const content of ["x", "x".repeat(20_000), new Uint8Array(20_000)]) {
        writeFileSync(join(directory, "data.mdb"), content);
        await expect(open()).rejects.toThrow(StorageError);
        await expect(open()).rejects.toThrow(
          `cannot open the data directory ${directory}: data.mdb is not an LMDB`,
        );
      }
      rmSync(join(directory, "data.mdb"));
      await (await open()).close();
      for (const bytes of [5000, 4000, 100]) {
        truncateSync(join(directory, "data.mdb"), bytes);
        await expect(open()).rejects.toThrow(DamageError);
        await expect(open()).rejects.toThrow("  data.mdb, byte ");
      }
      writeFileSync(join(scratch, "file"), "");
      directory = join(scratch, "file", "below");
      await expect(open()).rejects.toThrow(`cannot make the data directory ${directory}`);
    });

    test.skipIf(process.getuid?.() === 0)(
      "that may not be written is a clear error (root may write it)",
      async () => {
        mkdirSync(directory);
        chmodSync(directory, 0o500);
        await expect(open()).rejects.toThrow(directory);
        chmodSync(directory, 0o700);
      },
    );

    test("is given up when opening fails", async () => {
      await expect(open({ policy: "clairvoyant" })).rejects.toThrow(RangeError);
      await expect(open({ arenaBytes: 1000 })).rejects.toThrow(RangeError);
      await open();
    });
  });

  test("closing waits for writes, and refuses further ones", async () => {
    for (const sync of ["always", "interval"] as const) {
      const engine = await open({ sync });
      setWhole(engine, utf8(`key ${sync}`), utf8("value"), NEVER);
      const closing = engine.close();
      expect(() => setWhole(engine, utf8("late"), utf8("value"), NEVER)).toThrow(StorageError);
      expect(() => engine.delete(utf8("late"))).toThrow(StorageError);
      expect(() => engine.clear()).toThrow(StorageError);
      await closing;
      await engine.close();
      expect(readdirSync(directory).filter((name) => name.startsWith("journal"))).toEqual([]);
    }
    const again = await open();
    expect(scanAll(again, 10).sort()).toEqual(["key always", "key interval"]);
  });

  test("keys made to have one MurmurHash3 have different hashes", async () => {
    const engine = await open({ intervalMs: 5 });
    const keys = murmurCollisions(4096);
    for (const key of keys) setWhole(engine, key, key, clock.wallMs() + 1000);
    for (let settled = 0; settled < 2; settled++) {
      const steps: number[] = [];
      for (let cursor = 0; steps.length === 0 || cursor !== 0; ) {
        let visited = 0;
        cursor = engine.scan(cursor, 10, () => visited++);
        steps.push(visited);
      }
      expect(steps.reduce((sum, visited) => sum + visited)).toBe(4096);
      expect(Math.max(...steps)).toBeLessThan(30);
      await untilWritten(engine);
    }
    for (const key of keys) expect(engine.get(key)!.value).toEqual(key);
  });

  test("keys that have one hash by chance are visited in one step, and none is missed", async () => {
    const hashKey = { low: 1, high: 2 };
    const engine = await open({ hashKey, intervalMs: 5 });
    const byHash = new Map<number, Uint8Array>();
    const twins: Uint8Array[] = [];
    for (let i = 0; twins.length < 20; i++) {
      const key = utf8(`key ${i}`);
      const hash = tableHash(key, 0, key.length, hashKey);
      const other = byHash.get(hash);
      byHash.set(hash, key);
      if (other !== undefined) twins.push(other, key);
    }
    for (const key of twins.slice(0, 11)) setWhole(engine, key, key, clock.wallMs() + 1000);
    await untilWritten(engine);
    for (const key of twins.slice(11)) setWhole(engine, key, key, clock.wallMs() + 1000);
    for (let settled = 0; settled < 2; settled++) {
      let steps = 0;
      const found: string[] = [];
      for (let cursor = 0; steps++ === 0 || cursor !== 0; ) {
        cursor = engine.scan(cursor, 1, (key) => found.push(latin1(key)));
        expect(found.length % 2).toBe(0);
      }
      expect(found.sort()).toEqual(twins.map((key) => latin1(key)).sort());
      await untilWritten(engine);
    }
    for (const key of twins) expect(engine.get(key)!.value).toEqual(key);
    clock.advance(1000);
    while (engine.removeExpired(3) === 3);
    expect(engine.size()).toBe(0);
    await untilWritten(engine);
    expect(engine.size()).toBe(0);
  });

  test("many expired keys are found in small steps, none looked at twice", async () => {
    const engine = await open();
    for (let i = 0; i < 20_000; i++) setWhole(engine, utf8(`key ${i}`), utf8("value"), clock.wallMs() + 10);
    await engine.settle();
    clock.advance(10);
    let steps = 0;
    while (engine.removeExpired(10) === 10) steps++;
    expect(steps).toBe(2000);
    expect(engine.size()).toBe(0);
    await engine.close();
    const again = await open();
    again.check();
    expect(again.size()).toBe(0);
  });

  test.each([
    ["get", (engine: LmdbEngine) => engine.get(utf8("key")) && latin1(engine.get(utf8("key"))!.value), 2],
    ["read", (engine: LmdbEngine) => read(engine, utf8("key")), 1],
  ] as const)("values come from the arena once they came from disk: %s", async (_name, look, looks) => {
    await (await open()).close();
    const first = await open();
    setWhole(first, utf8("key"), utf8("value"), NEVER);
    await first.close();
    const engine = await open();
    for (let i = 0; i < 3; i++) expect(look(engine)).toBe("value");
    const { arenaHits, arenaMisses } = engine.stats();
    expect([arenaHits, arenaMisses]).toEqual([3 * looks - 1, 1]);
    // A write that is pending comes before what the arena has.
    setWhole(engine, utf8("key"), utf8("newer"), NEVER);
    expect(look(engine)).toBe("newer");
  });

  test("an entry that the arena evicts is neither lost nor reported", async () => {
    const gone: string[] = [];
    const engine = await open({ arenaBytes: 256 * 1024, onRemoval: (key) => gone.push(latin1(key)) });
    for (let i = 0; i < 100; i++) setWhole(engine, utf8(`key ${i}`), new Uint8Array(10_000).fill(i), NEVER);
    await engine.settle();
    for (let i = 0; i < 100; i++) expect(engine.get(utf8(`key ${i}`))!.value[9999]).toBe(i);
    expect(engine.stats().evictedCount).toBeGreaterThan(50);
    expect(gone).toEqual([]);
  });
});
