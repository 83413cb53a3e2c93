/**
 * Interleavings of reads, writes and invalidations, one by one, for the rules of leases and fences in
 * docs/internals/coherence.md.
 */

import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { skipLeases } from "../../test/support/without-leases.ts";
import { utf8 } from "../lib/bytes.ts";
import { keyIn } from "../store/key-fixture.ts";
import type { CachingProxy } from "./proxy.ts";

function cachedKeys(local: LocalProxy): number {
  return local.proxy.cache.store.stats().entries;
}

/** Whether an invalidation of `other` voids the leases of `key`, because the two share one. */
function sharesLease({ cache: { store } }: CachingProxy, key: string, other: string): boolean {
  const [a, b] = [utf8(key), utf8(other)];
  const hash = store.hash(a, 0, a.length);
  const lease = store.lease(hash);
  store.invalidate(keyIn(store, b));
  return store.lease(hash) !== lease;
}

describe("a fill that was asked for before a write", () => {
  /** Delivers a GET's old reply after a SET of the key was sent. @returns what readers then saw */
  async function overtaken(hasLeases: boolean): Promise<{ early: unknown; late: unknown; last: unknown }> {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    if (!hasLeases) skipLeases(local.proxy);
    const [early, writer, meanwhile, late] = await local.clients(4);
    origin.values.set("k", "old");
    const { main } = origin;
    origin.holdFrom("GET", "k");
    const earlyReply = early!.ask("GET", "k");
    await origin.received(1, "GET", "k");
    const written = writer!.ask("SET", "k", "new");
    await origin.received(1, "SET", "k");
    const meanwhileReply = meanwhile!.ask("GET", "k");
    await origin.received(2, "GET", "k");
    // The old value, then the write's reply.
    main.release(1);
    const seenEarly = await earlyReply;
    main.release(1);
    expect(await written).toBe("OK");
    const lateReply = late!.ask("GET", "k");
    while (local.proxy.stats.hits + local.proxy.stats.misses < 3) await new Promise(setImmediate);
    origin.releaseAll();
    expect(await meanwhileReply).toBe("new");
    return { early: seenEarly, late: await lateReply, last: await late!.ask("GET", "k") };
  }

  test("is answered but not kept", async () => {
    expect(await overtaken(true)).toEqual({ early: "old", late: "new", last: "new" });
  });

  test("would be read after the write without leases", async () => {
    expect(await overtaken(false)).toEqual({ early: "old", late: "old", last: "new" });
  });

  test("by another client is not kept: the invalidation comes between time to live and value", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("k", "old");
    const { main } = origin;
    main.hold();
    const reply = client.ask("GET", "k");
    await origin.received(1, "GET");
    main.invalidate("k", 1);
    main.release();
    expect(await reply).toBe("old");
    expect(cachedKeys(local)).toBe(0);
    expect(local.proxy.stats).toMatchObject({ fills: 0, discardedFills: 1 });
    origin.values.set("k", "new");
    expect(await client.ask("GET", "k")).toBe("new");
    expect(await client.ask("GET", "k")).toBe("new");
    expect(local.proxy.stats.hits).toBe(1);
  });

  test.each([["k"], [["a", "k", "b"]]])(
    "that the origin has executed already is kept: the invalidation of %j comes in front of both replies",
    async (keys) => {
      using origin = new FakeOrigin();
      await using local = await LocalProxy.ready({ origin: origin.port });
      const client = await local.client();
      origin.values.set("k", "new");
      const { main } = origin;
      main.hold();
      const reply = client.ask("GET", "k");
      await origin.received(1, "GET");
      main.invalidate(keys, 0);
      main.release();
      expect(await reply).toBe("new");
      expect(cachedKeys(local)).toBe(1);
      expect(local.proxy.stats).toMatchObject({ fills: 1, discardedFills: 0 });
    },
  );

  test("is not kept if another thread has changed its lease before that invalidation", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("k", "old");
    const { main } = origin;
    main.hold();
    const reply = client.ask("GET", "k");
    await origin.received(1, "GET");
    const { store } = local.proxy.cache;
    const key = utf8("k");
    store.invalidate(keyIn(store, key));
    main.invalidate("k", 0);
    main.release();
    expect(await reply).toBe("old");
    expect(cachedKeys(local)).toBe(0);
    expect(local.proxy.stats).toMatchObject({ fills: 0, discardedFills: 1 });
  });

  test("is kept, and removed again, when the invalidation comes behind it", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("k", "old");
    const { main } = origin;
    main.hold();
    const reply = client.ask("GET", "k");
    await origin.received(1, "GET");
    main.invalidate("k");
    main.release();
    expect(await reply).toBe("old");
    origin.values.set("k", "new");
    expect(await client.ask("GET", "k")).toBe("new");
    expect(local.proxy.stats).toMatchObject({ fills: 2, discardedFills: 0 });
  });

  test.each([
    ["of everything", null, 0],
    ["of everything, between its replies", null, 1],
    ["of several keys, between its replies", ["a", "k", "b"], 1],
  ])("is not kept after an invalidation %s", async (_, keys, at) => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("k", "old");
    const { main } = origin;
    main.hold();
    const reply = client.ask("GET", "k");
    await origin.received(1, "GET");
    main.invalidate(keys, at);
    main.release();
    expect(await reply).toBe("old");
    expect(cachedKeys(local)).toBe(0);
    expect(local.proxy.cache.flightCount).toBe(0);
  });

  test.each([
    ["FLUSHALL", ["FLUSHALL"]],
    ["FLUSHDB", ["FLUSHDB", "ASYNC"]],
    ["SWAPDB", ["SWAPDB", "0", "1"]],
    ["DEL of several", ["DEL", "a", "k", "b"]],
    ["MSET", ["MSET", "a", "1", "k", "2"]],
    ["RENAME to it", ["RENAME", "a", "k"]],
    ["RENAME of it", ["RENAME", "k", "a"]],
    ["COPY to it", ["COPY", "a", "k", "REPLACE"]],
    ["MOVE of it", ["MOVE", "k", "1"]],
    ["BITOP to it", ["BITOP", "NOT", "k", "a"]],
    ["EXPIRE", ["EXPIRE", "k", "10"]],
    ["a command in any case", ["sEt", "k", "2"]],
  ])("is not kept after a write of the same proxy: %s", async (_, write) => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const [reader, writer] = await local.clients(2);
    origin.values.set("k", "old");
    origin.holdFrom("PTTL");
    const reply = reader!.ask("GET", "k");
    await origin.received(1, "GET");
    const written = writer!.ask(...write);
    await origin.received(1, write[0]!.toUpperCase());
    origin.releaseAll();
    expect(await reply).toBe("old");
    await written;
    expect(cachedKeys(local)).toBe(0);
  });
});

