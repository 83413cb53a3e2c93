/** The proxy in front of real clusters. `GLASSCACHE_CLUSTER_SEED` sets the seed of its random choices. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { SeededRandom } from "../../src/lib/random.ts";
import type { ReplyValue } from "../../src/protocol/reply-value.ts";
import { Authority } from "../support/certificates.ts";
import { slotOf } from "../support/fake-cluster.ts";
import { LocalProxy, type LocalProxyOptions } from "../support/local-proxy.ts";
import { startGlasscache } from "../support/origins.ts";
import { freePort } from "../support/program.ts";
import { type RealNode, RedisCluster, requireClusterServer } from "../support/redis-cluster.ts";
import { RespClient } from "../support/resp-client.ts";
import { TextClient } from "../support/text-client.ts";
import { until } from "../support/until.ts";

const server = requireClusterServer();
const SEED = Number(process.env["GLASSCACHE_CLUSTER_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const KEYS = Array.from({ length: 200 }, (_, index) => `key:${index}`);
/** In slots of the first, the second and the third node of three. */
const [OF_FIRST, OF_SECOND, OF_THIRD] = ["b", "c", "a"] as const;

/** A proxy that a test can connect with, in this process or as users start it. */
interface AnyProxy extends AsyncDisposable {
  readonly port: number;
}

const PROXIES: readonly [string, (address: string, splits?: boolean) => Promise<AnyProxy>][] = [
  ["in one thread", (origin, splitsWrites = false) => LocalProxy.ready({ origin, splitsWrites })],
  [
    "in two threads",
    (origin, splits = false) => {
      const flags = ["--threads", "2", "--cross-slot", splits ? "split" : "refuse"];
      return startGlasscache(["proxy", "--origin", origin, ...flags]);
    },
  ],
];

function connect(proxy: AnyProxy, version: 2 | 3 = 3): Promise<RespClient> {
  return RespClient.connect({ port: proxy.port, version });
}

