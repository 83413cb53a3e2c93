import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { RedisComparison } from "../../../test/support/redis-comparison.ts";
import { requireProgram } from "../../../test/support/requirements.ts";
import { ManualClock } from "../../lib/clock.ts";

const START_MS = 1_700_000_000_000;

describe("expiry", () => {
  test("comes at its millisecond", async () => {
    const clock = new ManualClock(START_MS);
    await using local = new LocalServer({ clock });
    const client = await local.client();
    await client.must("SET", "k", "v", "PX", "1500");
    expect(await client.ask("PTTL", "k")).toBe(1500);
    expect(await client.ask("PEXPIRETIME", "k")).toBe(START_MS + 1500);
    clock.advance(1499);
    expect(await client.ask("GET", "k")).toBe("v");
    clock.advance(1);
    expect(await client.ask("GET", "k")).toBeNull();
    expect(await client.ask("TTL", "k")).toBe(-2);
  });

  test("is rounded to the nearest second", async () => {
    const clock = new ManualClock(START_MS);
    await using local = new LocalServer({ clock });
    const client = await local.client();
    for (const [ms, seconds] of [
      [1, 0],
      [499, 0],
      [500, 1],
      [1499, 1],
      [1500, 2],
    ] as const) {
      await client.must("SET", "k", "v", "PX", String(ms));
      expect(await client.ask("TTL", "k")).toBe(seconds);
    }
    await client.must("PEXPIREAT", "k", String(START_MS + 500));
    expect(await client.ask("EXPIRETIME", "k")).toBe(START_MS / 1000 + 1);
  });

  test("is changed only if NX, XX, GT and LT allow it", async () => {
    const clock = new ManualClock(START_MS);
    await using local = new LocalServer({ clock });
    const client = await local.client();
    const expire = (...args: string[]) => client.ask("EXPIRE", "k", ...args);
    await client.must("SET", "k", "v");
    expect(await expire("10", "XX")).toBe(0);
    // A key without an expiry counts as expiring never.
    expect(await expire("10", "GT")).toBe(0);
    expect(await expire("10", "NX")).toBe(1);
    expect(await expire("20", "NX")).toBe(0);
    expect(await expire("10", "GT")).toBe(0);
    expect(await expire("11", "GT")).toBe(1);
    expect(await expire("11", "LT")).toBe(0);
    expect(await expire("10", "LT", "XX")).toBe(1);
    expect(await client.ask("TTL", "k")).toBe(10);
    await client.must("PERSIST", "k");
    expect(await expire("10", "LT")).toBe(1);
  });

  test("in the past removes the key at once", async () => {
    const clock = new ManualClock(START_MS);
    await using local = new LocalServer({ clock });
    const client = await local.client();
    for (const command of [
      ["EXPIRE", "k", "0"],
      ["PEXPIRE", "k", "-1"],
      ["EXPIREAT", "k", String(START_MS / 1000)],
      ["PEXPIREAT", "k", "-9223372036854775808"],
    ]) {
      await client.must("SET", "k", "v");
      expect(await client.ask(...command)).toBe(1);
      expect(await client.ask("DBSIZE")).toBe(0);
    }
    await client.must("SET", "k", "v");
    expect(await client.ask("GETEX", "k", "PXAT", String(START_MS))).toBe("v");
    expect(await client.ask("EXISTS", "k")).toBe(0);
    expect(await client.ask("SET", "k", "v", "PXAT", "1")).toBe("OK");
    expect(await client.ask("EXISTS", "k")).toBe(0);
  });

  test("is kept when a value is changed, and removed when it is replaced", async () => {
    await using local = new LocalServer({ clock: new ManualClock(START_MS) });
    const client = await local.client();
    const after = async (...command: string[]) => {
      await client.must("SET", "k", "1", "EX", "100");
      await client.must(...command);
      return client.ask("TTL", "k");
    };
    expect(await after("APPEND", "k", "1")).toBe(100);
    expect(await after("INCR", "k")).toBe(100);
    expect(await after("INCRBYFLOAT", "k", "0.5")).toBe(100);
    expect(await after("SETRANGE", "k", "0", "2")).toBe(100);
    expect(await after("SET", "k", "2", "KEEPTTL")).toBe(100);
    expect(await after("GETEX", "k")).toBe(100);
    expect(await after("RENAME", "k", "k")).toBe(100);
    expect(await after("SET", "k", "2")).toBe(-1);
    expect(await after("GETSET", "k", "2")).toBe(-1);
    expect(await after("MSET", "k", "2")).toBe(-1);
    expect(await after("GETEX", "k", "PERSIST")).toBe(-1);
    await client.must("SET", "k", "1", "EX", "100");
    await client.must("COPY", "k", "copy");
    await client.must("RENAME", "k", "renamed");
    expect([await client.ask("TTL", "copy"), await client.ask("TTL", "renamed")]).toEqual([100, 100]);
  });

  test("far in the future is kept as the nearest float", async () => {
    await using local = new LocalServer({ clock: new ManualClock(START_MS) });
    const client = await local.client();
    await client.must("SET", "k", "v");
    for (const [time, kept] of [
      ["9007199254740991", 9_007_199_254_740_991],
      ["9007199254740993", 9_007_199_254_740_992n],
      ["9223372036854770000", 9_223_372_036_854_769_664n],
      ["9223372036854775807", 9_223_372_036_854_774_784n],
    ] as const) {
      expect(await client.ask("PEXPIREAT", "k", time)).toBe(1);
      expect(await client.ask("PEXPIRETIME", "k")).toBe(kept);
      expect(BigInt((await client.ask("PTTL", "k")) as bigint)).toBe(BigInt(Number(kept) - START_MS));
      expect(await client.ask("GET", "k")).toBe("v");
    }
    // An expiry in the past removes the key, however long past it is.
    expect(await client.ask("PEXPIREAT", "k", "-9223372036854775808")).toBe(1);
    expect(await client.ask("GET", "k")).toBeNull();
  });
});

