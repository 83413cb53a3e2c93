import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { open } from "lmdb";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { NEVER } from "./engine.ts";
import { ABSENT, type PendingWrite } from "./overlay.ts";
import {
  EXPIRY_BYTES,
  HASH_BYTES,
  MAXIMUM_HASH,
  recordExpiry,
  recordLength,
  writeHash,
  writeRecord,
} from "./record.ts";
import { tableHash } from "./table-hash.ts";
import { EarlierTables, FORMAT_VERSION, MAXIMUM_KEY_BYTES, MAXIMUM_VALUE_BYTES, Tables } from "./tables.ts";

const SECRET = { low: 0x8123_4567, high: 0x89ab_cdef };
let scratch = "";
let directory = "";
let directories = 0;
let tables: Tables;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "glasscache-tables-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));
beforeEach(async () => {
  directory = newDirectory();
  Tables.make(directory, SECRET, false);
  tables = new Tables(directory);
});
afterEach(() => tables.close());

function newDirectory(): string {
  const made = join(scratch, `${directories++}`);
  mkdirSync(made);
  return made;
}

/** How many files of a directory this process has open. */
function openFiles(of: string): number {
  const isOpen = (descriptor: string): boolean => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(`${of}/`);
    } catch {
      // The one that read the list.
      return false;
    }
  };
  return readdirSync("/proc/self/fd").filter(isOpen).length;
}

function keyAt(hash: number, name: string): Uint8Array {
  const key = new Uint8Array(HASH_BYTES + name.length);
  writeHash(key, 0, hash);
  key.set(utf8(name), HASH_BYTES);
  return key;
}

function hashOf(name: string): number {
  return tableHash(utf8(name), 0, name.length, SECRET);
}

function recordOf(value: string, expiresAtMs: number = NEVER): Uint8Array {
  const record = new Uint8Array(recordLength(value.length, expiresAtMs));
  writeRecord(record, utf8(value), 0, value.length, expiresAtMs);
  return record;
}

interface Change {
  readonly name: string;
  /** By default the key's. */
  readonly hash?: number;
  /** Undefined: the key is removed. */
  readonly record?: Uint8Array;
  /** What the database has. */
  readonly before?: number;
}

function checkpointOf(changes: readonly Change[], isCleared = false): Checkpoint {
  const records = changes.map(({ record }) => record);
  const expiries = records.map((record) => (record === undefined ? ABSENT : recordExpiry(record)));
  const writes = changes.map(({ name, hash = hashOf(name), record, before = ABSENT }, at): PendingWrite => {
    return {
      ...{ key: keyAt(hash, name), hash, record, expiresAtMs: expiries[at]!, committedExpiresAtMs: before },
      ...{ generation: 1, isDirty: false, isUnjournaled: false, next: undefined },
    };
  });
  const step = Promise.withResolvers<void>();
  return {
    writes,
    records,
    expiries: Float64Array.from(expiries),
    isCleared,
    journalSequence: 0,
    handed: 0,
    step,
  };
}

/** Commits all changes in one transaction. */
function commit(changes: readonly Change[], isCleared = false, journalSequence?: number): Promise<void> {
  return tables.commit(checkpointOf(changes, isCleared), 0, changes.length, journalSequence);
}

function find(name: string, hash = hashOf(name)): string | undefined {
  const record = tables.find(keyAt(hash, name));
  return record === undefined ? undefined : fromUtf8(record);
}

/** The names of the keys that expire up to a time. */
function expiring(atMs: number, from?: Uint8Array, most = 100): string[] {
  const names: string[] = [];
  tables.expiringUpTo(atMs, from, (key) => {
    names.push(fromUtf8(key.subarray(EXPIRY_BYTES + HASH_BYTES)));
    return names.length < most;
  });
  return names;
}

test("new tables have the secret, the format, and nothing else", async () => {
  expect(tables.hashKey).toEqual(SECRET);
  expect([tables.count(), tables.expiringCount(), tables.journalSequence()]).toEqual([0, 0, 0]);
  expect(tables.knownUses()).toBeUndefined();
  expect(tables.hasExpiring(Number.MAX_SAFE_INTEGER)).toBe(false);
  expect(tables.diskBytes()).toBe(statSync(join(directory, "data.mdb")).size);
  await tables.close();
  expect(await Tables.formatOf(directory)).toBe(FORMAT_VERSION);
  tables = new Tables(directory);
});

test.skipIf(!existsSync("/proc/self/fd"))("files are closed once nobody needs them", async () => {
  const made = newDirectory();
  Tables.make(made, SECRET, false);
  expect(openFiles(made)).toBe(0);
  expect(await Tables.formatOf(made)).toBe(FORMAT_VERSION);
  expect(openFiles(made)).toBe(0);
  const opened = new Tables(made);
  expect(openFiles(made)).toBeGreaterThan(0);
  await opened.close();
  expect(openFiles(made)).toBe(0);
});

