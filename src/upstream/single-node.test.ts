import { afterEach, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { systemClock } from "../lib/clock.ts";
import { SingleNode } from "./single-node.ts";

const closed: (() => void)[] = [];
afterEach(() => {
  for (const close of closed.splice(0)) close();
});

function open(database?: number): SingleNode {
  const server = new FakeOrigin();
  const origin = new SingleNode(
    {
      address: { host: "127.0.0.1", port: server.port, ...(database !== undefined && { database }) },
      clock: systemClock,
      ...{ connectTimeoutMs: 2000, timeoutMs: 2000, heartbeatMs: 1000, heartbeatTimeoutMs: 1000 },
      ...{ trackingRetryMs: 10_000, pendingBytes: 10_000, random: { next: () => 0 } },
    },
    {
      ...{ invalidated() {}, allInvalidated() {}, proven() {}, lost() {}, ready() {}, silent() {} },
      ...{ answers() {}, retired() {}, clustered() {}, moved() {} },
    },
  );
  closed.push(() => {
    origin.close();
    server[Symbol.dispose]();
  });
  return origin;
}

test("one node has all keys, in the order in which they are asked for", () => {
  const origin = open();
  const node = origin.nodeOf();
  expect([origin.nodes.length, origin.nodes[0] === node, origin.anyNode() === node]).toEqual([1, true, true]);
  expect([origin.owns(), origin.numberOf(), origin.hashSlotsOf()]).toEqual([true, 0, undefined]);
  expect([...origin.owners]).toEqual([0]);
  expect([origin.redirects, origin.orderVersion]).toEqual([false, 0]);
});

test("its database is that of its address, or the first", () => {
  expect([open().database, open(7).database]).toEqual([0, 7]);
});
