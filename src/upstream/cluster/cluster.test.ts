import { afterEach, describe, expect, test } from "bun:test";
import { FakeCluster, slotOf } from "../../../test/support/fake-cluster.ts";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { awaited, until } from "../../../test/support/until.ts";
import { latin1, utf8 } from "../../lib/bytes.ts";
import { systemClock } from "../../lib/clock.ts";
import { KeyBytes } from "../../lib/key-bytes.ts";
import { writeCommand } from "../../protocol/request-writer.ts";
import { CallbackRequest } from "../callback-request.ts";
import type { ChannelOptions } from "../channel.ts";
import type { OriginNode } from "../origin-node.ts";
import type { UpstreamError } from "../upstream-error.ts";
import { Cluster } from "./cluster.ts";
import { SlotMap } from "./slot-map.ts";

/** With three nodes: slots 15,495, 3300 and 7365, so of the third, the first and the second node. */
const [A, B, C] = ["a", "b", "c"] as const;

/** A cluster of fake nodes, and an origin that knows the first of them. */
class Bench implements Disposable {
  readonly servers: readonly FakeOrigin[];
  readonly nodes: FakeCluster;
  readonly events: string[] = [];
  readonly moved: number[] = [];
  readonly memory: SharedArrayBuffer;
  readonly origin: Cluster;
  readonly #options: Partial<ChannelOptions>;
  readonly #others: Cluster[] = [];

  constructor(options: Partial<ChannelOptions> = {}, count = 3) {
    this.#options = options;
    this.servers = Array.from({ length: count }, () => new FakeOrigin());
    this.nodes = new FakeCluster(this.servers);
    this.memory = SlotMap.createMemory();
    this.origin = this.open(this.memory);
  }

  /** Opens another origin of the same cluster. */
  open(memory: SharedArrayBuffer, seeds: readonly number[] = [0]): Cluster {
    const defaults = { connectTimeoutMs: 2000, timeoutMs: 2000, heartbeatMs: 1000, heartbeatTimeoutMs: 1000 };
    const rest = {
      clock: systemClock,
      trackingRetryMs: 10_000,
      pendingBytes: 10_000,
      random: { next: () => 0 },
    };
    const tell =
      (event: string) =>
      (node: OriginNode): void => {
        this.events.push(`${this.#indexOf(node)} ${event}`);
      };
    const cluster = new Cluster(
      seeds.map((index) => ({ host: "127.0.0.1", port: this.servers[index]!.port })),
      (address) => ({ ...defaults, ...rest, ...this.#options, address }),
      {
        invalidated: (node, bytes, start, end) => tell(`invalidated ${latin1(bytes, start, end)}`)(node),
        allInvalidated: tell("all invalidated"),
        proven: () => {},
        lost: tell("lost"),
        ready: tell("ready"),
        silent: tell("silent"),
        answers: tell("answers"),
        retired: tell("retired"),
        clustered: () => {},
        moved: (slots) => {
          this.moved.push(...slots);
        },
      },
      memory,
    );
    this.#others.push(cluster);
    return cluster;
  }

  #indexOf(node: OriginNode): number {
    return this.servers.findIndex(({ port }) => node.name.endsWith(`:${port}`));
  }

  /** Returns the number of the node that a key's requests go to. */
  ownerOf(key: string, origin = this.origin): number {
    return this.#indexOf(origin.nodeOf(new KeyBytes().at(utf8(key))));
  }

  /** Waits until all nodes are known and connected. */
  async ready(): Promise<this> {
    await until(() => this.origin.nodes.length === this.servers.length && this.origin.linkStatus === "up");
    this.events.length = 0;
    this.moved.length = 0;
    return this;
  }

  /** Sends a command to the node of its key, and lets it be redirected. */
  ask(command: readonly string[], kind: "main" | 2 | 3 = "main", origin = this.origin): Promise<string> {
    const node = origin.nodeOf(new KeyBytes().at(utf8(command[1]!)));
    return this.askAt(node, command, kind);
  }

  askAt(node: OriginNode, command: readonly string[], kind: "main" | 2 | 3 = "main"): Promise<string> {
    const connection = kind === "main" ? node.main() : node.side(kind);
    const reply = new Promise<string>((resolve) => {
      writeCommand(connection.out, command);
      connection.enqueue(
        new CallbackRequest(
          (bytes, start, end) => resolve(latin1(bytes, start, end)),
          (error: UpstreamError) => resolve(`failed: ${error.code} ${error.message}`),
          (to) => writeCommand(to.out, command),
          kind,
        ),
      );
    });
    return awaited(reply, () => `the reply to ${command.join(" ")}`);
  }

  [Symbol.dispose](): void {
    for (const cluster of this.#others) cluster.close();
    for (const server of this.servers) server[Symbol.dispose]();
  }
}

const benches: Bench[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
});

function bench(options: Partial<ChannelOptions> = {}, count = 3): Bench {
  const one = new Bench(options, count);
  benches.push(one);
  return one;
}

const opened = (options: Partial<ChannelOptions> = {}): Promise<Bench> => bench(options).ready();

describe("the nodes", () => {
  test("are found through one of them", async () => {
    const { origin, servers, nodes } = await opened();
    expect(origin.nodes.map(({ name }) => name)).toEqual(servers.map(({ port }) => `127.0.0.1:${port}`));
    expect([origin.redirects, origin.database]).toEqual([true, 0]);
    expect([A, B, C].map((key) => nodes.beliefs[0]!.owners[slotOf(key)]!)).toEqual([2, 0, 1]);
    expect([A, B, C].map((key) => benches[0]!.ownerOf(key))).toEqual([2, 0, 1]);
  });

  test("are found through any seed that answers", async () => {
    const one = bench();
    one.servers[0]!.goDown();
    const origin = one.open(SlotMap.createMemory(), [0, 1]);
    await until(() => origin.nodes.length === 3);
    expect(one.ownerOf(A, origin)).toBe(2);
  });

  test("share the slots: each says which are its own", async () => {
    const { origin } = await opened();
    const slots = origin.nodes.map((node) => origin.hashSlotsOf(node));
    expect(slots.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 16_384 }, (_, slot) => slot));
    for (const [index, node] of origin.nodes.entries()) {
      const number = origin.numberOf(node);
      expect(slots[index]!.every((slot) => origin.owners[slot] === number)).toBe(true);
    }
  });

