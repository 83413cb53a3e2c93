/** What one client is answered when it sends requests without waiting: a later read shows nothing older. */

import { expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { ManualClock } from "../lib/clock.ts";

test.each([
  ["STRLEN", [3, "new"]],
  ["GETRANGE", ["new", "new"]],
] as const)("a GET behind %s of the same key is not answered from before it", async (name, expected) => {
  using origin = new FakeOrigin();
  origin.script = ([command, key]) => {
    const value = origin.values.get(key ?? "") ?? "";
    if (command === "STRLEN") return `:${value.length}\r\n`;
    return command === "GETRANGE" ? `$${value.length}\r\n${value}\r\n` : undefined;
  };
  await using local = await LocalProxy.ready({ origin: origin.port });
  const [client, other] = [await local.client(), await local.client()];
  origin.values.set("k", "older");
  expect(await client.ask("GET", "k")).toBe("older");
  // All that the origin says from here on is on its way for a while.
  origin.holdFrom("EXISTS");
  const held = other.ask("EXISTS", "x");
  await origin.received(1, "EXISTS");
  origin.values.set("k", "new");
  origin.main.invalidate("k");
  const range = name === "STRLEN" ? [] : ["0", "-1"];
  const replies = Promise.all([client.ask(name, "k", ...range), client.ask("GET", "k")]);
  await origin.received(2, "GET");
  origin.releaseAll();
  expect(await replies).toEqual([...expected]);
  await held;
});

test("all requests that came together are judged by one time", async () => {
  const clock = new ManualClock();
  using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port, clock });
  const { proxy } = local;
  const client = await local.client();
  origin.values.set("a", "old");
  origin.remainingMs.set("a", 500);
  await client.ask("GET", "a");
  clock.advance(499);
  origin.values.set("a", "new");
  const keyOf = proxy.keyOf.bind(proxy);
  proxy.keyOf = (request, index) => {
    proxy.keyOf = keyOf;
    // The entry expires while the first request is executed.
    clock.advance(1);
    return keyOf(request, index);
  };
  const [many, one] = await Promise.all([client.ask("MGET", "a", "b"), client.ask("GET", "a")]);
  expect(proxy.keyOf).toBe(keyOf);
  expect([many, one]).toEqual([["old", null], "old"]);
});
