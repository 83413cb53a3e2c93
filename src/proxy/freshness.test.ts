/** How long cached entries may be served: epochs, the heartbeat's bound, the origin's time to live. */

import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { until } from "../../test/support/until.ts";
import { ManualClock } from "../lib/clock.ts";
import type { ReplyError } from "../protocol/reply-value.ts";

/** Long enough that no such timer fires during a test: only the clock passes time. */
const NEVER_MS = 1_000_000_000;

describe("when the connection to the origin is lost", () => {
  test("no entry is served, then or later", async () => {
    using origin = new FakeOrigin();
    origin.invalidates = false;
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    for (const key of ["a", "b", "c"]) origin.values.set(key, "old");
    expect(await client.ask("MGET", "a", "b", "c")).toEqual(["old", "old", "old"]);
    for (const key of ["a", "b", "c"]) origin.values.set(key, "new");
    expect(await client.ask("GET", "a")).toBe("old");
    const said = local.messages.length;
    origin.dropAll();
    await local.logged(/connected to origin/, said);
    expect(await client.ask("MGET", "a", "b", "c")).toEqual(["new", "new", "new"]);
    expect(await client.ask("GET", "a")).toBe("new");
    expect(local.proxy.stats.channelLosses).toBe(1);
    const lost = local.messages[said]!;
    expect(lost.level).toBe("warn");
    expect(lost.message).toEndWith("; nothing is served from the cache, connecting again");
  });

  test("nothing is served while it is away either, and the loss is logged once", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, random: { next: () => 0.01 } });
    const client = await local.client();
    origin.values.set("a", "old");
    await client.ask("GET", "a");
    origin.goDown();
    await local.logged(/was lost/);
    for (let attempt = 0; attempt < 20; attempt++) {
      expect(((await client.ask("GET", "a")) as ReplyError).code).toBe("ORIGINDOWN");
      await new Promise(setImmediate);
    }
    origin.comeBack();
    await local.logged(/connected to origin/, 2);
    expect(await client.ask("GET", "a")).toBe("old");
    expect(local.messages).toHaveLength(3);
    expect(local.proxy.stats.channelLosses).toBe(1);
  });

  test("fills under way fail, and are not stored", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("a", "old");
    origin.holdFrom("GET");
    const reply = client.ask("GET", "a");
    await origin.received(1, "GET");
    const said = local.messages.length;
    origin.dropAll();
    expect(((await reply) as ReplyError).code).toBe("ORIGINDOWN");
    expect(local.proxy.cache.flightCount).toBe(0);
    await local.logged(/connected to origin/, said);
    origin.releaseAll();
    origin.values.set("a", "new");
    expect(await client.ask("GET", "a")).toBe("new");
    expect(local.proxy.stats).toMatchObject({ fills: 1, discardedFills: 0 });
  });

  test("entries of earlier epochs are removed in the background", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    for (let n = 0; n < 50; n++) {
      origin.values.set(String(n), "value");
      await client.ask("GET", String(n));
    }
    const { store } = local.proxy.cache;
    expect(store.stats().entries).toBe(50);
    origin.dropAll();
    await local.logged(/was lost/);
    await until(() => store.stats().entries <= 0);
    expect(store.stats().usedBytes).toBe(0);
  });
});

describe("while the origin is silent", () => {
  test("entries are served up to the heartbeat's bound to the millisecond, and not beyond", async () => {
    const clock = new ManualClock();
    using origin = new FakeOrigin();
    origin.invalidates = false;
    await using local = await LocalProxy.ready({
      origin: origin.port,
      clock,
      heartbeatMs: 1000,
      heartbeatTimeoutMs: NEVER_MS,
    });
    const bound = 1000 + NEVER_MS;
    const client = await local.client({ version: 3 });
    origin.values.set("a", "old");
    await client.ask("GET", "a");
    origin.values.set("a", "new");
    clock.advance(bound);
    expect(await client.ask("GET", "a")).toBe("old");
    expect(await client.ask("MGET", "a")).toEqual(["old"]);
    clock.advance(1);
    expect(await client.ask("GLASS.EXPLAIN", "a")).toMatchObject(new Map([["servable", false]]));
    expect(await client.ask("GET", "a")).toBe("new");
    expect(await client.ask("MGET", "a")).toEqual(["new"]);
    const { hits, misses } = local.proxy.stats;
    expect({ hits, misses }).toEqual({ hits: 2, misses: 3 });
  });

  test("not even if no timer has run (a stopped process that continues)", async () => {
    const clock = new ManualClock();
    using origin = new FakeOrigin();
    origin.invalidates = false;
    await using local = await LocalProxy.ready({ origin: origin.port, clock });
    const client = await local.client();
    origin.values.set("a", "old");
    await client.ask("GET", "a");
    origin.values.set("a", "new");
    clock.advance(3001);
    expect(await client.ask("GET", "a")).toBe("new");
  });

  test("misses get a clear error in time, and the proxy reconnects once the origin answers", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({
      origin: origin.port,
      heartbeatMs: 10,
      heartbeatTimeoutMs: 40,
      originTimeoutMs: 60,
      random: { next: () => 0.01 },
    });
    const client = await local.client();
    origin.values.set("a", "1");
    await client.ask("GET", "a");
    origin.goSilent();
    const cold = (await client.ask("GET", "cold")) as ReplyError;
    expect(cold.message).toMatch(
      /^ORIGINTIMEOUT origin .* (gave no sign of life for 40|sent nothing for 60) ms$/,
    );
    await local.logged(/ms; nothing is served from the cache/);
    expect(((await client.ask("GET", "a")) as ReplyError).code).toBe("ORIGINTIMEOUT");
    origin.isSilent = false;
    await local.logged(/connected to origin/, 2);
    expect(await client.ask("GET", "a")).toBe("1");
  });

  test("heartbeats prove it alive, so that entries stay served", async () => {
    const clock = new ManualClock();
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, clock, heartbeatMs: 2 });
    const client = await local.client();
    origin.values.set("a", "1");
    await client.ask("GET", "a");
    for (let beat = 0; beat < 5; beat++) {
      clock.advance(1900);
      // The next heartbeat, and the one after it, which shows that the first one's reply has been read.
      await origin.received(origin.count("PING") + 2, "PING");
    }
    expect(await client.ask("GET", "a")).toBe("1");
    expect(origin.count("GET")).toBe(1);
  });
});