  test("of which nothing is known yet: a request goes to a seed, which sends it on", async () => {
    const one = bench();
    for (const server of one.servers)
      server.script = ([name]) => (name === "CLUSTER" ? "-ERR not now\r\n" : undefined);
    expect(one.ownerOf(A)).toBe(0);
    expect(await one.ask(["SET", A, "1"])).toBe("+OK\r\n");
    expect(one.servers[2]!.values.get(A)).toBe("1");
    expect(one.ownerOf(A)).toBe(2);
  });

  test("that do not tell are asked again soon, and meanwhile the reason is known", async () => {
    const one = bench();
    let refuses = true;
    for (const server of one.servers) {
      server.script = ([name]) => (name === "CLUSTER" && refuses ? "-ERR not now\r\n" : undefined);
    }
    await until(() => one.origin.lastError.message.includes("does not tell its nodes: ERR not now"));
    expect(one.origin.lastError).toMatchObject({ code: "ORIGINDOWN", maybeExecuted: false });
    refuses = false;
    await until(() => one.origin.nodes.length === 3);
  });

  test("that own nothing any more are let go", async () => {
    const one = await opened();
    for (let slot = 0; slot < 16_384; slot++)
      if (one.nodes.beliefs[0]!.owners[slot] === 2) one.nodes.give(slot, 1);
    await one.ask(["GET", A]);
    await until(() => one.origin.nodes.length === 2);
    await until(() => one.events.includes("2 retired"));
    expect(one.events).not.toContain("2 lost");
    expect(one.ownerOf(A)).toBe(1);
  });
});

test("a request for any node goes to one that answers, and else to one that may", async () => {
  const one = await opened({ heartbeatMs: 5, heartbeatTimeoutMs: 200 });
  const [first, second, third] = one.origin.nodes;
  expect(one.origin.anyNode()).toBe(first!);
  one.servers[0]!.goDown();
  await until(() => first!.channel.status !== "up");
  expect(one.origin.anyNode()).toBe(second!);
  one.servers[1]!.goDown();
  await until(() => second!.channel.status !== "up");
  expect(one.origin.anyNode()).toBe(third!);
  expect(await one.askAt(one.origin.anyNode(), ["PING"])).toBe("+PONG\r\n");
});

