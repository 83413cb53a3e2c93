/**
 * Facts about real clusters that the proxy's promises depend on. `GLASSCACHE_REDIS_SERVER` names another server, such as
 * a valkey-server.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { ReplyValue } from "../../src/protocol/reply-value.ts";
import { readClusterView } from "../../src/upstream/cluster/cluster-view.ts";
import { slotOf } from "../support/fake-cluster.ts";
import {
  type RealNode,
  RedisCluster,
  type RedisClusterOptions,
  requireClusterServer,
} from "../support/redis-cluster.ts";
import type { RespClient } from "../support/resp-client.ts";
import { until } from "../support/until.ts";

const server = requireClusterServer();
/** What an invalidation says when everything has changed. */
const ALL = null;
const KEY_OF_SLOT_0 = "{06S}";
/** The proxy's cursors have the node's number in ten bits of 64. */
const MOST_CURSOR_BITS = 54n;

/** A client that has asked a node for invalidations, in the default mode. */
async function tracking(node: RealNode): Promise<RespClient> {
  const client = await node.connect({ version: 3 });
  await client.must("CLIENT", "TRACKING", "ON");
  return client;
}

/** The keys of all invalidations so far. */
function invalidated(client: RespClient): (string | null)[] {
  return client.pushes
    .filter(({ kind }) => kind === "invalidate")
    .flatMap(({ items: [keys] }) => keys as string[] | null);
}

/** Waits until all that the node has sent so far has come. */
async function settled(client: RespClient): Promise<void> {
  await client.ask("PING");
}

function sinceMs(startMs: number): string {
  return `${(performance.now() - startMs).toFixed(1)} ms`;
}

function codeOf(reply: ReplyValue): string | undefined {
  return reply instanceof Error ? reply.message.split(" ")[0] : undefined;
}