describe("the time to live of the origin's key", () => {
  const options = { heartbeatMs: NEVER_MS, heartbeatTimeoutMs: NEVER_MS };

  test("ends the entry's life to the millisecond", async () => {
    const clock = new ManualClock();
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, clock, ...options });
    const client = await local.client();
    origin.values.set("a", "1");
    origin.remainingMs.set("a", 500);
    await client.ask("GET", "a");
    origin.values.delete("a");
    clock.advance(499);
    expect(await client.ask("GET", "a")).toBe("1");
    clock.advance(1);
    expect(await client.ask("GET", "a")).toBeNull();
  });

  test("counts from when the question was sent, however long the reply takes", async () => {
    const clock = new ManualClock();
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, clock, ...options });
    const client = await local.client();
    origin.values.set("a", "1");
    origin.remainingMs.set("a", 500);
    origin.holdFrom("PTTL");
    const reply = client.ask("GET", "a");
    await origin.received(1, "GET");
    clock.advance(200);
    origin.releaseAll();
    expect(await reply).toBe("1");
    clock.advance(299);
    expect(await client.ask("GET", "a")).toBe("1");
    expect(origin.count("GET")).toBe(1);
    clock.advance(1);
    expect(await client.ask("GET", "a")).toBe("1");
    expect(origin.count("GET")).toBe(2);
  });

  test.each([
    ["is over when the value comes", 0],
    ["was over when it was asked for", -2],
  ])("that %s keeps the value from the cache", async (_, remainingMs) => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("a", "1");
    origin.remainingMs.set("a", remainingMs);
    expect(await client.ask("GET", "a")).toBe("1");
    expect(await client.ask("GET", "a")).toBe("1");
    expect(origin.count("GET")).toBe(2);
  });

  test("keeps the value out of the cache if the origin does not tell it", async () => {
    using origin = new FakeOrigin({ script: ([name]) => (name === "PTTL" ? "-NOPERM\r\n" : undefined) });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("a", "1");
    expect(await client.ask("GET", "a")).toBe("1");
    expect(await client.ask("GET", "a")).toBe("1");
    expect(origin.count("GET")).toBe(2);
  });

  test("without one the entry stays", async () => {
    const clock = new ManualClock();
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, clock, ...options });
    const client = await local.client();
    origin.values.set("a", "1");
    await client.ask("GET", "a");
    clock.advance(NEVER_MS);
    expect(await client.ask("GET", "a")).toBe("1");
    expect(origin.count("GET")).toBe(1);
  });
});

