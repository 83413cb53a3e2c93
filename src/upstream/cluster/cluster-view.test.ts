import { describe, expect, test } from "bun:test";
import type { ReplyValue } from "../../protocol/reply-value.ts";
import { readClusterView } from "./cluster-view.ts";

const [A, B, C] = ["a", "b", "c"].map((digit) => digit.repeat(40)) as [string, string, string];

/** As redis-server 7.0.15 tells a cluster of two primaries, of which the first has a replica. */
const NODES = [
  `${B} 127.0.0.1:7002@17002,two.example master - 0 1796060035551 2 connected 5462-10922 [5470-<-${A}]`,
  `${A} 127.0.0.1:7001@17001,one.example myself,master - 0 1796060034000 7 connected 0-5461 10923 [5461->-${B}]`,
  `${C} 127.0.0.1:7003@17003,three.example slave ${A} 0 1796060037623 7 connected`,
  "",
].join("\n");

function slotsTold(one: ReplyValue, two: ReplyValue): ReplyValue {
  return [
    [0, 5461, [one, 7001, A, []], ["three.example", 7003, C, []]],
    [5462, 10_922, [two, 7002, B, ["ip", "127.0.0.1"]]],
    [10_923, 10_923, [one, 7001, A, []]],
  ];
}

function hostsOf(nodes: string, slots: ReplyValue): Record<string, string> {
  return Object.fromEntries(readClusterView(nodes, slots).nodes.map(({ id, host }) => [id[0]!, host]));
}

describe("CLUSTER NODES", () => {
  test("tells ids, roles, epochs and slots; slots on their way are their owner's", () => {
    const { myself, nodes } = readClusterView(NODES, []);
    expect(myself).toBe(nodes[1]!);
    expect(nodes).toEqual([
      {
        ...{ id: B, host: "127.0.0.1", port: 7002, isMyself: false, isPrimary: true, isFailed: false },
        ...{ primaryId: "", configEpoch: 2, slots: [{ first: 5462, last: 10_922 }] },
      },
      {
        ...{ id: A, host: "127.0.0.1", port: 7001, isMyself: true, isPrimary: true, isFailed: false },
        ...{ primaryId: "", configEpoch: 7 },
        slots: [
          { first: 0, last: 5461 },
          { first: 10_923, last: 10_923 },
        ],
      },
      {
        ...{ id: C, host: "127.0.0.1", port: 7003, isMyself: false, isPrimary: false, isFailed: false },
        ...{ primaryId: A, configEpoch: 7, slots: [] },
      },
    ]);
  });

  test.each([
    ["master,fail", true],
    ["master,noaddr", true],
    ["handshake", true],
    // Only this node suspects it.
    ["master,fail?", false],
    ["slave,nofailover", false],
  ])("a node with the flags %s: failed %p", (flags, isFailed) => {
    const line = `${B} 127.0.0.1:7002@17002 ${flags} - 0 0 2 connected\n`;
    expect(readClusterView(NODES.replace(/.*\n/, line), []).nodes[0]!.isFailed).toBe(isFailed);
  });

  test.each([
    ["before 4.0, without the bus", "10.0.0.1:7001", "10.0.0.1"],
    ["with an IPv6 address", "fd00::1:7001@17001", "fd00::1"],
    ["with a host name", "10.0.0.1:7001@17001,one.example", "10.0.0.1"],
    ["of Valkey 8", "10.0.0.1:7001@17001,,tls-port=0,shard-id=0123456789abcdef", "10.0.0.1"],
    ["not known to itself yet", ":7001@17001", ""],
  ])("an address %s", (_, address, host) => {
    const { myself } = readClusterView(`${A} ${address} myself,master - 0 0 1 connected 0-16383`, []);
    expect([myself.host, myself.port]).toEqual([host, 7001]);
  });

  test.each([
    ["no such id", "abc 127.0.0.1:7001@17001 myself,master - 0 0 1 connected"],
    ["no port", `${A} 127.0.0.1 myself,master - 0 0 1 connected`],
    ["no epoch", `${A} 127.0.0.1:7001 myself,master - 0 0 x connected`],
    ["a slot beyond the last", `${A} 127.0.0.1:7001 myself,master - 0 0 1 connected 0-16384`],
    ["a range from behind", `${A} 127.0.0.1:7001 myself,master - 0 0 1 connected 9-8`],
    ["nothing about itself", `${A} 127.0.0.1:7001 master - 0 0 1 connected 0-16383`],
    ["nothing", ""],
  ])("that cannot be understood: %s", (_, text) => {
    expect(() => readClusterView(text, [])).toThrow(RangeError);
  });
});

describe("CLUSTER SLOTS", () => {
  test("tells the names that clients should use", () => {
    const hosts = { a: "one.example", b: "two.example", c: "three.example" };
    expect(hostsOf(NODES, slotsTold("one.example", "two.example"))).toEqual(hosts);
  });

  test.each([
    ["the host that was asked, for an unknown endpoint", null, ""],
    ["the host that was asked, for an empty name", "", ""],
    ["its own address, for a name that is not set", "?", "127.0.0.1"],
  ])("a node is at %s", (_, told, host) => {
    expect(hostsOf(NODES, slotsTold("one.example", told))["b"]).toBe(host);
  });

  test("tells the port for clients, which may be another one with TLS", () => {
    const { nodes } = readClusterView(NODES, [[0, 5461, ["one.example", 6379, A]]]);
    expect(nodes.map(({ port }) => port)).toEqual([7002, 6379, 7003]);
  });

  test("of servers without ids: the addresses of CLUSTER NODES count", () => {
    expect(hostsOf(NODES, [[0, 5461, ["10.0.0.9", 7001]]])["a"]).toBe("127.0.0.1");
  });

  test.each<[string, ReplyValue]>([
    ["no array", "OK"],
    ["a range that is none", ["OK"]],
    ["a node that is none", [[0, 1, "OK"]]],
    ["a node without a port", [[0, 1, ["127.0.0.1", null, A]]]],
  ])("that cannot be understood: %s", (_, slots) => {
    expect(() => readClusterView(NODES, slots)).toThrow(RangeError);
  });
});
