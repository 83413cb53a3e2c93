import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  watch,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { latin1, utf8 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import { SeededRandom } from "../lib/random.ts";
import { copyName, DamageError } from "./damage.ts";
import { keepCopies } from "./data-directory.ts";
import { type EarlierEntry, makeEarlierDirectory } from "./earlier-directory-fixture.ts";
import { NEVER, StorageError, setWhole } from "./engine.ts";
import { scanAll } from "./engine-model.ts";
import { FRAMES_AT, SECOND_HEADER_AT } from "./journal-format.ts";
import { LmdbEngine, type LmdbEngineOptions } from "./lmdb.ts";

const LATER = 4_102_444_800_000;
let scratch = "";
let directories = 0;
let directory = "";
let warnings: string[] = [];
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "glasscache-directory-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));
beforeEach(() => {
  directory = newDirectory();
  warnings = [];
});

function newDirectory(): string {
  return join(scratch, `${directories++}`);
}

const log: Log = {
  info: () => undefined,
  warn: (...given: unknown[]) => void warnings.push(given.map((part) => JSON.stringify(part)).join(" ")),
  error: () => undefined,
};

function open(options: Partial<LmdbEngineOptions> = {}): Promise<LmdbEngine> {
  const clock = new ManualClock();
  const random = new SeededRandom(1);
  const defaults = {
    directory,
    sync: "always",
    arenaBytes: 1024 ** 2,
    policy: "lru",
    clock,
    random,
  } as const;
  return LmdbEngine.open({ ...defaults, onRemoval: () => {}, log, ...options });
}

/** All files but those that only lock. */
function filesOf(path: string): Map<string, string> {
  const names = readdirSync(path).filter((name) => !/^lock\.mdb$|^owner\.lock/.test(name));
  return new Map(names.sort().map((name) => [name, Bun.hash(readFileSync(join(path, name))).toString()]));
}

/** A directory as a killed process leaves it: 20 keys in the database, 10 in the journal, each in a frame. */
async function makeDirectory(): Promise<void> {
  const first = await open();
  for (let i = 0; i < 20; i++)
    setWhole(first, utf8(`stored ${i}`), utf8("value"), i % 2 === 0 ? LATER : NEVER);
  await first.close();
  const original = newDirectory();
  const second = await open({ intervalMs: 1e6 });
  for (let i = 0; i < 10; i++) {
    setWhole(second, utf8(`journaled ${i}`), utf8("value"), NEVER);
    await second.settle();
  }
  cpSync(directory, original, { recursive: true });
  await second.close();
  directory = original;
}

const STORED = Array.from({ length: 20 }, (_, i) => `stored ${i}`);
const JOURNALED = Array.from({ length: 10 }, (_, i) => `journaled ${i}`);

/** The file with the frames of the journal. */
function usedJournal(): string {
  const names = ["journal-odd", "journal-even"].map((name) => join(directory, name));
  return names.reduce((a, b) => (statSync(a).size > statSync(b).size ? a : b));
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at]! ^= 4;
  writeFileSync(path, bytes);
}

async function keysOf(options: Partial<LmdbEngineOptions> = {}): Promise<string[]> {
  const engine = await open(options);
  const keys = scanAll(engine, 10).sort();
  await engine.close();
  (await open()).close();
  return keys;
}

interface Case {
  readonly name: string;
  readonly damage: () => void;
  readonly says: string;
  readonly recovered: readonly string[];
  /** Files that are kept. */
  readonly copies: readonly string[];
}

const CASES: readonly Case[] = [
  {
    name: "a frame in the middle of the journal",
    damage: () => flip(usedJournal(), FRAMES_AT + 3 * FRAME_BYTES + 40),
    says: "cannot be read, though they were on disk",
    recovered: [...STORED, ...JOURNALED.filter((_, i) => i !== 3)],
    copies: ["journal"],
  },
  {
    name: "both copies of a header",
    damage: () => {
      flip(usedJournal(), 10);
      flip(usedJournal(), SECOND_HEADER_AT + 10);
    },
    says: "neither copy of the header can be read",
    recovered: STORED,
    copies: ["journal"],
  },
  {
    name: "a journal cut in half",
    damage: () => truncateSync(usedJournal(), 20),
    says: "the file ends at byte 20",
    recovered: STORED,
    copies: ["journal"],
  },
  {
    name: "a missing journal",
    damage: () => rmSync(usedJournal()),
    says: "the file is missing",
    recovered: STORED,
    copies: [],
  },
  {
    name: "a missing database",
    damage: () => rmSync(join(directory, "data.mdb")),
    says: "data.mdb: the file is missing, or empty",
    recovered: JOURNALED,
    copies: [],
  },
  {
    name: "an empty database",
    damage: () => truncateSync(join(directory, "data.mdb"), 0),
    says: "data.mdb: the file is missing, or empty",
    recovered: JOURNALED,
    copies: ["data.mdb"],
  },
  {
    name: "a database cut in half",
    damage: () => truncateSync(join(directory, "data.mdb"), statSync(join(directory, "data.mdb")).size / 2),
    says: "a page in use lies beyond the end of the file",
    recovered: JOURNALED,
    copies: ["data.mdb"],
  },
  {
    name: "a database with another beginning",
    damage: () => writeFileSync(join(directory, "data.mdb"), new Uint8Array(20_000).fill(1)),
    says: "data.mdb is not an LMDB database, or is damaged",
    recovered: JOURNALED,
    copies: ["data.mdb"],
  },
];
/** Of `makeDirectory`: frame header, kind, lengths, hash, key, kind of record, value. */
const FRAME_BYTES = 28 + 9 + 4 + "journaled 0".length + 1 + "value".length;

