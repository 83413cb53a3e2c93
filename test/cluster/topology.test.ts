/** The proxy in front of a cluster whose nodes tell late, old or wrong topologies. The nodes are fakes. */

import { describe, expect, test } from "bun:test";
import { KeyBytes } from "../../src/lib/key-bytes.ts";
import type { ReplyValue } from "../../src/protocol/reply-value.ts";
import { SlotMap } from "../../src/upstream/cluster/slot-map.ts";
import { FakeCluster, slotOf } from "../support/fake-cluster.ts";
import { bulk, FakeOrigin, type Script } from "../support/fake-origin.ts";
import { LocalProxy } from "../support/local-proxy.ts";
import type { RespClient } from "../support/resp-client.ts";
import { until } from "../support/until.ts";

/** In slots of the third, the first and the second node. */
const KEYS = ["a", "b", "c"] as const;
const [OF_THIRD, OF_FIRST, OF_SECOND] = KEYS;
const OWNERS: Readonly<Record<string, number>> = { [OF_THIRD]: 2, [OF_FIRST]: 0, [OF_SECOND]: 1 };
/** Often enough that news comes soon, and patient enough that nobody is taken for dead. */
const BEATS = { heartbeatMs: 10, heartbeatTimeoutMs: 30_000 };

class Scene implements AsyncDisposable {
  readonly servers: readonly FakeOrigin[];
  readonly nodes: FakeCluster;
  readonly local: LocalProxy;
  readonly client: RespClient;

  private constructor(
    servers: readonly FakeOrigin[],
    nodes: FakeCluster,
    local: LocalProxy,
    client: RespClient,
  ) {
    this.servers = servers;
    this.nodes = nodes;
    this.local = local;
    this.client = client;
  }

  /** A proxy that has cached a key of each of three nodes, with the value `old`. */
  static async open(beats: typeof BEATS = BEATS): Promise<Scene> {
    const servers = KEYS.map(() => new FakeOrigin());
    const nodes = new FakeCluster(servers);
    for (const key of KEYS) servers[OWNERS[key]!]!.values.set(key, "old");
    const hosts = servers.map(({ port }) => `127.0.0.1:${port}`).join(",");
    const local = await LocalProxy.ready({ origin: `redis+cluster://${hosts}`, ...beats });
    const scene = new Scene(servers, nodes, local, await local.client());
    await until(() => local.proxy.origin.nodes.length === 3 && local.proxy.origin.linkStatus === "up");
    for (const key of KEYS) await until(async () => (await scene.source(key)) === "hit");
    return scene;
  }

  async source(key: string): Promise<string> {
    return String(((await this.client.must("GLASS.GET", key)) as ReplyValue[])[1]);
  }

  /** Looks whether a key is cached, without reading it. */
  async isCached(key: string): Promise<boolean> {
    return ((await this.client.must("GLASS.EXPLAIN", key)) as ReplyValue[])[1] === 1;
  }

  /** The number of the node that a key's requests go to. */
  ownerOf(key: string): number {
    const bytes = new KeyBytes().at(new TextEncoder().encode(key));
    const { name } = this.local.proxy.origin.nodeOf(bytes);
    return this.servers.findIndex(({ port }) => name.endsWith(`:${port}`));
  }

