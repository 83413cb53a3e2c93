/** The effect of commands on a cache of the values that they read and write: hits, misses and times to live. */
import { describe, expect, test } from "bun:test";
import { parsePolicy, policyNames } from "../../policy/registry.ts";
import type { WriteEffect } from "../../replay/replay-records.ts";
import { parseCacheSizes } from "../cache-size.ts";
import { exactLru } from "../mrc/exact-lru.ts";
import { run } from "../runner.ts";
import { openSource } from "../source.ts";
import { parse } from "./trace-samples-fixture.ts";

/** Commands with their time in seconds, as in `10 get k`. */
function monitored(...commands: readonly string[]): Uint8Array {
  return Buffer.from(
    commands
      .map((command) => {
        const [seconds, ...words] = command.split(" ");
        const [database, ...rest] = /^@/.test(words[0]!)
          ? [words[0]!.slice(1), ...words.slice(1)]
          : ["0", ...words];
        return `${1_700_000_000 + Number(seconds)}.000000 [${database} 1.2.3.4:5] ${rest.map((word) => `"${word}"`).join(" ")}\n`;
      })
      .join(""),
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * Returns requests and misses. They must be the same for every policy, in a cache with room for all, and for LRU's
 * curve.
 */
async function counts(commands: readonly string[], writes: WriteEffect = "store"): Promise<[number, number]> {
  const bytes = monitored(...commands);
  const source = () => openSource("-", { standardInput: once(bytes) });
  const online = policyNames().filter((name) => !name.startsWith("belady"));
  const { rows } = await run({
    source: await source(),
    policies: online.map(parsePolicy),
    sizes: parseCacheSizes("1000"),
    ignoresSizes: true,
    writes,
    isChecked: true,
    counting: { warmupRecords: 0, windowRecords: 0, byFamily: false },
    seed: 1,
    threads: 1,
  });
  const { curves } = await exactLru({
    source: await source(),
    units: ["entries"],
    ignoresSizes: true,
    writes,
    warmupRecords: 0,
    progress: () => {},
  });
  expect(new Set(rows.map(({ misses }) => misses)).size).toBe(1);
  const [{ requests, misses } = { requests: -1, misses: -1 }] = rows;
  expect([curves[0]!.requests, curves[0]!.misses(1000)]).toEqual([requests, misses]);
  return [requests, misses];
}

const EXAT_5 = 1_700_000_005;

describe("times to live", () => {
  test.each<[string, string[], requests: number, misses: number]>([
    ["EXPIRE sets one", ["0 set k v", "0 expire k 5", "4 get k", "100 get k"], 2, 1],
    ["EXPIRE in other words", ["0 set k v", "0 pexpire k 5000", "4 get k", "100 get k"], 2, 1],
    ["EXPIREAT", ["0 set k v", `0 expireat k ${EXAT_5}`, "4 get k", "5 get k"], 2, 1],
    ["PEXPIREAT", ["0 set k v", `0 pexpireat k ${EXAT_5}000`, "4 get k", "5 get k"], 2, 1],
    ["EXPIRE makes it longer", ["0 set k v ex 5", "1 expire k 100", "50 get k"], 1, 0],
    ["EXPIRE of the past deletes", ["0 set k v", "1 expire k 0", "2 get k"], 1, 1],
    ["EXPIRE of what is not there", ["0 expire k 5", "1 get k", "2 get k"], 2, 1],
    ["EXPIRE with a condition that does not hold", ["0 set k v ex 5", "1 expire k 100 nx", "50 get k"], 1, 1],
    ["EXPIRE … GT", ["0 set k v ex 50", "1 expire k 9 gt", "1 expire k 90 gt", "80 get k"], 1, 0],
    ["EXPIRE … LT", ["0 set k v ex 50", "1 expire k 90 lt", "1 expire k 9 lt", "20 get k"], 1, 1],
    ["PERSIST lifts it", ["0 set k v ex 5", "1 persist k", "100 get k"], 1, 0],
    ["GETEX sets it", ["0 set k v", "0 getex k ex 5", "100 get k"], 2, 1],
    ["GETEX lifts it", ["0 set k v ex 5", "1 getex k persist", "100 get k"], 2, 0],
    ["GETEX alone leaves it", ["0 set k v ex 5", "1 getex k", "100 get k"], 2, 1],
    ["SET lifts it", ["0 set k v ex 5", "1 set k v", "100 get k"], 1, 0],
    ["GETSET lifts it", ["0 set k v ex 5", "1 getset k v", "100 get k"], 1, 0],
    ["MSET lifts it", ["0 set k v ex 5", "1 mset a b k v", "100 get k"], 1, 0],
    ["KEEPTTL keeps it", ["0 set k v ex 5", "1 set k v keepttl", "100 get k"], 1, 1],
    ["SETEX", ["0 setex k 5 v", "4 get k", "100 get k"], 2, 1],
    ["SET NX of what is there does nothing", ["0 set k v ex 5", "1 set k v nx ex 100", "50 get k"], 1, 1],
    ["SET NX of what has expired", ["0 set k v ex 5", "6 set k v nx ex 100", "50 get k"], 1, 0],
    ["SET XX of what has expired does nothing", ["0 set k v ex 5", "6 set k v xx", "50 get k"], 1, 1],
    ["a read fetches it with what is left", ["0 set k v ex 50", "0 del x", "60 get k", "60 get k"], 2, 1],
    ...["incr k", "incrby k 2", "decr k", "append k x", "setrange k 1 x", "setbit k 1 1"].map(
      (command): [string, string[], number, number] => [
        `${command} keeps it`,
        ["0 set k 1 ex 5", `1 ${command}`, "4 get k", "100 get k"],
        2,
        1,
      ],
    ),
    ...["hset k f v", "hincrby k f 1", "rpush k v", "lpush k v", "ltrim k 0 9", "sadd k m", "srem k m"].map(
      (command): [string, string[], number, number] => [
        `${command} keeps it`,
        ["0 lpush k v", "0 expire k 5", `1 ${command}`, "4 hget k f", "100 lrange k 0 1"],
        2,
        1,
      ],
    ),
    ["zadd keeps it", ["0 zadd k 1 m", "0 expire k 5", "1 zincrby k 1 m", "100 zscore k m"], 1, 1],
    ["xadd keeps it", ["0 xadd k * f v", "0 expire k 5", "1 xadd k * f v", "100 xlen k"], 1, 1],
    ["RENAME takes it along", ["0 set a v ex 5", "1 rename a k", "4 get k", "100 get k"], 2, 1],
    ["RENAME replaces it", ["0 set k v ex 5", "0 set a v", "1 rename a k", "100 get k"], 1, 0],
    ["COPY takes it along", ["0 set a v ex 5", "1 copy a k", "4 get k", "100 get k"], 2, 1],
    [
      "…STORE lifts it",
      ["0 sadd a m", "0 sadd k m", "0 expire k 5", "1 sunionstore k a", "100 scard k"],
      1,
      0,
    ],
    ["MSETEX sets it", ["0 msetex 2 a x k v ex 5", "4 get k", "100 get k"], 2, 1],
    ["MSETEX lifts it", ["0 set k v ex 5", "1 msetex 1 k v", "100 get k"], 1, 0],
    ["MSETEX … KEEPTTL keeps it", ["0 set k v ex 5", "1 msetex 1 k v keepttl", "100 get k"], 1, 1],
    [
      "MSETEX … NX of what is there does nothing",
      ["0 set k v ex 5", "1 msetex 2 a x k v nx ex 99", "50 get k"],
      1,
      1,
    ],
    [
      "MSETEX … XX of what is gone does nothing",
      ["0 set k v", "1 del a", "2 msetex 2 a x k v xx ex 9", "50 get k"],
      1,
      0,
    ],
    ["HGETEX is a read", ["0 hset k f v", "1 hgetex k ex 5 fields 1 f", "2 hget k f"], 2, 0],
    [
      "PFMERGE keeps it",
      ["0 pfadd a x", "0 pfadd k x", "0 expire k 5", "1 pfmerge k a", "100 pfcount k"],
      1,
      1,
    ],
    ["RESTORE sets it", ["0 restore k 5000 xyz", "4 get k", "100 get k"], 2, 1],
  ])("%s", async (_, commands, requests, misses) => {
    expect(await counts(commands)).toEqual([requests, misses]);
  });

  test("of entries that were evicted count when they are fetched again", () => {
    const bytes = monitored("0 set k v ex 50", "20 get k", "60 get k");
    expect(parse("monitor", bytes).records.map(({ ttlMs }) => ttlMs)).toEqual([50_000, 30_000, 0]);
  });
});

describe("values that are created, deleted and moved", () => {
  test.each<[string, string[], requests: number, misses: number]>([
    ["FLUSHALL", ["0 set k v", "0 @3 set j v", "1 flushall", "2 get k", "2 @3 get j"], 2, 2],
    ["FLUSHALL ASYNC", ["0 set k v", "1 FLUSHALL ASYNC", "2 get k"], 1, 1],
    ["FLUSHDB", ["0 set k v", "0 @3 set k v", "1 flushdb", "2 get k", "2 @3 get k"], 2, 1],
    ["SWAPDB", ["0 set k v", "1 swapdb 0 3", "2 get k", "2 @3 get k"], 2, 1],
    ["RENAME", ["0 set a v", "1 rename a b", "2 get b", "2 get a"], 2, 1],
    ["RENAMENX onto what is there", ["0 mset a v b v", "1 renamenx a b", "2 get b", "2 get a"], 2, 0],
    ["RENAME of what is gone", ["0 set a v", "1 del a", "2 rename a b", "2 get b"], 1, 1],
    ["COPY", ["0 set a v", "1 copy a b", "2 get b", "2 get a"], 2, 0],
    ["COPY to another database", ["0 set a v", "1 copy a b db 2", "2 get b", "2 @2 get b"], 2, 1],
    ["MOVE", ["0 set a v", "1 move a 2", "2 get a", "2 @2 get a"], 2, 1],
    ["SINTERSTORE", ["0 sadd a m", "0 sadd b m", "1 sinterstore c a b", "2 smembers c"], 1, 0],
    ["ZUNIONSTORE", ["0 zadd a 1 m", "1 zunionstore c 2 a b", "2 zcard c"], 1, 0],
    ["ZRANGESTORE", ["0 zadd a 1 m", "1 zrangestore c a 0 1", "2 zcard c"], 1, 0],
    ["SORT … STORE", ["0 rpush a 1", "1 sort a store c", "2 llen c"], 1, 0],
    ["SORT", ["0 rpush a 1", "1 sort a"], 1, 0],
    ["GEORADIUS … STORE", ["0 geoadd a 1 1 m", "1 georadius a 1 1 9 km store c", "2 zcard c"], 1, 0],
    ["BITOP", ["0 set a v", "1 bitop not c a", "2 get c"], 1, 0],
    ["RPOPLPUSH", ["0 rpush a 1 2", "1 rpoplpush a c", "2 llen c"], 1, 0],
    ["ZINTERCARD", ["0 zadd a 1 m", "1 zintercard 2 a b limit 1"], 2, 1],
    ["GETDEL", ["0 set a v", "1 getdel a", "2 get a"], 1, 1],
    ["MSETNX of which one is there", ["0 set a v", "1 msetnx a w b w", "2 get b"], 1, 1],
  ])("%s", async (_, commands, requests, misses) => {
    expect(await counts(commands)).toEqual([requests, misses]);
  });

  test("drop the values they change, if writes drop", async () => {
    expect(await counts(["0 get k", "1 expire k 100", "2 get k", "3 get k"], "drop")).toEqual([3, 2]);
    expect(await counts(["0 get k", "1 persist k", "2 get k"], "drop")).toEqual([2, 2]);
  });

  test("tell how large they are", () => {
    const sizes = (...commands: string[]): number[] =>
      parse("monitor", monitored(...commands)).records.map(({ size }) => size);
    expect(sizes("0 set k 12345", "1 append k 678", "2 get k")).toEqual([5, 8, 8]);
    expect(sizes("0 setrange k 10 abc", "1 get k")).toEqual([13, 13]);
    expect(sizes("0 set k 12345", "1 copy k j", "2 get j", "3 rename j i", "4 get i")).toEqual([
      5, 5, 5, 1, 5, 5,
    ]);
  });

  test("are one record of each key when all are deleted, however many", () => {
    const keys = Array.from({ length: 3000 }, (_, i) => `0 set k${i} v`);
    const { records, faults } = parse("monitor", monitored(...keys, "1 flushall", "2 flushall"), {
      batchCapacity: 7,
      cuts: [50, 51, 9000],
    });
    expect(records.length).toBe(6000);
    expect(new Set(records.slice(3000).map(({ key, operation }) => `${key} ${operation}`)).size).toBe(3000);
    expect(faults.ignored).toBe(1);
  });

  test("are not read by commands that ask about a key", async () => {
    const about = [
      "exists k",
      "touch k",
      "type k",
      "ttl k",
      "pttl k",
      "watch k",
      "object encoding k",
      "glass.explain k",
      "memory usage k",
    ];
    expect(await counts([...about.map((command) => `0 ${command}`), "1 get k"])).toEqual([1, 1]);
  });

  test("are not there when arguments are missing", () => {
    const lines = ["set k", "expire k", "rename a", "getset k", "mset k", "zdiff", "append k", "setex k 5"];
    const { records, faults } = parse("monitor", monitored(...lines.map((line) => `0 ${line}`)));
    expect([records.length, faults.ignored]).toEqual([0, lines.length]);
  });
});
