/** When the file of warm keys is written, and when the one before is kept. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { TemporaryDirectory } from "../../../test/support/program.ts";
import { until } from "../../../test/support/until.ts";
import { latin1, utf8 } from "../../lib/bytes.ts";
import type { Store } from "../../store/store.ts";
import { KeySaver, type KeySaverOptions, type SavedFile } from "./key-saver.ts";
import { noKeys, type WarmStats } from "./warm-counts.ts";
import { WarmFile, type WarmFileDraft } from "./warm-file.ts";

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());
let files = 0;
const ORIGIN = { origin: "redis.example:6379", database: 3 };
const EVERY_MS = 100;

/** A saver that was begun at 1000 ms, of a cache whose parts hold these keys. */
function scene(
  shards: readonly (readonly string[])[],
  saved: SavedFile = { keys: 0, isKept: false },
  more: Partial<KeySaverOptions> = {},
) {
  const path = join(directory.path, `file-${files++}`);
  const stats: WarmStats = { counts: noKeys(), left: 0, writtenAtMs: 0, writtenKeys: 0, failures: 0 };
  const messages: string[] = [];
  const at = { shards, nowMs: 1000, stepMs: 0, begun: 0, changes: 0 };
  const store = {
    epochCount: 0,
    shards: shards.length,
    copyEpochs: () => "epochs",
    keysInOrder: (shard: number, epochs: unknown) => {
      expect(epochs).toBe("epochs");
      const keys = at.shards[shard]!;
      let next = 0;
      return {
        get progress() {
          return next / keys.length;
        },
        step: (nowMs: number, add: (key: Uint8Array, reads: number) => void) => {
          expect(nowMs).toBe(at.nowMs);
          at.nowMs += at.stepMs;
          if (at.changes > 0) {
            at.changes--;
            return "changed";
          }
          if (next < keys.length) add(utf8(keys[next]!), 7);
          next++;
          return next >= keys.length ? "complete" : "under way";
        },
      };
    },
  };
  const note = (message: string): void => {
    messages.push(message.replace(path, "FILE"));
  };
  const saver = new KeySaver(
    {
      get path() {
        at.begun++;
        return path;
      },
      ...{ origin: ORIGIN, store: store as unknown as Store, stats },
      log: { info: note, warn: note, error: note } as never,
      ...{
        nowMs: () => at.nowMs,
        exactMs: () => 0,
        wallMs: () => 1_700_000_000_000,
        everyMs: () => EVERY_MS,
      },
      ...more,
    },
    saved,
  );
  return { at, store, stats, saver, path, messages };
}

async function keysIn(path: string): Promise<string[]> {
  const file = (await WarmFile.open(path))!;
  expect(file.origin).toEqual(ORIGIN);
  const keys: string[] = [];
  for (const block of file.blocks)
    for (const { key, reads } of await file.read(block)) {
      expect(reads).toBe(7);
      keys.push(latin1(key));
    }
  await file.close();
  return keys;
}

