/** To its clients a proxy in front of a cluster is one server: state of connections, scripts, administration. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { hashSlotOf } from "../../src/lib/hash-slot.ts";
import { ReplyError } from "../../src/protocol/reply-value.ts";
import { LocalProxy } from "../support/local-proxy.ts";
import { RedisCluster, requireClusterServer } from "../support/redis-cluster.ts";
import { RespClient } from "../support/resp-client.ts";
import { until } from "../support/until.ts";

const server = requireClusterServer();
/** In slots of the first, the second and the third node. */
const [OF_FIRST, OF_SECOND, OF_THIRD] = ["b", "c", "a"] as const;
const EACH = [OF_FIRST, OF_SECOND, OF_THIRD] as const;
const NO_CLUSTER = "ERR This instance has cluster support disabled";

const slotOf = (key: string): number => hashSlotOf(new TextEncoder().encode(key), 0, key.length);

describe.skipIf(!server.available)(server.title("one server"), () => {
  let cluster: RedisCluster;
  let proxy: LocalProxy;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
    proxy = await LocalProxy.ready({ origin: cluster.address([cluster.nodes[0]!]) });
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  async function clients(...versions: (2 | 3)[]): Promise<RespClient[]> {
    return Promise.all(versions.map((version) => RespClient.connect({ port: proxy.port, version })));
  }

  describe("a transaction", () => {
    test.each(EACH)("is executed at the node of its first key (%s), whatever comes before", async (key) => {
      const [client, other] = (await clients(3, 2)) as [RespClient, RespClient];
      for (const one of [client, other]) {
        await one.must("DEL", key);
        const replies = await Promise.all(
          [["GET", key], ["MULTI"], ["INCR", key], ["GET", key], ["EXEC"], ["GET", key]].map((command) =>
            one.must(...command),
          ),
        );
        expect(replies).toEqual([null, "OK", "QUEUED", "QUEUED", [1, "1"], "1"]);
        expect(await one.must("MULTI")).toBe("OK");
        expect(await one.must("DISCARD")).toBe("OK");
        expect(String(await one.ask("EXEC"))).toContain("ERR EXEC without MULTI");
        one.close();
      }
    });

    test("with keys of another node, or about all nodes, is not executed at all", async () => {
      const [client] = (await clients(3)) as [RespClient];
      await client.must("SET", OF_FIRST, "before");
      await client.must("MULTI");
      expect(await client.must("SET", OF_FIRST, "within")).toBe("QUEUED");
      expect(String(await client.ask("SET", OF_SECOND, "within"))).toContain("CROSSSLOT");
      expect(String(await client.ask("EXEC"))).toContain("EXECABORT");
      for (const command of [["DBSIZE"], ["FLUSHALL"], ["SCAN", "0"], ["SCRIPT", "FLUSH"]]) {
        await client.must("MULTI");
        expect(await client.must("SET", OF_FIRST, "within")).toBe("QUEUED");
        expect(String(await client.ask(...command))).toContain("at every node");
        expect(String(await client.ask("EXEC"))).toContain("EXECABORT");
      }
      expect(await client.must("GET", OF_FIRST)).toBe("before");
      client.close();
    });

    test("whose first command has no key begins nevertheless", async () => {
      const [client] = (await clients(2)) as [RespClient];
      await client.must("MULTI");
      expect(await client.must("PING")).toBe("QUEUED");
      expect(await client.must("EXEC")).toEqual(["PONG"]);
      await client.must("MULTI");
      expect(await client.must("EXEC")).toEqual([]);
      expect(String(await client.ask("MULTI", "x"))).toContain("wrong number of arguments");
      client.close();
    });

    test("is shown in CLIENT LIST before any node is known for it", async () => {
      const [client, other] = (await clients(2, 2)) as [RespClient, RespClient];
      const id = String(await client.must("CLIENT", "ID"));
      await client.must("MULTI");
      const line = String(await other.must("CLIENT", "LIST", "ID", id));
      expect(line).toContain("flags=x");
      expect(line).toContain("multi=0");
      await client.must("DISCARD");
      expect(String(await other.must("CLIENT", "LIST", "ID", id))).toContain("multi=-1");
      client.close();
      other.close();
    });

    test("while its slot moves fails without having done anything, and then finds the new node", async () => {
      const [client] = (await clients(3)) as [RespClient];
      const key = "moving";
      await client.must("SET", key, "1");
      const from = await cluster.nodeOf(key);
      const to = cluster.nodes.find((node) => node !== from)!;
      await client.must("MULTI");
      expect(await client.must("INCR", key)).toBe("QUEUED");
      await cluster.moveSlot(slotOf(key), to);
      expect(String(await client.ask("EXEC"))).toContain("EXECABORT");
      expect(await client.must("GET", key)).toBe("1");
      await client.must("MULTI");
      await client.must("INCR", key);
      expect(await client.must("EXEC")).toEqual([2]);
      // The proxy does not know yet that the slot moves back.
      await cluster.moveSlot(slotOf(key), from);
      await client.must("MULTI");
      const queued = String(await client.ask("INCR", key));
      const outcome = String(await client.ask("EXEC"));
      if (queued !== "QUEUED") {
        expect(queued).toContain("TRYAGAIN");
        expect(outcome).toContain("EXECABORT");
        await client.must("MULTI");
        await client.must("INCR", key);
        await client.must("EXEC");
      }
      expect(await client.must("GET", key)).toBe("3");
      client.close();
    });
  });

  describe("watched keys", () => {
    test("are of one node; other keys can be read meanwhile", async () => {
      const [client, other] = (await clients(3, 3)) as [RespClient, RespClient];
      await client.must("DEL", ...EACH);
      await client.must("SET", OF_FIRST, "1");
      await client.must("SET", OF_SECOND, "2");
      await client.must("WATCH", OF_FIRST);
      expect(String(await client.ask("WATCH", OF_SECOND))).toContain("CROSSSLOT");
      expect(await client.must("GET", OF_SECOND)).toBe("2");
      expect(await client.must("DEL", OF_SECOND, OF_THIRD)).toBe(1);
      await other.must("SET", OF_FIRST, "changed");
      await client.must("MULTI");
      expect(await client.must("SET", OF_FIRST, "lost")).toBe("QUEUED");
      expect(await client.must("EXEC")).toBeNull();
      expect(await client.must("GET", OF_FIRST)).toBe("changed");
      client.close();
      other.close();
    });
  });

  describe("a blocking command", () => {
    test.each(EACH)(
      "waits at the node of its key (%s), can be unblocked, and gives way when the client goes",
      async (key) => {
        const [client, other] = (await clients(3, 2)) as [RespClient, RespClient];
        const list = `{${key}}:list`;
        const popped = client.must("BLPOP", list, "0");
        const id = String(await other.must("CLIENT", "LIST"));
        expect(id).toContain("cmd=blpop");
        await other.must("RPUSH", list, "first");
        expect(await popped).toEqual([list, "first"]);
        const own = String(await client.must("CLIENT", "ID"));
        const unblocked = client.must("BLPOP", list, "0");
        await until(async () => (await other.must("CLIENT", "UNBLOCK", own)) === 1);
        expect(await unblocked).toBeNull();
        client.close();
        other.close();
      },
    );

    test("goes on at the new node when its slot moves meanwhile, and pops nothing for a client that has gone", async () => {
      const [client, other] = (await clients(3, 2)) as [RespClient, RespClient];
      const list = "{travels}:list";
      const from = await cluster.nodeOf(list);
      const to = cluster.nodes.find((node) => node !== from)!;
      const waiting = async (node: typeof from): Promise<number> => {
        const clientsThere = String(await node.must("INFO", "clients"));
        return Number(/blocked_clients:([0-9]+)/.exec(clientsThere)![1]);
      };
      const popped = client.must("BLPOP", list, "0");
      await until(async () => (await waiting(from)) === 1);
      await cluster.moveSlot(slotOf("travels"), to);
      await until(async () => (await waiting(to)) === 1);
      await other.must("RPUSH", list, "first");
      expect(await popped).toEqual([list, "first"]);
      void client.ask("BLPOP", list, "0").catch(() => {});
      await until(async () => (await waiting(to)) === 1);
      await cluster.moveSlot(slotOf("travels"), from);
      await until(async () => (await waiting(from)) === 1);
      client.close();
      await until(async () => (await waiting(from)) === 0);
      await other.must("RPUSH", list, "second");
      expect(await other.must("LRANGE", list, "0", "-1")).toEqual(["second"]);
      other.close();
    });
  });

  test("a subscriber of RESP3 asks all nodes", async () => {
    const [client, other] = (await clients(3, 3)) as [RespClient, RespClient];
    // It is answered by a message.
    client.sendRaw("*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n", 0);
    for (const key of EACH) {
      await client.must("SET", key, key);
      expect(await client.must("GET", key)).toBe(key);
    }
    expect(await client.must("MGET", ...EACH)).toEqual([...EACH]);
    expect(await client.must("DEL", ...EACH)).toBe(3);
    expect(await other.must("PUBLISH", "news", "x")).toBe(1);
    client.close();
    other.close();
  });

  test.each([2, 3] as const)("PUBSUB tells of the subscribers at all nodes (RESP%i)", async (version) => {
    const [asking, here, ofShards] = (await clients(version, 2, 2)) as [RespClient, RespClient, RespClient];
    const others = await Promise.all(cluster.nodes.map((node) => node.connect()));
    for (const one of [here, ...others]) await one.must("SUBSCRIBE", "everywhere");
    await others[2]!.must("PSUBSCRIBE", "pattern:*");
    for (const channel of EACH) await ofShards.must("SSUBSCRIBE", channel);
    const names = async (...command: string[]): Promise<string[]> =>
      ((await asking.must("PUBSUB", ...command)) as string[]).toSorted();
    expect(await names("CHANNELS", "every*")).toEqual(["everywhere"]);
    expect(await asking.must("PUBSUB", "NUMSUB", "everywhere", "nowhere")).toEqual([
      "everywhere",
      4,
      "nowhere",
      0,
    ]);
    expect(await asking.must("PUBSUB", "NUMPAT")).toBe(1);
    expect(await names("SHARDCHANNELS")).toEqual([...EACH].toSorted());
    expect(await asking.must("PUBSUB", "SHARDNUMSUB", ...EACH)).toEqual(
      EACH.flatMap((channel) => [channel, 1]),
    );
    expect(await asking.ask("PUBSUB", "CHANNELS", "a", "b")).toBeInstanceOf(ReplyError);
    for (const one of [asking, here, ofShards, ...others]) one.close();
  });

  test("a client of RESP2 asks all nodes once it has ended its subscriptions; a subscriber watches keys of its node", async () => {
    const [client, other] = (await clients(2, 3)) as [RespClient, RespClient];
    await client.must("SUBSCRIBE", "news");
    await client.must("UNSUBSCRIBE", "news");
    for (const key of EACH) {
      expect(await client.must("SET", key, key)).toBe("OK");
      expect(await client.must("GET", key)).toBe(key);
    }
    other.sendRaw("*2\r\n$9\r\nSUBSCRIBE\r\n$4\r\nnews\r\n", 0);
    const watched = await Promise.all(EACH.map((key) => other.ask("WATCH", key)));
    expect(watched.filter((reply) => reply === "OK")).toHaveLength(1);
    expect(watched.filter((reply) => String(reply).includes("CROSSSLOT"))).toHaveLength(2);
    client.close();
    other.close();
  });

  test("scripts run at the node of their keys; KILL finds the node of the one that runs", async () => {
    const [client, other] = (await clients(3, 2)) as [RespClient, RespClient];
    const sha = String(await client.must("SCRIPT", "LOAD", "return redis.call('INCR', KEYS[1])"));
    for (const key of EACH) {
      await client.must("DEL", key);
      expect(await client.must("EVAL", "return redis.call('INCR', KEYS[1])", "1", key)).toBe(1);
      expect(await other.must("EVALSHA", sha, "1", key)).toBe(2);
      expect(await client.must("GET", key)).toBe("2");
    }
    expect(String(await other.ask("SCRIPT", "KILL"))).toContain("NOTBUSY");
    for (const node of cluster.nodes) await node.must("CONFIG", "SET", "busy-reply-threshold", "50");
    const endless = client.ask("EVAL", "while true do end", "1", OF_THIRD);
    await until(async () => String(await other.ask("SCRIPT", "KILL")) === "OK", "the script is ended");
    expect(String(await endless)).toContain("Script killed");
    client.close();
    other.close();
  }, 30_000);

  test("nothing tells of a cluster: HELLO, INFO, CLUSTER and its kin", async () => {
    const [client] = (await clients(3)) as [RespClient];
    await client.must("FLUSHALL");
    for (let index = 0; index < 60; index++) await client.must("SET", `key:${index}`, "v", "PX", "100000");
    const info = String(await client.must("INFO"));
    expect(info).toContain("redis_mode:standalone\r\n");
    expect(info).toContain("cluster_enabled:0\r\n");
    expect(info).toMatch(/db0:keys=60,expires=60,avg_ttl=[0-9]+/);
    expect(info).toContain("origin_nodes:3\r\n");
    expect(info.match(/^origin_node[0-2]:name=127\.0\.0\.1:[0-9]+,status=up,slots=[0-9]+\r$/gm)).toHaveLength(
      3,
    );
    expect(Object.fromEntries((await client.must("HELLO", "3")) as never)).toMatchObject({
      mode: "standalone",
    });
    const refused = [
      ["CLUSTER", "SLOTS"],
      ["CLUSTER", "NODES"],
      ["CLUSTER", "SHARDS"],
      ["READONLY"],
      ["READWRITE"],
      ["ASKING"],
    ];
    for (const command of refused) expect(String(await client.ask(...command))).toContain(NO_CLUSTER);
    expect(await client.must("CLUSTER", "KEYSLOT", "123456789")).toBe(12_739);
    expect(String(await client.ask("CLIENT", "TRACKING", "ON"))).toContain("needs a single server");
    expect(String(await client.ask("SELECT", "1"))).toContain("ERR");
    client.close();
  });

  test("parameters are set at every node, or an error says that one has refused", async () => {
    const [client] = (await clients(2)) as [RespClient];
    const at = (): Promise<unknown[]> =>
      Promise.all(cluster.nodes.map((node) => node.must("CONFIG", "GET", "lfu-decay-time")));
    expect(await client.must("CONFIG", "SET", "lfu-decay-time", "3")).toBe("OK");
    expect(JSON.stringify(await at()).match(/"3"/g)).toHaveLength(3);
    expect(String(await client.ask("CONFIG", "SET", "lfu-decay-time", "never"))).toContain("ERR");
    expect(JSON.stringify(await at()).match(/"3"/g)).toHaveLength(3);
    await client.must("CONFIG", "SET", "lfu-decay-time", "1");
    client.close();
  });
});
