/** Shard channels of all nodes of a real cluster, through one proxy: to its clients it is one server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { slotOf } from "../support/fake-cluster.ts";
import type { FrameClient } from "../support/frame-client.ts";
import { LocalProxy } from "../support/local-proxy.ts";
import { type RealNode, RedisCluster, requireClusterServer } from "../support/redis-cluster.ts";
import type { RespClient } from "../support/resp-client.ts";
import { until } from "../support/until.ts";

const server = requireClusterServer();
/** In slots of the first, the second and the third node of three. */
const CHANNELS = ["b", "c", "a"] as const;
const [OF_FIRST, OF_SECOND, OF_THIRD] = CHANNELS;

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

/** A message of three parts as a subscriber gets it: pushed in RESP3, an array in RESP2. */
function message(version: 2 | 3, kind: string, channel: string | null, last: number | string): string {
  const none = version === 3 ? "_\r\n" : "$-1\r\n";
  const end = typeof last === "number" ? `:${last}\r\n` : bulk(last);
  return `${version === 3 ? ">" : "*"}3\r\n${bulk(kind)}${channel === null ? none : bulk(channel)}${end}`;
}

/** Waits for so many frames behind those that have been taken, and takes them. */
async function next(client: FrameClient, count: number): Promise<string[]> {
  await client.received(count);
  return client.frames.splice(0, count);
}

