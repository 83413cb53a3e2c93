import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Redis } from "ioredis";
import { until } from "../support/until.ts";
import {
  eachTarget,
  hasAllOfRedis,
  mayRunScripts,
  nodeTls,
  startTarget,
  type Target,
  urlOf,
} from "./targets.ts";

eachTarget((kind, title, canRun) => {
  describe.skipIf(!canRun)(`ioredis with ${title}`, () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(kind);
    });
    afterAll(() => target[Symbol.asyncDispose]());

    const connect = (): Redis & Disposable => {
      const client = new Redis(urlOf(target), { tls: nodeTls(target) });
      client.on("error", () => {});
      return Object.assign(client, { [Symbol.dispose]: () => client.disconnect() });
    };

    test("strings, numbers and expiry", async () => {
      using client = connect();
      expect(await client.set("greeting", "grüß dich")).toBe("OK");
      expect(await client.get("greeting")).toBe("grüß dich");
      expect((await client.getBuffer("greeting"))?.length).toBe(11);
      expect(await client.set("greeting", "x", "NX")).toBeNull();
      expect(await client.getset("greeting", "new")).toBe("grüß dich");
      expect(await client.getrange("greeting", 0, 1)).toBe("ne");
      await client.mset({ a: "1", b: "2" });
      expect(await client.mget("a", "none", "b")).toEqual(["1", null, "2"]);
      expect(await client.decrby("a", 11)).toBe(-10);
      expect(await client.incrbyfloat("a", 0.5)).toBe("-9.5");
      expect(await client.psetex("short-lived", 60_000, "value")).toBe("OK");
      expect(await client.get("short-lived")).toBe("value");
      expect(await client.psetex("short-lived", 1, "value")).toBe("OK");
      await until(async () => (await client.get("short-lived")) === null);
      expect(await client.expire("b", 100)).toBe(1);
      expect(await client.ttl("b")).toBeWithin(60, 101);
      expect(await client.persist("b")).toBe(1);
      expect(await client.ttl("b")).toBe(-1);
      expect(await client.unlink("a", "b")).toBe(2);
    });

    test("errors are the server's", async () => {
      using client = connect();
      await client.set("text", "not a number");
      await expect(client.incr("text")).rejects.toThrow("ERR value is not an integer or out of range");
      await expect(client.call("NO.SUCH.COMMAND")).rejects.toThrow("unknown command");
      await expect(client.call("GET")).rejects.toThrow("wrong number of arguments for 'get' command");
    });

    test("pipelines and transactions", async () => {
      using client = connect();
      const pipeline = client.pipeline();
      for (let i = 0; i < 500; i++) pipeline.set(`p:${i}`, i).get(`p:${i}`);
      const replies = await pipeline.exec();
      expect(replies?.map(([error, reply]) => error ?? reply)).toEqual(
        Array.from({ length: 500 }, (_, i) => ["OK", String(i)]).flat(),
      );
      expect(await client.multi().set("m", 1).incr("m").exec()).toEqual([
        [null, "OK"],
        [null, 2],
      ]);
      expect(await client.get("m")).toBe("2");
      using other = connect();
      await client.watch("m");
      await other.set("m", "changed");
      expect(await client.multi().set("m", "lost").exec()).toBeNull();
      expect(await client.get("m")).toBe("changed");
    });

    test("a walk through all keys", async () => {
      using client = connect();
      const keys = Array.from({ length: 300 }, (_, i) => `walk:${i}`);
      await client.mset(keys.flatMap((key) => [key, "x"]));
      const seen = new Set<string>();
      for await (const batch of client.scanStream({ match: "walk:*", count: 20 })) {
        for (const key of batch as string[]) seen.add(key);
      }
      expect([...seen].sort()).toEqual(keys.sort());
    });

    test("it connects again after its connection was killed", async () => {
      using client = connect();
      await client.set("kept", "yes");
      const id = await client.client("ID");
      using other = connect();
      const again = new Promise((resolve) => client.once("ready", resolve));
      await other.client("KILL", "ID", id);
      await again;
      expect(await client.get("kept")).toBe("yes");
    });

    test("it lives through a restart of what it talks to", async () => {
      using client = connect();
      await client.ping();
      await target.running.kill();
      const pong = client.ping();
      await target.running.restart();
      expect(await pong).toBe("PONG");
      expect(await client.set("after", "restart")).toBe("OK");
      expect(await client.get("after")).toBe("restart");
    });

    if (!hasAllOfRedis(kind)) return;

    test("hashes, lists and scripts", async () => {
      using client = connect();
      await client.hset("hash", { one: 1, two: 2 });
      expect(await client.hgetall("hash")).toEqual({ one: "1", two: "2" });
      await client.lpush("list", "a", "b");
      expect(await client.lrange("list", 0, -1)).toEqual(["b", "a"]);
      if (!mayRunScripts(kind)) return;
      expect(await client.eval("return {KEYS[1], ARGV[1], 3}", 1, "k", "v")).toEqual(["k", "v", 3]);
      client.defineCommand("double", {
        numberOfKeys: 1,
        lua: "return redis.call('INCRBY', KEYS[1], redis.call('GET', KEYS[1]))",
      });
      await client.set("number", 21);
      expect(await client.get("number")).toBe("21");
      expect(await (client as unknown as { double(key: string): Promise<number> }).double("number")).toBe(42);
      expect(await client.get("number")).toBe("42");
    });

    test("messages to subscribers, and commands that wait", async () => {
      using subscriber = connect();
      using client = connect();
      const received: string[] = [];
      const all = new Promise<void>((resolve) => {
        subscriber.on("message", (channel, message) => {
          received.push(`${channel} ${message}`);
          if (received.length === 2) resolve();
        });
      });
      expect(await subscriber.subscribe("one", "two")).toBe(2);
      await client.publish("one", "first");
      await client.publish("two", "second");
      await all;
      expect(received).toEqual(["one first", "two second"]);
      expect(await subscriber.unsubscribe("one", "two")).toBe(0);
      using waiting = connect();
      const popped = waiting.brpop("queue", 0);
      await client.lpush("queue", "job");
      expect(await popped).toEqual(["queue", "job"]);
    });
  });
});