describe("damage", () => {
  test("a healthy directory has none", async () => {
    await makeDirectory();
    expect(await keysOf()).toEqual([...STORED, ...JOURNALED].sort());
    expect(warnings).toEqual([]);
  });

  test.each(CASES.map((damaged) => [damaged.name, damaged] as const))("%s", async (_, damaged) => {
    for (const sync of ["always", "interval"] as const) {
      directory = newDirectory();
      await makeDirectory();
      damaged.damage();
      const before = filesOf(directory);
      for (let again = 0; again < 2; again++) {
        const refused = open({ sync });
        await expect(refused).rejects.toThrow(DamageError);
        await expect(open({ sync })).rejects.toThrow(damaged.says);
        await expect(open({ sync })).rejects.toThrow("start once with --recover");
      }
      expect(filesOf(directory)).toEqual(before);
      expect(await keysOf({ sync, isRecovering: true })).toEqual([...damaged.recovered].sort());
      expect(warnings.join()).toContain("damage");
      const copies = readdirSync(directory).filter((name) => name.includes(".damaged-"));
      for (const copy of damaged.copies) expect(copies.some((name) => name.startsWith(copy))).toBe(true);
      for (const copy of copies) {
        expect(Bun.hash(readFileSync(join(directory, copy))).toString()).toBe(
          before.get(copy.split(".damaged")[0]!)!,
        );
      }
    }
  });

  test("whose copy cannot be made is an error, and nothing else is removed", () => {
    mkdirSync(directory);
    const nowMs = 1_700_000_000_000;
    const damages = ["journal-odd", "journal-even"].map((file) => ({ file, at: undefined, what: "gone" }));
    // A directory cannot be copied as a file is.
    mkdirSync(join(directory, "journal-odd"));
    expect(() => keepCopies(directory, damages, nowMs)).toThrow(StorageError);
    expect(readdirSync(directory)).toEqual(["journal-odd"]);

    writeFileSync(join(directory, "journal-even"), "damaged");
    writeFileSync(join(directory, copyName("journal-even", nowMs)), "an earlier copy");
    expect(() => keepCopies(directory, damages.slice(1), nowMs)).toThrow(
      "cannot keep a copy of the damaged journal-even: EEXIST",
    );
    expect(readFileSync(join(directory, copyName("journal-even", nowMs)), "utf8")).toBe("an earlier copy");
    expect(keepCopies(directory, damages.slice(1), nowMs + 1)).toEqual([copyName("journal-even", nowMs + 1)]);
  });

  test("a header with one whole copy loses nothing, and is reported", async () => {
    for (const at of [10, SECOND_HEADER_AT + 10]) {
      directory = newDirectory();
      await makeDirectory();
      flip(usedJournal(), at);
      expect(await keysOf()).toEqual([...STORED, ...JOURNALED].sort());
      expect(warnings.pop()).toContain(
        `byte ${at < 100 ? 0 : SECOND_HEADER_AT}: a copy of the header cannot be read`,
      );
    }
  });

  test("a database that disappears while the program is not running is noticed", async () => {
    await (await open()).close();
    rmSync(join(directory, "data.mdb"));
    await expect(open()).rejects.toThrow("data.mdb: the file is missing");
    expect(await keysOf({ isRecovering: true })).toEqual([]);
  });

  test("a process that dies while it makes a database does not block the next start", async () => {
    mkdirSync(join(directory, "new-database"), { recursive: true });
    writeFileSync(join(directory, "new-database", "data.mdb"), "begun");
    expect(await keysOf()).toEqual([]);
    expect(readdirSync(directory)).not.toContain("new-database");
  });
});