describe("of an origin that does not track", () => {
  /** The second one is that of the proxy's --ttl. */
  async function untracked(ttlMs: number, clock = new ManualClock()) {
    const origin = new FakeOrigin({ tracking: false });
    const local = await LocalProxy.ready({ origin: origin.port, clock, ttlMs });
    origin.values.set("a", "old");
    origin.values.set("b", "old");
    return {
      origin,
      local,
      clock,
      async [Symbol.asyncDispose]() {
        await local[Symbol.asyncDispose]();
        origin[Symbol.dispose]();
      },
    };
  }

  test("entries are kept for --ttl, with a warning at the start", async () => {
    await using bench = await untracked(1000);
    const { origin, local, clock } = bench;
    expect(local.messages).toEqual([
      {
        level: "warn",
        message:
          `connected to origin 127.0.0.1:${origin.port}, which sends no invalidations now (CLIENT TRACKING: ` +
          "ERR Unknown subcommand or wrong number of arguments for 'TRACKING'. Try CLIENT HELP.): " +
          "entries are kept for 1000 ms at most and may be stale for as long; asking again every 10 s",
      },
    ]);
    const client = await local.client();
    expect(await client.ask("GET", "a")).toBe("old");
    origin.values.set("a", "new");
    clock.advance(999);
    expect(await client.ask("GET", "a")).toBe("old");
    clock.advance(1);
    expect(await client.ask("GET", "a")).toBe("new");
  });

  test("a shorter time to live of the key applies", async () => {
    await using bench = await untracked(1000);
    const { origin, local, clock } = bench;
    origin.remainingMs.set("a", 300);
    const client = await local.client();
    await client.ask("GET", "a");
    origin.values.set("a", "new");
    clock.advance(299);
    expect(await client.ask("GET", "a")).toBe("old");
    clock.advance(1);
    expect(await client.ask("GET", "a")).toBe("new");
  });

  test("nothing is cached when that time is 0", async () => {
    await using bench = await untracked(0);
    const { origin, local } = bench;
    const client = await local.client();
    for (let n = 1; n <= 3; n++) {
      expect(await client.ask("GET", "a")).toBe("old");
      expect(origin.count("GET")).toBe(n);
    }
    expect(local.proxy.cache.store.stats().entries).toBe(0);
  });

  test("writes through the proxy are seen at once", async () => {
    await using bench = await untracked(1000);
    const { local } = bench;
    const client = await local.client();
    for (let n = 0; n < 3; n++) {
      await client.ask("SET", "a", String(n));
      expect(await client.ask("GET", "a")).toBe(String(n));
      expect(await client.ask("GET", "a")).toBe(String(n));
    }
    expect(local.proxy.stats.hits).toBe(3);
  });

  test.each([
    ["a script", [["EVAL", "script", "1", "a", "new"]]],
    ["a transaction", [["MULTI"], ["EVAL", "script", "1", "a", "new"], ["EXEC"]]],
    [
      "a write elsewhere",
      [
        ["SELECT", "1"],
        ["SET", "a", "new"],
      ],
    ],
    ["a blocking command", [["BLMOVE", "x", "y", "LEFT", "LEFT", "0"]]],
    ["an unknown command", [["MODULE.WRITE", "a"]]],
  ])("%s drops everything, as its effects cannot be told", async (_, commands) => {
    await using bench = await untracked(1000);
    const { local } = bench;
    const client = await local.client();
    await client.ask("MGET", "a", "b");
    const other = await local.client();
    for (const command of commands) await other.ask(...command);
    const { misses } = local.proxy.stats;
    await client.ask("MGET", "a", "b");
    expect(local.proxy.stats.misses).toBe(misses + 2);
  });

  test("a fill under way is dropped, too", async () => {
    await using bench = await untracked(1000);
    const { origin, local } = bench;
    const [reader, writer] = await local.clients(2);
    origin.connections[0]!.hold();
    const early = reader!.ask("GET", "a");
    await origin.received(1, "GET");
    expect(await writer!.ask("EVAL", "script", "1", "a", "new")).toBe("OK");
    const late = reader!.ask("GET", "a");
    while (local.proxy.stats.misses < 2) await new Promise(setImmediate);
    origin.releaseAll();
    expect(await early).toBe("old");
    expect(await late).toBe("new");
    expect(await reader!.ask("GET", "a")).toBe("new");
  });

  test("other reads, and writes of known keys, drop only these keys", async () => {
    await using bench = await untracked(1000);
    const { local, origin } = bench;
    origin.values.set("c", "old");
    const client = await local.client();
    await client.ask("MGET", "a", "b", "c");
    for (const command of [["STRLEN", "a"], ["HGET", "h", "f"], ["TYPE", "a"], ["PING"], ["SET", "b", "1"]]) {
      await client.ask(...command);
    }
    await client.ask("MGET", "a", "b", "c");
    expect(local.proxy.stats).toMatchObject({ hits: 1, misses: 5 });
  });

  test.each([
    ["by a client with a connection of its own", [["WATCH", "x"]], ["GET", "a"]],
    ["by a read of another kind", [], ["STRLEN", "a"]],
  ])("what was shown %s is not older for others afterwards", async (_, before, command) => {
    await using bench = await untracked(1000);
    const { local, origin } = bench;
    const [one, other] = await local.clients(2);
    for (const prior of before) await other!.ask(...prior);
    expect(await one!.ask("GET", "a")).toBe("old");
    origin.values.set("a", "newer");
    expect(await one!.ask("GET", "a")).toBe("old");
    await other!.ask(...command);
    expect(await one!.ask("GET", "a")).toBe("newer");
  });
});
