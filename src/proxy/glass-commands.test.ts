import { describe, expect, test } from "bun:test";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import type { FrameClient } from "../../test/support/frame-client.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { ManualClock } from "../lib/clock.ts";
import { policyNames, policyType } from "../policy/registry.ts";
import type { ReplyError, ReplyValue } from "../protocol/reply-value.ts";

function attribute(source: string, ageMs: number, remainingMs: number): string {
  return `|3\r\n${bulk("source")}${bulk(source)}${bulk("age-ms")}:${ageMs}\r\n${bulk("ttl-ms")}:${remainingMs}\r\n`;
}

function manySources(...sources: string[]): string {
  return `|1\r\n${bulk("source")}*${sources.length}\r\n${sources.map(bulk).join("")}`;
}

async function resp3(local: LocalProxy): Promise<FrameClient> {
  const frames = await local.frameClient();
  frames.send(["HELLO", "3"], ["GLASS.SOURCE", "ON"]);
  await frames.received(2);
  expect(frames.frames.splice(0)[1]).toBe("+OK\r\n");
  return frames;
}

/** Sends commands, and returns their replies. */
async function ask(frames: FrameClient, ...commands: string[][]): Promise<string[]> {
  frames.send(...commands);
  await frames.received(commands.length);
  return frames.frames.splice(0);
}

describe("GLASS.SOURCE", () => {
  test("names source, age and remaining time to live in front of each cached read's reply", async () => {
    const clock = new ManualClock();
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, clock });
    const frames = await resp3(local);
    origin.values.set("plain", "1");
    origin.values.set("expiring", "2");
    origin.remainingMs.set("expiring", 900);
    expect(await ask(frames, ["GET", "plain"], ["GET", "expiring"], ["GET", "expiring"])).toEqual([
      attribute("miss", 0, -1) + bulk("1"),
      attribute("miss", 0, 900) + bulk("2"),
      attribute("coalesced", 0, 900) + bulk("2"),
    ]);
    clock.advance(250);
    expect(await ask(frames, ["GET", "plain"], ["GET", "expiring"])).toEqual([
      attribute("hit", 250, -1) + bulk("1"),
      attribute("hit", 250, 650) + bulk("2"),
    ]);
    // The key was written, so it is fetched again.
    expect(await ask(frames, ["SET", "plain", "3"], ["GET", "plain"])).toEqual([
      "+OK\r\n",
      attribute("miss", 0, -1) + bulk("3"),
    ]);
  });

  test("names it for a read that joins another one", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await resp3(local);
    const other = await local.client();
    origin.values.set("a", "1");
    origin.holdFrom("GET");
    const reply = other.ask("GET", "a");
    await origin.received(1, "GET");
    frames.send(["GET", "a"]);
    while (local.proxy.stats.coalesced < 1) await new Promise(setImmediate);
    origin.releaseAll();
    expect(await reply).toBe("1");
    expect(await frames.received(1)).toEqual([attribute("coalesced", 0, -1) + bulk("1")]);
  });

  test("names the source of each of MGET's values", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await resp3(local);
    origin.values.set("a", "1");
    origin.values.set("b", "2");
    await ask(frames, ["GET", "a"]);
    expect(await ask(frames, ["MGET", "a", "b", "none", "b"])).toEqual([
      `${manySources("hit", "miss", "none", "coalesced")}*4\r\n${bulk("1")}${bulk("2")}_\r\n${bulk("2")}`,
    ]);
    expect(await ask(frames, ["MGET", "a", "b"])).toEqual([
      `${manySources("hit", "hit")}*2\r\n${bulk("1")}${bulk("2")}`,
    ]);
  });

  test("says nothing about missing keys, errors and other commands", async () => {
    using origin = new FakeOrigin({
      script: ([, key]) => (key === "list" ? "-WRONGTYPE no\r\n" : undefined),
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await resp3(local);
    expect(await ask(frames, ["GET", "none"], ["GET", "list"], ["PTTL", "a"], ["PING"])).toEqual([
      "_\r\n",
      "-WRONGTYPE no\r\n",
      ":-2\r\n",
      "+PONG\r\n",
    ]);
  });

  test("ends with OFF, with HELLO 2 and with RESET, and is per client", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    origin.values.set("a", "1");
    const frames = await resp3(local);
    const other = await local.frameClient();
    const [named] = await ask(frames, ["GET", "a"]);
    expect(named).toStartWith("|3\r\n");
    expect((await ask(other, ["HELLO", "3"], ["GET", "a"]))[1]).toBe(bulk("1"));
    expect(await ask(frames, ["GLASS.SOURCE", "off"], ["GET", "a"])).toEqual(["+OK\r\n", bulk("1")]);
    expect((await ask(frames, ["GLASS.SOURCE", "on"], ["HELLO", "2"], ["GET", "a"]))[2]).toBe(bulk("1"));
    expect((await ask(frames, ["RESET"], ["HELLO", "3"], ["GET", "a"]))[2]).toBe(bulk("1"));
  });

  test("is refused in RESP2, and with anything but ON and OFF", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await local.frameClient();
    expect(await ask(frames, ["GLASS.SOURCE", "ON"], ["GLASS.SOURCE", "OFF"], ["GLASS.SOURCE", "X"])).toEqual(
      [
        "-ERR GLASS.SOURCE needs RESP3, which has attributes: send HELLO 3 first, or use GLASS.GET key\r\n",
        "+OK\r\n",
        "-ERR syntax error\r\n",
      ],
    );
    expect(await ask(frames, ["GLASS.SOURCE"], ["GLASS.SOURCE", "ON", "x"])).toEqual([
      "-ERR wrong number of arguments for 'glass.source' command\r\n",
      "-ERR wrong number of arguments for 'glass.source' command\r\n",
    ]);
  });
});