describe("an invalidation", () => {
  test("of a key that shares a lease only discards the fill", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    let other = "";
    for (let n = 0; other === ""; n++) if (sharesLease(local.proxy, "k", `other ${n}`)) other = `other ${n}`;
    origin.values.set("k", "1");
    origin.values.set(other, "2");
    await client.ask("GET", other);
    const { main } = origin;
    main.hold();
    const reply = client.ask("GET", "k");
    await origin.received(1, "GET", "k");
    main.invalidate(other, 0);
    main.release();
    expect(await reply).toBe("1");
    expect(local.proxy.stats.discardedFills).toBe(1);
    expect(await client.ask("MGET", "k", other)).toEqual(["1", "2"]);
    expect(await client.ask("MGET", "k", other)).toEqual(["1", "2"]);
  });

  test("of a key leaves the others", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    for (const key of ["a", "b", "c"]) origin.values.set(key, `${key} old`);
    await client.ask("MGET", "a", "b", "c");
    origin.values.set("b", "b new");
    origin.main.invalidate("b");
    while (local.proxy.cache.invalidationCount === 0) await new Promise(setImmediate);
    expect(await client.ask("MGET", "a", "b", "c")).toEqual(["a old", "b new", "c old"]);
    expect(origin.count("GET")).toBe(4);
  });

  test("of the writer's own connection need not come: the proxy invalidates what it sends", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    origin.invalidates = false;
    const client = await local.client();
    for (let n = 0; n < 5; n++) {
      expect(await client.ask("SET", "k", String(n))).toBe("OK");
      expect(await client.ask("GET", "k")).toBe(String(n));
      expect(await client.ask("GET", "k")).toBe(String(n));
    }
    expect(local.proxy.stats.hits).toBe(5);
  });
});

