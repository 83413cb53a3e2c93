/**
 * An origin that is busy or stopped for a while. The cache may serve nothing meanwhile, but no client loses its
 * connection.
 */
import { describe, expect, test } from "bun:test";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { type RunningServer, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { clientOfEach, infoField, startThreads } from "../../test/support/threads.ts";
import { until } from "../../test/support/until.ts";

const redis = requireProgram("redis-server");
const QUICK = { heartbeatMs: 20, heartbeatTimeoutMs: 60 };
const ENDLESS = "while true do end";

/** Stops the whole process of the origin, and lets it go on. */
function standStill(origin: RunningServer): () => void {
  const { pid } = origin.program;
  process.kill(pid, "SIGSTOP");
  return () => process.kill(pid, "SIGCONT");
}

describe.skipIf(!redis.available)(redis.title("an origin that stands still"), () => {
  test("makes all clients wait, and then answers all", async () => {
    await using origin = await startRedis();
    await using local = await LocalProxy.ready({ origin: origin.port, ...QUICK });
    const [client, writer, blocked, subscriber] = await local.clients(4, { version: 3 });
    await client!.must("SET", "a", "1");
    await client!.must("GET", "a");
    // In RESP3 the answer is a push message.
    subscriber!.ask("SUBSCRIBE", "news").catch(() => {});
    await until(async () => subscriber!.pushes.length === 1);
    const popped = blocked!.must("BLPOP", "list", "0");
    await until(async () => infoField(await client!.must("INFO"), "origin_connections_dedicated") === "2");
    const goOn = standStill(origin);
    const waiting = [
      writer!.must("SET", "b", "1"),
      writer!.must("EVAL", "return redis.call('set', 'c', '1')", "0"),
      writer!.must("HGETALL", "h"),
    ];
    await local.logged(/has been silent for 60 ms/);
    const read = client!.must("GET", "a");
    // Cached entries are not served, but not dropped either.
    await until(async () => local.proxy.stats.misses >= 2);
    goOn();
    await Promise.all(waiting);
    expect(await read).toBe("1");
    await local.logged(/answers again/);
    expect(await client!.must("LPUSH", "list", "x")).toBe(1);
    expect(await popped).toEqual(["list", "x"]);
    await client!.must("PUBLISH", "news", "!");
    await until(async () => subscriber!.pushes.length === 2);
    // On a slow machine the channel may still be unproven for moments.
    await until(async () => (await client!.must("GET", "a")) === "1" && local.proxy.stats.hits > 0);
    expect(local.proxy.stats).toMatchObject({ channelLosses: 0, unknownOutcomes: 0 });
    expect(local.messages.map(({ message }) => message).join()).not.toContain("connecting again");
  });

  test("makes several threads wait, and no thread drops the cache", async () => {
    await using origin = await startRedis();
    await using threads = await startThreads(origin, { threads: 2, ...QUICK });
    const clients = await clientOfEach(threads.supervisor);
    const scripting = await clientOfEach(threads.supervisor);
    for (const client of clients) {
      await until(async () => infoField(await client.must("INFO"), "origin_link_status") === "up");
    }
    await clients[0]!.must("SET", "a", "1");
    await clients[1]!.must("GET", "a");
    const goOn = standStill(origin);
    // Its reply waits for a fence through both threads.
    const scripts = scripting.map((client) => client.must("EVAL", "return 1", "0"));
    for (const client of clients) {
      await until(async () => infoField(await client.must("INFO"), "origin_link_status") === "silent");
    }
    goOn();
    expect(await Promise.all(scripts)).toEqual([1, 1]);
    const hits = async (): Promise<number> => Number(infoField(await clients[0]!.must("INFO"), "cache_hits"));
    const before = await hits();
    await until(async () => {
      expect(await clients[0]!.must("GET", "a")).toBe("1");
      return (await hits()) > before;
    });
    expect(infoField(await clients[0]!.must("INFO"), "channel_losses")).toBe("0");
    for (const client of [...clients, ...scripting]) client.close();
  });
});

test.skipIf(!redis.available)(
  redis.title("writes that are paused at the origin wait until they are not"),
  async () => {
    await using origin = await startRedis({ args: ["--requirepass", "secret"] });
    await using local = await LocalProxy.ready({
      origin: `redis://:secret@127.0.0.1:${origin.port}`,
      ...QUICK,
    });
    using direct = await RespClient.connect({ port: origin.port });
    await direct.must("AUTH", "secret");
    const [writer, reader] = await local.clients(2);
    await direct.must("CLIENT", "PAUSE", "600000", "WRITE");
    const written = writer!.must("SET", "a", "1");
    await local.logged(/has been silent/);
    const read = reader!.must("GET", "a");
    // A second connection is tried and partly answered. That is no reason to give up the first.
    await until(async () => String(await direct.must("CLIENT", "LIST")).includes("cmd=publish"));
    await direct.must("CLIENT", "UNPAUSE");
    expect(await written).toBe("OK");
    expect(await read).toBe("1");
    expect(local.proxy.stats).toMatchObject({ channelLosses: 0, unknownOutcomes: 0 });
  },
);

describe.skipIf(!redis.available)(redis.title("an origin that runs a script for too long"), () => {
  const ARGS = ["--lua-time-limit", "50"];

  test("answers other clients that it is busy, and can be told to end the script", async () => {
    await using origin = await startRedis({ args: ARGS });
    await using local = await LocalProxy.ready({ origin: origin.port, ...QUICK });
    const [scripting, other, killing] = await local.clients(3);
    await other!.must("HSET", "h", "f", "v");
    const script = scripting!.ask("EVAL", ENDLESS, "0");
    await until(async () => String(await other!.ask("HGETALL", "h")).includes("BUSY"));
    expect(String(await other!.ask("GET", "a"))).toContain("BUSY");
    expect(String(await other!.ask("SET", "a", "1"))).toContain("BUSY");
    expect(await killing!.must("SCRIPT", "KILL")).toBe("OK");
    expect(String(await script)).toContain("Script killed by user");
    expect(await other!.must("HGETALL", "h")).toEqual(["f", "v"]);
  });

  test("can be told to end a function, too", async () => {
    await using origin = await startRedis({ args: ARGS });
    await using local = await LocalProxy.ready({ origin: origin.port, ...QUICK });
    const [calling, other] = await local.clients(2);
    const code = `#!lua name=lib\nredis.register_function('endless', function() ${ENDLESS} end)`;
    await other!.must("FUNCTION", "LOAD", code);
    const call = calling!.ask("FCALL", "endless", "0");
    await until(async () => String(await other!.ask("GET", "a")).includes("BUSY"));
    expect(String(await other!.ask("FUNCTION", "STATS"))).toContain("running_script");
    expect(await other!.must("FUNCTION", "KILL")).toBe("OK");
    expect(String(await call)).toContain("Script killed by user");
  });

  test("that takes no more clients says so, in the log and to clients", async () => {
    await using origin = await startRedis({ args: ["--maxclients", "1"] });
    using direct = await RespClient.connect({ port: origin.port });
    await direct.must("PING");
    await using local = await LocalProxy.start({ origin: origin.port });
    const refusal = "the origin refused the connection: ERR max number of clients reached";
    await local.logged(new RegExp(`^${refusal}; nothing is served from the cache`));
    const client = await local.client();
    expect(String(await client.ask("GET", "a"))).toContain(`ORIGINDOWN ${refusal}`);
    await direct.must("CONFIG", "SET", "maxclients", "100");
    await local.logged(/^connected to origin/);
    expect(await client.must("GET", "a")).toBeNull();
  });

  test("when the proxy connects is reached as soon as it is no longer busy", async () => {
    await using origin = await startRedis({ args: ARGS });
    using direct = await RespClient.connect({ port: origin.port });
    using killing = await RespClient.connect({ port: origin.port });
    const script = direct.ask("EVAL", ENDLESS, "0");
    await until(async () => String(await killing.ask("GET", "a")).includes("BUSY"));
    await using local = await LocalProxy.start({ origin: `redis://127.0.0.1:${origin.port}/3`, ...QUICK });
    await local.logged(/busy/i);
    const client = await local.client();
    expect(String(await client.ask("GET", "a"))).toContain("BUSY");
    expect(await client.must("SCRIPT", "KILL")).toBe("OK");
    expect(String(await script)).toContain("Script killed by user");
    await local.logged(/which sends invalidations/);
    await client.must("SET", "a", "1");
    await until(async () => {
      expect(await client.must("GET", "a")).toBe("1");
      return local.proxy.stats.hits > 0;
    });
    expect(infoField(await client.must("INFO"), "origin_tracking")).toBe("1");
  });
});
