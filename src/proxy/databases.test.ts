/** Databases of a Redis: another one in the origin's address, and SWAPDB. */
import { describe, expect, test } from "bun:test";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { startRedis } from "../../test/support/origins.ts";
import { proxiedRedis } from "../../test/support/proxied-redis.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { clientOfEach, startThreads } from "../../test/support/threads.ts";
import { until } from "../../test/support/until.ts";

const redis = requireProgram("redis-server");

describe.skipIf(!redis.available)(redis.title("a database in the origin's address"), () => {
  test.each(["/2", "?db=2"])("%s selects the database of all commands", async (place) => {
    await using origin = await startRedis();
    await using local = await LocalProxy.ready({ origin: `redis://127.0.0.1:${origin.port}${place}` });
    using direct = await RespClient.connect({ port: origin.port });
    await direct.must("SET", "a", "zero");
    for (const version of [2, 3] as const) {
      const client = await local.client({ version });
      await client.must("FLUSHDB");
      expect(await client.must("GET", "a")).toBeNull();
      await client.must("SET", "a", "two");
      expect(await client.must("GET", "a")).toBe("two");
      expect(await client.must("GET", "a")).toBe("two");
      await client.must("HSET", "h", "f", "v");
      expect(await client.must("EVAL", "return redis.call('get', 'a')", "0")).toBe("two");
      const hash = await client.must("HGETALL", "h");
      expect(hash instanceof Map ? [...hash].flat() : hash).toEqual(["f", "v"]);
      await client.must("MULTI");
      await client.must("GET", "a");
      expect(await client.must("EXEC")).toEqual(["two"]);
      expect(await client.must("SELECT", "0")).toBe("OK");
      expect(await client.must("GET", "a")).toBe("zero");
      expect(await client.must("SELECT", "2")).toBe("OK");
      expect(await client.must("GET", "a")).toBe("two");
      expect(local.proxy.origin.connectionCounts.dedicated).toBe(0);
    }
    await direct.must("SELECT", "2");
    await direct.must("SET", "a", "changed");
    const client = await local.client();
    await until(async () => (await client.must("GET", "a")) === "changed");
  });

  test("that does not exist leaves everything unexecuted, with a reason", async () => {
    await using origin = await startRedis({ args: ["--databases", "4"] });
    await using local = await LocalProxy.start({ origin: `redis://127.0.0.1:${origin.port}/4` });
    const message = await local.logged(/refused database 4/);
    expect(message).toContain("DB index is out of range");
    const client = await local.client();
    for (const command of [
      ["SET", "a", "1"],
      ["EVAL", "return redis.call('set', 'a', '1')", "0"],
      ["MULTI"],
    ]) {
      expect(await client.ask(...command)).toMatchObject({ code: "ORIGINDB" });
    }
    using direct = await RespClient.connect({ port: origin.port });
    expect(await direct.must("DBSIZE")).toBe(0);
  });
});

