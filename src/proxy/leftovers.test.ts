import { heapStats } from "bun:jsc";
import { expect, test } from "bun:test";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import type { ProxySession } from "./session.ts";

const CLIENTS = 100;
const ROUNDS = 3;

/** What a client of each kind does before it disconnects; some have requests outstanding. */
const VISITS: readonly (readonly string[])[][] = [
  [
    ["SET", "k", "1"],
    ["GET", "k"],
    ["MGET", "k", "l", "m"],
  ],
  [
    ["EVAL", "script", "1", "k", "2"],
    ["GET", "k"],
    ["HGETALL", "h"],
  ],
  [["MULTI"], ["SET", "k", "3"], ["EXEC"]],
  [["WATCH", "k"], ["GET", "k"], ["MULTI"]],
  [
    ["SELECT", "1"],
    ["SET", "k", "4"],
  ],
  [["SUBSCRIBE", "c"]],
  [
    ["BLPOP", "queue", "0"],
    ["GET", "k"],
  ],
  [
    ["HELLO", "3"],
    ["GLASS.SOURCE", "ON"],
    ["GET", "k"],
    ["GET", "l"],
  ],
  [
    ["GET", "slow"],
    ["EVAL", "script", "1", "k", "5"],
    ["GET", "slow"],
  ],
];

/** Everything that waits for something. No finished request and no gone client may be found in it. */
function waiting({ proxy }: LocalProxy): Record<string, number> {
  const { dedicated, shared } = proxy.origin.connectionCounts;
  const node = proxy.origin.anyNode();
  return {
    flights: proxy.cache.flightCount,
    clients: proxy.registry.size,
    dedicated,
    outstanding: node.main().outstandingCount + (shared > 1 ? node.side(2).outstandingCount : 0),
  };
}

async function collectGarbage(): Promise<void> {
  Bun.gc(true);
  await Bun.sleep(1);
  Bun.gc(true);
}

test(`nothing is left of ${CLIENTS * ROUNDS} clients of every kind and their requests`, async () => {
  using origin = new FakeOrigin({
    script: ([name, key], connection) => {
      if (name === "SUBSCRIBE") return `*3\r\n${bulk("subscribe")}${bulk("c")}:1\r\n`;
      if (name === "BLPOP") connection.hold();
      if (name === "GET" && key === "slow")
        return origin.count("GET", "slow") % 7 === 0 ? undefined : "-ERR later\r\n";
      return name === "BLPOP" ? "" : undefined;
    },
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const sessions: WeakRef<ProxySession>[] = [];
  const { proxy } = local;
  const connect = proxy.connect.bind(proxy);
  proxy.connect = (connection) => {
    const session = connect(connection);
    sessions.push(new WeakRef(session));
    return session;
  };

  /** Counts objects on the heap, after all clients have come and gone and the origin was lost once. */
  async function round(): Promise<number> {
    const frames = await Promise.all(Array.from({ length: CLIENTS }, () => local.frameClient()));
    for (const [index, client] of frames.entries()) client.send(...VISITS[index % VISITS.length]!);
    // Some clients see all their replies, some only the first, and some none.
    await Promise.all(
      frames.map((client, index) => {
        const replies = VISITS[index % VISITS.length]!.length;
        return index % 3 === 0 ? undefined : client.received(replies === 2 ? 0 : index % 3 === 1 ? 1 : 0);
      }),
    );
    const text = await local.textClient();
    await Promise.all(["PUT a=1", "GET a", "GET a", "DELETE a"].map((request) => text.ask(request)));
    const said = local.messages.length;
    origin.dropAll();
    await local.logged(/^connected to origin/, said);
    local.closeClients();
    while (proxy.registry.size > 0) await new Promise(setImmediate);
    // Behind everything that was still on its way.
    await new Promise<void>((resolve) => proxy.fence.pass(proxy.origin, resolve));
    expect(waiting(local)).toMatchObject({ flights: 0, clients: 0, dedicated: 0 });
    origin.commands.length = 0;
    origin.connections.splice(0, origin.connections.length - 1);
    await collectGarbage();
    return heapStats().objectCount;
  }

  const counts: number[] = [];
  for (let n = 0; n < ROUNDS; n++) counts.push(await round());
  const alive = () => sessions.filter((session) => session.deref() !== undefined).length;
  const added = () => heapStats().objectCount - counts[1]!;
  // Objects that the last stack frames point to may still be there.
  for (let tries = 0; tries < 50 && (alive() >= CLIENTS / 4 || added() >= CLIENTS * 10); tries++) {
    await collectGarbage();
  }
  expect(alive()).toBeLessThan(CLIENTS / 4);
  expect(added()).toBeLessThan(CLIENTS * 10);
  const client = await local.client();
  await client.ask("SET", "k", "done");
  expect(await client.ask("GET", "k")).toBe("done");
  client.close();
  while (proxy.registry.size > 0) await new Promise(setImmediate);
  expect(waiting(local)).toMatchObject({ flights: 0, clients: 0, dedicated: 0, outstanding: 0 });
});
