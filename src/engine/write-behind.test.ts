/**
 * Tests what `settle` promises while the journal is being synchronized, step by step, and the search for expired
 * keys.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latin1, utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { NEVER, setWhole } from "./engine.ts";
import { scanAll } from "./engine-model.ts";
import { LmdbEngine, type LmdbEngineOptions } from "./lmdb.ts";
import { SlowDisk } from "./slow-disk-fixture.ts";

let scratch = "";
let directories = 0;
let clock = new ManualClock();
let disk = new SlowDisk();
let opened: LmdbEngine[] = [];
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "glasscache-write-behind-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));
beforeEach(() => {
  clock = new ManualClock();
  disk = new SlowDisk();
  opened = [];
});
afterEach(async () => {
  disk.isSlow = false;
  disk.finishAll();
  for (const engine of opened) await engine.close();
});

async function open(options: Partial<LmdbEngineOptions> = {}): Promise<LmdbEngine> {
  const engine = await LmdbEngine.open({
    directory: join(scratch, `${directories++}`),
    sync: "always",
    arenaBytes: 1024 ** 2,
    policy: "lru",
    clock,
    random: new SeededRandom(1),
    onRemoval: () => undefined,
    // No checkpoint begins until a test asks for one.
    intervalMs: 3_600_000,
    disk: disk.files,
    ...options,
  });
  opened.push(engine);
  return engine;
}

function put(engine: LmdbEngine, key: string, value = "value", expiresAtMs: number = NEVER): void {
  setWhole(engine, utf8(key), utf8(value), expiresAtMs);
}

/** Whether a promise is fulfilled after a turn of the event loop. */
async function isKept(promise: Promise<void>): Promise<boolean> {
  let kept = false;
  void promise.then(() => (kept = true));
  await new Promise((resolve) => setImmediate(resolve));
  return kept;
}

describe("a frame that is being synchronized", () => {
  /** All calls that reveal something of the frame's writes. */
  const looks: Record<string, (engine: LmdbEngine) => unknown> = {
    "the value": (engine) => latin1(engine.get(utf8("written"))!.value),
    "the expiry": (engine) => engine.expiry(utf8("written")),
    "the length": (engine) => engine.length(utf8("written")),
    "that a key is gone": (engine) => engine.get(utf8("removed")),
    "that there is nothing to remove": (engine) => engine.delete(utf8("removed")),
    "the number of keys": (engine) => engine.size(),
    "the number of keys that expire": (engine) => engine.expiringCount(),
    "a scan": (engine) => scanAll(engine, 10),
    "a random key": (engine) => engine.randomKey(),
  };

  test.each(Object.keys(looks))("is waited for by a reader of %s", async (what) => {
    const engine = await open();
    put(engine, "removed");
    put(engine, "unrelated");
    await engine.settle();
    disk.isSlow = true;
    put(engine, "written");
    engine.delete(utf8("removed"));
    const written = engine.settle()!;
    await disk.isAsked();
    // The frame is in the file, and not on disk: a power cut would take it back.
    looks[what]!(engine);
    const seen = engine.settle();
    expect(seen, "the reader waits").toBeInstanceOf(Promise);
    // The next frame collects writes meanwhile, and must not make this reader fail.
    put(engine, "later");
    const later = engine.settle()!;
    expect(await isKept(seen!)).toBe(false);
    // A reader that sees nothing of it does not wait.
    engine.get(utf8("unrelated"));
    expect(engine.settle()).toBeUndefined();
    disk.finish();
    await Promise.all([written, seen]);
    expect(await isKept(later)).toBe(false);
    // It is on disk now.
    engine.get(utf8("written"));
    expect(engine.settle()).toBeUndefined();
    engine.get(utf8("later"));
    expect(engine.settle()).toBeInstanceOf(Promise);
  });

  test("that removes everything delays a reader of a removed key", async () => {
    const engine = await open();
    put(engine, "key");
    await engine.settle();
    disk.isSlow = true;
    engine.clear();
    const cleared = engine.settle()!;
    await disk.isAsked();
    expect(engine.get(utf8("key"))).toBeUndefined();
    const seen = engine.settle();
    expect(seen).toBeInstanceOf(Promise);
    expect(await isKept(seen!)).toBe(false);
    disk.finish();
    await Promise.all([cleared, seen]);
    engine.get(utf8("key"));
    expect(engine.settle()).toBeUndefined();
  });

  test("fails its readers when it does not reach the disk", async () => {
    const engine = await open();
    disk.isSlow = true;
    put(engine, "key");
    const written = engine.settle()!;
    await disk.isAsked();
    engine.get(utf8("key"));
    const seen = engine.settle()!;
    disk.finish(new Error("EIO: i/o error"));
    const outcomes = await Promise.allSettled([written, seen]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(engine.get(utf8("key"))).toBeUndefined();
  });
});

describe("writers that are faster than the disk", () => {
  test("wait from 65,536 keys with pending writes on, and no earlier", async () => {
    const engine = await open({ sync: "interval" });
    disk.isSlow = true;
    const value = utf8("value");
    for (let n = 1; n < 65_536; n++) setWhole(engine, utf8(`${n}`), value, NEVER);
    expect(engine.settle()).toBeUndefined();
    setWhole(engine, utf8("1"), value, NEVER);
    expect(engine.settle()).toBeUndefined();
    setWhole(engine, utf8("one more"), value, NEVER);
    const waiting = engine.settle();
    expect(waiting).toBeInstanceOf(Promise);
    expect(await isKept(waiting!)).toBe(false);
    disk.isSlow = false;
    disk.finish();
    await waiting;
    expect(engine.pendingWrites).toBeLessThan(65_536);
  });

  test("fail like all others when the disk fails, although they wait for room, too", async () => {
    const engine = await open({ pendingBytes: 4096 });
    disk.isSlow = true;
    put(engine, "large", "v".repeat(8192));
    const written = engine.settle()!;
    await disk.isAsked();
    disk.finish(new Error("EIO: i/o error"));
    expect((await Promise.allSettled([written]))[0]!.status).toBe("rejected");
  });
});

describe("the search for expired keys", () => {
  /** Waits until the database holds everything. */
  async function untilWritten(engine: LmdbEngine): Promise<void> {
    while (engine.pendingWrites > 0) await new Promise((resolve) => setImmediate(resolve));
  }

  test("starts over after a checkpoint, which may bring keys that expire before those found last", async () => {
    const engine = await open({ intervalMs: 1 });
    put(engine, "found first", "value", clock.wallMs() + 2000);
    await engine.settle();
    await untilWritten(engine);
    clock.advance(3000);
    // The search stands at this key now, and goes on behind it until the next checkpoint.
    expect(engine.removeExpired(1)).toBe(1);
    put(engine, "expires earlier", "value", clock.wallMs() - 2000);
    await engine.settle();
    await untilWritten(engine);
    expect(engine.size()).toBe(1);
    expect(engine.removeExpired(5)).toBe(1);
    expect(engine.size()).toBe(0);
  });
});