describe.skipIf(!redis.available)(redis.title("a client in another database"), () => {
  const proxied = proxiedRedis();

  async function fences(): Promise<number> {
    const stats = String(await proxied.direct.must("INFO", "commandstats"));
    return Number(/cmdstat_latency\|histogram:calls=(\d+)/.exec(stats)?.[1]);
  }

  test("waits for no fence, since nothing of it is cached", async () => {
    const client = await proxied.local.client();
    await client.must("SELECT", "5");
    const before = await fences();
    for (let n = 0; n < 100; n++) {
      await client.must("SET", "k", String(n));
      expect(await client.must("GET", "k")).toBe(String(n));
    }
    // Heartbeats.
    expect((await fences()) - before).toBeLessThan(10);
  });

  test.each([
    ["MOVE", ["MOVE", "k", "0"]],
    ["COPY", ["COPY", "k", "k", "DB", "0", "REPLACE"]],
    ["a script", ["EVAL", "redis.call('select', 0) return redis.call('set', 'k', 'far')", "0"]],
    ["FLUSHALL", ["FLUSHALL"]],
  ])("has changed what is cached when %s is answered", async (_, command) => {
    const [client, other] = await proxied.local.clients(2);
    await client!.must("SELECT", "5");
    for (let round = 0; round < 20; round++) {
      await client!.must("SET", "k", "far");
      if (command[0] === "MOVE") await other!.must("DEL", "k");
      else await other!.must("SET", "k", "near");
      await other!.must("GET", "k");
      await other!.must("GET", "k");
      await client!.must(...command);
      expect(await other!.must("GET", "k")).toBe(command[0] === "FLUSHALL" ? null : "far");
    }
  });

  test("and back in one pipeline applies to each command", async () => {
    const [client, other] = await proxied.local.clients(2);
    await other!.must("SET", "k", "old");
    for (let round = 0; round < 50; round++) {
      expect(await other!.must("GET", "k")).toBe(round === 0 ? "old" : String(round - 1));
      const pipeline = ["SELECT 5", "SET k x", "GET k", "SELECT 0", `SET k ${round}`, "GET k"];
      const replies = await Promise.all(pipeline.map((line) => client!.must(...line.split(" "))));
      expect(replies).toEqual(["OK", "OK", "x", "OK", "OK", String(round)]);
    }
  });
});

describe.skipIf(!redis.available)(redis.title("SWAPDB"), () => {
  const proxied = proxiedRedis();
  const WAYS: [string, (client: RespClient) => Promise<unknown>][] = [
    ["by itself", (client) => client.must("SWAPDB", "0", "1")],
    [
      "in a transaction",
      async (client) => {
        await client.must("MULTI");
        await client.must("SWAPDB", "0", "1");
        return client.must("EXEC");
      },
    ],
    ["in a script", (client) => client.must("EVAL", "return redis.call('swapdb', 0, 1)", "0")],
    [
      "in a script that hides it",
      (client) => client.must("EVAL", "return redis.call('SWAP' .. 'db', 0, 1)", "0"),
    ],
    [
      "in a script known by its hash",
      async (client) => {
        const hash = await client.must("SCRIPT", "LOAD", "return redis.call('swapdb', 0, 1)");
        return client.must("EVALSHA", String(hash), "0");
      },
    ],
    [
      "in a script within a transaction",
      async (client) => {
        await client.must("MULTI");
        await client.must("EVAL", "return redis.call('swapdb', 0, 1)", "0");
        return client.must("EXEC");
      },
    ],
  ];

  async function prepare(direct: RespClient): Promise<void> {
    await direct.must("FLUSHALL");
    await direct.must("SET", "k", "zero");
    await direct.must("SELECT", "1");
    await direct.must("SET", "k", "one");
    await direct.must("SELECT", "0");
  }

  test.each(WAYS)("%s shows the other database to all clients at once", async (_, swap) => {
    await prepare(proxied.direct);
    const [client, other] = await proxied.local.clients(2);
    for (const wanted of ["zero", "one", "zero"]) {
      expect(await other!.must("GET", "k")).toBe(wanted);
      expect(await other!.must("GET", "k")).toBe(wanted);
      await swap(client!);
      expect(await other!.must("GET", "k")).toBe(wanted === "one" ? "zero" : "one");
    }
  });

  test.each(WAYS)("%s, with several threads", async (_, swap) => {
    await prepare(proxied.direct);
    await using threads = await startThreads(proxied.origin, { threads: 2 });
    const clients = await clientOfEach(threads.supervisor);
    for (const wanted of ["zero", "one"]) {
      for (const client of clients) expect(await client.must("GET", "k")).toBe(wanted);
      await swap(clients[0]!);
      for (const client of clients)
        expect(await client.must("GET", "k")).toBe(wanted === "one" ? "zero" : "one");
    }
    for (const client of clients) client.close();
  });

  test("past the proxy is noticed within a heartbeat", async () => {
    await prepare(proxied.direct);
    const client = await proxied.local.client();
    expect(await client.must("GET", "k")).toBe("zero");
    await proxied.direct.must("SWAPDB", "0", "1");
    await until(async () => (await client.must("GET", "k")) === "one");
  });
});