test("tables that await a journal know of its first use", async () => {
  const other = newDirectory();
  Tables.make(other, SECRET, true);
  const awaiting = new Tables(other);
  expect(awaiting.knownUses()).toEqual({ first: 1, contained: 0 });
  await awaiting.close();
});

test("the uses of the journal are kept until it ends", async () => {
  await tables.beginJournal(1);
  await commit([], false, 4);
  expect(tables.knownUses()).toEqual({ first: 1, contained: 4 });
  await tables.endJournal(5);
  expect([tables.knownUses(), tables.journalSequence()]).toEqual([undefined, 5]);
  await expect(tables.beginJournal(5)).rejects.toThrow("a journal goes on where the database ends");
  await tables.beginJournal(6);
  expect(tables.knownUses()).toEqual({ first: 6, contained: 5 });
});

test("a commit brings its part of the writes, and never goes back in the journal", async () => {
  const checkpoint = checkpointOf(["a", "b", "c", "d"].map((name) => ({ name, record: recordOf(name) })));
  await tables.commit(checkpoint, 1, 3, undefined);
  expect(["a", "b", "c", "d"].map((name) => find(name))).toEqual([undefined, "\0b", "\0c", undefined]);
  expect([tables.count(), tables.journalSequence()]).toEqual([2, 0]);
  await tables.commit(checkpoint, 3, 4, 2);
  expect([tables.count(), tables.journalSequence()]).toEqual([3, 2]);
  await expect(commit([], false, 2)).rejects.toThrow("never back");
  expect(tables.journalSequence()).toBe(2);
  tables.check();
});

test("the order of expiries follows each change of a record", async () => {
  await commit([
    { name: "stays", record: recordOf("v", 1000) },
    { name: "later", record: recordOf("v", 1000) },
    { name: "never", record: recordOf("v", 1000) },
    { name: "gone", record: recordOf("v", 1000) },
    { name: "first", record: recordOf("v") },
  ]);
  expect([tables.count(), tables.expiringCount()]).toEqual([5, 4]);
  tables.check();
  await commit([
    { name: "stays", record: recordOf("new", 1000), before: 1000 },
    { name: "later", record: recordOf("v", 3000), before: 1000 },
    { name: "never", record: recordOf("v"), before: 1000 },
    { name: "gone", before: 1000 },
    { name: "first", record: recordOf("v", 500), before: NEVER },
    { name: "unknown" },
  ]);
  expect([tables.count(), tables.expiringCount()]).toEqual([4, 3]);
  expect(expiring(10_000)).toEqual(["first", "stays", "later"]);
  expect(fromUtf8(tables.find(keyAt(hashOf("stays"), "stays"))!.subarray(1 + EXPIRY_BYTES))).toBe("new");
  await commit([{ name: "never", before: NEVER }]);
  expect([tables.count(), find("never")]).toEqual([3, undefined]);
  tables.check();
});

test("everything is removed before the writes of a checkpoint that begins with that", async () => {
  await commit([
    { name: "a", record: recordOf("old", 1000) },
    { name: "b", record: recordOf("old") },
  ]);
  await commit([{ name: "b", record: recordOf("new", 2000) }], true);
  expect([tables.count(), tables.expiringCount(), find("a")]).toEqual([1, 1, undefined]);
  expect(expiring(5000)).toEqual(["b"]);
  tables.check();
});

test("expiring keys are found up to a time, which is included, from a key on, until enough are found", async () => {
  const times = { a: 999, b: 1000, c: 1001, d: 2 ** 33, e: 2 ** 33 + 1 };
  await commit(Object.entries(times).map(([name, atMs]) => ({ name, record: recordOf("v", atMs) })));
  expect([expiring(998), expiring(999), expiring(1000), expiring(1001)]).toEqual([
    ...[[], ["a"], ["a", "b"], ["a", "b", "c"]],
  ]);
  expect([expiring(2 ** 33), expiring(2 ** 34)]).toEqual([
    ["a", "b", "c", "d"],
    ["a", "b", "c", "d", "e"],
  ]);
  expect([998, 999, 1000].map((atMs) => tables.hasExpiring(atMs))).toEqual([false, true, true]);
  expect(expiring(2 ** 34, undefined, 2)).toEqual(["a", "b"]);
  let second = new Uint8Array(0);
  tables.expiringUpTo(1000, undefined, (key) => {
    second = key.slice();
    return true;
  });
  expect(expiring(2 ** 33, second)).toEqual(["b", "c", "d"]);
});