test.each([1, 2, 3])("a fence is passed once, behind the answer of the last of %d nodes", async (count) => {
  const patient = { timeoutMs: 60_000, heartbeatMs: 60_000, heartbeatTimeoutMs: 60_000 };
  const one = await bench(patient, count).ready();
  const last = one.servers.at(-1)!;
  last.main.hold();
  one.origin.fence(() => one.events.push("passed"));
  for (const server of one.servers) await server.received(1, "PING");
  for (const node of one.origin.nodes.slice(0, -1)) await one.askAt(node, ["GET", "no-key"]);
  await new Promise(setImmediate);
  expect(one.events).toEqual([]);
  last.main.invalidate("x", 0);
  last.main.release();
  await until(() => one.events.includes("passed"));
  await one.askAt(one.origin.nodes.at(-1)!, ["GET", "no-key"]);
  expect(one.events).toEqual([`${count - 1} invalidated x`, "passed"]);
});

test("a node has its requests answered, though the others do not call it an owner yet", async () => {
  const one = bench({}, 4);
  for (const { owners } of one.nodes.beliefs) {
    for (let slot = 0; slot < 16_384; slot++) if (owners[slot] === 3) owners[slot] = 2;
  }
  await until(() => one.origin.nodes.length === 3 && one.origin.linkStatus === "up");
  one.servers[2]!.script = ([name]) =>
    name === "GET" ? `-MOVED ${slotOf(A)} 127.0.0.1:${one.servers[3]!.port}\r\n` : undefined;
  one.servers[3]!.script = ([name]) => (name === "GET" ? "$1\r\n1\r\n" : undefined);
  one.servers[3]!.goSilent();
  const reply = one.ask(["GET", A]);
  await until(() => one.ownerOf(A) === 3);
  await until(() => one.ownerOf(A) === 2);
  one.servers[3]!.speakAgain();
  expect(await reply).toBe("$1\r\n1\r\n");
});

describe("a slot that has moved", () => {
  test.each(["main", 2, 3] as const)("is learned from MOVED, and the request is done (%s)", async (kind) => {
    const one = await opened();
    one.nodes.give(slotOf(A), 0);
    expect(await one.ask(["SET", A, "1"], kind)).toBe("+OK\r\n");
    expect(one.servers[0]!.values.get(A)).toBe("1");
    expect(one.moved).toEqual([slotOf(A)]);
    expect(one.ownerOf(A)).toBe(0);
    const before = one.servers[2]!.count("GET");
    expect(await one.ask(["GET", A], kind)).toStartWith("$1");
    expect(one.servers[2]!.count("GET")).toBe(before);
  });

  test("is told before anything is asked of the new owner", async () => {
    const one = await opened();
    one.nodes.give(slotOf(A), 0);
    let movedBefore: number[] | undefined;
    one.servers[0]!.script = ([name]) => {
      if (name === "GET") movedBefore = [...one.moved];
      return undefined;
    };
    await one.ask(["GET", A]);
    expect(movedBefore).toEqual([slotOf(A)]);
  });

  test("is known to all threads as soon as one knows", async () => {
    const one = await opened();
    const other = one.open(one.memory);
    const before = other.orderVersion;
    one.nodes.give(slotOf(A), 0);
    await one.ask(["GET", A]);
    expect(one.ownerOf(A, other)).toBe(0);
    expect(other.orderVersion).toBeGreaterThan(before);
  });

  test("does not move back because of an answer to an older request", async () => {
    const one = await opened();
    one.servers[2]!.main.hold();
    const first = one.ask(["GET", A]);
    await one.servers[2]!.received(1, "GET");
    // Meanwhile others say that the slot has moved, and on again.
    one.nodes.give(slotOf(A), 0);
    const second = one.askAt(one.origin.nodes[2]!, ["GET", A], 2);
    await second;
    one.nodes.give(slotOf(A), 1);
    await one.ask(["GET", A]);
    expect(one.ownerOf(A)).toBe(1);
    one.servers[2]!.main.heldFrames[0] = `-MOVED ${slotOf(A)} 127.0.0.1:${one.servers[0]!.port}\r\n`;
    one.servers[2]!.main.release();
    expect(await first).toBe("_\r\n");
    expect(one.ownerOf(A)).toBe(1);
  });

  test("back and forth without end: the request fails", async () => {
    const one = await opened();
    one.servers[0]!.script = ([name]) =>
      name === "GET" ? `-MOVED ${slotOf(A)} 127.0.0.1:${one.servers[1]!.port}\r\n` : undefined;
    one.servers[1]!.script = ([name]) =>
      name === "GET" ? `-MOVED ${slotOf(A)} 127.0.0.1:${one.servers[0]!.port}\r\n` : undefined;
    expect(await one.ask(["GET", B])).toMatch(/^failed: CLUSTERDOWN .* has sent this request on 16 times$/);
  });

  test("to a node whose name is empty is at the same host", async () => {
    const one = await opened();
    one.servers[2]!.script = ([name]) =>
      name === "GET" ? `-MOVED ${slotOf(A)} :${one.servers[0]!.port}\r\n` : undefined;
    one.nodes.beliefs[0]!.owners[slotOf(A)] = 0;
    expect(await one.ask(["GET", A])).toBe("_\r\n");
  });
});

