import { expect, test } from "bun:test";
import { ClientRegistry } from "./client-registry.ts";
import type { Connection } from "./connection.ts";
import { Stage } from "./connection-stage-fixture.ts";

test("a registry begins without clients, and all its counters are zero", () => {
  const registry = new ClientRegistry();
  const { acceptedCount, rejectedCount, outputLimitCount, requestCount, bytesReceived, bytesSent } = registry;
  const counts = [acceptedCount, rejectedCount, outputLimitCount, requestCount, bytesReceived, bytesSent];
  expect(counts).toEqual([0, 0, 0, 0, 0, 0]);
  expect([registry.size, registry.openCount, [...registry].length]).toEqual([0, 0, 0]);
});

test("ids count from 1, and none is given twice", () => {
  const registry = new ClientRegistry();
  expect([registry.nextId(), registry.nextId(), registry.nextId()]).toEqual([1, 2, 3]);
});

test("a client is found by its id until it is removed; the count of accepted ones stays", () => {
  const registry = new ClientRegistry();
  const connections = [1, 2].map((id): Connection => new Stage({}, {}, { id }).connection);
  const [first, second] = connections;
  for (const connection of connections) registry.add(connection);
  expect([...registry]).toEqual(connections);
  expect([registry.get(1) === first, registry.get(2) === second, registry.get(3)]).toEqual([
    true,
    true,
    undefined,
  ]);
  registry.remove(first!);
  expect([registry.get(1), registry.get(2) === second]).toEqual([undefined, true]);
  expect([registry.size, registry.openCount, registry.acceptedCount]).toEqual([1, 1, 2]);
});
