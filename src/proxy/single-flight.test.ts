import { expect, test } from "bun:test";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import type { ReplyError, ReplyValue } from "../protocol/reply-value.ts";

function messages(replies: readonly ReplyValue[]): string[] {
  return [...new Set(replies.map((reply) => (reply as ReplyError).message))];
}

test("500 clients asking for one cold key make one request of the origin", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  origin.values.set("cold", "value");
  origin.holdFrom("PTTL");
  const clients = await local.clients(500);
  const replies = clients.map((client) => client.ask("GET", "cold"));
  const { stats, cache } = local.proxy;
  while (stats.misses < 500) await new Promise(setImmediate);
  expect(cache.flightCount).toBe(1);
  origin.releaseAll();
  expect(new Set(await Promise.all(replies))).toEqual(new Set(["value"]));
  expect(origin.count("GET")).toBe(1);
  expect(origin.count("PTTL")).toBe(1);
  expect(cache.flightCount).toBe(0);
  expect(stats).toMatchObject({ hits: 0, misses: 500, coalesced: 499, fills: 1 });
  expect(await clients[7]!.ask("GET", "cold")).toBe("value");
  expect(origin.count("GET")).toBe(1);
});

test("all waiters learn that a key is missing, and the next read asks again", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const [first, second] = await local.clients(2);
  expect(await Promise.all([first!.ask("GET", "none"), second!.ask("GET", "none")])).toEqual([null, null]);
  expect(await first!.ask("GET", "none")).toBeNull();
  expect(origin.count("GET")).toBe(2);
  expect(local.proxy.cache.flightCount).toBe(0);
});

test("one client's own pipelined requests share a flight, too", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  origin.values.set("a", "1");
  const client = await local.client();
  const replies = await Promise.all(Array.from({ length: 20 }, () => client.ask("GET", "a")));
  expect(new Set(replies)).toEqual(new Set(["1"]));
  expect(origin.count("GET")).toBe(1);
});

test("keys are compared byte by byte", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const keys = ["a", "A", "", "a\0", "é", "\r\n", "a".repeat(300)];
  for (const key of keys) origin.values.set(Buffer.from(key).toString("latin1"), `value ${key.length}`);
  const client = await local.client();
  const expected = keys.map((key) => `value ${key.length}`);
  for (let round = 0; round < 2; round++) {
    expect(await Promise.all(keys.map((key) => client.ask("GET", key)))).toEqual(expected);
  }
  expect(origin.count("GET")).toBe(keys.length);
});

test("keys and values too large for the cache are passed through", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const key = "k".repeat(70_000);
  const value = "v".repeat(3_000_000);
  origin.values.set(key, "small");
  origin.values.set("large", value);
  const client = await local.client();
  for (let round = 1; round <= 2; round++) {
    expect(await client.ask("GET", key)).toBe("small");
    expect(await client.ask("GET", "large")).toBe(value);
    expect(origin.count("GET")).toBe(round * 2);
  }
  expect(await client.ask("SET", key, "other")).toBe("OK");
  expect(await client.ask("GET", key)).toBe("other");
  expect(local.proxy.cache.store.stats().entries).toBe(0);
});

test("an error reply reaches every waiter, and is not cached", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const wrongType = "WRONGTYPE Operation against a key holding the wrong kind of value";
  origin.script = ([name]) => (name === "GET" ? `-${wrongType}\r\n` : undefined);
  const clients = await local.clients(20);
  const replies = await Promise.all(clients.map((client) => client.ask("GET", "list")));
  expect(messages(replies)).toEqual([wrongType]);
  expect(local.proxy.cache.flightCount).toBe(0);
  origin.script = undefined;
  origin.values.set("list", "now a string");
  expect(await clients[0]!.ask("GET", "list")).toBe("now a string");
});

test("a broken connection fails every waiter, and leaves nothing behind", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  origin.holdFrom("GET");
  const clients = await local.clients(20);
  const replies = clients.map((client) => client.ask("GET", "a"));
  while (local.proxy.stats.misses < 20) await new Promise(setImmediate);
  await origin.received(1, "GET");
  origin.dropAll();
  const told = messages(await Promise.all(replies));
  expect(told).toHaveLength(1);
  expect(told[0]).toStartWith(`ORIGINDOWN connection to origin 127.0.0.1:${origin.port} was lost: `);
  expect(local.proxy.cache.flightCount).toBe(0);
  expect(local.proxy.stats.originErrors).toBe(20);
});

