import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ReplyError } from "../../protocol/reply-value.ts";
import { LATEST_EXPIRY_MS } from "../expiry-times.ts";

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

  test("is kept exactly up to the latest one, and refused beyond it by every command", async () => {
    await using local = new LocalServer({ clock: new ManualClock(START_MS) });
    const client = await local.client();
    const latest = String(LATEST_EXPIRY_MS);
    const latestFromNow = String(LATEST_EXPIRY_MS - START_MS);
    await client.must("SET", "k", "v");
    expect(await client.ask("PEXPIREAT", "k", latest)).toBe(1);
    expect(await client.ask("PEXPIRETIME", "k")).toBe(LATEST_EXPIRY_MS);
    expect(await client.ask("PEXPIRE", "k", latestFromNow)).toBe(1);
    expect(await client.ask("PEXPIRETIME", "k")).toBe(LATEST_EXPIRY_MS);
    expect(await client.must("SET", "k", "v", "PXAT", latest)).toBe("OK");
    const most = "9223372036854775807";
    const seconds = "9007199254741";
    for (const [command, ...beyond] of [
      [["PEXPIREAT", "k"], String(LATEST_EXPIRY_MS + 1), most],
      [["EXPIREAT", "k"], seconds, most],
      [["PEXPIRE", "k"], String(LATEST_EXPIRY_MS - START_MS + 1), most],
      [["EXPIRE", "k"], seconds, most],
      [["SET", "k", "w", "PXAT"], String(LATEST_EXPIRY_MS + 1), most],
      [["SET", "k", "w", "EXAT"], seconds],
      [["SET", "k", "w", "EX"], seconds],
      [["SET", "k", "w", "PX"], latest],
      [["GETEX", "k", "PXAT"], String(LATEST_EXPIRY_MS + 1)],
      [["GETEX", "k", "EX"], seconds],
    ] as const) {
      for (const time of beyond) {
        expect([command, time, await client.ask(...command, time)]).toEqual([
          ...[command, time],
          new ReplyError(`ERR invalid expire time in '${command[0].toLowerCase()}' command`),
        ]);
      }
    }
    for (const name of ["SETEX", "PSETEX"]) {
      expect(await client.ask(name, "k", latest, "w")).toEqual(
        new ReplyError(`ERR invalid expire time in '${name.toLowerCase()}' command`),
      );
    }
    expect(await client.ask("PEXPIRETIME", "k")).toBe(LATEST_EXPIRY_MS);
    expect(await client.ask("GET", "k")).toBe("v");
    // An expiry in the past removes the key, however long past it is.
    expect(await client.ask("PEXPIREAT", "k", "-9223372036854775808")).toBe(1);
    expect(await client.ask("GET", "k")).toBeNull();
  });
});