describe("a slot that is on its way", () => {
  test("is asked for where the key is, by way of exception", async () => {
    const one = await opened();
    one.nodes.asks.set(A, 1);
    expect(await one.ask(["SET", A, "1"])).toBe("+OK\r\n");
    expect(one.servers[1]!.values.get(A)).toBe("1");
    expect(one.servers[1]!.count("ASKING")).toBe(1);
    expect(one.ownerOf(A)).toBe(2);
    expect(one.moved).toEqual([]);
    // The next request may be for a key that is still there.
    expect(await one.ask(["GET", A], 3)).toStartWith("$1");
    expect(one.servers[2]!.count("GET")).toBe(1);
  });

  test("is waited for while only some keys have arrived, and asked again by way of exception", async () => {
    const one = await opened();
    one.nodes.asks.set(A, 1);
    let refusals = 3;
    one.servers[1]!.script = ([name]) =>
      name === "DEL" && refusals-- > 0
        ? "-TRYAGAIN Multiple keys request during rehashing of slot\r\n"
        : undefined;
    const before = one.origin.orderVersion;
    expect(await one.ask(["DEL", A, "{a}2"])).toBe(":0\r\n");
    expect(one.servers[1]!.count("ASKING")).toBe(4);
    expect(one.origin.orderVersion).toBeGreaterThan(before);
  });

  test("is waited for as long as a reply may take, and then the client is told", async () => {
    const one = await opened({ timeoutMs: 60 });
    one.servers[2]!.script = ([name]) => (name === "DEL" ? "-TRYAGAIN not yet\r\n" : undefined);
    expect(await one.ask(["DEL", A, "{a}2"])).toBe("-TRYAGAIN not yet\r\n");
    expect(one.servers[2]!.count("DEL")).toBeGreaterThan(2);
  });
});

describe("while the cluster changes hands", () => {
  test.each(["CLUSTERDOWN The cluster is down", "READONLY You can't write", "LOADING Redis is loading"])(
    "a request is put off: %s",
    async (error) => {
      const one = await opened();
      let refusals = 2;
      one.servers[2]!.script = ([name]) => (name === "SET" && refusals-- > 0 ? `-${error}\r\n` : undefined);
      expect(await one.ask(["SET", A, "1"])).toBe("+OK\r\n");
      expect(one.servers[2]!.count("SET")).toBe(3);
    },
  );

  test("the topology is looked at, but not for a slot that is on its way", async () => {
    const one = await opened({ heartbeatMs: 60_000, heartbeatTimeoutMs: 60_000 });
    const answers = ["-TRYAGAIN not yet\r\n", "+OK\r\n", "-CLUSTERDOWN The cluster is down\r\n", "+OK\r\n"];
    one.servers[2]!.script = ([name]) => (name === "SET" ? answers.shift() : undefined);
    const asked = one.servers[0]!.count("CLUSTER", "NODES");
    expect(await one.ask(["SET", A, "1"])).toBe("+OK\r\n");
    // Behind this reply, a question would have come.
    await one.ask(["GET", B]);
    expect(one.servers[0]!.count("CLUSTER", "NODES")).toBe(asked);
    expect(await one.ask(["SET", A, "1"])).toBe("+OK\r\n");
    await one.servers[0]!.received(asked + 1, "CLUSTER", "NODES");
  });

  test("a request that is put off fails when the proxy ends", async () => {
    const one = await opened();
    one.servers[2]!.script = ([name]) =>
      name === "SET" ? "-CLUSTERDOWN The cluster is down\r\n" : undefined;
    const reply = one.ask(["SET", A, "1"]);
    await one.servers[2]!.received(1, "SET");
    one.origin.close();
    expect(await reply).toStartWith("failed: ORIGINDOWN the proxy is shutting down");
  });

  test("a node that is cut off vouches for nothing, although it answers", async () => {
    const one = await opened({ heartbeatMs: 5 });
    const [, , third] = one.origin.nodes;
    one.nodes.beliefs[2]!.state = "fail";
    await until(() => one.events.includes("2 all invalidated"));
    const { provenUntilMs } = third!.channel;
    const beats = one.servers[2]!.count("CLUSTER", "INFO");
    await one.servers[2]!.received(beats + 3, "CLUSTER", "INFO");
    expect(third!.channel.provenUntilMs).toBe(provenUntilMs);
    one.nodes.beliefs[2]!.state = "ok";
    await until(() => third!.channel.provenUntilMs > provenUntilMs);
    expect(one.events).toEqual(["2 all invalidated"]);
  });

  test("another epoch in a sign of life has the topology looked at", async () => {
    const one = await opened({ heartbeatMs: 5 });
    // Nobody asks for the slot.
    one.nodes.give(slotOf(A), 0);
    await until(() => one.moved.length > 0);
    expect(one.moved).toEqual([slotOf(A)]);
    expect(one.ownerOf(A)).toBe(0);
  });
});