describe.each(PROXIES)("%s", (_, start) => {
  describe.skipIf(!server.available)(server.title("what a client does"), () => {
    let cluster: RedisCluster;
    let proxy: AnyProxy;
    let client: RespClient;
    let other: RespClient;
    beforeAll(async () => {
      cluster = await RedisCluster.start();
      proxy = await start(cluster.address([cluster.nodes[0]!]));
      [client, other] = [await connect(proxy), await connect(proxy, 2)];
    });
    afterAll(async () => {
      client?.close();
      other?.close();
      await proxy?.[Symbol.asyncDispose]();
      await cluster?.[Symbol.asyncDispose]();
    });

    async function fill(): Promise<void> {
      await Promise.all(KEYS.map((key, index) => client.must("SET", key, String(index))));
    }

    test("keys of all nodes are written, read, counted and deleted, pipelined, by several clients", async () => {
      await fill();
      const owners = await Promise.all(KEYS.map((key) => cluster.nodeOf(key)));
      expect(new Set(owners).size).toBe(3);
      for (const one of [client, other, client]) {
        const values = await Promise.all(KEYS.map((key) => one.must("GET", key)));
        expect(values).toEqual(KEYS.map((_, index) => String(index)));
      }
      const counted = await Promise.all(KEYS.map((key) => other.must("INCR", key)));
      expect(counted).toEqual(KEYS.map((_, index) => index + 1));
      expect(await client.must("MGET", ...KEYS, "absent")).toEqual([...counted.map(String), null]);
      expect(await client.must("EXISTS", ...KEYS, KEYS[0]!, "absent")).toBe(KEYS.length + 1);
      expect(await client.must("TOUCH", ...KEYS, "absent")).toBe(KEYS.length);
      expect(await client.must("DEL", ...KEYS.slice(0, 50), "absent")).toBe(50);
      expect(await other.must("UNLINK", ...KEYS.slice(40, 100))).toBe(50);
      expect(await other.must("EXISTS", ...KEYS)).toBe(100);
      const rest = await client.must("MGET", ...KEYS);
      expect(rest).toEqual(KEYS.map((_, index) => (index < 100 ? null : String(index + 1))));
    });

    test("one client's requests take effect in order, whatever their nodes", async () => {
      const replies: Promise<ReplyValue>[] = [];
      for (let round = 0; round < 50; round++) {
        for (const key of [OF_FIRST, OF_SECOND, OF_THIRD]) {
          replies.push(client.must("SET", key, String(round)), client.must("GET", key));
        }
        replies.push(client.must("MGET", OF_FIRST, OF_SECOND, OF_THIRD));
        replies.push(client.must("DEL", OF_FIRST, OF_SECOND, OF_THIRD));
        replies.push(client.must("MGET", OF_FIRST, OF_SECOND, OF_THIRD));
      }
      const expected = Array.from({ length: 50 }, (_, round) => {
        const value = String(round);
        return ["OK", value, "OK", value, "OK", value, [value, value, value], 3, [null, null, null]];
      });
      expect(await Promise.all(replies)).toEqual(expected.flat() as ReplyValue[]);
    });

    test("requests about all keys concern all nodes", async () => {
      await client.must("FLUSHALL");
      expect(await client.must("DBSIZE")).toBe(0);
      expect(await client.must("RANDOMKEY")).toBeNull();
      expect(await other.must("RANDOMKEY")).toBeNull();
      expect(await client.must("KEYS", "*")).toEqual([]);
      await fill();
      expect(await client.must("DBSIZE")).toBe(KEYS.length);
      expect(((await client.must("KEYS", "*")) as string[]).toSorted()).toEqual(KEYS.toSorted());
      expect(await client.must("KEYS", "key:7")).toEqual(["key:7"]);
      const drawn = await Promise.all(Array.from({ length: 100 }, () => client.must("RANDOMKEY")));
      expect(drawn.every((key) => KEYS.includes(key as string))).toBe(true);
      const owners = await Promise.all(drawn.map((key) => cluster.nodeOf(key as string)));
      expect(new Set(owners).size).toBe(3);
      expect(await client.must("GET", KEYS[3]!)).toBe("3");
      await other.must("FLUSHDB");
      expect(await client.must("MGET", ...KEYS)).toEqual(KEYS.map(() => null));
    });

    test.each(["1", "10", "1000"])("SCAN shows every key, COUNT %s", async (count) => {
      await fill();
      const seen: string[] = [];
      let cursor = "0";
      do {
        const [next, keys] = (await other.must("SCAN", cursor, "MATCH", "key:*", "COUNT", count)) as [
          string,
          string[],
        ];
        seen.push(...keys);
        cursor = next;
      } while (cursor !== "0");
      expect([...new Set(seen)].toSorted()).toEqual(KEYS.toSorted());
      const wrong = await client.ask("SCAN", "abc");
      expect(String(wrong)).toContain("invalid cursor");
    });

    test("scripts and functions are known to all nodes", async () => {
      const sha = (await client.must("SCRIPT", "LOAD", "return redis.call('GET', KEYS[1])")) as string;
      expect(await client.must("SCRIPT", "EXISTS", sha, "0".repeat(40))).toEqual([1, 0]);
      await client.must("FUNCTION", "FLUSH");
      const library =
        "#!lua name=lib\nredis.register_function('f', function(keys) return redis.call('INCR', keys[1]) end)";
      expect(await client.must("FUNCTION", "LOAD", library)).toBe("lib");
      for (const key of [OF_FIRST, OF_SECOND, OF_THIRD]) {
        await client.must("SET", key, "7");
        expect(await client.must("EVALSHA", sha, "1", key)).toBe("7");
        expect(await client.must("FCALL", "f", "1", key)).toBe(8);
        expect(await client.must("GET", key)).toBe("8");
      }
      expect(String(await client.ask("FUNCTION", "LOAD", library))).toContain("already exists");
      await client.must("FUNCTION", "DELETE", "lib");
      await client.must("SCRIPT", "FLUSH");
      for (const node of cluster.nodes) {
        expect(await node.must("FUNCTION", "LIST")).toEqual([]);
        expect(await node.must("SCRIPT", "EXISTS", sha)).toEqual([0]);
      }
    });

    test("what cannot be split is refused as a node refuses it", async () => {
      const refusal = "CROSSSLOT Keys in request don't hash to the same slot";
      const pair = [OF_FIRST, "1", OF_SECOND, "2"];
      for (const request of [
        ["MSET", ...pair],
        ["MSETNX", ...pair],
        ["SUNION", OF_FIRST, OF_SECOND],
      ]) {
        expect(String(await client.ask(...request))).toContain(refusal);
      }
      expect(await client.must("MSET", "{t}1", "1", "{t}2", "2")).toBe("OK");
      expect(await client.must("MGET", "{t}1", "{t}2")).toEqual(["1", "2"]);
    });

    test("a transaction is for the node of its first key, whatever comes before", async () => {
      for (const key of [OF_FIRST, OF_SECOND, OF_THIRD]) {
        await client.must("DEL", key);
        for (const isPipelined of [true, false]) {
          const requests = [
            ["MULTI"],
            ["PING"],
            ["ECHO", "x"],
            ["PUBLISH", "news", "x"],
            ["INCR", key],
            ["EXEC"],
          ];
          const replies: ReplyValue[] = [];
          if (isPipelined)
            replies.push(...(await Promise.all(requests.map((words) => client.must(...words)))));
          else for (const words of requests) replies.push(await client.must(...words));
          const executed = ["PONG", "x", 0, isPipelined ? 1 : 2];
          expect(replies).toEqual(["OK", "QUEUED", "QUEUED", "QUEUED", "QUEUED", executed]);
        }
        // What was wrong before the first key stays wrong.
        await client.must("MULTI");
        expect(String(await client.ask("ECHO"))).toContain("wrong number of arguments");
        expect(await client.must("INCR", key)).toBe("QUEUED");
        expect(String(await client.ask("EXEC"))).toContain("EXECABORT");
        expect(await client.must("GET", key)).toBe("2");
      }
    });

    test("a transaction begins with a large value", async () => {
      const large = "x".repeat(1024 ** 2);
      for (const key of [OF_FIRST, OF_SECOND, OF_THIRD]) {
        await client.must("MULTI");
        expect(await client.must("SET", key, large)).toBe("QUEUED");
        expect(await client.must("STRLEN", key)).toBe("QUEUED");
        expect(await client.must("EXEC")).toEqual(["OK", large.length]);
      }
      expect(await client.must("DEL", OF_FIRST, OF_SECOND, OF_THIRD)).toBe(3);
    });

    test("MSET and MSETNX are split where that is wanted", async () => {
      await using splitting = await start(cluster.address(), true);
      using one = await connect(splitting);
      await one.must("FLUSHALL");
      const pairs = KEYS.flatMap((key, index) => [key, `v${index}`]);
      expect(await one.must("MSET", ...pairs)).toBe("OK");
      expect(await one.must("MGET", ...KEYS)).toEqual(KEYS.map((_, index) => `v${index}`));
      expect(await one.must("MSETNX", "new:1", "1", "new:2", "2")).toBe(1);
      expect(await one.must("MSETNX", "new:1", "x", "new:2", "x")).toBe(0);
      expect(await one.must("MGET", "new:1", "new:2")).toEqual(["1", "2"]);
    });

    test("DUMP of the text protocol has the strings of all nodes", async () => {
      await client.must("FLUSHALL");
      await fill();
      await client.must("RPUSH", "list", "1");
      const text = await TextClient.connect(proxy.port);
      const dumped = JSON.parse(await text.ask("DUMP")) as Record<string, string>;
      expect(dumped).toEqual(Object.fromEntries(KEYS.map((key, index) => [key, String(index)])));
      expect(await text.ask("GET key:5")).toMatch(/: 5$/);
      text.close();
    });

    test("a change at the cluster ends what is cached, of every node", async () => {
      const keys = [OF_FIRST, OF_SECOND, OF_THIRD];
      for (const key of keys) await client.must("SET", key, "1");
      for (const key of keys) expect(await client.must("GET", key)).toBe("1");
      for (const key of keys) await (await cluster.nodeOf(key)).must("SET", key, "2");
      for (const key of keys) await until(async () => (await client.must("GET", key)) === "2");
    });
  });
});

