import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { RedisClient } from "bun";
import { until } from "../support/until.ts";
import { eachTarget, hasAllOfRedis, nodeTls, startTarget, type Target, urlOf } from "./targets.ts";

eachTarget((kind, title, canRun) => {
  describe.skipIf(!canRun)(`Bun's client with ${title}`, () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(kind);
    });
    afterAll(() => target[Symbol.asyncDispose]());

    const connect = (): RedisClient & Disposable => {
      const client = new RedisClient(urlOf(target), { tls: nodeTls(target) ?? false });
      return Object.assign(client, { [Symbol.dispose]: () => client.close() });
    };

    test("strings, numbers and expiry", async () => {
      using client = connect();
      expect(await client.set("name", "Žofie")).toBe("OK");
      expect(await client.get("name")).toBe("Žofie");
      expect(await client.exists("name")).toBe(true);
      expect(await client.incr("count")).toBe(1);
      expect(await client.incr("count")).toBe(2);
      expect(await client.decr("count")).toBe(1);
      expect(await client.mget("name", "none", "count")).toEqual(["Žofie", null, "1"]);
      expect(await client.send("SET", ["short-lived", "x", "PX", "60000"])).toBe("OK");
      expect(await client.get("short-lived")).toBe("x");
      expect(await client.send("PEXPIRE", ["short-lived", "1"])).toBe(1);
      await until(async () => (await client.get("short-lived")) === null);
      expect(await client.expire("name", 100)).toBe(1);
      expect(await client.ttl("name")).toBeWithin(60, 101);
      expect(await client.del("name")).toBe(1);
      expect(await client.get("name")).toBeNull();
    });

    test("requests at once, and a transaction among them", async () => {
      using client = connect();
      const numbers = await Promise.all(Array.from({ length: 500 }, () => client.incr("pipelined")));
      expect(numbers).toEqual(Array.from({ length: 500 }, (_, i) => i + 1));
      const replies = await Promise.all([
        client.send("MULTI", []),
        client.send("SET", ["tx", "1"]),
        client.send("INCR", ["tx"]),
        client.send("EXEC", []),
        client.get("tx"),
      ]);
      expect(replies).toEqual(["OK", "QUEUED", "QUEUED", ["OK", 2], "2"]);
    });

    test("a walk through all keys", async () => {
      using client = connect();
      const keys = Array.from({ length: 200 }, (_, i) => `walk:${i}`);
      await client.send(
        "MSET",
        keys.flatMap((key) => [key, "x"]),
      );
      const seen = new Set<string>();
      let cursor = "0";
      do {
        const [next, batch] = (await client.send("SCAN", [cursor, "MATCH", "walk:*"])) as [string, string[]];
        for (const key of batch) seen.add(key);
        cursor = next;
      } while (cursor !== "0");
      expect([...seen].sort()).toEqual(keys.sort());
    });

    test("it connects again after its connection was killed", async () => {
      using client = connect();
      await client.set("kept", "yes");
      const id = String(await client.send("CLIENT", ["ID"]));
      using other = connect();
      expect(await other.send("CLIENT", ["KILL", "ID", id])).toBe(1);
      // What is asked before the client has noticed is lost with the connection.
      const kept = await client.get("kept").catch(() => client.get("kept"));
      expect(kept).toBe("yes");
    });

    if (!hasAllOfRedis(kind)) return;

    test("hashes, sets and messages to subscribers", async () => {
      using client = connect();
      await client.hmset("hash", ["one", "1", "two", "2"]);
      expect(await client.hmget("hash", ["one", "two"])).toEqual(["1", "2"]);
      await client.sadd("set", "x");
      expect(await client.smembers("set")).toEqual(["x"]);
      using subscriber = connect();
      const subscribed = Promise.withResolvers<unknown>();
      const message = new Promise<string>((resolve) => {
        void subscriber.subscribe("news", resolve).then(subscribed.resolve);
      });
      await subscribed.promise;
      expect(await client.publish("news", "hello")).toBe(1);
      expect(await message).toBe("hello");
    });
  });
});