const redis = requireProgram("redis-server");

describe.skipIf(!redis.available)(redis.title("expiry times"), () => {
  const SECONDS = ["9007199254741", "9223372036854774", "9223372036854775", "9223372036854776"];
  const MS = [
    ...["9007199254740992", "9223370000000000000", "9223372036854770000"],
    ...["9223372036854775807", "9223372036854775808", "-9223372036854775808"],
  ];
  const BEFORE: readonly [command: string, times: readonly string[]][] = [
    ["EXPIRE k", [...SECONDS, "-9223372036854775"]],
    ["EXPIREAT k", [...SECONDS, "-9223372036854775"]],
    ["PEXPIRE k", MS],
    ["PEXPIREAT k", MS],
    ["SET k w EX", SECONDS],
    ["SET k w EXAT", SECONDS],
    ["SET k w PX", MS],
    ["SET k w PXAT", MS],
    ["GETEX k EX", SECONDS],
    ["GETEX k EXAT", SECONDS],
    ["GETEX k PX", MS],
    ["GETEX k PXAT", MS],
  ];

  test("up to 2^63 ms are taken and refused as in Redis", async () => {
    for (const engine of ["memory", "lmdb"] as const) {
      await using servers = await RedisComparison.start(engine);
      const pair = await servers.connect(2);
      for (const [command, times] of BEFORE) {
        for (const time of times) {
          await pair.same("SET", "k", "v");
          await pair.same(...command.split(" "), time);
          await pair.same("GET", "k");
        }
      }
      for (const time of [...MS, ...SECONDS]) {
        for (const name of ["SETEX", "PSETEX"]) {
          await pair.same(name, "k", time, "w");
          await pair.same("GET", "k");
        }
      }
    }
  });
});