function described(source: string, ageMs: number, remainingMs: number, value: string | null): string {
  const last = value === null ? "_\r\n" : bulk(value);
  return (
    `%4\r\n${bulk("source")}${bulk(source)}${bulk("age-ms")}:${ageMs}\r\n` +
    `${bulk("ttl-ms")}:${remainingMs}\r\n${bulk("value")}${last}`
  );
}

describe("GLASS.GET", () => {
  test("reads as GET does, and answers a map", async () => {
    const clock = new ManualClock();
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, clock });
    // Attributes are not added to it.
    const frames = await resp3(local);
    origin.values.set("plain", "1");
    origin.values.set("expiring", "2");
    origin.remainingMs.set("expiring", 900);
    expect(
      await ask(frames, ["GLASS.GET", "plain"], ["GLASS.GET", "expiring"], ["GLASS.GET", "expiring"]),
    ).toEqual([
      described("miss", 0, -1, "1"),
      described("miss", 0, 900, "2"),
      described("coalesced", 0, 900, "2"),
    ]);
    clock.advance(250);
    expect(
      await ask(frames, ["GLASS.GET", "plain"], ["glass.get", "expiring"], ["GLASS.GET", "none"]),
    ).toEqual([
      described("hit", 250, -1, "1"),
      described("hit", 250, 650, "2"),
      described("none", 0, -2, null),
    ]);
    expect(local.proxy.stats.hits).toBe(2);
    expect(await ask(frames, ["SET", "plain", "3"], ["GLASS.GET", "plain"], ["GET", "plain"])).toEqual([
      "+OK\r\n",
      described("miss", 0, -1, "3"),
      attribute("coalesced", 0, -1) + bulk("3"),
    ]);
  });

  test("in RESP2, too", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("a", "1");
    const fields = (source: string) => [
      "source",
      source,
      "age-ms",
      expect.any(Number),
      "ttl-ms",
      -1,
      "value",
      "1",
    ];
    expect(await client.ask("GLASS.GET", "a")).toEqual(fields("miss"));
    expect(await client.ask("GLASS.GET", "a")).toEqual(fields("hit"));
    expect(await client.ask("GLASS.GET", "b")).toEqual([
      ...["source", "none", "age-ms", 0, "ttl-ms", -2, "value", null],
    ]);
  });

  test("large values, from the origin and from the cache", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client({ version: 3 });
    const large = "large ".repeat(100_000);
    origin.values.set("a", large);
    for (const source of ["miss", "hit"]) {
      const told = (await client.ask("GLASS.GET", "a")) as Map<string, ReplyValue>;
      expect(told.get("source")).toBe(source);
      expect(told.get("value") === large).toBe(true);
    }
    expect(await client.ask("PING")).toBe("PONG");
  });

  test("errors are those of GET; a client that reads past the cache gets its own", async () => {
    using origin = new FakeOrigin({
      script: ([name, key]) =>
        key === "list" ? "-WRONGTYPE no\r\n" : name === "SELECT" && key === "3" ? "+OK\r\n" : undefined,
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    expect(((await client.ask("GLASS.GET", "list")) as ReplyError).message).toBe("WRONGTYPE no");
    expect(((await client.ask("GLASS.GET")) as ReplyError).message).toContain("wrong number of arguments");
    expect(await client.ask("SELECT", "3")).toBe("OK");
    expect(((await client.ask("GLASS.GET", "a")) as ReplyError).message).toStartWith(
      "ERR GLASS.GET reads through the cache, but this client has a connection of its own",
    );
  });
});

