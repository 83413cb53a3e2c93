/** INFO, HELLO and GLASS.HEALTH through the proxy. The origin's part is asked of the origin. */

import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { startGlasscache, startRedis } from "../../test/support/origins.ts";
import { freePort } from "../../test/support/program.ts";
import { proxiedRedis } from "../../test/support/proxied-redis.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { clientOfEach, infoField, startThreads } from "../../test/support/threads.ts";
import { until } from "../../test/support/until.ts";
import { REDIS_VERSION } from "../commands/redis-version.ts";

const redis = requireProgram("redis-server");

function sections(info: unknown): string[] {
  return [...String(info).matchAll(/^# (.+)\r$/gm)].map((match) => match[1]!);
}

function fieldNames(info: unknown): string[] {
  return [...String(info).matchAll(/^([^#:\r]+):/gm)].map((match) => match[1]!);
}

const OWN = ["Proxy", "Cache", "Origin"];

describe.skipIf(!redis.available)(redis.title("INFO in front of a real Redis"), () => {
  const proxied = proxiedRedis();

  test.each([
    [[]],
    [["default"]],
    [["all"]],
    [["EVERYTHING"]],
    [["server"]],
    [["KeySpace", "memory"]],
    [["commandstats"]],
    [["nosuch"]],
    [["cpu", "clients", "stats", "replication", "persistence", "cluster", "modules", "errorstats"]],
  ])("has the sections that %p has there, and the proxy's with the groups", async (wanted) => {
    const { direct, local } = proxied;
    for (const version of [2, 3] as const) {
      const client = await local.client({ version });
      const isGroup = wanted.length === 0 || /^(default|all|everything)$/i.test(wanted[0]!);
      const [ours, theirs] = [await client.must("INFO", ...wanted), await direct.must("INFO", ...wanted)];
      const isAll = /^(all|everything)$/i.test(wanted[0] ?? "");
      const own = isAll ? OWN.toSpliced(2, 0, "Proxycommandstats") : isGroup ? OWN : [];
      expect(sections(ours)).toEqual([...sections(theirs), ...own]);
      const expected = new Set(fieldNames(theirs));
      const names = new Set(fieldNames(ours));
      // The counts differ, because the two are asked in different ways.
      const isCounted = (name: string) => /^(cmdstat|errorstat|latency_percentiles|rejected)_/.test(name);
      expect([...expected].filter((name) => !names.has(name) && !isCounted(name))).toEqual([]);
    }
  });

  test("no field of the proxy's has a name of Redis's, and no field appears twice", async () => {
    const client = await proxied.local.client();
    await client.must("SET", "k", "1");
    const theirs = new Set(fieldNames(await proxied.direct.must("INFO", "everything")));
    const own = fieldNames(await client.must("INFO", "proxy", "cache", "origin"));
    expect(own.length).toBeGreaterThan(40);
    expect(own.filter((name) => theirs.has(name))).toEqual([]);
    const all = fieldNames(await client.must("INFO", "everything"));
    expect(all.length).toBe(new Set(all).size);
  });

  test("describes the origin: version, mode, cluster, keys, memory, policy", async () => {
    const { direct, local } = proxied;
    await direct.must("FLUSHALL");
    await direct.must("MSET", "a", "1", "b", "2");
    await direct.must("SET", "c", "3", "EX", "1000");
    await direct.must("CONFIG", "SET", "maxmemory-policy", "noeviction");
    const client = await local.client();
    const [ours, theirs] = [await client.must("INFO"), await direct.must("INFO")];
    for (const name of [
      ...[
        "redis_version",
        "redis_mode",
        "run_id",
        "tcp_port",
        "cluster_enabled",
        "maxmemory_policy",
        "maxmemory",
      ],
      ...["role", "loading", "rdb_last_bgsave_status", "aof_enabled", "maxclients", "mem_allocator", "os"],
    ]) {
      expect([name, infoField(ours, name)]).toEqual([name, infoField(theirs, name)]);
    }
    expect(infoField(ours, "db0")).toMatch(/^keys=3,expires=1,avg_ttl=/);
    expect(Number(infoField(ours, "mem_fragmentation_ratio"))).toBeLessThan(1000);
    expect(infoField(ours, "glasscache_version")).toMatch(/^\d+\.\d+\.\d+$/);
    expect(infoField(ours, "cache_policy")).toBe("s3-fifo");
  });

  test("counts the commands executed before it", async () => {
    const client = await proxied.local.client();
    await client.must("FLUSHALL");
    const [, , info] = await Promise.all([
      client.ask("SET", "one", "1"),
      client.ask("SET", "two", "2"),
      client.ask("INFO", "keyspace"),
    ]);
    expect(infoField(info, "db0")).toStartWith("keys=2,");
  });

  test("is answered in time while the origin stands still, and says so", async () => {
    await using other = await startRedis({ args: ["--enable-debug-command", "yes"] });
    await using local = await LocalProxy.ready({
      ...{ origin: other.port, heartbeatMs: 50, heartbeatTimeoutMs: 150 },
    });
    const [client, sleeper] = await local.clients(2);
    await client!.must("INFO");
    using direct = await RespClient.connect({ port: other.port });
    const sleeping = direct.must("DEBUG", "SLEEP", "1.5").catch(() => undefined);
    await local.logged(/has been silent/);
    const info = await client!.must("INFO");
    expect(infoField(info, "origin_link_status")).toBe("silent");
    expect(infoField(info, "origin_info_error")).toStartWith("ORIGINTIMEOUT");
    expect(infoField(info, "redis_version")).toBe(infoField(await direct.must("INFO"), "redis_version"));
    expect(infoField(info, "maxmemory_policy")).toBeUndefined();
    await sleeping;
    sleeper!.close();
  });
});

test("INFO of an older Redis, which returns one section at a time", async () => {
  using origin = new FakeOrigin({
    script: ([name, first, second]) => {
      if (name !== "INFO") return undefined;
      if (second !== undefined) return "-ERR syntax error\r\n";
      const text = `# ${first ?? "Server"}\r\nfield_of_${first ?? "default"}:1\r\n`;
      return `$${text.length}\r\n${text}\r\n`;
    },
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const client = await local.client();
  expect(await client.must("INFO", "Memory", "Stats")).toBe(
    "# memory\r\nfield_of_memory:1\r\n\r\n# stats\r\nfield_of_stats:1\r\n",
  );
  expect(sections(await client.must("INFO", "Stats", "Cache"))).toEqual(["stats", "Cache"]);
  expect(sections(await client.must("INFO"))).toEqual(["Server", ...OWN]);
});

test("INFO through two proxies has the sections of the first one", async () => {
  using origin = new FakeOrigin();
  await using inner = await LocalProxy.ready({ origin: origin.port });
  await using outer = await LocalProxy.ready({ origin: inner.port });
  const info = await (await outer.client()).must("INFO");
  expect(sections(info).filter((name) => name === "Origin")).toHaveLength(1);
  expect(infoField(info, "origin")).toBe(`127.0.0.1:${inner.port}`);
});

test("INFO of several threads counts the clients of all", async () => {
  await using origin = new FakeOrigin();
  await using threads = await startThreads(origin);
  const clients = await clientOfEach(threads.supervisor);
  for (const client of clients) await client.must("SUBSCRIBE", "channel");
  using observer = await RespClient.connect({ port: threads.supervisor.port });
  expect(infoField(await observer.must("INFO", "proxy"), "proxy_clients")).toBe("4");
  for (const client of clients) client.close();
});

describe("HELLO", () => {
  test("describes the origin", async () => {
    using origin = new FakeOrigin({ version: "6.2.7" });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    const hello = (await client.must("HELLO", "3")) as Map<string, unknown>;
    expect(hello.get("version")).toBe("6.2.7");
    expect(hello.get("mode")).toBe("standalone");
    // Also while it cannot be reached.
    origin.goDown();
    await local.logged(/was lost/);
    expect(((await client.must("HELLO", "3")) as Map<string, unknown>).get("version")).toBe("6.2.7");
  });

  test.skipIf(!redis.available)(redis.title("is the origin's but for the id"), async () => {
    await using real = await startRedis();
    await using local = await LocalProxy.ready({ origin: real.port });
    using direct = await RespClient.connect({ port: real.port });
    const client = await local.client();
    for (const version of ["2", "3"]) {
      const [ours, theirs] = [await client.must("HELLO", version), await direct.must("HELLO", version)];
      const entries = (reply: unknown) =>
        (reply instanceof Map ? [...reply].flat() : (reply as unknown[])).toSpliced(7, 1);
      expect(entries(ours)).toEqual(entries(theirs) as never);
    }
  });

  test("waits for an origin that was never reached, and later requests wait too", async () => {
    using origin = new FakeOrigin({ version: "6.2.7" });
    origin.goDown();
    await using local = await LocalProxy.start({ origin: origin.port });
    const client = await local.client();
    const replies = [client.ask("HELLO", "3"), client.ask("ECHO", "behind")];
    await local.logged(/cannot be reached/);
    origin.comeBack();
    const [hello, behind] = await Promise.all(replies);
    expect((hello as Map<string, unknown>).get("version")).toBe("6.2.7");
    expect(behind).toBe("behind");
  });

  test("waits no longer than connecting may take, and then names the version of the commands", async () => {
    const port = await freePort();
    await using local = await LocalProxy.start({ origin: port, originConnectTimeoutMs: 100 });
    const client = await local.client();
    const startedAt = performance.now();
    const hello = (await client.must("HELLO", "3")) as Map<string, unknown>;
    expect(performance.now() - startedAt).toBeGreaterThan(95);
    expect([hello.get("server"), hello.get("version"), hello.get("proto")]).toEqual([
      "redis",
      REDIS_VERSION,
      3,
    ]);
    expect(await client.ask("HELLO", "2")).toBeInstanceOf(Array);
    expect(infoField(await client.must("INFO"), "redis_version")).toBe(REDIS_VERSION);
  });

  test("of a client that disconnects while it waits disturbs no other", async () => {
    const port = await freePort();
    await using local = await LocalProxy.start({ origin: port, originConnectTimeoutMs: 50 });
    const [gone, client] = await local.clients(2);
    void gone!.ask("HELLO", "3").catch(() => {});
    gone!.close();
    expect(await client!.must("HELLO", "3")).toBeInstanceOf(Map);
    expect(await client!.must("PING")).toBe("PONG");
  });
});

describe("GLASS.HEALTH", () => {
  test("is OK while the origin answers, and otherwise says what is wrong", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({
      ...{ origin: origin.port, heartbeatMs: 20, heartbeatTimeoutMs: 40 },
    });
    const client = await local.client();
    expect(await client.must("GLASS.HEALTH")).toBe("OK");
    origin.goSilent();
    await local.logged(/has been silent/);
    expect(await client.ask("GLASS.HEALTH")).toMatchObject({ code: "ORIGINTIMEOUT" });
    expect(await client.must("PING")).toBe("PONG");
    origin.speakAgain();
    await local.logged(/answers again/);
    expect(await client.must("glass.health")).toBe("OK");
    origin.goDown();
    await local.logged(/was lost/);
    expect(await client.ask("GLASS.HEALTH")).toMatchObject({ code: "ORIGINDOWN" });
    expect(await client.ask("GLASS.HEALTH", "x")).toMatchObject({
      message: "ERR wrong number of arguments for 'glass.health' command",
    });
  });

  test("names the reason before the origin was ever reached", async () => {
    await using local = await LocalProxy.start({ origin: await freePort() });
    const client = await local.client();
    expect(await client.ask("GLASS.HEALTH")).toMatchObject({ code: "ORIGINDOWN" });
  });

  test("fails if any of several threads has lost the origin", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin);
    const clients = await clientOfEach(threads.supervisor);
    for (const client of clients) expect(await client.must("GLASS.HEALTH")).toBe("OK");
    // No more than those that are there: the thread that loses its channel cannot connect again.
    origin.stopAccepting();
    origin.main.drop();
    for (const client of clients) {
      await until(async () => (await client.ask("GLASS.HEALTH")) !== "OK");
      expect(await client.ask("GLASS.HEALTH")).toMatchObject({ code: "ORIGINDOWN" });
      expect(await client.must("PING")).toBe("PONG");
      client.close();
    }
  });

  test("in a program as users start it", async () => {
    await using server = await startGlasscache(["server", "--engine", "memory"]);
    await using proxy = await startGlasscache([
      "proxy",
      "--origin",
      `127.0.0.1:${server.port}`,
      "--threads",
      "2",
    ]);
    using client = await RespClient.connect({ port: proxy.port });
    await until(async () => (await client.ask("GLASS.HEALTH")) === "OK");
    await server.kill();
    await until(async () => (await client.ask("GLASS.HEALTH")) !== "OK");
    expect(await client.must("PING")).toBe("PONG");
  });
});
