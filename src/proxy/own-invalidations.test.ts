/**
 * Changes that a real Redis makes by itself while it runs a command of the proxy's, and what the proxy's own writes
 * cost the cache.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isDeepStrictEqual } from "node:util";
import { type RunningServer, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { clientOfEach, infoField, startThreads, type Threads } from "../../test/support/threads.ts";
import { until } from "../../test/support/until.ts";

const redis = requireProgram("redis-server");

describe.skipIf(!redis.available).each([1, 2])(redis.title("through %d threads"), (threads) => {
  let origin: RunningServer;
  let proxy: Threads;
  let direct: RespClient;
  let clients: RespClient[];

  beforeAll(async () => {
    origin = await startRedis();
    proxy = await startThreads(origin, { threads });
    direct = await RespClient.connect({ port: origin.port });
    clients = await clientOfEach(proxy.supervisor);
    await until(async () => infoField(await clients[0]!.must("INFO"), "origin_tracking") === "1");
  });
  afterAll(async () => {
    for (const client of [direct, ...clients]) client.close();
    await proxy[Symbol.asyncDispose]();
    await origin[Symbol.asyncDispose]();
  });

  async function reset(): Promise<void> {
    await direct.must("CONFIG", "SET", "maxmemory", "0", "tracking-table-max-keys", "1000000");
    await direct.must("FLUSHALL");
    for (const client of clients) await client.must("PING");
  }

  async function hits(): Promise<number> {
    return Number(infoField(await clients[0]!.must("INFO", "cache"), "cache_hits"));
  }

  /**
   * Asks all threads until they agree with the origin, since an invalidation may be on its way. The origin is asked
   * anew each time, because a question may make it evict more.
   */
  async function agreed(...command: string[]): Promise<unknown> {
    let wanted: unknown;
    await until(async () => {
      wanted = await direct.must(...command);
      const replies = await Promise.all(clients.map((client) => client.must(...command)));
      return replies.every((reply) => isDeepStrictEqual(reply, wanted));
    });
    return wanted;
  }

  test.each(["1", "2", "10"])("a table of tracked keys with room for %s", async (limit) => {
    await reset();
    await direct.must("CONFIG", "SET", "tracking-table-max-keys", limit);
    const keys = Array.from({ length: 30 }, (_, index) => `k${index}`);
    for (let round = 0; round < 5; round++) {
      await direct.must("MSET", ...keys.flatMap((key) => [key, `v${round}`]));
      for (const client of clients) for (const key of keys) await client.must("GET", key);
      await direct.must("MSET", ...keys.flatMap((key) => [key, `w${round}`]));
      await agreed("MGET", ...keys);
    }
  });

  test.each([
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
  ])("eviction by %s while commands of the proxy's run", async (policy) => {
    await reset();
    const used = Number(infoField(await direct.must("INFO", "memory"), "used_memory"));
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    for (const key of keys) await direct.must("SET", key, "v".repeat(1000), "EX", "1000");
    for (const client of clients) for (const key of keys) await client.must("GET", key);
    await direct.must("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", String(used + 300_000));
    for (let n = 0; (await direct.must("EXISTS", ...keys)) === keys.length; n++) {
      const client = clients[n % clients.length]!;
      await client.ask("SET", `filler${n}`, "x".repeat(20_000), "EX", "2000");
      await client.ask("GET", `filler${n}`);
    }
    const left = (await agreed("MGET", ...keys)) as unknown[];
    expect(left).toContain(null);
  });

  test("keys that expire while the proxy's commands look at them", async () => {
    await reset();
    const client = clients[0]!;
    for (let n = 0; n < 20; n++) {
      await client.must("SET", "k", "v", "PX", "5");
      await client.must("GET", "k");
      await until(async () => (await client.must("EXISTS", "k")) === 0);
      expect(await client.must("GET", "k")).toBeNull();
      await direct.must("SET", "k", "new");
      await agreed("GET", "k");
    }
  });

  test("a fill behind the proxy's own write is kept: writes and reads in turn", async () => {
    await reset();
    const before = await hits();
    for (const client of clients) {
      for (let n = 0; n < 50; n++) {
        // Pipelined: the fill is under way when the invalidation arrives.
        const [, first, second] = await Promise.all([
          client.must("SET", "k", String(n)),
          client.must("GET", "k"),
          client.must("GET", "k"),
        ]);
        expect([first, second]).toEqual([String(n), String(n)]);
        expect(await client.must("GET", "k")).toBe(String(n));
      }
    }
    // The last fill of each round, apart from a few: an invalidation that comes late (on a busy machine, or through
    // another thread) voids the fill.
    expect((await hits()) - before).toBeGreaterThanOrEqual(clients.length * (clients.length === 1 ? 40 : 25));
  });

  test("a mix of writes and reads keeps its hits", async () => {
    await reset();
    const client = clients[0]!;
    const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
    for (const key of keys) await client.must("SET", key, "0");
    const before = await hits();
    for (let n = 0; n < 100; n++) {
      for (const key of keys) await client.must("GET", key);
      await client.must("SET", keys[n % keys.length]!, String(n));
    }
    // All but the first read of each, and one read behind each write.
    expect((await hits()) - before).toBeGreaterThanOrEqual(1000 - 10 - 99);
  });
});