test("an origin that does not answer fails every waiter in time", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port, originTimeoutMs: 30 });
  origin.script = ([name]) => (name === "GET" || name === "PTTL" ? ">1\r\n+news\r\n" : undefined);
  const clients = await local.clients(20);
  const replies = await Promise.all(clients.map((client) => client.ask("GET", "a")));
  expect(messages(replies)).toHaveLength(1);
  expect(messages(replies)[0]).toMatch(
    /^ORIGINTIMEOUT origin .* (did not answer within|sent nothing for) 30 ms$/,
  );
  expect(local.proxy.cache.flightCount).toBe(0);
});

test("an origin that is down fails at once", async () => {
  using origin = new FakeOrigin();
  origin.goDown();
  await using local = await LocalProxy.start({ origin: origin.port });
  await local.logged(/cannot be reached/);
  const client = await local.client();
  const replies = await Promise.all([client.ask("GET", "a"), client.ask("MGET", "a", "b")]);
  expect(messages(replies)).toEqual([
    `ORIGINDOWN origin 127.0.0.1:${origin.port} cannot be reached: connection refused`,
  ]);
  expect(local.proxy.cache.flightCount).toBe(0);
});

test("a client that disconnects leaves the others their flight", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  origin.values.set("a", "1");
  origin.holdFrom("PTTL");
  const [leaving, staying] = await local.clients(2);
  const lost = leaving!.ask("GET", "a").catch((error: Error) => error.name);
  await origin.received(1, "GET");
  const reply = staying!.ask("GET", "a");
  while (local.proxy.stats.coalesced < 1) await new Promise(setImmediate);
  leaving!.close();
  expect(await lost).toBe("ConnectionLost");
  origin.releaseAll();
  expect(await reply).toBe("1");
  expect(local.proxy.stats.fills).toBe(1);
});

test("MGET asks for missing keys only, and joins flights under way", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  for (const key of ["cached", "underway", "cold"]) origin.values.set(key, `${key}'s`);
  const [first, second] = await local.clients(2);
  await first!.ask("GET", "cached");
  origin.holdFrom("PTTL", "underway");
  const single = first!.ask("GET", "underway");
  await origin.received(1, "GET", "underway");
  const many = second!.ask("MGET", "cached", "underway", "cold", "none", "cold");
  await origin.received(1, "GET", "none");
  origin.releaseAll();
  expect(await single).toBe("underway's");
  expect(await many).toEqual(["cached's", "underway's", "cold's", null, "cold's"]);
  for (const key of ["cached", "underway", "cold", "none"]) expect(origin.count("GET", key)).toBe(1);
  expect(await second!.ask("MGET", "cold", "cached")).toEqual(["cold's", "cached's"]);
  expect(origin.count("GET")).toBe(4);
  expect(local.proxy.stats).toMatchObject({ hits: 3, misses: 6, coalesced: 2 });
  expect(local.proxy.cache.flightCount).toBe(0);
});

test("MGET answers null for a key that holds no string, and fails as a whole for other errors", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  origin.values.set("a", "1");
  origin.script = ([name, key]) => {
    if (name !== "GET" || key === "a") return undefined;
    return key === "list" ? "-WRONGTYPE not a string\r\n" : "-NOPERM no such permission\r\n";
  };
  const client = await local.client();
  expect(await client.ask("MGET", "list", "a", "list")).toEqual([null, "1", null]);
  expect(messages([await client.ask("MGET", "list", "a", "secret")])).toEqual(["NOPERM no such permission"]);
  expect(local.proxy.cache.flightCount).toBe(0);
});

test("MGET of many keys, half of them cached", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const keys = Array.from({ length: 2000 }, (_, index) => `key ${index}`);
  for (const key of keys) origin.values.set(key, `value of ${key}`);
  const client = await local.client();
  await client.ask("MGET", ...keys.filter((_, index) => index % 2 === 0));
  expect(await client.ask("MGET", ...keys)).toEqual(keys.map((key) => `value of ${key}`));
  // Of simultaneous fills of keys that share a lease only one is stored, so the other keys are asked for again.
  expect(origin.count("GET")).toBe(local.proxy.stats.misses);
  expect(local.proxy.stats.misses).toBeLessThan(2000 + local.proxy.stats.discardedFills);
});

test("waiters get the bytes as they are", async () => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const binary = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
  origin.values.set("binary", binary);
  const frames = await local.frameClient();
  frames.send(["GET", "binary"], ["MGET", "binary"], ["GET", "binary"]);
  expect(await frames.received(3)).toEqual([bulk(binary), `*1\r\n${bulk(binary)}`, bulk(binary)]);
});