const CLIENTS = 8;
const WRITERS = 4;

/** The hash beside a key, in the same slot. */
function hashOf(key: string): string {
  return `h{${key}}`;
}

/** Clients that count and read at once, and note what contradicts the promises of the proxy. */
class Load {
  readonly faults: string[] = [];
  readonly errors: string[] = [];
  /** Requests that were answered well. */
  answered = 0;
  readonly #acknowledged = new Map<string, number>();
  readonly #seen = new Map<string, number>();
  readonly #random = new SeededRandom(SEED);
  readonly #keys: readonly string[];
  readonly #clients: readonly RespClient[];
  readonly #running: Promise<void>[];
  /** Whether readers see what writers have had acknowledged. */
  readonly #isShared: boolean;
  #isOver = false;

  private constructor(keys: readonly string[], clients: readonly RespClient[], isShared: boolean) {
    this.#keys = keys;
    this.#clients = clients;
    this.#isShared = isShared;
    this.#running = clients.map((client, index) =>
      index < WRITERS
        ? this.#write(
            client,
            keys.filter((_, at) => at % WRITERS === index),
          )
        : this.#read(client),
    );
  }

  /** @param reading the proxy that readers use; that of the writers by default */
  static async begin(writing: AnyProxy, keys: readonly string[], reading = writing): Promise<Load> {
    const connecting = Array.from({ length: CLIENTS }, (_, index) =>
      connect(index < WRITERS ? writing : reading, 2),
    );
    const clients = await Promise.all(connecting);
    for (const key of keys) {
      await clients[0]!.must("SET", key, "0");
      await clients[0]!.must("HSET", hashOf(key), "n", "0");
    }
    return new Load(keys, clients, writing === reading);
  }

  /** Lets every client end its request. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
    for (const client of this.#clients) client.close();
    console.info(`seed ${SEED}: ${this.answered} requests answered, ${this.errors.length} errors`);
  }

  /** The counts at the cluster that differ from those acknowledged. */
  async wrongCounts(client: RespClient): Promise<string[]> {
    const wrong: string[] = [];
    for (const key of this.#keys) {
      const count = `${await client.must("GET", key)} ${await client.must("HGET", hashOf(key), "n")}`;
      const acknowledged = this.#acknowledged.get(key) ?? 0;
      if (count !== `${acknowledged} ${acknowledged}`) wrong.push(`${key}: ${count} for ${acknowledged}`);
    }
    return wrong;
  }

  /**
   * Each key has one writer. It counts in pipelines: in a string, which it reads behind each step, and in a hash, whose
   * replies have another form in each version of RESP and so take another way.
   */
  async #write(client: RespClient, keys: readonly string[]): Promise<void> {
    while (!this.#isOver) {
      const key = this.#random.pick(keys);
      const steps = 1 + this.#random.below(3);
      const before = this.#acknowledged.get(key) ?? 0;
      const requests = Array.from({ length: steps }, () => [
        client.ask("INCR", key),
        client.ask("GET", key),
        client.ask("HINCRBY", hashOf(key), "n", "1"),
        client.ask("HGETALL", hashOf(key)),
      ]);
      const replies = await Promise.all(requests.flat());
      const expected = Array.from({ length: steps }, (_, step) => {
        const count = before + step + 1;
        return [count, String(count), count, ["n", String(count)]] as ReplyValue[];
      });
      const errors = replies.filter((reply) => reply instanceof Error);
      for (const error of errors) this.errors.push(`${key}: ${String(error)}`);
      // How often it has counted is not known any more.
      if (errors.length > 0) return;
      this.answered += replies.length;
      if (!Bun.deepEquals(replies, expected.flat())) {
        this.faults.push(`${key} behind ${before}: ${JSON.stringify(replies)}`);
      }
      this.#acknowledged.set(key, before + steps);
    }
  }

  async #read(client: RespClient): Promise<void> {
    while (!this.#isOver) {
      const key = this.#random.pick(this.#keys);
      const name = this.#random.next() < 0.2 ? hashOf(key) : key;
      const acknowledged = this.#isShared ? (this.#acknowledged.get(key) ?? 0) : 0;
      const least = Math.max(acknowledged, this.#seen.get(name) ?? 0);
      const reply = await client.ask(...(name === key ? ["GET", key] : ["HGETALL", name]));
      if (reply instanceof Error) {
        this.errors.push(`reading ${name}: ${String(reply)}`);
        continue;
      }
      this.answered++;
      const value = Number(Array.isArray(reply) ? (reply[1] ?? 0) : reply);
      if (!(value >= least)) this.faults.push(`${name} has ${JSON.stringify(reply)}, behind ${least}`);
      this.#seen.set(name, Math.max(this.#seen.get(name) ?? 0, value));
    }
  }

  /** Waits for so many more answers. */
  async goesOn(count: number): Promise<void> {
    const from = this.answered;
    await until(() => this.answered >= from + count, `${count} more requests are answered`);
  }
}