describe("nodes that disagree", () => {
  test("a promoted node is believed before the others have heard of it", async () => {
    const one = await opened({ heartbeatMs: 5 });
    one.nodes.give(slotOf(A), 0, [0]);
    await until(() => one.ownerOf(A) === 0);
    expect(one.moved).toEqual([slotOf(A)]);
  });

  test("a node in the minority is not believed about the slots of others", async () => {
    const one = await opened({ heartbeatMs: 5 });
    one.nodes.give(slotOf(A), 0, [1]);
    const asked = one.servers.map((server) => server.count("CLUSTER", "NODES"));
    for (const [index, server] of one.servers.entries()) {
      await server.received(asked[index]! + 1, "CLUSTER", "NODES");
    }
    // Behind these replies, the answers have come.
    for (const key of [A, B, C]) await one.ask(["GET", key]);
    expect(one.ownerOf(A)).toBe(2);
    expect(one.moved).toEqual([]);
  });

  test.each([
    { known: 3, answering: 1, hasUnknown: false, areBelieved: false },
    { known: 3, answering: 2, hasUnknown: false, areBelieved: true },
    { known: 3, answering: 2, hasUnknown: true, areBelieved: true },
    { known: 4, answering: 2, hasUnknown: false, areBelieved: false },
    { known: 4, answering: 2, hasUnknown: true, areBelieved: false },
    { known: 4, answering: 3, hasUnknown: false, areBelieved: true },
  ])(
    "$answering of $known known nodes are believed without a greater epoch: $areBelieved (a slot without an owner: $hasUnknown)",
    async ({ known, answering, hasUnknown, areBelieved }) => {
      const one = bench({}, known);
      if (hasUnknown) for (const { owners } of one.nodes.beliefs) owners[slotOf(B)] = -1;
      await one.ready();
      for (const server of one.servers.slice(answering)) server.goDown();
      // The slot's owner, the last node, has a greater epoch.
      for (const { owners } of one.nodes.beliefs) owners[slotOf(A)] = 0;
      const asked = one.servers[0]!.count("CLUSTER", "NODES");
      // One look may have begun before. The next begins when all of it is learned.
      await one.servers[0]!.received(asked + 3, "CLUSTER", "NODES");
      if (areBelieved) await until(() => one.moved.length > 0);
      expect(one.moved).toEqual(areBelieved ? [slotOf(A)] : []);
      expect(one.ownerOf(A)).toBe(areBelieved ? 0 : known - 1);
    },
  );
});

test("a cluster that is closed leaves no timers and no connections", async () => {
  const one = await opened();
  one.origin.close();
  await until(() => one.servers.every(({ openConnections }) => openConnections.length === 0));
  expect(one.origin.connectionCounts).toEqual({ shared: 0, dedicated: 0, idle: 0 });
});