  /** Has a node asked for its topology, and again once every answer has come. */
  async askedAgain(node: number): Promise<void> {
    const server = this.servers[node]!;
    const asked = server.count("CLUSTER", "SLOTS");
    await until(() => {
      raiseEpoch(this, 1);
      return server.count("CLUSTER", "SLOTS") >= asked + 2;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.local[Symbol.asyncDispose]();
    for (const server of this.servers) server[Symbol.dispose]();
  }
}

/** A node tells another epoch, so that the topology is looked at. */
function raiseEpoch({ nodes }: Scene, node: number): void {
  nodes.beliefs[node]!.epochs[node]! += 10;
}

function onTopology(answer: (subcommand: string) => string | undefined): Script {
  return ([name, subcommand = ""]) => (name === "CLUSTER" ? answer(subcommand.toUpperCase()) : undefined);
}

test("a node that does not answer for a while keeps nobody from learning that a slot has moved", async () => {
  await using scene = await Scene.open();
  const { servers, nodes, client } = scene;
  servers[0]!.goSilent();
  servers[1]!.values.set(OF_THIRD, "new");
  nodes.give(slotOf(OF_THIRD), 1);
  await until(async () => (await client.must("GET", OF_THIRD)) === "new");
  expect(scene.ownerOf(OF_THIRD)).toBe(1);
  // What was cached of the node that is late is vouched for until it is taken for dead.
  expect(await scene.source(OF_FIRST)).toBe("hit");
  servers[0]!.speakAgain();
  servers[1]!.values.set(OF_THIRD, "newer");
  servers[1]!.main.invalidate(OF_THIRD);
  await until(async () => (await client.must("GET", OF_THIRD)) === "newer");
  expect(await scene.isCached(OF_FIRST)).toBe(true);
  expect(await scene.isCached(OF_SECOND)).toBe(true);
});

test("what was cached of a node that was taken for dead is gone, and nothing else, though it speaks again", async () => {
  await using scene = await Scene.open({ heartbeatMs: 10, heartbeatTimeoutMs: 1000 });
  const { servers, client } = scene;
  servers[0]!.goSilent();
  await until(async () => !(await scene.isCached(OF_FIRST)));
  expect(await scene.source(OF_SECOND)).toBe("hit");
  expect(await scene.source(OF_THIRD)).toBe("hit");
  // Another node may have had its slots meanwhile. No invalidation comes.
  servers[0]!.values.set(OF_FIRST, "new");
  servers[0]!.speakAgain();
  await until(async () => (await client.ask("GET", OF_FIRST)) === "new");
});

test("an answer that comes when a slot has moved on does not bring it back", async () => {
  await using scene = await Scene.open();
  const { servers, nodes, client } = scene;
  // The topology of before, said when the slot has moved twice.
  servers[0]!.holdFrom("CLUSTER", "SLOTS");
  raiseEpoch(scene, 1);
  await scene.servers[0]!.received(servers[0]!.count("CLUSTER", "SLOTS") + 1, "CLUSTER", "SLOTS");
  for (const to of [1, 0, 1]) nodes.give(slotOf(OF_THIRD), to);
  servers[1]!.values.set(OF_THIRD, "new");
  await until(async () => (await client.must("GET", OF_THIRD)) === "new");
  servers[0]!.releaseAll();
  await scene.askedAgain(0);
  for (let reads = 0; reads < 20; reads++) expect(await client.must("GET", OF_THIRD)).toBe("new");
  expect(scene.ownerOf(OF_THIRD)).toBe(1);
});

test("a value that a node tells by way of exception is shown and not cached", async () => {
  await using scene = await Scene.open();
  const { servers, nodes, client } = scene;
  servers[2]!.main.invalidate(OF_THIRD);
  nodes.asks.set(OF_THIRD, 1);
  servers[1]!.values.set(OF_THIRD, "new");
  await until(async () => (await client.must("GET", OF_THIRD)) === "new");
  // Only the owner tells when the slot has gone, or vouches for what was fetched of it.
  expect(await scene.isCached(OF_THIRD)).toBe(false);
  expect(await client.must("GET", OF_THIRD)).toBe("new");
  nodes.asks.clear();
  servers[2]!.values.set(OF_THIRD, "back");
  expect(await client.must("GET", OF_THIRD)).toBe("back");
  expect(await scene.isCached(OF_THIRD)).toBe(true);
});

test("a fill that begins while another thread learns that its slot has moved is shown and not cached", async () => {
  await using scene = await Scene.open();
  const { servers, client, local } = scene;
  const { cache, origin } = local.proxy;
  servers[2]!.main.invalidate(OF_THIRD);
  await until(async () => !(await scene.isCached(OF_THIRD)));
  const nodeOf = origin.nodeOf.bind(origin);
  origin.nodeOf = (key) => {
    const node = nodeOf(key);
    origin.nodeOf = nodeOf;
    // As the other thread does it: the map, and then the epoch. The fill begins behind both.
    const map = new SlotMap(origin.owners.buffer as SharedArrayBuffer);
    const slot = slotOf(OF_THIRD);
    map.assign([{ slot, primary: map.primaryOf(slotOf(OF_SECOND)) }], [], () => true);
    cache.store.bumpEpoch([slot]);
    return node;
  };
  expect(await client.must("GET", OF_THIRD)).toBe("old");
  expect(origin.nodeOf).toBe(nodeOf);
  expect(await scene.isCached(OF_THIRD)).toBe(false);
});

test("a write that a node sends on voids what was fetched since, although nobody tells of the change", async () => {
  await using scene = await Scene.open();
  const { servers, nodes, client, local } = scene;
  const slot = slotOf(OF_THIRD);
  servers[1]!.invalidates = false;
  servers[1]!.values.set(OF_THIRD, "old");
  servers[2]!.script = ([name]) =>
    name === "SET" ? `-MOVED ${slot} 127.0.0.1:${servers[1]!.port}\r\n` : undefined;
  servers[2]!.holdFrom("SET");
  const written = client.must("SET", OF_THIRD, "new");
  await servers[2]!.received(1, "SET");
  nodes.give(slot, 1);
  using other = await local.client();
  await until(() => scene.ownerOf(OF_THIRD) === 1);
  await until(async () => ((await other.must("GLASS.GET", OF_THIRD)) as ReplyValue[])[1] === "hit");
  servers[2]!.releaseAll();
  await written;
  expect(servers[1]!.count("SET")).toBe(1);
  expect(await other.must("GET", OF_THIRD)).toBe("new");
});

describe("a slot that has moved on twice, which nobody has told the proxy", () => {
  /** Each node but the last sends the command on to the next one. */
  function sendOn({ servers }: Scene, command: string, answer: string): void {
    const [first, second, third] = [servers[2]!, servers[0]!, servers[1]!];
    const movedTo = ({ port }: FakeOrigin): string => `-MOVED ${slotOf(OF_THIRD)} 127.0.0.1:${port}\r\n`;
    first.script = ([name]) => (name === command ? movedTo(second) : undefined);
    second.script = ([name]) => (name === command ? movedTo(third) : undefined);
    third.script = ([name]) => (name === command ? answer : undefined);
  }

  test("a script is executed once, and answered", async () => {
    await using scene = await Scene.open();
    const { servers, client } = scene;
    sendOn(scene, "EVAL", "+done\r\n");
    expect(await client.ask("EVAL", "a script", "1", OF_THIRD, "new")).toBe("done");
    expect(servers.map((server) => server.count("EVAL"))).toEqual([1, 1, 1]);
  });

  test("a request of a client with a connection of its own is executed once, and answered", async () => {
    await using scene = await Scene.open();
    const { servers, client } = scene;
    sendOn(scene, "BLPOP", "*2\r\n$1\r\na\r\n$1\r\n1\r\n");
    expect(await client.ask("BLPOP", OF_THIRD, "0")).toEqual(["a", "1"]);
    expect(servers.map((server) => server.count("BLPOP"))).toEqual([1, 1, 1]);
  });
});

describe("a node that tells something else than the others", () => {
  test("an old topology: nothing moves back, and nothing more is dropped", async () => {
    await using scene = await Scene.open();
    const { servers, nodes, client } = scene;
    servers[1]!.values.set(OF_THIRD, "new");
    nodes.give(slotOf(OF_THIRD), 1, [1, 2]);
    await until(async () => (await client.must("GET", OF_THIRD)) === "new");
    await until(async () => (await scene.source(OF_THIRD)) === "hit");
    await scene.askedAgain(0);
    expect(scene.ownerOf(OF_THIRD)).toBe(1);
    for (const key of KEYS) expect(await scene.isCached(key)).toBe(true);
  });

  test("that it owns all slots, since long ago: it gets none", async () => {
    await using scene = await Scene.open();
    const { nodes } = scene;
    nodes.beliefs[0]!.owners.fill(0);
    nodes.beliefs[0]!.epochs.fill(0);
    await scene.askedAgain(0);
    for (const key of KEYS) {
      expect(scene.ownerOf(key)).toBe(OWNERS[key]!);
      expect(await scene.isCached(key)).toBe(true);
    }
  });

  test("that it owns all slots, since now: what was cached of them is gone before it is asked", async () => {
    await using scene = await Scene.open();
    const { nodes, servers, client } = scene;
    const before: boolean[] = [];
    servers[0]!.script = ([name, key = ""]) => {
      const { store } = scene.local.proxy.cache;
      if (name === "GET" && key !== OF_FIRST) before.push(store.stats().entries > 0 && isLive(scene, key));
      return undefined;
    };
    nodes.beliefs[0]!.owners.fill(0);
    raiseEpoch(scene, 0);
    await until(() => KEYS.every((key) => scene.ownerOf(key) === 0));
    expect(await client.must("GET", OF_THIRD)).toBeNull();
    expect(await client.must("GET", OF_SECOND)).toBeNull();
    expect(await client.must("GET", OF_FIRST)).toBe("old");
    expect(before).toEqual([false, false]);
    expect(await scene.isCached(OF_FIRST)).toBe(true);
  });

  test.each([
    ["no text", (what: string) => (what === "NODES" ? "*0\r\n" : undefined)],
    ["no line about itself", (what: string) => (what === "NODES" ? bulk("") : undefined)],
    ["garbage", (what: string) => (what === "NODES" ? bulk("\u0000 a b c\nd") : undefined)],
    ["slots beyond the last", (what: string) => (what === "NODES" ? bulk(nodeLine("0-16384")) : undefined)],
    ["ranges that are none", (what: string) => (what === "SLOTS" ? "*1\r\n:7\r\n" : undefined)],
    ["an error", (what: string) => (what === "INFO" ? undefined : "-ERR not now\r\n")],
  ] as const)("%s: the others are believed, and what is cached stays", async (_, answer) => {
    await using scene = await Scene.open();
    const { servers, nodes, client } = scene;
    servers[0]!.script = onTopology(answer);
    servers[1]!.values.set(OF_THIRD, "new");
    nodes.give(slotOf(OF_THIRD), 1);
    await until(async () => (await client.must("GET", OF_THIRD)) === "new");
    await scene.askedAgain(0);
    expect(KEYS.map((key) => scene.ownerOf(key))).toEqual([1, 0, 1]);
    for (const key of [OF_FIRST, OF_SECOND]) expect(await scene.isCached(key)).toBe(true);
  });

  test("garbage for a sign of life: its entries are not served, and those of others are", async () => {
    await using scene = await Scene.open();
    const { servers, client } = scene;
    servers[0]!.script = onTopology((what) => (what === "INFO" ? bulk("garbage") : undefined));
    await until(async () => !(await scene.isCached(OF_FIRST)));
    // No invalidation comes.
    servers[0]!.values.set(OF_FIRST, "new");
    expect(await client.must("GET", OF_FIRST)).toBe("new");
    for (const key of [OF_SECOND, OF_THIRD]) expect(await scene.source(key)).toBe("hit");
  });
});

test("all nodes tell garbage for a while: what is cached is vouched for by its nodes, and the map stays", async () => {
  await using scene = await Scene.open();
  const { servers, client } = scene;
  for (const server of servers) {
    server.script = onTopology((what) => (what === "INFO" ? undefined : bulk("garbage")));
  }
  await scene.askedAgain(1);
  for (const key of KEYS) {
    expect(scene.ownerOf(key)).toBe(OWNERS[key]!);
    expect(await scene.source(key)).toBe("hit");
    const server = servers[OWNERS[key]!]!;
    server.values.set(key, "new");
    server.main.invalidate(key);
    await until(async () => (await client.must("GET", key)) === "new");
  }
});

function isLive({ local }: Scene, key: string): boolean {
  const { cache, nowMs } = local.proxy;
  const bytes = new TextEncoder().encode(key);
  const found: string[] = [];
  cache.store.scan(0, 1000, nowMs(), (each) => found.push(new TextDecoder().decode(each)));
  return found.includes(new TextDecoder().decode(bytes));
}

function nodeLine(slots: string): string {
  return `${FakeCluster.idOf(0)} 127.0.0.1:1@2 myself,master - 0 0 1 connected ${slots}\n`;
}
