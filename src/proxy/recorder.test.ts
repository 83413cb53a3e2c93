import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import type { Log } from "../lib/log.ts";
import { ManualTimers, systemTimers, type Timers } from "../lib/timers.ts";
import { DELETE, READ, WRITE } from "../replay/records.ts";
import { openSource, type Skipped } from "../sim/source.ts";
import { type PlainRecord, readAll, record } from "../sim/trace/trace-samples-fixture.ts";
import { Recorder } from "./recorder.ts";
import { type BlockSink, createRecording, openBlockSink, RecordingError } from "./recording-file.ts";

/** A recording in a directory of its own. */
class Bench implements AsyncDisposable {
  readonly messages: string[] = [];
  readonly path: string;
  readonly recorder: Recorder;
  readonly #directory = mkdtempSync(join(tmpdir(), "glasscache-recording-"));
  #closed: Promise<void> | undefined;

  constructor({
    limitBytes = 1024 ** 2,
    holdsKeys = false,
    sink = undefined as BlockSink | undefined,
    timers = systemTimers as Timers,
  } = {}) {
    this.path = join(this.#directory, "recording");
    const settings = createRecording({ path: this.path, limitBytes, holdsKeys, overwrite: false });
    const say = (fields: object | string, text?: string) => {
      this.messages.push(typeof fields === "string" ? fields : (text ?? ""));
    };
    const log: Log = { info: say, warn: say, error: say };
    this.recorder = new Recorder({
      settings,
      sink: sink ?? openBlockSink(this.path),
      writer: 0,
      log,
      timers,
    });
  }

  close(): Promise<void> {
    this.#closed ??= this.recorder.close();
    return this.#closed;
  }

  async records(): Promise<{ records: PlainRecord[]; skipped: Skipped | undefined }> {
    await this.close();
    let skipped: Skipped | undefined;
    const source = await openSource(this.path, {
      onSkipped: (told) => {
        skipped = told;
      },
    });
    return { records: await readAll(source), skipped };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    rmSync(this.#directory, { recursive: true });
  }
}

function keyOf(name: string): KeyRef {
  const bytes = utf8(`..${name}.`);
  return new KeyRef().refer(bytes, 2, bytes.length - 1, 17);
}

function hit({ recorder }: Bench, key: string, valueBytes: number, nowMs: number): void {
  recorder.hit(keyOf(key), valueBytes, nowMs);
}

describe("a recorder", () => {
  test("waits once for the sizes of values on their way before it writes a block", async () => {
    const timers = new ManualTimers();
    await using bench = new Bench({ timers });
    const { recorder } = bench;
    const key = keyOf("user:1");
    // One interval passes without a read, and another with one that is not answered.
    timers.advance(1000);
    const late = recorder.missed(key, 1);
    timers.advance(1000);
    recorder.answered(0, late, 700, -1);
    // This read is not waited for any longer.
    const tooLate = recorder.missed(key, 2);
    timers.advance(1000);
    // A block is encoded in the next turn of the event loop.
    await new Promise(setImmediate);
    recorder.answered(0, tooLate, 800, -1);
    const { records } = await bench.records();
    expect(records.map(({ timeMs, size }) => [timeMs, size])).toEqual([
      [1, 700],
      [2, 700],
    ]);
  });

  test.each([false, true])("keeps every event, with keys: %p", async (holdsKeys) => {
    await using bench = new Bench({ holdsKeys });
    const { recorder } = bench;
    const [user, page] = [keyOf("user:1"), keyOf("page/2")];
    const read = recorder.missed(user, 1000);
    recorder.missed(page, 1001);
    recorder.answered(0, read, 700, 5000);
    hit(bench, "user:1", 700, 1500);
    recorder.hit(page, 44, 1400);
    recorder.wrote(user, false, 1600);
    recorder.wrote(user, true, 1700);
    expect((await bench.records()).records).toEqual([
      record("user:1", { size: 700, timeMs: 1000, ttlMs: 5000 }),
      record("page/2", { size: 1, timeMs: 1001 }),
      record("user:1", { size: 700, timeMs: 1500 }),
      record("page/2", { size: 44, timeMs: 1400 }),
      record("user:1", { size: 700, timeMs: 1600, operation: WRITE }),
      record("user:1", { timeMs: 1700, operation: DELETE }),
    ]);
    expect(bench.messages).toEqual([]);
  });

  test("writes blocks as they fill, in order", async () => {
    await using bench = new Bench({ limitBytes: 10 * 1024 ** 2 });
    for (let i = 0; i < 100_000; i++) {
      hit(bench, `key:${i % 977}`, i % 50, 1000 + i);
      // One turn of the event loop for the disk, as between requests.
      if (i % 10_000 === 9999) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const { records, skipped } = await bench.records();
    const { dropped } = bench.recorder;
    expect(records.length + dropped).toBe(100_000);
    expect(skipped?.ignored ?? 0).toBe(dropped);
    expect(records[5]).toEqual(record("key:5", { size: 5, timeMs: 1005 }));
    expect(records.every(({ timeMs }, i) => i === 0 || timeMs > records[i - 1]!.timeMs)).toBe(true);
  });

  test("drops records when the disk is too slow, counts them, and goes on", async () => {
    const { promise: stuck, resolve: release } = Promise.withResolvers<void>();
    let sink: BlockSink | undefined;
    await using bench = new Bench({
      limitBytes: 100 * 1024 ** 2,
      sink: {
        async append(block) {
          await stuck;
          await sink!.append(block);
        },
        close: () => sink!.close(),
      },
    });
    sink = openBlockSink(bench.path);
    const turn = () => new Promise((resolve) => setImmediate(resolve));
    for (let i = 0; i < 200_000; i++) {
      hit(bench, `key:${i}`, 1, i);
      if (i % 1000 === 0) await turn();
    }
    const { dropped } = bench.recorder;
    expect(dropped).toBeGreaterThan(100_000);
    // The blocks in memory, and the one that is stuck on its way to the disk.
    expect(200_000 - dropped).toBeLessThanOrEqual(17 * 4096);
    release();
    // Once a block has been written, whenever that is, there is room again.
    let attempts = 0;
    for (let before = -1; before !== bench.recorder.dropped; attempts++) {
      await turn();
      before = bench.recorder.dropped;
      hit(bench, "later", 9, 300_000);
    }
    const { records, skipped } = await bench.records();
    expect(records.at(-1)).toEqual(record("later", { size: 9, timeMs: 300_000 }));
    expect(records.length).toBe(200_000 + attempts - bench.recorder.dropped);
    expect(skipped).toMatchObject({
      bad: 0,
      ignored: bench.recorder.dropped,
      ignoredKinds: new Map([["records that were dropped while recording", bench.recorder.dropped]]),
    });
    expect(bench.messages).toEqual([
      `recording to ${bench.path}: ${bench.recorder.dropped} requests were left out, the disk was too slow`,
    ]);
  });

  test("ends at its limit, and says so", async () => {
    await using bench = new Bench({ limitBytes: 128 * 1024 });
    for (let i = 0; i < 40_000; i++) hit(bench, `key:${i}`, 1, i);
    const { records } = await bench.records();
    const { length } = readFileSync(bench.path);
    expect(length).toBeLessThanOrEqual(128 * 1024);
    expect(length).toBeGreaterThan(64 * 1024);
    expect(records.length).toBeGreaterThan(4000);
    expect(bench.messages).toEqual([`recording to ${bench.path} has ended: its limit of 128 KB is reached`]);
  });

  test("ends when the disk fails, and says so", async () => {
    const sink: BlockSink = { append: () => Promise.reject(new Error("ENOSPC: no space left")), close() {} };
    await using bench = new Bench({ sink });
    for (let i = 0; i < 10_000; i++) hit(bench, "key", 1, i);
    await bench.close();
    expect(bench.messages).toEqual([`recording to ${bench.path} has ended: ENOSPC: no space left`]);
  });

  test("several threads write one file", async () => {
    await using bench = new Bench();
    const settings = {
      path: bench.path,
      limitBytes: 1024 ** 2,
      holdsKeys: false,
      usedBytes: new SharedArrayBuffer(8),
    };
    const silent: Log = { info() {}, warn() {}, error() {} };
    const others = [1, 2].map(
      (writer) => new Recorder({ settings, sink: openBlockSink(bench.path), writer, log: silent }),
    );
    const shared = keyOf("shared");
    for (let i = 0; i < 12_000; i++) for (const other of others) other.hit(shared, 3, i);
    hit(bench, "shared", 3, 0);
    await Promise.all(others.map((other) => other.close()));
    const { records } = await bench.records();
    expect(records.length).toBe(24_001);
    expect(new Set(records.map(({ key }) => key)).size).toBe(1);
    expect(records.every(({ operation, size }) => operation === READ && size === 3)).toBe(true);
  });
});

test("only the owner can read a recording, even in place of a file that others could read", async () => {
  await using bench = new Bench();
  const options = { path: bench.path, limitBytes: 1000, holdsKeys: false };
  rmSync(bench.path);
  const umask = process.umask(0);
  try {
    createRecording({ ...options, overwrite: false });
    expect(statSync(bench.path).mode & 0o777).toBe(0o600);
    chmodSync(bench.path, 0o644);
    createRecording({ ...options, overwrite: true });
    expect(statSync(bench.path).mode & 0o777).toBe(0o600);
    rmSync(bench.path);
    openBlockSink(bench.path).close();
    expect(statSync(bench.path).mode & 0o777).toBe(0o600);
  } finally {
    process.umask(umask);
  }
});

test("an existing file is overwritten only on request", async () => {
  await using bench = new Bench();
  const options = { path: bench.path, limitBytes: 1000, holdsKeys: false };
  writeFileSync(bench.path, "precious");
  expect(() => createRecording({ ...options, overwrite: false })).toThrow(
    new RecordingError(`${bench.path}: there is such a file already`, true),
  );
  expect(readFileSync(bench.path, "utf8")).toBe("precious");
  createRecording({ ...options, overwrite: true });
  expect(readFileSync(bench.path).subarray(0, 8).toString()).toBe("GLASSREC");
  expect(() => createRecording({ ...options, path: `${bench.path}/x`, overwrite: true })).toThrow(
    `${bench.path}/x: it cannot be written: ENOTDIR`,
  );
});