describe("GLASS.EXPLAIN", () => {
  test("says that a key is not cached", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const frames = await local.frameClient();
    const [inResp2, , inResp3] = await ask(
      frames,
      ["GLASS.EXPLAIN", "a"],
      ["HELLO", "3"],
      ["GLASS.EXPLAIN", "a"],
    );
    expect(inResp2).toBe(`*2\r\n${bulk("cached")}:0\r\n`);
    expect(inResp3).toBe(`%1\r\n${bulk("cached")}#f\r\n`);
    expect(origin.count("GET")).toBe(0);
  });

  test.each(policyNames().filter((name) => policyType(name).offline !== true))(
    "tells of an entry under %s",
    async (policy) => {
      const clock = new ManualClock();
      using origin = new FakeOrigin();
      await using local = await LocalProxy.ready({ origin: origin.port, policy, clock });
      const client = await local.client({ version: 3 });
      origin.values.set("a", "x".repeat(100));
      origin.remainingMs.set("a", 1000);
      await client.ask("GET", "a");
      clock.advance(40);
      for (let read = 0; read < 3; read++) await client.ask("GET", "a");
      const told = (await client.ask("GLASS.EXPLAIN", "a")) as Map<string, ReplyValue>;
      expect([...told.keys()].slice(0, 9)).toEqual([
        "cached",
        "servable",
        "age-ms",
        "ttl-ms",
        "reads",
        "value-bytes",
        "charged-bytes",
        "policy",
        "queue",
      ]);
      const { queue, "charged-bytes": chargedBytes, policy: named, ...rest } = Object.fromEntries(told);
      expect(rest).toMatchObject({
        cached: true,
        servable: true,
        "age-ms": 40,
        "ttl-ms": 960,
        reads: 3,
        "value-bytes": 100,
      });
      expect(chargedBytes).toBeGreaterThan(100);
      expect(String(named)).toStartWith(policy);
      expect(String(queue)).toMatch(/^[a-z0-9-]+( [a-z0-9-]+)*$/);
      // No name appears twice, and all have the same form.
      const frames = await local.frameClient();
      const [flat] = await ask(frames, ["GLASS.EXPLAIN", "a"]);
      const names = [...flat!.matchAll(/\$\d+\r\n([^\r]*)\r\n(?=[:$,])/g)].map(([, name]) => name!);
      for (const name of told.keys()) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
      expect(names.filter((name) => name === "reads")).toHaveLength(1);
      expect(Number(/^\*(\d+)/.exec(flat!)![1])).toBe(2 * told.size);
      // EXPLAIN counts as no read, and asks the origin nothing.
      expect(((await client.ask("GLASS.EXPLAIN", "a")) as Map<string, ReplyValue>).get("reads")).toBe(3);
      expect(origin.count("GET")).toBe(1);
      clock.advance(960);
      expect(await client.ask("GLASS.EXPLAIN", "a")).toEqual(new Map([["cached", false]]));
    },
  );
});

test.each(["lru", "fifo"])("GLASS.EXPLAIN shows the rank under %s", async (policy) => {
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port, policy });
  const client = await local.client({ version: 3 });
  origin.values.set("a", "1");
  await client.ask("GET", "a");
  expect(((await client.ask("GLASS.EXPLAIN", "a")) as Map<string, ReplyValue>).get("rank")).toBe(1);
});

describe("CONFIG SET policy", () => {
  test("keeps the entries and serves them, under every policy in turn", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client({ version: 3 });
    const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`);
    for (const key of keys) origin.values.set(key, `value of ${key}`);
    // A few at a time: of keys that share a lease only one is filled at once.
    for (const key of keys) await client.ask("GET", key);
    const asked = origin.count("GET");
    for (const policy of ["fifo", "lru", "sieve", "s3-fifo"]) {
      expect(await client.ask("CONFIG", "SET", "policy", policy)).toBe("OK");
      expect(await client.ask("CONFIG", "GET", "policy")).toEqual(
        new Map([["policy", expect.stringContaining(policy)]]),
      );
      expect(await client.ask("MGET", ...keys)).toEqual(keys.map((key) => `value of ${key}`));
    }
    expect(origin.count("GET")).toBe(asked);
    expect(local.proxy.cache.store.stats().entries).toBe(300);
  });

  test("refuses a text that is no policy, and keeps the present one", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, policy: "lru" });
    const client = await local.client();
    for (const text of ["nosuch", "", "lru:x=1", "belady"]) {
      const { message } = (await client.ask("CONFIG", "SET", "policy", text)) as ReplyError;
      expect(message).toStartWith("ERR CONFIG SET failed (possibly related to argument 'policy')");
    }
    expect(await client.ask("CONFIG", "GET", "policy")).toEqual(["policy", "lru"]);
  });
});