describe("a write with unknown keys is acknowledged behind its invalidation", () => {
  test.each([
    ["EVAL, RESP2", 2, [["EVAL", "script", "1", "k", "new"]]],
    ["EVAL, RESP3", 3, [["EVAL", "script", "1", "k", "new"]]],
    ["a transaction, RESP2", 2, [["MULTI"], ["EVAL", "script", "1", "k", "new"], ["EXEC"]]],
    ["a transaction, RESP3", 3, [["MULTI"], ["EVAL", "script", "1", "k", "new"], ["EXEC"]]],
    [
      "in another database, RESP2",
      2,
      [
        ["SELECT", "1"],
        ["EVAL", "script", "1", "k", "new"],
      ],
    ],
    [
      "a subscriber's, RESP3",
      3,
      [
        ["SUBSCRIBE", "c"],
        ["EVAL", "script", "1", "k", "new"],
      ],
    ],
  ] as const)("%s", async (_, version, commands) => {
    using origin = new FakeOrigin({
      script: ([name]) => (name === "SUBSCRIBE" ? ">3\r\n+subscribe\r\n+c\r\n:1\r\n" : undefined),
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    origin.values.set("k", "old");
    const writer = await local.frameClient();
    const reader = await local.client();
    if (version === 3) writer.send(["HELLO", "3"]);
    await writer.received(version === 3 ? 1 : 0);
    expect(await reader.ask("GET", "k")).toBe("old");
    for (const command of commands.slice(0, -1)) writer.send([...command]);
    await writer.received(commands.length - 1 + (version === 3 ? 1 : 0));
    const { main } = origin;
    main.hold();
    const pings = origin.count("PING");
    writer.send([...commands.at(-1)!]);
    const last = commands.at(-1)![0];
    await origin.received(1, last);
    await origin.received(pings + 1, "PING");
    // The origin has executed it and said so, but its invalidation is still on its way.
    const before = writer.frames.length;
    expect(await reader.ask("GET", "k")).toBe("old");
    expect(writer.frames).toHaveLength(before);
    main.release();
    await writer.received(before + 1);
    expect(writer.frames.at(-1)).toBe(last === "EXEC" ? "*1\r\n+OK\r\n" : "+OK\r\n");
    expect(await reader.ask("GET", "k")).toBe("new");
  });

  test("even while it is not known yet whether the origin tracks", async () => {
    using origin = new FakeOrigin();
    origin.values.set("k", "old");
    origin.holdFrom("HELLO");
    await using local = await LocalProxy.start({ origin: origin.port });
    const [reader, writer] = await local.clients(2);
    const early = reader!.ask("GET", "k");
    await origin.received(1, "GET");
    const written = writer!.ask("EVAL", "script", "1", "k", "new");
    await origin.received(1, "EVAL");
    origin.connections[1]!.release();
    await origin.received(1, "PING");
    expect(writer!.outstandingCount).toBe(1);
    origin.releaseAll();
    expect(await early).toBe("old");
    expect(await written).toBe("OK");
    expect(await reader!.ask("GET", "k")).toBe("new");
  });
});