describe.skipIf(!server.available)(server.title("slots that move under load"), () => {
  /** Moves each key's slot twice, while requests are answered between the steps. */
  async function moveAll(cluster: RedisCluster, keys: readonly string[], load: Load): Promise<void> {
    for (const key of [...keys, ...keys]) {
      const owner = await cluster.nodeOf(key);
      const to = cluster.nodes.find((node) => node !== owner)!;
      const move = await cluster.slotMove(slotOf(key), to);
      await move.importing();
      await move.migrating();
      await load.goesOn(20);
      await move.moveKeys();
      await load.goesOn(20);
      await move.settleAt(move.to);
      await load.goesOn(20);
      await move.settle();
    }
  }

  test.each(PROXIES)(
    "with their keys, to and fro: no error, no old value, no lost count (%s)",
    async (_, start) => {
      await using cluster = await RedisCluster.start();
      await using proxy = await start(cluster.address());
      const keys = KEYS.slice(0, 24);
      const load = await Load.begin(proxy, keys);
      await load.goesOn(500);
      await moveAll(cluster, keys, load);
      await load.end();
      expect(load.faults).toEqual([]);
      expect(load.errors).toEqual([]);
      using client = await connect(proxy);
      expect(await load.wrongCounts(client)).toEqual([]);
    },
  );

  test("read through another proxy: no read goes back in time, and the last counts arrive", async () => {
    await using cluster = await RedisCluster.start();
    await using writing = await LocalProxy.ready({ origin: cluster.address() });
    await using reading = await LocalProxy.ready({ origin: cluster.address([cluster.nodes[2]!]) });
    const keys = KEYS.slice(0, 12);
    const load = await Load.begin(writing, keys, reading);
    await load.goesOn(500);
    await moveAll(cluster, keys, load);
    await load.end();
    expect(load.faults).toEqual([]);
    expect(load.errors).toEqual([]);
    const client = await reading.client();
    await until(async () => (await load.wrongCounts(client)).length === 0, "the last counts arrive");
  });

  test("a request for keys of which some have arrived waits for the others; MGET does not", async () => {
    await using cluster = await RedisCluster.start();
    await using proxy = await LocalProxy.ready({ origin: cluster.address() });
    const [client, other] = await proxy.clients(2);
    await client!.must("MSET", "{t}1", "1", "{t}2", "2");
    const owner = await cluster.nodeOf("t");
    const move = await cluster.slotMove(slotOf("t"), cluster.nodes.find((node) => node !== owner)!);
    await move.importing();
    await move.migrating();
    await move.migrate("{t}1");
    expect(await other!.must("MGET", "{t}1", "{t}2")).toEqual(["1", "2"]);
    let isAnswered = false;
    const deleted = client!.must("DEL", "{t}1", "{t}2").finally(() => {
      isAnswered = true;
    });
    // The source has refused it twice at least.
    const refused = /errorstat_TRYAGAIN:count=([2-9]|\d\d)/;
    await until(async () => refused.test((await owner.must("INFO", "errorstats")) as string));
    expect(isAnswered).toBe(false);
    await move.moveKeys();
    expect(await deleted).toBe(2);
    expect(await other!.must("MGET", "{t}1", "{t}2")).toEqual([null, null]);
    await move.settle();
    expect(await client!.must("EXISTS", "{t}1", "{t}2")).toBe(0);
  });

  test("the plain address of one node stands for the whole cluster, and one line says so", async () => {
    await using cluster = await RedisCluster.start();
    await using proxy = await LocalProxy.ready({ origin: `redis://127.0.0.1:${cluster.nodes[0]!.port}` });
    const line = /^origin .* is a node of a cluster: the whole cluster is the origin$/;
    await proxy.logged(line);
    const client = await proxy.client();
    for (const key of [OF_FIRST, OF_SECOND]) {
      expect(await client.must("SET", key, "1")).toBe("OK");
      expect(await client.must("GET", key)).toBe("1");
    }
    expect(await client.must("DBSIZE")).toBe(2);
    expect(proxy.messages.filter(({ message }) => line.test(message))).toHaveLength(1);
  });

  test("a node that gets its first slots is found, and let go when it has lost them", async () => {
    // By default, a node that has lost its last slot becomes a replica, and takes no SETSLOT any more.
    const args = ["--cluster-allow-replica-migration", "no"];
    await using cluster = await RedisCluster.start({ spares: 1, args });
    await using proxy = await LocalProxy.ready({ origin: cluster.address([cluster.nodes[0]!]) });
    const client = await proxy.client();
    const spare = cluster.nodes[3]!;
    for (const key of [OF_FIRST, OF_SECOND]) {
      await client.must("SET", key, "1");
      await cluster.moveSlot(slotOf(key), spare);
      expect(await client.must("INCR", key)).toBe(2);
    }
    expect(await spare.must("CLIENT", "LIST")).toContain("name=glasscache-proxy");
    expect(await client.must("DBSIZE")).toBe(2);
    for (const key of [OF_FIRST, OF_SECOND]) {
      await cluster.moveSlot(slotOf(key), cluster.nodes[2]!);
      expect(await client.must("INCR", key)).toBe(3);
    }
    await proxy.logged(new RegExp(`^origin .*:${spare.port} is not used any more`));
    await until(async () => !String(await spare.must("CLIENT", "LIST")).includes("name=glasscache-proxy"));
    expect(proxy.messages.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("a slot that is taken with its keys left behind: what is cached of it goes with the next sign of life", async () => {
    await using cluster = await RedisCluster.start();
    await using proxy = await LocalProxy.ready({ origin: cluster.address(), heartbeatMs: 200 });
    const client = await proxy.client();
    await client.must("SET", OF_FIRST, "1");
    expect(await client.must("GET", OF_FIRST)).toBe("1");
    const owner = await cluster.nodeOf(OF_FIRST);
    const to = cluster.nodes.find((node) => node !== owner)!;
    const startMs = performance.now();
    await cluster.takeSlot(slotOf(OF_FIRST), to);
    await to.must("SET", OF_FIRST, "2");
    await until(async () => (await client.must("GET", OF_FIRST)) === "2");
    const tookMs = performance.now() - startMs;
    console.info(`slot taken: the proxy served the new value after ${tookMs.toFixed(1)} ms`);
    expect(tookMs).toBeLessThan(5000);
  });
});

describe.skipIf(!server.available)(server.title("nodes that fail"), () => {
  /** A cluster with replicas, a proxy, and a key of each node with the value 1. */
  async function scene(
    start: (address: string) => Promise<AnyProxy> = (origin) => LocalProxy.ready({ origin }),
  ) {
    const cluster = await RedisCluster.start({
      replicas: 1,
      args: ["--cluster-require-full-coverage", "no"],
    });
    const proxy = await start(cluster.address());
    const [client, other] = [await connect(proxy), await connect(proxy)];
    for (const key of [OF_FIRST, OF_SECOND, OF_THIRD]) await client.must("SET", key, "1");
    const primary = await cluster.nodeOf(OF_FIRST);
    const [replica] = await cluster.replicasOf(primary);
    await primary.must("WAIT", "1", "0");
    return {
      ...{ cluster, proxy, client, other, primary, replica: replica! },
      async [Symbol.asyncDispose]() {
        for (const one of [client, other]) one.close();
        await proxy[Symbol.asyncDispose]();
        await cluster[Symbol.asyncDispose]();
      },
    };
  }

  /** Writes until a write is acknowledged. @returns how long that took, in milliseconds */
  async function servesAgain(client: RespClient, key: string, value: string): Promise<number> {
    const startMs = performance.now();
    await until(async () => (await client.ask("SET", key, value)) === "OK", `SET ${key} is acknowledged`);
    return performance.now() - startMs;
  }

  test.each(PROXIES)(
    "a primary that is killed: its replica takes over, other keys are served meanwhile (%s)",
    async (_, start) => {
      await using bench = await scene(start);
      const { cluster, client, other, primary, replica } = bench;
      await cluster.kill(primary);
      const startMs = performance.now();
      const write = servesAgain(client, OF_FIRST, "2");
      let meanwhile = 0;
      while (!(await replica.isPrimary())) {
        expect(await other.must("INCR", OF_SECOND)).toBe(meanwhile + 2);
        expect(await other.must("GET", OF_THIRD)).toBe("1");
        meanwhile++;
      }
      const promotedMs = performance.now() - startMs;
      const servedMs = await write;
      console.info(
        `killed: promoted after ${promotedMs.toFixed(0)} ms, served after ${servedMs.toFixed(0)} ms, ` +
          `${meanwhile} requests for other nodes meanwhile`,
      );
      expect(meanwhile).toBeGreaterThan(10);
      expect(servedMs - promotedMs).toBeLessThan(3000);
      expect(await client.must("GET", OF_FIRST)).toBe("2");
      expect(await replica.must("GET", OF_FIRST)).toBe("2");
      await cluster.restart(primary);
      await primary.says(/^role:slave/m);
      expect(await other.must("GET", OF_FIRST)).toBe("2");
    },
  );

  test.each([
    ["by agreement", undefined],
    ["past the other primaries", "TAKEOVER"],
  ] as const)("a failover by hand, %s: served at once", async (_, mode) => {
    await using bench = await scene();
    const { cluster, client, replica } = bench;
    await client.must("GET", OF_FIRST);
    await cluster.failOver(replica, mode);
    const servedMs = await servesAgain(client, OF_FIRST, "2");
    console.info(`FAILOVER ${mode ?? ""}: served after ${servedMs.toFixed(0)} ms`);
    expect(servedMs).toBeLessThan(3000);
    expect(await client.must("GET", OF_FIRST)).toBe("2");
    expect(await replica.must("GET", OF_FIRST)).toBe("2");
  });

  test.each(PROXIES)(
    "failovers by agreement under load: no error, no old value, no lost count (%s)",
    async (_, start) => {
      await using bench = await scene(start);
      const { cluster, proxy, client } = bench;
      const load = await Load.begin(proxy, KEYS.slice(0, 24));
      for (let round = 0; round < 3; round++) {
        await load.goesOn(500);
        const primary = await cluster.nodeOf(OF_FIRST);
        await until(async () => (await cluster.replicasOf(primary)).length === 1);
        const [replica] = await cluster.replicasOf(primary);
        await replica!.says(/^master_link_status:up/m);
        await cluster.failOver(replica!);
        await cluster.agreed();
      }
      await load.goesOn(500);
      await load.end();
      expect(load.faults).toEqual([]);
      expect(load.errors).toEqual([]);
      expect(await load.wrongCounts(client)).toEqual([]);
    },
  );

  test("a primary that is stopped, replaced, and goes on: no acknowledged write is forgotten", async () => {
    const beats = { heartbeatMs: 200, heartbeatTimeoutMs: 300 };
    await using bench = await scene((origin) => LocalProxy.ready({ origin, ...beats }));
    const { cluster, proxy, client, other, primary, replica } = bench;
    expect(await other.must("GET", OF_FIRST)).toBe("1");
    cluster.pause(primary);
    const startMs = performance.now();
    const write = client.ask("SET", OF_FIRST, "2");
    await until(() => replica.isPrimary(), "the replica is a primary");
    const promotedMs = performance.now() - startMs;
    // The first write waits for the stopped node: it may have executed it.
    using third = await connect(proxy);
    const servedMs = promotedMs + (await servesAgain(third, OF_FIRST, "3"));
    console.info(
      `stopped: promoted after ${promotedMs.toFixed(0)} ms, served after ${servedMs.toFixed(0)} ms`,
    );
    expect(await other.must("GET", OF_FIRST)).toBe("3");
    cluster.resume(primary);
    for (let reads = 0; reads < 300; reads++) expect(await other.must("GET", OF_FIRST)).toBe("3");
    // It may have been executed: by a node that is a primary no more.
    expect(String(await write)).toMatch(/OUTCOMEUNKNOWN origin .* was replaced and does not answer/);
    await primary.says(/^role:slave/m);
    expect(await other.must("GET", OF_FIRST)).toBe("3");
    expect(await replica.must("GET", OF_FIRST)).toBe("3");
  });
});

test.skipIf(!server.available)(
  server.title("what is cached stays, from one sign of life of the nodes to the next"),
  async () => {
    const beats = { heartbeatMs: 50, heartbeatTimeoutMs: 1000 };
    await using cluster = await RedisCluster.start();
    await using local = await LocalProxy.ready({ origin: cluster.address(), ...beats });
    const client = await local.client();
    await Promise.all(KEYS.map((key) => client.must("SET", key, "1")));
    const hits = async (): Promise<number> => {
      const before = local.proxy.stats.hits;
      expect(await client.must("MGET", ...KEYS)).toEqual(KEYS.map(() => "1"));
      return local.proxy.stats.hits - before;
    };
    await until(async () => (await hits()) === KEYS.length, "all keys are cached");
    const calls = /cmdstat_cluster\|info:calls=(\d+)/;
    const signsOf = async (node: RealNode): Promise<number> =>
      Number(calls.exec((await node.must("INFO", "commandstats")) as string)?.[1]);
    await Promise.all(
      cluster.nodes.map(async (node) => {
        const first = await signsOf(node);
        // For longer than an earlier sign counts.
        await until(async () => (await signsOf(node)) >= first + 30, "more signs of life");
      }),
    );
    expect(await hits()).toBe(KEYS.length);
  },
);

describe.skipIf(!server.available)(server.title("how a cluster is reached"), () => {
  /** Writes and reads keys of all nodes, and lets a slot move. */
  async function expectService(cluster: RedisCluster, options: LocalProxyOptions): Promise<void> {
    await using proxy = await LocalProxy.ready(options);
    const client = await proxy.client();
    for (const key of [OF_FIRST, OF_SECOND, OF_THIRD]) {
      expect(await client.must("SET", key, "1")).toBe("OK");
      expect(await client.must("GET", key)).toBe("1");
      expect(await client.must("GET", key)).toBe("1");
      const owner = await cluster.nodeOf(key);
      expect(await owner.must("GET", key)).toBe("1");
      const other = cluster.nodes.slice(0, 3).find((node) => node !== owner)!;
      await cluster.moveSlot(slotOf(key), other);
      expect(await client.must("INCR", key)).toBe(2);
      expect(await client.must("MGET", key)).toEqual(["2"]);
    }
    expect(await client.must("DEL", OF_FIRST, OF_SECOND, OF_THIRD)).toBe(3);
  }

  test("by host names, as a user with a password", async () => {
    const user = { name: "proxy", password: "secret" };
    const names = { announcedName: "localhost", endpointType: "hostname" } as const;
    await using cluster = await RedisCluster.start({ user, ...names });
    await expectService(cluster, { origin: cluster.address() });
  });

  test("by IPv6 and unknown endpoints, with the default user's password", async () => {
    const user = { password: "secret" };
    const names = { host: "::1", endpointType: "unknown-endpoint" } as const;
    await using cluster = await RedisCluster.start({ user, ...names });
    await expectService(cluster, { origin: cluster.address([cluster.nodes[1]!]) });
  });

  test("by TLS, as a user with a password", async () => {
    using authority = new Authority();
    const tls = { identity: authority.issue("node"), authorities: authority };
    await using cluster = await RedisCluster.start({ tls, user: { name: "proxy", password: "secret" } });
    const originTls = { isInsecure: false, authorities: authority.certificate };
    await expectService(cluster, { origin: cluster.address(), originTls });
  });

  test("through a replica alone, and through seeds of which the first is down", async () => {
    await using cluster = await RedisCluster.start({ replicas: 1 });
    const replica: RealNode = cluster.nodes[4]!;
    await expectService(cluster, { origin: cluster.address([replica]) });
    const address = `redis+cluster://127.0.0.1:${await freePort()},127.0.0.1:${cluster.nodes[2]!.port}`;
    await expectService(cluster, { origin: address });
  });
});
