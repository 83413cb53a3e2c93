import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { RespClient } from "../../../test/support/resp-client.ts";
import { clientOfEach, infoField, startThreads } from "../../../test/support/threads.ts";
import { until } from "../../../test/support/until.ts";
import { DEFAULT_LIMITS } from "../../net/limits.ts";
import { Supervisor } from "./supervisor.ts";

describe("a proxy of several threads", () => {
  test("one thread's fill is a hit in all; one thread's invalidation reaches all", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin);
    const clients = await clientOfEach(threads.supervisor);
    const [one, other, third] = clients as [RespClient, RespClient, RespClient];
    await one.must("SET", "key", "value");
    expect(await one.must("GET", "key")).toBe("value");
    const before = origin.count("GET", "key");
    for (const client of clients) expect(await client.must("GET", "key")).toBe("value");
    expect(origin.count("GET", "key")).toBe(before);

    await other.must("SET", "key", "changed");
    for (const client of clients) expect(await client.must("GET", "key")).toBe("changed");
    await third.must("DEL", "key");
    for (const client of clients) expect(await client.must("GET", "key")).toBeNull();
    for (const client of clients) client.close();
  });

  test("an acknowledged write is seen by all threads, whether or not fills are under way", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 2 });
    const [one, other] = (await clientOfEach(threads.supervisor)) as [RespClient, RespClient];
    await one.must("SET", "key", "old");
    // The thread of `one` has asked for the value; the answer is on its way while the other thread writes.
    origin.holdFrom("GET", "key");
    const early = one.ask("GET", "key");
    await origin.received(1, "GET", "key");
    await other.must("SET", "key", "new");
    origin.releaseAll();
    await early;
    expect(await one.must("GET", "key")).toBe("new");
    expect(await other.must("GET", "key")).toBe("new");
    for (const client of [one, other]) client.close();
  });

  test("commands about clients and counters concern all threads", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin);
    const clients = await clientOfEach(threads.supervisor);
    const [one, other, third] = clients as [RespClient, RespClient, RespClient];
    for (const [index, client] of clients.entries())
      await client.must("CLIENT", "SETNAME", `client-${index}`);
    const list = String(await one.must("CLIENT", "LIST"));
    for (const index of clients.keys()) expect(list).toContain(`name=client-${index} `);
    expect(list.trim().split("\n").length).toBe(clients.length);
    expect(infoField(await other.must("INFO", "proxy"), "proxy_clients")).toBe(String(clients.length));
    expect(infoField(await other.must("INFO", "proxy"), "proxy_threads")).toBe("3");

    const id = String(await third.must("CLIENT", "ID"));
    expect(await one.must("CLIENT", "KILL", "ID", id)).toBe(1);
    await third.closed;
    expect(await one.must("CLIENT", "KILL", "ID", id)).toBe(0);
    expect(await one.must("CONFIG", "SET", "policy", "lru")).toBe("OK");
    expect(String(await other.must("CONFIG", "GET", "policy"))).toContain("lru");
    expect(await one.must("CONFIG", "RESETSTAT")).toBe("OK");
    for (const client of clients) client.close();
  });

  test("the limit of connections holds over all of them", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { limits: { ...DEFAULT_LIMITS, connections: 8 } });
    const { port } = threads.supervisor;
    const clients: RespClient[] = [];
    for (let i = 0; i < 8; i++) {
      const client = await RespClient.connect({ port });
      expect(await client.must("PING")).toBe("PONG");
      clients.push(client);
    }
    const refused = await RespClient.connect({ port });
    expect(String(await refused.ask("PING").catch((error: Error) => error))).toMatch(
      /max number of clients reached|connection/i,
    );
    for (const client of [...clients, refused]) client.close();
  });

  test("a thread that dies under load is replaced; the others go on, and nothing stays locked", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin);
    const { supervisor, messages } = threads;
    let answered = 0;
    let running = true;
    const load = Array.from({ length: 12 }, async (_, index) => {
      while (running) {
        try {
          using client = await RespClient.connect({ port: supervisor.port });
          while (running) {
            const key = `key-${(answered + index) % 50}`;
            await Promise.all([
              client.must("SET", key, "value"),
              client.must("GET", key),
              client.must("GET", key),
            ]);
            answered++;
          }
        } catch {
          // Its thread has died: another connection reaches a living one.
        }
      }
    });
    for (let round = 0; round < 6; round++) {
      const begun = answered;
      await until(() => answered >= begun + 100);
      await supervisor.killThread(round % supervisor.threadCount);
      await until(() => supervisor.restarts > round);
    }
    const since = answered;
    await until(() => answered >= since + 300);
    running = false;
    await Promise.all(load);
    expect(supervisor.restarts).toBe(6);
    expect(messages.filter((message) => message.includes("has died and is replaced")).length).toBe(6);
    const clients = await clientOfEach(supervisor);
    for (const client of clients) {
      expect(await client.must("SET", "key-1", "last")).toBe("OK");
      expect(await client.must("GET", "key-1")).toBe("last");
      client.close();
    }
  }, 60_000);

  test("hits are served as before after a thread was replaced", async () => {
    await using origin = new FakeOrigin();
    // A thread that replaces another begins at least 200 ms later than the first ones. If its clock were behind
    // theirs by that much, it would prove none of their entries.
    const heartbeat = { heartbeatMs: 50, heartbeatTimeoutMs: 150 };
    await using threads = await startThreads(origin, { threads: 2, ...heartbeat });
    const { supervisor } = threads;
    await supervisor.killThread(0);
    await until(async () => supervisor.restarts === 1);
    const clients = await clientOfEach(supervisor);
    // On a slow machine the origin may seem dead now and then.
    await until(async () => (await clients[0]!.ask("SET", "key", "value")) === "OK");
    await until(async () => {
      const asked = origin.count("GET", "key");
      const values = [];
      for (const client of clients) values.push(await client.ask("GET", "key"));
      return values.every((value) => value === "value") && origin.count("GET", "key") === asked;
    });
    for (const client of clients) client.close();
  });

  test("a dead thread's counts stay until the counters are reset", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 2 });
    const { supervisor } = threads;
    const [one, other] = (await clientOfEach(supervisor)) as [RespClient, RespClient];
    for (let i = 0; i < 10; i++) await one.must("GET", "none");
    await until(async () => infoField(await other.must("INFO", "cache"), "cache_misses") === "10");
    const commands = Number(infoField(await other.must("INFO", "proxy"), "proxy_commands_processed"));
    await supervisor.killThread(0);
    await until(async () => supervisor.restarts === 1);
    expect(infoField(await other.must("INFO", "cache"), "cache_misses")).toBe("10");
    expect(
      Number(infoField(await other.must("INFO", "proxy"), "proxy_commands_processed")),
    ).toBeGreaterThanOrEqual(commands);
    // A reset waits for all threads that are alive.
    await other.must("CONFIG", "RESETSTAT");
    expect(infoField(await other.must("INFO", "cache"), "cache_misses")).toBe("0");
    for (const client of [one, other]) client.close();
  });

  test("closing ends all threads, and none counts as dead", async () => {
    await using origin = new FakeOrigin();
    const { supervisor, messages } = await startThreads(origin, { threads: 2 });
    const client = await RespClient.connect({ port: supervisor.port });
    await client.must("SET", "key", "value");
    await supervisor.close();
    await client.closed;
    expect(supervisor.restarts).toBe(0);
    expect(messages.filter((message) => message.includes("died"))).toEqual([]);
    await origin.until(() => origin.openConnections.length === 0);
  });

  test("a port of another program is an error, and so is an impossible number of threads", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 1 });
    const options = { host: "127.0.0.1", origin: `127.0.0.1:${origin.port}` };
    await expect(Supervisor.open({ ...options, port: threads.supervisor.port, threads: 2 })).rejects.toThrow(
      "the port is in use by another program",
    );
    await expect(Supervisor.open({ ...options, port: 0, threads: 0 })).rejects.toThrow("from 1 to 256");
  });
});
