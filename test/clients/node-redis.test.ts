import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createClient, RESP_TYPES, WatchError } from "redis";
import { until } from "../support/until.ts";
import {
  eachTarget,
  hasAllOfRedis,
  mayRunScripts,
  nodeTls,
  startTarget,
  type Target,
  tracksForClients,
  urlOf,
} from "./targets.ts";

eachTarget((kind, title, canRun) => {
  describe.skipIf(!canRun)(`node-redis with ${title}`, () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(kind);
    });
    afterAll(() => target[Symbol.asyncDispose]());

    const place = () => {
      const tls = nodeTls(target);
      const url = urlOf(target);
      return tls === undefined ? { url } : { url, socket: { tls: true as const, ...tls } };
    };
    const connect = async (RESP: 2 | 3 = 3) => {
      const client = createClient({ ...place(), RESP });
      // A client without a listener treats a lost connection as a fault of the program.
      client.on("error", () => {});
      return client.connect();
    };

    test.each([2, 3] as const)("strings, numbers and expiry over RESP%i", async (version) => {
      const client = await connect(version);
      const key = `string:${version}`;
      expect(await client.set(key, "värde")).toBe("OK");
      expect(await client.get(key)).toBe("värde");
      expect(await client.append(key, "!")).toBe(7);
      expect(await client.get(key)).toBe("värde!");
      expect(await client.set(key, "other", { condition: "NX" })).toBeNull();
      expect(await client.set(key, "other", { GET: true })).toBe("värde!");
      await client.mSet({ [`${key}:a`]: "1", [`${key}:b`]: "2" });
      expect(await client.mGet([`${key}:a`, `${key}:none`, `${key}:b`])).toEqual(["1", null, "2"]);
      expect(await client.incrBy(`${key}:a`, 41)).toBe(42);
      expect(await client.get(`${key}:a`)).toBe("42");
      expect(await client.exists([key, `${key}:a`, `${key}:none`])).toBe(2);
      expect(await client.set(key, "short-lived", { expiration: { type: "PX", value: 60_000 } })).toBe("OK");
      expect(await client.get(key)).toBe("short-lived");
      expect(await client.pTTL(key)).toBeWithin(1, 60_001);
      expect(await client.pExpire(key, 1)).toBe(1);
      await until(async () => (await client.get(key)) === null);
      expect(await client.del([`${key}:a`, `${key}:b`])).toBe(2);
      client.destroy();
    });

    test("bytes of every value, and many of them", async () => {
      const client = (await connect()).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
      const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
      const large = Buffer.alloc(1024 ** 2, every);
      await client.set("bytes", every);
      await client.set("large", large);
      expect(await client.get("bytes")).toEqual(every);
      expect(await client.get("large")).toEqual(large);
      expect(await client.get("large")).toEqual(large);
      client.destroy();
    });

    test("a transaction, and one that a watched key prevents", async () => {
      const client = await connect();
      const replies: unknown = await client.multi().set("tx", "1").incr("tx").get("tx").exec();
      expect(replies).toEqual(["OK", 2, "2"]);
      expect(await client.get("tx")).toBe("2");
      const other = await connect();
      await client.watch("tx");
      await other.incr("tx");
      await expect(client.multi().set("tx", "lost").exec()).rejects.toThrow(WatchError);
      expect(await client.get("tx")).toBe("3");
      client.destroy();
      other.destroy();
    });

    test("a thousand requests at once", async () => {
      const client = await connect();
      const replies = await Promise.all(Array.from({ length: 1000 }, () => client.incr("pipelined")));
      expect(replies).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
      expect(await Promise.all(Array.from({ length: 100 }, () => client.get("pipelined")))).toEqual(
        Array(100).fill("1000"),
      );
      client.destroy();
    });

    test("a walk through all keys", async () => {
      const client = await connect();
      const keys = Array.from({ length: 500 }, (_, i) => `walk:${i}`);
      await client.mSet(Object.fromEntries(keys.map((key) => [key, "x"])));
      const seen = new Set<string>();
      for await (const batch of client.scanIterator({ MATCH: "walk:*", COUNT: 50 })) {
        for (const key of batch) seen.add(key);
      }
      expect([...seen].sort()).toEqual([...keys].sort());
      client.destroy();
    });

    test("it connects again after its connection was killed", async () => {
      const client = await connect();
      await client.set("kept", "yes");
      const id = await client.clientId();
      const other = await connect();
      const again = new Promise((resolve) => client.once("ready", resolve));
      await other.sendCommand(["CLIENT", "KILL", "ID", String(id)]);
      await again;
      expect(await client.get("kept")).toBe("yes");
      expect(await client.clientId()).not.toBe(id);
      client.destroy();
      other.destroy();
    });

    if (tracksForClients(kind)) {
      test("its own cache hears of changes", async () => {
        const caching = createClient({
          ...place(),
          RESP: 3,
          clientSideCache: { ttl: 0, maxEntries: 100, evictPolicy: "LRU" },
        });
        caching.on("error", () => {});
        await caching.connect();
        const other = await connect();
        await other.set("watched", "0");
        for (let version = 1; version <= 20; version++) {
          await caching.get("watched");
          await other.set("watched", String(version));
          // The message is on its way: it comes before any later reply of that connection.
          await caching.sendCommand(["TOUCH", "nothing"]);
          expect(await caching.get("watched")).toBe(String(version));
        }
        caching.destroy();
        other.destroy();
      });
    }

    if (!hasAllOfRedis(kind)) return;

    test("hashes, lists, sets, sorted sets and streams", async () => {
      const client = await connect();
      await client.hSet("hash", { one: "1", two: "2" });
      expect({ ...(await client.hGetAll("hash")) }).toEqual({ one: "1", two: "2" });
      expect(await client.hIncrBy("hash", "one", 4)).toBe(5);
      await client.rPush("list", ["a", "b", "c"]);
      expect(await client.lRange("list", 0, -1)).toEqual(["a", "b", "c"]);
      await client.sAdd("set", ["x", "y"]);
      expect((await client.sMembers("set")).sort()).toEqual(["x", "y"]);
      await client.zAdd("zset", [
        { value: "low", score: 1.5 },
        { value: "high", score: 2.5 },
      ]);
      expect(await client.zRangeWithScores("zset", 0, -1)).toEqual([
        { value: "low", score: 1.5 },
        { value: "high", score: 2.5 },
      ]);
      await client.xAdd("stream", "1-1", { field: "value" });
      expect(await client.xLen("stream")).toBe(1);
      await expect(client.get("hash")).rejects.toThrow("WRONGTYPE");
      client.destroy();
    });

    if (mayRunScripts(kind)) {
      test("a script that changes a key that was cached", async () => {
        const client = await connect();
        await client.set("scripted", "before");
        expect(await client.get("scripted")).toBe("before");
        expect(await client.get("scripted")).toBe("before");
        await client.eval("return redis.call('SET', KEYS[1], ARGV[1])", {
          keys: ["scripted"],
          arguments: ["after"],
        });
        expect(await client.get("scripted")).toBe("after");
        client.destroy();
      });
    }

    test("messages to subscribers", async () => {
      for (const version of [2, 3] as const) {
        const subscriber = await connect(version);
        const publisher = await connect(version);
        const received: string[] = [];
        const all = new Promise<void>((resolve) => {
          const receive = (message: string, channel: string): void => {
            received.push(`${channel} ${message}`);
            if (received.length === 4) resolve();
          };
          void subscriber
            .subscribe("news", receive)
            .then(() => subscriber.pSubscribe("pattern.*", receive))
            .then(async () => {
              expect(await publisher.publish("news", "one")).toBe(1);
              expect(await publisher.publish("pattern.x", "two")).toBe(1);
              await publisher.publish("news", "three");
              await publisher.publish("pattern.y", "four");
            });
        });
        await all;
        expect(received).toEqual(["news one", "pattern.x two", "news three", "pattern.y four"]);
        await subscriber.unsubscribe("news");
        await subscriber.pUnsubscribe("pattern.*");
        expect(String(await subscriber.ping())).toBe("PONG");
        subscriber.destroy();
        publisher.destroy();
      }
    });

    test("commands that wait, while others go on", async () => {
      const waiting = await connect();
      const other = await connect();
      const popped = waiting.blPop("queue", 0);
      for (let i = 0; i < 10; i++) expect(await other.set("meanwhile", String(i))).toBe("OK");
      await other.rPush("queue", "job");
      expect(await popped).toEqual({ key: "queue", element: "job" });
      expect(await waiting.blPop("queue", 0.05)).toBeNull();
      expect(await waiting.get("meanwhile")).toBe("9");
      waiting.destroy();
      other.destroy();
    });
  });
});