test("keys are found in the order of their hashes, all keys of the last hash included", async () => {
  const hashes = [0, 5, 5, 5, 6, 0x8000_0000, MAXIMUM_HASH - 1, MAXIMUM_HASH];
  await commit(hashes.map((hash, at) => ({ name: `${at}`, hash, record: recordOf("v") })));
  const found = (from: number, to: number, limit: number): [string, number] => {
    const { keys, upTo } = tables.keysByHash(from, to, limit);
    return [keys.map((key) => fromUtf8(key.subarray(HASH_BYTES))).join(""), upTo];
  };
  expect(found(0, MAXIMUM_HASH, 100)).toEqual(["01234567", MAXIMUM_HASH]);
  expect(found(0, MAXIMUM_HASH - 1, 100)).toEqual(["0123456", MAXIMUM_HASH - 1]);
  expect([found(0, 5, 100), found(1, 4, 100), found(5, 6, 100)]).toEqual([
    ...[["0123", 5] as [string, number], ["", 4] as [string, number], ["1234", 6] as [string, number]],
  ]);
  expect([found(0, MAXIMUM_HASH, 1), found(0, MAXIMUM_HASH, 2), found(0, MAXIMUM_HASH, 4)]).toEqual([
    ...[["0", 0] as [string, number], ["0123", 5] as [string, number], ["0123", 5] as [string, number]],
  ]);
  expect([found(6, MAXIMUM_HASH, 2), found(MAXIMUM_HASH, MAXIMUM_HASH, 1)]).toEqual([
    ...[["45", 0x8000_0000] as [string, number], ["7", MAXIMUM_HASH] as [string, number]],
  ]);
});

test("many keys are stored at once, each at its hash and with its expiry", () => {
  tables.fill([
    { key: utf8("a"), record: recordOf("v") },
    { key: utf8("b"), record: recordOf("v", 1000) },
    { key: utf8("c"), record: recordOf("v", 1) },
  ]);
  expect([tables.count(), tables.expiringCount(), expiring(2000)]).toEqual([3, 2, ["c", "b"]]);
  tables.check();
});

test("the check finds a key at a wrong hash, and an expiry without its record", async () => {
  await commit([{ name: "a", hash: hashOf("b"), record: recordOf("v") }]);
  expect(() => tables.check()).toThrow("a key lies at its hash");
  await commit([{ name: "a", record: recordOf("v", 1000) }], true);
  tables.check();
  // Both are told something about the database that is not true.
  await commit([{ name: "a", record: recordOf("v"), before: NEVER }]);
  expect(() => tables.check()).toThrow("every expiry key has its record");
  await commit([{ name: "a", record: recordOf("v", 2000), before: 2000 }]);
  expect(() => tables.check()).toThrow("a record that expires has its expiry key");
});

test("the longest key can expire", async () => {
  expect([MAXIMUM_KEY_BYTES, MAXIMUM_VALUE_BYTES]).toEqual([1966, 536_870_912]);
  const name = "k".repeat(MAXIMUM_KEY_BYTES);
  await commit([{ name, record: recordOf("v", 1000) }]);
  expect(expiring(1000)).toEqual([name]);
  await expect(commit([{ name: `${name}k`, record: recordOf("v", 1000) }])).rejects.toThrow(
    "writing to the database failed",
  );
});

test("tables of another program, and of a later format, are refused", async () => {
  const foreign = newDirectory();
  await open(foreign, {}).close();
  expect(() => new Tables(foreign)).toThrow("it holds a database of another program");
  await expect(Tables.formatOf(foreign)).rejects.toThrow("it holds a database of another program");
  const unchanged = open(foreign, {});
  expect([...unchanged.getKeys()]).toEqual([]);
  await unchanged.close();
  const later = newDirectory();
  Tables.make(later, SECRET, false);
  const root = open<Uint8Array, Uint8Array>(later, { encoding: "binary", keyEncoding: "binary" });
  const meta = root.openDB<Uint8Array, Uint8Array>({
    name: "meta",
    encoding: "binary",
    keyEncoding: "binary",
  });
  meta.putSync(Buffer.from("version"), Uint8Array.of(FORMAT_VERSION + 1));
  await root.close();
  expect(() => new Tables(later)).toThrow(
    "it has format 4, and this version of the program reads formats up to 3",
  );
  await expect(Tables.formatOf(later)).rejects.toThrow("it has format 4");
});

test("tables of an earlier format can be read, keys without their hashes", async () => {
  await commit([
    { name: "b", hash: 2, record: recordOf("2", 1000) },
    { name: "a", hash: 1, record: recordOf("1") },
  ]);
  await tables.close();
  const earlier = new EarlierTables(directory);
  expect([earlier.count(), earlier.journalSequence]).toEqual([2, 0]);
  const entries = [...earlier.entries()].map(({ key, record }) => [fromUtf8(key), record.length]);
  expect(entries).toEqual([
    ["a", 2],
    ["b", 2 + EXPIRY_BYTES],
  ]);
  await earlier.close();
  tables = new Tables(directory);
  await commit([], false, 9);
  await tables.close();
  const contained = new EarlierTables(directory);
  expect(contained.journalSequence).toBe(9);
  await contained.close();
  tables = new Tables(directory);
});