describe.skipIf(!server.available)(server.title("slots that move"), () => {
  let cluster: RedisCluster;
  let nextKey = 0;
  /** Whether keys that are deleted because their slot was taken are told: since Redis 7.2. */
  let tellsOfTakenSlots = true;
  beforeAll(async () => {
    cluster = await RedisCluster.start();
    const about = (await cluster.nodes[0]!.must("INFO", "server")) as string;
    console.info(about.match(/^(redis|valkey)_version:[\w.]+/gm)!.join(", "));
    tellsOfTakenSlots = !about.includes("redis_version:7.0.");
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  /** A key of a slot of its own, its owner and another node. */
  async function scene(value?: string) {
    const key = `key:${nextKey++}`;
    const slot = slotOf(key);
    const owner = await cluster.nodeOfSlot(slot);
    const other = cluster.nodes.find((node) => node !== owner)!;
    const bystander = cluster.nodes.find((node) => node !== owner && node !== other)!;
    if (value !== undefined) await owner.must("SET", key, value);
    return { key, slot, owner, other, bystander };
  }

  test("MIGRATE tells those who have read the key at the source, before it answers", async () => {
    const { key, slot, owner, other } = await scene("1");
    using reader = await tracking(owner);
    await reader.must("GET", key);
    const move = await cluster.slotMove(slot, other);
    await move.importing();
    await move.migrating();
    expect(await reader.must("GET", key)).toBe("1");
    await settled(reader);
    expect(invalidated(reader)).toEqual([]);
    await move.moveKeys();
    await settled(reader);
    expect(invalidated(reader)).toEqual([key]);
    expect(codeOf(await reader.ask("GET", key))).toBe("ASK");
    await move.settle();
    await settled(reader);
    expect(invalidated(reader)).toEqual([key]);
    expect(codeOf(await reader.ask("GET", key))).toBe("MOVED");
  });

  test("nothing is told of a key that did not exist when its slot moved", async () => {
    const { key, slot, owner, other } = await scene();
    using reader = await tracking(owner);
    expect(await reader.must("GET", key)).toBeNull();
    await cluster.moveSlot(slot, other);
    await other.must("SET", key, "1");
    await cluster.agreed();
    await settled(reader);
    expect(invalidated(reader)).toEqual([]);
  });

  test("a key that is not there while its slot is on its way is not read: ASK, and nothing is tracked", async () => {
    const { key, slot, owner, other } = await scene();
    using reader = await tracking(owner);
    const move = await cluster.slotMove(slot, other);
    await move.importing();
    await move.migrating();
    expect(codeOf(await reader.ask("GET", key))).toBe("ASK");
    await move.settle();
    expect(invalidated(reader)).toEqual([]);
  });

  test("what is read behind ASKING is tracked, by the node that is getting the slot", async () => {
    const { key, slot, owner, other } = await scene("1");
    using reader = await tracking(other);
    const move = await cluster.slotMove(slot, other);
    await move.importing();
    await move.migrating();
    const absent = `{${key}}absent`;
    await move.moveKeys();
    const replies = [
      reader.ask("ASKING"),
      reader.ask("GET", key),
      reader.ask("ASKING"),
      reader.ask("GET", absent),
    ];
    expect(await Promise.all(replies)).toEqual(["OK", "1", "OK", null]);
    using writer = await other.connect();
    await writer.must("ASKING");
    await writer.must("SET", key, "2");
    await settled(reader);
    expect(invalidated(reader)).toEqual([key]);
    await writer.must("ASKING");
    await writer.must("SET", absent, "2");
    await settled(reader);
    expect(invalidated(reader)).toEqual([key, absent]);
    await move.settle();
    expect(await cluster.nodeOfSlot(slot, owner)).toBe(other);
  });

  test("a key that arrives by MIGRATE is told to those who have asked for it in vain", async () => {
    const { key, slot, other } = await scene("1");
    using reader = await tracking(other);
    const move = await cluster.slotMove(slot, other);
    await move.importing();
    await move.migrating();
    await reader.must("ASKING");
    expect(await reader.must("GET", key)).toBeNull();
    await move.moveKeys();
    await settled(reader);
    expect(invalidated(reader)).toEqual([key]);
    await move.settle();
  });

  test("the owner of a slot does not give it away while it has keys of it", async () => {
    const { slot, owner, other } = await scene("1");
    expect(String(await owner.ask("CLUSTER", "SETSLOT", String(slot), "NODE", other.id))).toContain(
      "Can't assign hashslot",
    );
  });

  test("a slot that is taken without MIGRATE: its keys are deleted when its owner hears of it, and since Redis 7.2 told", async () => {
    const { key, slot, owner, other } = await scene("1");
    using reader = await tracking(owner);
    await reader.must("GET", key);
    const startMs = performance.now();
    await cluster.takeSlot(slot, other);
    // Until the news arrives there are two owners.
    await other.must("SET", key, "2");
    let staleReads = 0;
    await until(async () => {
      const reply = await owner.ask("GET", key);
      if (reply === "1") staleReads++;
      return codeOf(reply) === "MOVED";
    });
    await settled(reader);
    console.info(`slot taken: its owner heard of it after ${sinceMs(startMs)}, ${staleReads} old reads`);
    await cluster.agreed();
    await settled(reader);
    expect(invalidated(reader)).toEqual(tellsOfTakenSlots ? [key] : []);
    expect(await owner.must("CLUSTER", "COUNTKEYSINSLOT", String(slot))).toBe(0);
    expect(await other.must("GET", key)).toBe("2");
  });

  test("the same, when every other node is told by hand", async () => {
    const { key, slot, owner, other, bystander } = await scene("1");
    using reader = await tracking(owner);
    await reader.must("GET", key);
    const move = await cluster.slotMove(slot, other);
    await move.importing();
    const startMs = performance.now();
    await move.settleAt(other);
    await move.settleAt(bystander);
    await until(async () => codeOf(await owner.ask("GET", key)) === "MOVED");
    await settled(reader);
    console.info(`slot settled without MIGRATE: its owner heard of it after ${sinceMs(startMs)}`);
    await cluster.agreed();
    await settled(reader);
    expect(invalidated(reader)).toEqual(tellsOfTakenSlots ? [key] : []);
  });

  test("DELSLOTS tells nothing: the keys stay, and are served again with their slot", async () => {
    const { key, slot, owner } = await scene("1");
    using reader = await tracking(owner);
    await reader.must("GET", key);
    await owner.must("CLUSTER", "DELSLOTS", String(slot));
    expect(codeOf(await reader.ask("GET", key))).toBe("CLUSTERDOWN");
    expect(invalidated(reader)).toEqual([]);
    await owner.must("CLUSTER", "ADDSLOTS", String(slot));
    await cluster.agreed();
    expect(await reader.must("GET", key)).toBe("1");
    await owner.must("SET", key, "2");
    await settled(reader);
    expect(invalidated(reader)).toEqual([key]);
  });

  test.each(["FLUSHALL", "FLUSHDB"])(
    "%s is told as a change of everything, by its node alone",
    async (flush) => {
      const { key, owner, other } = await scene("1");
      using reader = await tracking(owner);
      using bystander = await tracking(other);
      await reader.must("GET", key);
      await owner.must(flush);
      for (const client of [reader, bystander]) await settled(client);
      expect(invalidated(reader)).toEqual([ALL]);
      expect(invalidated(bystander)).toEqual([]);
    },
  );

  test("SCAN's cursors leave room for the number of a node", async () => {
    const [node] = cluster.nodes;
    const names = Array.from({ length: 30_000 }, (_, index) => `scan:${index}`);
    const replies = await Promise.all(names.map((name) => node!.ask("SET", name, "1")));
    const own = names.filter((_, index) => replies[index] === "OK");
    const seen = new Set<string>();
    let greatest = 0n;
    let cursor = "0";
    do {
      const [next, keys] = (await node!.must("SCAN", cursor, "COUNT", "7")) as [string, string[]];
      for (const key of keys) seen.add(key);
      if (BigInt(next) > greatest) greatest = BigInt(next);
      cursor = next;
    } while (cursor !== "0");
    console.info(
      `${own.length} keys: the greatest of SCAN's cursors has ${greatest.toString(2).length} bits`,
    );
    expect(own.filter((name) => !seen.has(name))).toEqual([]);
    expect(greatest < 1n << MOST_CURSOR_BITS).toBe(true);
    await node!.must("FLUSHALL");
  });
});

describe.skipIf(!server.available)(server.title("replicas that are promoted"), () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await RedisCluster.start({ replicas: 1 });
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  async function scene(key: string) {
    const primary = await cluster.nodeOf(key);
    await until(async () => (await cluster.replicasOf(primary)).length === 1, "the primary has its replica");
    const [replica] = await cluster.replicasOf(primary);
    await replica!.says(/^master_link_status:up/m);
    await primary.must("SET", key, "1");
    await until(async () => Number(await primary.must("WAIT", "1", "1000")) === 1, "the replica has the key");
    return { primary, replica: replica! };
  }

  test.each([
    ["by agreement", undefined],
    ["by the replica's will", "FORCE"],
    ["past the other primaries", "TAKEOVER"],
  ] as const)("%s: nothing is told of it, and no connection ends", async (_, mode) => {
    const key = `failover:${mode}`;
    const { primary, replica } = await scene(key);
    using reader = await tracking(primary);
    await reader.must("GET", key);
    const startMs = performance.now();
    await cluster.failOver(replica, mode);
    const promoted = sinceMs(startMs);
    let oldReads = 0;
    await until(async () => {
      const reply = await reader.ask("GET", key);
      if (reply === "1") oldReads++;
      return codeOf(reply) === "MOVED";
    });
    const moved = sinceMs(startMs);
    console.info(
      `FAILOVER ${mode ?? ""}: promoted after ${promoted}, MOVED after ${moved}, ${oldReads} reads before`,
    );
    await primary.says(/^master_link_status:up/m);
    await cluster.agreed();
    await settled(reader);
    // The old primary keeps its keys, or empties itself and fetches all of them anew.
    const told = invalidated(reader);
    expect(["[]", "[null]"]).toContain(JSON.stringify(told));
    // It follows its replica from now on, and goes on telling its clients of changes.
    await replica.must("SET", key, "2");
    await until(async () => {
      await settled(reader);
      return told.length > 0 || invalidated(reader).includes(key);
    }, "the old primary tells of a change at the new one");
    expect(reader.isClosed).toBe(false);
    expect(await reader.must("CLUSTER", "MYID")).toBe(primary.id);
  });

  test("a primary that was stopped, and replaced meanwhile, hears of it soon after it goes on", async () => {
    const key = "stopped";
    const { primary, replica } = await scene(key);
    using reader = await tracking(primary);
    await reader.must("GET", key);
    const startMs = performance.now();
    cluster.pause(primary);
    await until(() => replica.isPrimary(), "the replica is a primary");
    console.info(`a primary stopped: its replica is a primary after ${sinceMs(startMs)}`);
    await until(async () => (await replica.ask("SET", key, "2")) === "OK");
    const waiting = [reader.ask("GET", key), reader.ask("CLUSTER", "INFO")];
    cluster.resume(primary);
    const resumedMs = performance.now();
    // It may read its clients' requests before the other nodes' messages.
    const [first, info] = await Promise.all(waiting);
    const state = /cluster_state:\w+/.exec(String(info))?.[0];
    await until(async () => codeOf(await reader.ask("GET", key)) === "MOVED");
    const moved = sinceMs(resumedMs);
    console.info(`it goes on: answers ${String(first)} and ${state}, though it was 2; MOVED after ${moved}`);
    expect(reader.isClosed).toBe(false);
    // What has changed meanwhile comes from its replica now, or all keys do.
    await primary.says(/^master_link_status:up/m);
    await until(async () => {
      await settled(reader);
      return [key, ALL].some((one) => invalidated(reader).includes(one));
    }, "the old primary tells of what has changed meanwhile");
    await cluster.agreed();
  });
});

describe.skipIf(!server.available)(server.title("a primary that loses its last slot"), () => {
  test("becomes a replica of the node that took it, and says MOVED", async () => {
    await using cluster = await RedisCluster.start({ spares: 1 });
    const spare = cluster.nodes[3]!;
    const [first, second] = ["{last}1", "{last}2"] as const;
    const home = await cluster.nodeOf(first);
    await cluster.moveSlot(slotOf(first), spare);
    await spare.must("MSET", first, "1", second, "1");
    using reader = await tracking(spare);
    await reader.must("GET", first);
    const move = await cluster.slotMove(slotOf(first), home);
    await move.importing();
    await move.migrating();
    await move.moveKeys();
    await move.settleAt(home);
    await spare.says(/^role:slave/m);
    expect(codeOf(await reader.ask("GET", first))).toBe("MOVED");
    await spare.says(/^master_link_status:up/m);
    await settled(reader);
    console.info(`its clients are told ${JSON.stringify(invalidated(reader))}`);
    expect(invalidated(reader)[0]).toBe(first);
    expect(reader.isClosed).toBe(false);
  });
});

describe.skipIf(!server.available)(server.title("how nodes are named"), () => {
  test.each<[string, RedisClusterOptions, string, string]>([
    ["by address", {}, "127.0.0.1", "127.0.0.1"],
    ["by an IPv6 address", { host: "::1" }, "::1", "::1"],
    ["by host name", { announcedName: "localhost", endpointType: "hostname" }, "localhost", "localhost"],
    ["by address, though a host name is told, too", { announcedName: "localhost" }, "127.0.0.1", "127.0.0.1"],
    ["by a host name that is not set", { endpointType: "hostname" }, "127.0.0.1", "?"],
    ["as wherever the client has asked", { endpointType: "unknown-endpoint" }, "", ""],
  ])("%s", async (_, options, host, nameInRedirections) => {
    await using cluster = await RedisCluster.start({ ...options, replicas: 1 });
    const [asked] = cluster.nodes;
    const nodes = (await asked!.must("CLUSTER", "NODES")) as string;
    const slots = await asked!.must("CLUSTER", "SLOTS");
    const view = readClusterView(nodes, slots);
    console.info(`${nodes.split("\n")[0]}; ${JSON.stringify((slots as ReplyValue[])[0])}`);
    expect(view.myself.id).toBe(asked!.id);
    const seen = view.nodes.map(({ id, port, isPrimary, slots: own }) => ({
      id,
      port,
      isPrimary,
      own: own.length,
    }));
    const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);
    const expected = cluster.nodes.map(({ id, port }, index) => {
      const isPrimary = index < 3;
      return { id, port, isPrimary, own: isPrimary ? 1 : 0 };
    });
    expect(seen.toSorted(byId)).toEqual(expected.toSorted(byId));
    const primaries = view.nodes.filter(({ isPrimary }) => isPrimary);
    expect(primaries.map((node) => node.host)).toEqual([host, host, host]);
    expect(primaries.map(({ configEpoch }) => configEpoch).toSorted()).toEqual([1, 2, 3]);
    const refusal = await cluster.nodes[1]!.ask("GET", KEY_OF_SLOT_0);
    expect(String(refusal)).toContain(`MOVED 0 ${nameInRedirections}:${asked!.port}`);
  });
});
