import { expect, test } from "bun:test";
import { clientsReport } from "../instruments/clients-report.ts";
import { ManualClock } from "../lib/clock.ts";
import type { Connection } from "../net/connection.ts";
import { ClientGroups, MOST_GROUPS } from "./client-groups.ts";

interface FakeClient {
  name: string;
  remoteAddress: string;
  requestCount: number;
  connectedAtMs: number;
}

function scene() {
  const clock = new ManualClock();
  const clients: FakeClient[] = [];
  const groups = new ClientGroups(clients as unknown as Connection[], clock);
  return {
    ...{ clock, clients },
    tell: () => groups.tell(),
    add(name: string, remoteAddress: string, requestCount: number): FakeClient {
      const client = { name, remoteAddress, requestCount, connectedAtMs: clock.wallMs() };
      clients.push(client);
      return client;
    },
  };
}

test("rates are of the time since somebody last asked, of connections that are open", () => {
  const { clock, clients, add, tell } = scene();
  const one = add("shop", "10.0.0.1:1", 10);
  add("shop", "10.0.0.2:1", 20);
  add("", "10.0.0.3:1", 1);
  add("", "10.0.0.3:2", 1);
  add("", "[::1]:7", 0);
  clock.advance(10_000);
  expect(tell().groups).toEqual([
    { name: "shop", address: "", connections: 2, requests: 30, requestsPerSecond: 3 },
    { name: "", address: "10.0.0.3", connections: 2, requests: 2, requestsPerSecond: 0.2 },
    { name: "", address: "[::1]", connections: 1, requests: 0, requestsPerSecond: 0 },
  ]);
  one.requestCount += 50;
  clients.splice(1, 1);
  add("shop", "10.0.0.9:1", 30);
  clock.advance(999);
  expect(tell().groups[0]).toMatchObject({ connections: 2, requests: 30 });
  clock.advance(1001);
  expect(tell().groups[0]).toMatchObject({ connections: 2, requests: 90, requestsPerSecond: 40 });
});

test("names beyond the limit are one figure, and names are cut", () => {
  const { clock, add, tell } = scene();
  for (let i = 0; i < MOST_GROUPS + 3; i++) add(`n${i}`, "10.0.0.1:1", i < 3 ? 1 : 100);
  add("x".repeat(200), "10.0.0.1:1", 1000);
  clock.advance(1000);
  const told = tell();
  expect(told.groups.length).toBe(MOST_GROUPS);
  expect(told.groups[0]!.name).toBe("x".repeat(100));
  expect(told.others).toEqual({ groups: 4, connections: 4, requests: 103, requestsPerSecond: 103 });
});

test("several threads are added up, and a thread that does not answer is told", () => {
  const group = { name: "shop", address: "", connections: 1, requests: 5, requestsPerSecond: 2 };
  const rest = { ...group, name: "", address: "::1" };
  const none = { groups: 0, connections: 0, requests: 0, requestsPerSecond: 0 };
  const answers = [
    { groups: [group], others: none },
    { groups: [group, rest], others: { ...none, groups: 1, connections: 2 } },
  ];
  expect(clientsReport(answers, 3, 1)).toEqual({
    ...{ threads: 3, answered: 2 },
    clients: [{ name: "shop", connections: 2, requests: 10, requestsPerSecond: 4 }],
    others: { groups: 2, connections: 3, requests: 5, requestsPerSecond: 2 },
  });
});