describe.skipIf(!server.available)(server.title("shard channels over a cluster"), () => {
  let cluster: RedisCluster;
  let local: LocalProxy;
  let publisher: RespClient;
  beforeAll(async () => {
    cluster = await RedisCluster.start({ nodeTimeoutMs: 5000 });
    local = await LocalProxy.ready({ origin: cluster.address([cluster.nodes[0]!]) });
    publisher = await local.client({ version: 3 });
  });
  afterAll(async () => {
    await local?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  async function subscriber(version: 2 | 3): Promise<FrameClient> {
    const client = await local.frameClient();
    if (version === 3) {
      client.send(["HELLO", "3"]);
      await next(client, 1);
    }
    return client;
  }

  /** The numbers of subscribers that the nodes see. */
  async function subscribers(channel: string): Promise<number[]> {
    const told = await Promise.all(
      cluster.running.map((node) => node.must("PUBSUB", "SHARDNUMSUB", channel)),
    );
    return told.map((reply) => Number((reply as [string, number])[1]));
  }

  async function total(channel: string): Promise<number> {
    return (await subscribers(channel)).reduce((sum, count) => sum + count, 0);
  }

  async function nobodyListens(): Promise<void> {
    await until(async () => {
      const totals = await Promise.all([...CHANNELS, "{b}2", "moving"].map(total));
      return totals.every((count) => count === 0);
    }, "no node has a subscriber");
  }

  async function described(id: string): Promise<string> {
    return (await publisher.must("CLIENT", "LIST", "ID", id)) as string;
  }

  describe.each([2, 3] as const)("RESP%d", (version) => {
    test("channels of all nodes: confirmations are counted in order, messages follow them", async () => {
      const client = await subscriber(version);
      client.send(["CLIENT", "ID"]);
      const [id] = (await next(client, 1)).map((frame) => frame.slice(1, -2)) as [string];
      client.send(
        ["SSUBSCRIBE", ...CHANNELS, OF_SECOND],
        ["SSUBSCRIBE", "{b}2"],
        ["SUNSUBSCRIBE", OF_SECOND, "none"],
        ["SSUBSCRIBE", OF_SECOND],
      );
      expect(await next(client, 8)).toEqual([
        message(version, "ssubscribe", OF_FIRST, 1),
        message(version, "ssubscribe", OF_SECOND, 2),
        message(version, "ssubscribe", OF_THIRD, 3),
        message(version, "ssubscribe", OF_SECOND, 3),
        message(version, "ssubscribe", "{b}2", 4),
        message(version, "sunsubscribe", OF_SECOND, 3),
        message(version, "sunsubscribe", "none", 3),
        message(version, "ssubscribe", OF_SECOND, 4),
      ]);
      expect(await described(id)).toMatch(/ flags=P .* ssub=4 /);
      for (const channel of [...CHANNELS, "{b}2"]) {
        const owner = await cluster.nodeOf(channel);
        for (let n = 0; n < 20; n++) await publisher.must("SPUBLISH", channel, `proxied ${n}`);
        for (let n = 0; n < 20; n++) await owner.must("SPUBLISH", channel, `direct ${n}`);
        const expected = ["proxied", "direct"].flatMap((how) =>
          Array.from({ length: 20 }, (_, n) => message(version, "smessage", channel, `${how} ${n}`)),
        );
        expect(await next(client, 40)).toEqual(expected);
      }
      client.send(["SUNSUBSCRIBE"], ["SUNSUBSCRIBE"]);
      const ended = [...CHANNELS, "{b}2"];
      // A channel that was left and subscribed to again is the last.
      ended.push(...ended.splice(1, 1));
      expect(await next(client, 5)).toEqual([
        ...ended.map((channel, index) => message(version, "sunsubscribe", channel, 3 - index)),
        message(version, "sunsubscribe", null, 0),
      ]);
      expect(await described(id)).toMatch(/ flags=N .* ssub=0 /);
      await nobodyListens();
      client.send(["SET", "after", "1"], ["GET", "after"]);
      expect(await next(client, 2)).toEqual(["+OK\r\n", bulk("1")]);
      client.close();
    });

    test("a subscriber's own message comes in a pipeline, and only a RESP2 subscriber is restricted", async () => {
      const client = await subscriber(version);
      client.send(
        ["SET", "k", "v"],
        ["SSUBSCRIBE", ...CHANNELS],
        ["PING"],
        ["PING", "text"],
        ["GET", "k"],
        ["SPUBLISH", OF_SECOND, "own"],
        ["SSUBSCRIBE"],
      );
      const told = [
        "+OK\r\n",
        ...CHANNELS.map((channel, index) => message(version, "ssubscribe", channel, index + 1)),
      ];
      const arity = "-ERR wrong number of arguments for 'ssubscribe' command\r\n";
      const own = message(version, "smessage", OF_SECOND, "own");
      if (version === 2) {
        const refused = (name: string): string =>
          `-ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n`;
        const pongs = ["", "text"].map((text) => `*2\r\n${bulk("pong")}${bulk(text)}`);
        expect(await next(client, 9)).toEqual([
          ...told,
          ...pongs,
          refused("get"),
          refused("spublish"),
          arity,
        ]);
      } else {
        const frames = await next(client, 10);
        expect(frames).toContain(own);
        expect(frames.filter((frame) => frame !== own)).toEqual([
          ...told,
          ...["+PONG\r\n", bulk("text"), bulk("v"), ":1\r\n", arity],
        ]);
      }
      client.send(["RESET"], ["GET", "k"]);
      expect(await next(client, 2)).toEqual(["+RESET\r\n", bulk("v")]);
      await nobodyListens();
      client.close();
    });

    test("with ordinary channels, transactions and a change of version besides", async () => {
      const client = await subscriber(version);
      client.send(["SSUBSCRIBE", OF_FIRST, OF_SECOND]);
      await next(client, 2);
      client.send(["SUBSCRIBE", "ordinary"]);
      expect(await next(client, 1)).toEqual([message(version, "subscribe", "ordinary", 1)]);
      await publisher.must("PUBLISH", "ordinary", "1");
      await publisher.must("SPUBLISH", OF_SECOND, "2");
      expect((await next(client, 2)).toSorted()).toEqual(
        [
          message(version, "message", "ordinary", "1"),
          message(version, "smessage", OF_SECOND, "2"),
        ].toSorted(),
      );
      client.send(["UNSUBSCRIBE"]);
      expect(await next(client, 1)).toEqual([message(version, "unsubscribe", "ordinary", 0)]);
      if (version === 3) {
        client.send(["MULTI"], ["SSUBSCRIBE", OF_THIRD], ["PING"], ["EXEC"]);
        const [, refusal, queued, aborted] = await next(client, 4);
        expect(refusal).toMatch(/^-ERR SSUBSCRIBE is not executed in a transaction/);
        expect(queued).toBe("+QUEUED\r\n");
        expect(aborted).toMatch(/^-EXECABORT/);
        client.send(["MULTI"], ["PING"], ["EXEC"]);
        expect((await next(client, 3)).at(-1)).toBe("*1\r\n+PONG\r\n");
        client.send(["HELLO", "2"]);
        await next(client, 1);
      }
      await publisher.must("SPUBLISH", OF_FIRST, "still");
      expect(await next(client, 1)).toEqual([message(2, "smessage", OF_FIRST, "still")]);
      client.send(["SUNSUBSCRIBE", OF_FIRST]);
      expect(await next(client, 1)).toEqual([message(2, "sunsubscribe", OF_FIRST, 1)]);
      client.close();
      await nobodyListens();
    });

    test("a slot that moves takes its channel along, and its subscriber sees nothing of it", async () => {
      const client = await subscriber(version);
      client.send(["SSUBSCRIBE", "moving", ...CHANNELS]);
      await next(client, 4);
      const slot = slotOf("moving");
      let sent = 0;
      let isMoving = true;
      const flow = (async () => {
        while (isMoving) {
          await publisher.must("SPUBLISH", "moving", String(sent++));
          await publisher.must("SPUBLISH", OF_THIRD, `steady ${sent}`);
        }
      })();
      /** What was sent once the new owner had the subscriber. */
      const certain: number[] = [];
      for (let round = 0; round < 6; round++) {
        const owner = await cluster.nodeOfSlot(slot);
        const to = cluster.nodes.find((node) => node !== owner)!;
        await cluster.moveSlot(slot, to);
        await until(
          async () => (await total("moving")) === 1 && (await hasSubscriber(to)),
          "it has followed",
        );
        const at = sent + 1;
        await until(() => sent > at + 20, "more messages");
        certain.push(...Array.from({ length: 20 }, (_, index) => at + index));
      }
      isMoving = false;
      await flow;
      await publisher.must("SPUBLISH", "moving", "last");
      await client.receivedFrame((frame) => frame.includes("\r\nlast\r\n"));
      const ofMoving = client.frames.filter((frame) => frame.includes(bulk("moving")));
      const numbers = ofMoving.slice(0, -1).map((frame) => Number(/(\d+)\r\n$/.exec(frame)![1]));
      console.info(
        `RESP${version}: ${sent} messages, 6 moves, ${sent - numbers.length} lost between two owners`,
      );
      expect(numbers).toEqual(numbers.toSorted((one, other) => one - other));
      expect(new Set(numbers).size).toBe(numbers.length);
      expect(certain.filter((number) => !numbers.includes(number))).toEqual([]);
      const steady = client.frames.filter((frame) => frame.includes("steady "));
      expect(steady.length).toBe(sent);
      expect(client.frames.filter((frame) => frame.includes("subscribe"))).toEqual([]);
      client.frames.length = 0;
      client.send(["SUNSUBSCRIBE", "moving"]);
      expect(await next(client, 1)).toEqual([message(version, "sunsubscribe", "moving", 3)]);
      client.close();
      await nobodyListens();
    });
  });

  async function hasSubscriber(node: RealNode): Promise<boolean> {
    return ((await node.must("PUBSUB", "SHARDNUMSUB", "moving")) as [string, number])[1] === 1;
  }

  test("a client that goes takes its connections along, and so does one that is closed", async () => {
    const clients = await Promise.all([2, 3, 2, 3].map((version) => subscriber(version as 2 | 3)));
    const before = local.proxy.origin.connectionCounts.dedicated;
    for (const client of clients) client.send(["SSUBSCRIBE", ...CHANNELS]);
    await Promise.all(clients.map((client) => next(client, 3)));
    expect(local.proxy.origin.connectionCounts.dedicated).toBe(before + 12);
    for (const client of clients) client.close();
    await until(() => local.proxy.origin.connectionCounts.dedicated === before, "the connections are closed");
    await nobodyListens();
  });

  test("a channel that its user may not hear is refused, and none of the request's is subscribed to", async () => {
    const owner = await cluster.nodeOf(OF_SECOND);
    await owner.must("ACL", "SETUSER", "default", "resetchannels", `&${OF_FIRST}`);
    const client = await subscriber(3);
    client.send(["SSUBSCRIBE", ...CHANNELS], ["PING"]);
    const [refusal, pong] = await next(client, 2);
    expect(refusal).toMatch(/^-NOPERM/);
    expect(pong).toBe("+PONG\r\n");
    await nobodyListens();
    await owner.must("ACL", "SETUSER", "default", "allchannels");
    client.send(["SSUBSCRIBE", ...CHANNELS]);
    expect((await next(client, 3)).at(-1)).toBe(message(3, "ssubscribe", OF_THIRD, 3));
    client.close();
    await nobodyListens();
  });
});

describe.skipIf(!server.available)(server.title("nodes with subscribers that fail"), () => {
  test("a killed node ends its subscribers, and no others", async () => {
    await using cluster = await RedisCluster.start({ replicas: 1 });
    await using local = await LocalProxy.ready({ origin: cluster.address() });
    const [concerned, other, late] = await Promise.all([1, 2, 3].map(() => local.frameClient()));
    concerned!.send(["SSUBSCRIBE", ...CHANNELS]);
    other!.send(["SSUBSCRIBE", OF_SECOND, OF_THIRD]);
    await Promise.all([next(concerned!, 3), next(other!, 2)]);
    await cluster.kill(await cluster.nodeOf(OF_FIRST));
    await concerned!.closed;
    const publisher = await local.client();
    expect(await publisher.must("SPUBLISH", OF_SECOND, "goes on")).toBe(1);
    expect(await next(other!, 1)).toEqual([message(2, "smessage", OF_SECOND, "goes on")]);
    await until(async () => {
      late!.send(["SSUBSCRIBE", OF_FIRST]);
      return (await next(late!, 1))[0] === message(2, "ssubscribe", OF_FIRST, 1);
    }, "a replica has taken the place");
    await publisher.must("SPUBLISH", OF_FIRST, "again");
    expect(await next(late!, 1)).toEqual([message(2, "smessage", OF_FIRST, "again")]);
  });

  test("a stopped node that is replaced ends its subscribers: it may have had messages for them", async () => {
    await using cluster = await RedisCluster.start({ replicas: 1 });
    await using local = await LocalProxy.ready({
      origin: cluster.address(),
      ...{ heartbeatMs: 200, heartbeatTimeoutMs: 300 },
    });
    const [concerned, other] = await Promise.all([1, 2].map(() => local.frameClient()));
    concerned!.send(["SSUBSCRIBE", ...CHANNELS]);
    other!.send(["SSUBSCRIBE", OF_SECOND, OF_THIRD]);
    await Promise.all([next(concerned!, 3), next(other!, 2)]);
    const primary = await cluster.nodeOf(OF_FIRST);
    cluster.pause(primary);
    await concerned!.closed;
    cluster.resume(primary);
    const publisher = await local.client();
    expect(await publisher.must("SPUBLISH", OF_SECOND, "goes on")).toBe(1);
    expect(await next(other!, 1)).toEqual([message(2, "smessage", OF_SECOND, "goes on")]);
  });

  test("a failover by agreement is a move: its subscribers stay", async () => {
    await using cluster = await RedisCluster.start({ replicas: 1 });
    await using local = await LocalProxy.ready({ origin: cluster.address() });
    const client = await local.frameClient();
    client.send(["SSUBSCRIBE", ...CHANNELS]);
    await next(client, 3);
    const publisher = await local.client();
    for (let round = 0; round < 2; round++) {
      const primary = await cluster.nodeOf(OF_FIRST);
      const [replica] = await cluster.replicasOf(primary);
      await cluster.failOver(replica!);
      await until(async () => {
        const reply = await replica!.must("PUBSUB", "SHARDNUMSUB", OF_FIRST);
        return (reply as [string, number])[1] === 1;
      }, "the subscription has followed");
      await cluster.agreed();
      expect(await publisher.must("SPUBLISH", OF_FIRST, `round ${round}`)).toBe(1);
      expect(await next(client, 1)).toEqual([message(2, "smessage", OF_FIRST, `round ${round}`)]);
      await until(async () => (await cluster.replicasOf(replica!)).length === 1, "the old primary follows");
      await primary.says(/^master_link_status:up/m);
    }
  });
});
