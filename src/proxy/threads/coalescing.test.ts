import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { RespClient } from "../../../test/support/resp-client.ts";
import { clientOfEach, infoField, startThreads } from "../../../test/support/threads.ts";
import { until } from "../../../test/support/until.ts";

/** Returns the misses that all threads have counted. */
async function misses(client: RespClient): Promise<number> {
  return Number(infoField(await client.must("INFO", "cache"), "cache_misses"));
}

async function clientsOf(port: number, count: number): Promise<RespClient[]> {
  return Promise.all(Array.from({ length: count }, () => RespClient.connect({ port })));
}

describe("threads that miss the same key at once", () => {
  test("make one request of the origin, however many clients ask", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 4 });
    const { supervisor } = threads;
    origin.values.set("cold", "value");
    origin.holdFrom("PTTL", "cold");
    const watcher = await RespClient.connect({ port: supervisor.port });
    const clients = await clientsOf(supervisor.port, 500);
    const replies = clients.map((client) => client.ask("GET", "cold"));
    await until(async () => (await misses(watcher)) === 500);
    origin.releaseAll();
    expect(new Set(await Promise.all(replies))).toEqual(new Set(["value"]));
    expect(origin.count("GET", "cold")).toBe(1);
    expect(origin.count("PTTL", "cold")).toBe(1);
    await until(async () => infoField(await watcher.must("INFO", "cache"), "coalesced_misses") === "499");
    for (const client of [watcher, ...clients]) client.close();
  });

  test("all learn that it does not exist", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 3 });
    const { supervisor } = threads;
    origin.holdFrom("PTTL", "none");
    const watcher = await RespClient.connect({ port: supervisor.port });
    const clients = await clientsOf(supervisor.port, 100);
    const replies = clients.map((client) => client.ask("GET", "none"));
    await until(async () => (await misses(watcher)) === 100);
    origin.releaseAll();
    expect(new Set(await Promise.all(replies))).toEqual(new Set([null]));
    expect(origin.count("GET", "none")).toBe(1);
    for (const client of [watcher, ...clients]) client.close();
  });

  test("ask for themselves if it cannot be stored, or is no string", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 3 });
    const clients = await clientOfEach(threads.supervisor);
    const watcher = await RespClient.connect({ port: threads.supervisor.port });
    const large = "v".repeat(6_000_000);
    origin.values.set("large", large);
    origin.script = ([name, key]) =>
      name === "GET" && key === "list" ? "-WRONGTYPE Operation against a key\r\n" : undefined;
    for (const key of ["large", "list"]) {
      origin.holdFrom("PTTL", key);
      const replies = clients.map((client) => client.ask("GET", key));
      const asked = clients.length * (key === "large" ? 1 : 2);
      await until(async () => (await misses(watcher)) === asked);
      origin.releaseAll();
      for (const reply of await Promise.all(replies)) {
        if (key === "large") expect(reply).toBe(large);
        else expect(String(reply)).toContain("WRONGTYPE");
      }
    }
    for (const client of [watcher, ...clients]) client.close();
  });

  test("do not wait for a flight whose key has been written since", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 2 });
    const [one, other] = (await clientOfEach(threads.supervisor)) as [RespClient, RespClient];
    origin.values.set("key", "old");
    origin.holdFrom("GET", "key");
    const early = one.ask("GET", "key");
    await origin.received(1, "GET", "key");
    await other.must("SET", "key", "new");
    const late = other.ask("GET", "key");
    await origin.received(2, "GET", "key");
    origin.releaseAll();
    expect(await late).toBe("new");
    await early;
    for (const client of [one, other]) client.close();
  });

  test("keep the order of a client's pipeline", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 2 });
    const [one, other] = (await clientOfEach(threads.supervisor)) as [RespClient, RespClient];
    const watcher = await RespClient.connect({ port: threads.supervisor.port });
    origin.values.set("key", "1");
    origin.holdFrom("PTTL", "key");
    const early = one.ask("GET", "key");
    await origin.received(1, "GET", "key");
    const pipeline = [
      other.ask("GET", "key"),
      other.ask("SET", "key", "2"),
      other.ask("GET", "key"),
      other.ask("MGET", "key", "key"),
      other.ask("DEL", "key"),
      other.ask("GET", "key"),
    ];
    await until(async () => (await misses(watcher)) === 2);
    origin.releaseAll();
    expect(await early).toBe("1");
    expect(await Promise.all(pipeline)).toEqual(["1", "OK", "2", ["2", "2"], 1, null]);
    for (const client of [one, other, watcher]) client.close();
  });

  test("store a value that was read behind a write in the same pipeline", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 2 });
    const clients = await clientOfEach(threads.supervisor);
    const [one] = clients as [RespClient, RespClient];
    expect(await Promise.all([one.ask("SET", "key", "1"), one.ask("GET", "key")])).toEqual(["OK", "1"]);
    for (const client of clients) expect(await client.must("GET", "key")).toBe("1");
    expect(origin.count("GET", "key")).toBe(1);
    for (const client of clients) client.close();
  });

  test("continue by themselves when the thread they wait for dies", async () => {
    await using origin = new FakeOrigin();
    await using threads = await startThreads(origin, { threads: 2 });
    const { supervisor } = threads;
    const [one, other] = (await clientOfEach(supervisor)) as [RespClient, RespClient];
    origin.values.set("key", "value");
    origin.holdFrom("PTTL", "key");
    const early = one.ask("GET", "key").catch(() => "cut off");
    await origin.received(1, "GET", "key");
    const late = other.ask("GET", "key");
    await supervisor.killThread(0);
    expect(await early).toBe("cut off");
    await origin.received(2, "GET", "key");
    origin.releaseAll();
    expect(await late).toBe("value");
    for (const client of [one, other]) client.close();
  });
});
