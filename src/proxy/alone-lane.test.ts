/** Which connection a request that runs alone uses, and what becomes of the connection. */
import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import type { KeyBytes } from "../lib/key-bytes.ts";
import type { Connection } from "../net/connection.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { UpstreamRequest } from "../upstream/upstream-request.ts";
import { AloneLane } from "./alone-lane.ts";
import type { ProxyParts } from "./context.ts";
import { RequestBench } from "./upstream-request-fixture.ts";

/** Nodes that each have the key of their name; a connection is told of by its node and its number. */
function scene({ tracking = true }: { readonly tracking?: boolean | undefined } = {}) {
  const bench = new RequestBench(2);
  const { stats, ticket, fence, note } = bench;
  const waiting: UpstreamRequest[] = [];
  const connections: { isClosed: boolean; accepts: boolean }[] = [];
  const node = (name: string): OriginNode => {
    const open = (kind: string, version: number): unknown => {
      const number = connections.length;
      note(`${name} opens ${kind} ${number} in RESP${version}`);
      const out = new ByteBuffer();
      const connection = {
        ...{ isClosed: false, accepts: true, out, number },
        enqueue: (request: UpstreamRequest) => {
          note(`${number} gets ${latin1(out.view()).split("\r\n")[2]}`);
          out.clear();
          waiting.push(request);
        },
        close: (error: UpstreamError) => note(`${number} is closed: ${error.message}`),
      };
      connections.push(connection);
      return connection;
    };
    const made = {
      dedicated: (version: number) => open("connection", version),
      single: (version: number) => open("single", version),
      giveBack: ({ number }: { number: number }, version: number) =>
        note(`${number} is given back in RESP${version}`),
      overloaded: () => new UpstreamError("ORIGINDOWN", "overloaded", false),
      fence: (then: () => void) => then(),
    };
    return made as unknown as OriginNode;
  };
  const nodes: Record<string, OriginNode> = { here: node("here"), there: node("there"), any: node("any") };
  const proxy = {
    ...{ stats, sentRequests: undefined, usesOf: () => undefined },
    fence: { pass: (_node: unknown, then: () => void) => then() } as unknown as typeof fence,
    cache: { invalidateAll: (by: string) => note(`all void: ${by}`) },
    origin: {
      ...{ tracking, redirects: false },
      nodeOf: ({ bytes, start, end }: KeyBytes) => nodes[latin1(bytes, start, end)]!,
      anyNode: () => nodes["any"]!,
    },
  } as unknown as ProxyParts;
  const client = { respVersion: 2, arrivedMs: 0, defer: () => ticket };
  const lane = new AloneLane(proxy, client as unknown as Connection, () => note("idle"));
  const forward = (key: string): void => lane.forward(requestOf("EVAL", "script", "1", key));
  const answer = (): void => bench.reply(waiting.shift()!, "+OK|");
  /** What was done, but for what the client was shown. */
  const done = (): string[] => bench.done().filter((note) => !note.startsWith("shown"));
  const fail = (): void => waiting.shift()!.failed(new UpstreamError("ORIGINDOWN", "was lost", true));
  return { bench, lane, client, connections, forward, answer, fail, done };
}

test("requests share a connection until all have been answered; then it is given back", () => {
  const { lane, forward, answer, done } = scene();
  forward("here");
  forward("there");
  expect(done()).toEqual(["here opens connection 0 in RESP2", "0 gets EVAL", "0 gets EVAL"]);
  answer();
  expect(done()).toEqual([]);
  expect(lane.isBusy).toBe(true);
  answer();
  expect(done()).toEqual(["0 is given back in RESP2", "idle"]);
  expect(lane.isBusy).toBe(false);
});

test("a later request has a connection of its own node, in the client's version of then", () => {
  const { lane, client, forward, answer, done } = scene();
  forward("here");
  expect(lane.speaksOtherwise).toBe(false);
  client.respVersion = 3;
  expect(lane.speaksOtherwise).toBe(true);
  answer();
  expect(lane.speaksOtherwise).toBe(false);
  expect(done().at(-2)).toBe("0 is given back in RESP2");
  forward("there");
  expect(done()[0]).toBe("there opens connection 1 in RESP3");
  answer();
  expect(done()).toEqual(["1 is given back in RESP3", "idle"]);
});

test("a connection that has ended is replaced", () => {
  const { connections, forward, done } = scene();
  forward("here");
  connections[0]!.isClosed = true;
  done();
  forward("here");
  expect(done()[0]).toBe("here opens connection 1 in RESP2");
});

test("a connection that does not keep up is not given more", () => {
  const { lane, connections, forward, done } = scene();
  forward("here");
  connections[0]!.accepts = false;
  done();
  expect(() => forward("here")).toThrow("overloaded");
  expect(done()).toEqual([]);
  expect(lane.isBusy).toBe(true);
});

test("an urgent request has a connection for itself, which ends with it", () => {
  const { lane, forward, answer, done } = scene();
  forward("here");
  done();
  lane.forwardUrgently(requestOf("SCRIPT", "KILL"));
  expect(done()).toEqual(["any opens single 1 in RESP2", "1 gets SCRIPT"]);
  expect(lane.speaksOtherwise).toBe(false);
  answer();
  expect(done()).toEqual([]);
  answer();
  expect(done()).toEqual(["1 is closed: answered", "idle"]);
});

test("what changed is unknown unless the origin tells: everything cached is void", () => {
  const { forward, answer, done } = scene({ tracking: false });
  forward("here");
  done();
  answer();
  expect(done()).toEqual(["all void: caution", "0 is given back in RESP2", "idle"]);
});

test("the connection ends with the client, and is not given back", () => {
  const { lane, forward, answer, done } = scene();
  lane.end();
  forward("here");
  done();
  lane.end();
  expect(done()).toEqual(["0 is closed: the client has gone"]);
  answer();
  expect(done()).toEqual(["idle"]);
});

test("an urgent request alone is in the version of its client", () => {
  const { lane } = scene();
  lane.forwardUrgently(requestOf("SCRIPT", "KILL"));
  expect([lane.isBusy, lane.speaksOtherwise]).toEqual([true, false]);
});

test("of a request whose connection is lost the outcome is unknown", () => {
  const { bench, forward, fail } = scene();
  forward("here");
  fail();
  expect(bench.stats).toMatchObject({ originErrors: 1, unknownOutcomes: 1 });
});