describe("a directory of an earlier format", () => {
  const entry = (key: string, value: string, expiresAtMs: number): EarlierEntry => ({
    key: utf8(key),
    value: utf8(value),
    expiresAtMs,
  });
  const stored = Array.from({ length: 300 }, (_, i) =>
    entry(`key ${i}`, `value ${i}`, i % 3 === 0 ? LATER : NEVER),
  );
  const journaled = [
    entry("key 1", "changed", LATER),
    entry("key 0", "changed", NEVER),
    entry("new", "value", LATER + 1),
    entry("key 0", "changed again", NEVER),
  ];

  async function expectAll(engine: LmdbEngine): Promise<void> {
    const expected = new Map(stored.map((stored) => [latin1(stored.key), stored]));
    for (const later of journaled) expected.set(latin1(later.key), later);
    expect(scanAll(engine, 10).sort()).toEqual([...expected.keys()].sort());
    for (const { key, value, expiresAtMs } of expected.values()) {
      expect(engine.get(key)).toEqual({ value, expiresAtMs });
    }
    await engine.settle();
    engine.check();
  }

  for (const format of [1, 2] as const) {
    test(`format ${format} is converted once, with its journal`, async () => {
      await makeEarlierDirectory(directory, format, stored, journaled);
      for (let opened = 0; opened < 2; opened++) {
        const engine = await open();
        await expectAll(engine);
        await engine.close();
        expect([...filesOf(directory).keys()]).toEqual(["data.mdb", "glasscache-data"]);
      }
      expect(warnings).toEqual([]);
    });
  }

  test("with a broken frame before a whole one is damaged if each was on disk before the next", async () => {
    await makeEarlierDirectory(directory, 2, stored, journaled);
    flip(join(directory, "journal-odd"), 60);
    const before = filesOf(directory);
    await expect(open({ sync: "always" })).rejects.toThrow(DamageError);
    expect(filesOf(directory)).toEqual(before);
    const torn = newDirectory();
    cpSync(directory, torn, { recursive: true });
    // With `interval`, a power cut may have left it.
    const asInterval = await open({ directory: torn, sync: "interval" });
    expect(latin1(asInterval.get(utf8("key 0"))!.value)).toBe("value 0");
    await asInterval.close();
    expect(warnings.pop()).toContain("dropped the end of the journal");
    const recovered = await open({ isRecovering: true });
    expect(latin1(recovered.get(utf8("key 0"))!.value)).toBe("changed again");
    expect(latin1(recovered.get(utf8("key 1"))!.value)).toBe("value 1");
    await recovered.close();
    expect(readdirSync(directory).some((name) => name.startsWith("journal-odd.damaged-"))).toBe(true);
  });

  test("without its database is recovered from its journal", async () => {
    await makeEarlierDirectory(directory, 2, stored, journaled);
    rmSync(join(directory, "data.mdb"));
    await expect(open()).rejects.toThrow("data.mdb: the file is missing");
    expect(await keysOf({ isRecovering: true })).toEqual(["key 0", "key 1", "new"]);
  });

  test("is in the old or the new format when the process dies in the middle of the conversion", async () => {
    await makeEarlierDirectory(directory, 2, stored, journaled);
    const script = `
      const { LmdbEngine } = await import(${JSON.stringify(join(import.meta.dir, "lmdb.ts"))});
      const { systemClock } = await import(${JSON.stringify(join(import.meta.dir, "../lib/clock.ts"))});
      await LmdbEngine.open({ directory: process.argv[1], sync: "always", arenaBytes: 1e6,
        policy: "lru", clock: systemClock, random: { next: () => 0.5 }, onRemoval: () => {} });
      process.kill(process.pid, "SIGKILL");`;
    const states = new Set<string>();
    for (let isOver = false, changes = 1; !isOver; changes++) {
      const copy = newDirectory();
      cpSync(directory, copy, { recursive: true });
      const child = Bun.spawn([process.execPath, "-e", script, copy], { stderr: "inherit" });
      // Killed at each change that the directory's owner can see, and in the end at none.
      let seen = 0;
      isOver = true;
      const watcher = watch(copy, () => {
        if (++seen < changes) return;
        isOver = false;
        child.kill("SIGKILL");
      });
      await child.exited;
      watcher.close();
      const names = readdirSync(copy);
      states.add(`${names.includes("new-database")} ${names.includes("glasscache-data")}`);
      const engine = await open({ directory: copy });
      await expectAll(engine);
      await engine.close();
      expect(warnings).toEqual([]);
    }
    // Some died in the middle of making it, and some when it was there.
    expect(states).toContain("true false");
    expect(states).toContain("false true");
  }, 60_000);
});