describe("the file", () => {
  test("is written when it is time, with the keys of all parts of the cache", async () => {
    const { at, stats, saver, path } = scene([["a", "b"], ["c"]]);
    saver.warmed();
    at.nowMs += EVERY_MS - 1;
    saver.check();
    expect(at.begun).toBe(0);
    at.nowMs += 1;
    saver.check();
    saver.check();
    expect(at.begun).toBe(1);
    await until(() => stats.writtenKeys === 3);
    expect(stats.writtenAtMs).toBe(1_700_000_000_000);
    expect((await keysIn(path)).sort()).toEqual(["a", "b", "c"]);
  });

  test("is written again so long after it was written", async () => {
    const { at, stats, saver } = scene([["a"]]);
    saver.warmed();
    // Writing takes some time itself.
    at.stepMs = 50;
    at.nowMs += EVERY_MS;
    saver.check();
    await saver.finish();
    expect(stats.writtenKeys).toBe(1);
    at.nowMs += EVERY_MS - 1;
    saver.check();
    expect(at.begun).toBe(1);
    at.nowMs += 1;
    saver.check();
    expect(at.begun).toBe(2);
    await saver.finish();
    expect(at.begun).toBe(2);
  });

  test("has each key with its place in its part of the cache", async () => {
    const { saver, path } = scene([["a", "b", "c", "d"]]);
    saver.warmed();
    await saver.finish();
    const file = (await WarmFile.open(path))!;
    expect(file.blocks).toMatchObject([{ firstRank: 0, lastRank: 1 }]);
    await file.close();
  });

  test("of an empty cache is not written", async () => {
    const { saver, stats, path } = scene([[]]);
    saver.warmed();
    await saver.finish();
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.new`)).toBe(false);
    expect(stats.failures).toBe(0);
  });
});

describe("a file with more keys", () => {
  test("is kept until its keys have been read again", async () => {
    const { at, saver, path } = scene([["a", "b"]], { keys: 3, isKept: false });
    at.nowMs += 1_000_000;
    await saver.finish();
    expect(existsSync(path)).toBe(false);
    saver.warmed();
    await saver.finish();
    expect(await keysIn(path)).toEqual(["a", "b"]);
  });

  test("is replaced by one with as many", async () => {
    const { saver, path } = scene([["a", "b"]], { keys: 2, isKept: false });
    await saver.finish();
    expect(await keysIn(path)).toEqual(["a", "b"]);
  });

  test("is kept for a while after everything cached was dropped", async () => {
    const { at, store, saver, path } = scene([["a", "b"]]);
    saver.warmed();
    await saver.finish();
    store.epochCount++;
    at.shards = [["c"]];
    await saver.finish();
    at.nowMs += EVERY_MS - 1;
    await saver.finish();
    expect(await keysIn(path)).toEqual(["a", "b"]);
    at.nowMs += 1;
    await saver.finish();
    expect(await keysIn(path)).toEqual(["c"]);
  });

  test("is kept from the drop on, and not from when it is found poorer", async () => {
    const { at, store, saver, path } = scene([["a", "b"]]);
    saver.warmed();
    await saver.finish();
    store.epochCount++;
    at.shards = [["c"]];
    saver.check();
    at.nowMs += EVERY_MS;
    await saver.finish();
    expect(await keysIn(path)).toEqual(["c"]);
  });
});

test("a file that could not be used is kept under another name, once", async () => {
  const { saver, path } = scene([["a"]], { keys: 0, isKept: true });
  writeFileSync(path, "unused");
  await saver.finish();
  expect(readFileSync(`${path}.unused`, "utf8")).toBe("unused");
  rmSync(`${path}.unused`);
  await saver.finish();
  expect(existsSync(`${path}.unused`)).toBe(false);
});

test("a part whose policy is being changed is begun anew, three times at most", async () => {
  for (const [changes, isWritten] of [
    [2, true],
    [3, false],
  ] as const) {
    const { at, saver, path, stats } = scene([["a"]]);
    at.changes = changes;
    await saver.finish();
    expect(existsSync(path)).toBe(isWritten);
    expect(stats.failures).toBe(0);
  }
});

test("the last write is given up when it takes longer than ten seconds", async () => {
  for (const [stepMs, isWritten] of [
    [5000, true],
    [5001, false],
  ] as const) {
    const { at, saver, path } = scene([["a", "b"]]);
    at.stepMs = stepMs;
    await saver.finish();
    expect(existsSync(path)).toBe(isWritten);
    expect(existsSync(`${path}.new`)).toBe(false);
  }
});

test("that it cannot be written is told once, and so is that it can again", async () => {
  const { saver, path, stats, messages } = scene([["a"]]);
  mkdirSync(`${path}.new`);
  for (let attempt = 0; attempt < 2; attempt++) {
    await saver.finish();
    expect(messages).toEqual([expect.stringMatching(/^FILE: cannot be written, and stays as it is: /)]);
  }
  expect(stats).toMatchObject({ failures: 2, writtenKeys: 0 });
  rmSync(`${path}.new`, { recursive: true });
  for (let attempt = 0; attempt < 2; attempt++) {
    await saver.finish();
    expect(messages.slice(1)).toEqual(["FILE: is written again"]);
  }
  expect(stats).toMatchObject({ failures: 2, writtenKeys: 1 });
});

test("nothing is left of a file that cannot take its place", async () => {
  const { saver, path, stats } = scene([["a"]]);
  mkdirSync(join(path, "full"), { recursive: true });
  await saver.finish();
  expect(stats.failures).toBe(1);
  expect(existsSync(`${path}.new`)).toBe(false);
});

test("a file whose end does not fit on the disk does not take the place of the one before", async () => {
  const happened: string[] = [];
  let appended = 0;
  const draft = {
    append: async () => {
      appended++;
      if (appended === 2) throw new Error("ENOSPC: no space left on device");
    },
    finish: async () => void happened.push("finished"),
    discard: async () => void happened.push("discarded"),
  };
  const createDraft = async () => draft as unknown as WarmFileDraft;
  const { saver, stats, messages } = scene([["a"]], { keys: 0, isKept: false }, { createDraft });
  await saver.finish();
  expect([appended, happened, stats.failures]).toEqual([2, ["discarded"], 1]);
  expect(messages).toEqual(["FILE: cannot be written, and stays as it is: ENOSPC: no space left on device"]);
});
