/** Who executes a request of a client that has a connection of its own, and where its transaction begins. */
import { describe, expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { factsOfRequest } from "../commands/command-facts.ts";
import { NameTable } from "../commands/command-table.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import type { KeyBytes } from "../lib/key-bytes.ts";
import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { UpstreamRequest } from "../upstream/upstream-request.ts";
import type { ProxyParts } from "./context.ts";
import type { DedicatedConnection } from "./dedicated-connection.ts";
import type { Lanes } from "./lanes.ts";
import { OwnConnections } from "./own-connections.ts";
import { ROUTES } from "./routes.ts";
import type { ShardSubscriptions } from "./several-nodes/shard-subscriptions.ts";

const ROUTE_TABLE = new NameTable(ROUTES);
const DOWN = new UpstreamError("ORIGINDOWN", "is down", false);

/** Nodes `here` and `there`, each of which owns the key of its name. */
function scene() {
  const notes: string[] = [];
  const node = (name: string): OriginNode => {
    const out = new ByteBuffer();
    const upstream = {
      ...{ out, accepts: true },
      enqueue: (_request: UpstreamRequest) => {
        notes.push(`${name} gets ${latin1(out.view()).replaceAll("\r\n", "|")}`);
        out.clear();
      },
      close: () => notes.push(`${name} closed`),
    };
    const dedicated = (): unknown => {
      if (isDown) throw DOWN;
      notes.push(`${name} opened`);
      return upstream;
    };
    return { name, dedicated, fence: () => {} } as unknown as OriginNode;
  };
  let isDown = false;
  let mayEnter = true;
  const nodes = { here: node("here"), there: node("there"), any: node("any") };
  const origin = {
    nodeOf: ({ bytes, start, end }: KeyBytes) => nodes[latin1(bytes, start, end) as "here" | "there"],
    anyNode: () => nodes.any,
    database: 0,
  };
  const proxy = {
    ...{ origin, routes: ROUTE_TABLE, settings: { originTimeoutMs: 100 } },
    learnedRoute: () => undefined,
    usesOf: (_route: unknown, request: Request) => factsOfRequest(request)?.uses,
  } as unknown as ProxyParts;
  const connection = {
    ...{ isSubscribed: false, queuedCommands: -1, respVersion: 2 },
    closeAfterReplies: () => notes.push("the client ends"),
  };
  const lanes = {
    enter: (lane: string) => {
      notes.push(`enters ${lane}`);
      return mayEnter;
    },
  };
  const own = new OwnConnections(proxy, connection as unknown as Connection, lanes as unknown as Lanes);
  return {
    ...{ own, nodes, connection },
    done: () => notes.splice(0),
    goDown: () => {
      isDown = true;
    },
    block: () => {
      mayEnter = false;
    },
  };
}

/** What the client's connection, to the node `here`, is said to be. */
interface State {
  readonly answersByMessages?: boolean;
  readonly queues?: boolean;
  readonly isBound?: boolean;
  readonly isBusy?: boolean;
  /** Whether its transaction, without keys so far, may begin again elsewhere. */
  readonly isMovable?: boolean;
}

/** A client that has such a connection. */
function connected({ isMovable = false, ...state }: State = {}) {
  const at = scene();
  const calls: string[] = [];
  at.own.dedicated = {
    ...{ answersByMessages: false, queues: false, isBound: false, isBusy: false },
    ...state,
    ...{ movable: isMovable ? [] : undefined, node: at.nodes.here, flags: "xt" },
    stay: () => calls.push("stays"),
    end: () => calls.push("ended"),
  } as unknown as DedicatedConnection;
  const where = (words: string, isSplit = false): string => {
    const request = requestOf(...words.split(" "));
    return at.own.whereabouts(request, ROUTE_TABLE.find(request), () => isSplit);
  };
  return { ...at, calls, where };
}

describe("a request is executed", () => {
  test.each([
    ["over the client's connection if its keys are there", "GET here", {}, "own"],
    ["over the client's connection if it has no keys", "PING", {}, "own"],
    ["by the other node if its keys are there", "GET there", {}, "shared"],
    ["key by key if it is an MGET", "MGET here", {}, "shared"],
    ["by the other node if its subscriptions have ended", "GET there", { answersByMessages: true }, "shared"],
    ["over the client's connection if it subscribes", "SUBSCRIBE channel", {}, "own"],
    ["over the client's connection if its node sends it on", "BLPOP there 0", {}, "own"],
    ["over the client's connection if it may block", "BLPOP here 0", { isBound: true }, "own"],
    [
      "by nobody if the client's state is of keys elsewhere",
      "BLPOP there 0",
      { isBound: true },
      "cross-slot",
    ],
    ["by nobody if it watches a key elsewhere", "WATCH there", {}, "cross-slot"],
    [
      "later if it watches a key elsewhere, and others are under way",
      "WATCH there",
      { isBusy: true },
      "later",
    ],
    ["over the client's connection if it watches a key there", "WATCH here", { isBusy: true }, "own"],
  ] as const)("%s: %s", (_, words, state: State, where) => {
    expect(connected(state).where(words)).toBe(where);
  });

  test("by several nodes if its keys are of several", () => {
    expect(connected().where("DEL here there", true)).toBe("shared");
  });

  test("over its connection while messages are all that a subscriber is sent", () => {
    const { connection, where } = connected({ answersByMessages: true });
    connection.isSubscribed = true;
    expect(where("GET there")).toBe("own");
  });
});

describe("in a transaction a request", () => {
  test("without keys is queued, and leaves the transaction free to move", () => {
    const { calls, where } = connected({ queues: true, isMovable: true });
    expect(where("PING")).toBe("own");
    expect(calls).toEqual([]);
  });

  test("with keys at its node is queued, and keeps it there", () => {
    const { calls, where } = connected({ queues: true, isMovable: true, isBusy: true });
    expect(where("GET here")).toBe("own");
    expect(calls).toEqual(["stays"]);
  });

  test("with keys elsewhere is executed by nobody", () => {
    const { calls, where } = connected({ queues: true });
    expect(where("GET there")).toBe("cross-slot");
    expect(calls).toEqual([]);
  });

  test("with the first keys, elsewhere, moves it there, when nothing is under way", () => {
    const busy = connected({ queues: true, isMovable: true, isBusy: true });
    expect(busy.where("GET there")).toBe("later");
    expect(busy.calls).toEqual([]);
    const { calls, done, own, nodes, where } = connected({ queues: true, isMovable: true });
    expect(where("GET there")).toBe("own");
    expect(calls).toEqual(["ended"]);
    expect(done()).toEqual(["there opened", "there gets *1|$5|MULTI|"]);
    expect(own.dedicated!.node).toBe(nodes.there);
    expect(own.dedicated!.movable).toBeUndefined();
  });
});

describe("a transaction that the client was told of", () => {
  test("begins at the node of its first key", () => {
    const { own, connection, done, nodes } = scene();
    own.holdMulti();
    expect([own.holdsMulti, connection.queuedCommands]).toEqual([true, 0]);
    expect(own.beginHeld(requestOf("SET", "there", "1"))).toBe(true);
    expect(done()).toEqual(["enters dedicated", "there opened", "there gets *1|$5|MULTI|"]);
    expect(own.holdsMulti).toBe(false);
    expect(own.dedicated!.node).toBe(nodes.there);
  });

  test("begins later if the request must wait", () => {
    const { own, block, done } = scene();
    own.holdMulti();
    block();
    expect(own.beginHeld(requestOf("SET", "there", "1"))).toBe(false);
    expect(done()).toEqual(["enters dedicated"]);
    expect([own.holdsMulti, own.dedicated]).toEqual([true, undefined]);
  });

  test("is lost with its client if the node is down", () => {
    const { own, goDown, done } = scene();
    own.holdMulti();
    goDown();
    expect(() => own.beginHeld(requestOf("SET", "there", "1"))).toThrow(DOWN);
    expect(done()).toEqual(["enters dedicated", "the client ends"]);
  });
});

test("a connection is opened once to any node, and to the node of a key", () => {
  const { own, nodes, done } = scene();
  const any = own.atAnyNode();
  expect(own.atAnyNode()).toBe(any);
  expect(any.node).toBe(nodes.any);
  expect(done()).toEqual(["any opened"]);
  const request = requestOf("WATCH", "there");
  expect(own.openFor(request, ROUTE_TABLE.find(request)).node).toBe(nodes.there);
  expect(own.dedicated!.node).toBe(nodes.there);
});

test("the flags of a client tell of its subscriptions and its transaction, wherever they are", () => {
  const { own, connection } = scene();
  expect(own.flags).toBe("");
  connection.isSubscribed = true;
  expect(own.flags).toBe("P");
  own.holdMulti();
  expect(own.flags).toBe("Px");
  expect(connected().own.flags).toBe("xt");
});

test("all ends with the client", () => {
  const { own, calls } = connected();
  own.shards = { end: () => calls.push("channels ended") } as unknown as ShardSubscriptions;
  own.holdMulti();
  own.end();
  expect(calls).toEqual(["ended", "channels ended"]);
  expect([own.dedicated, own.shards, own.holdsMulti]).toEqual([undefined, undefined, false]);
  own.end();
  expect(calls).toHaveLength(2);
});
