import { expect, test } from "bun:test";
import { FakeCluster } from "../../../test/support/fake-cluster.ts";
import { FakeOrigin } from "../../../test/support/fake-origin.ts";
import { LocalProxy } from "../../../test/support/local-proxy.ts";

/** In slots of the first, the second and the third node. */
const [OF_FIRST, OF_SECOND, OF_THIRD] = ["b", "c", "a"] as const;

async function bench() {
  const servers = [new FakeOrigin(), new FakeOrigin(), new FakeOrigin()];
  new FakeCluster(servers);
  const proxy = await LocalProxy.ready({ origin: `redis+cluster://127.0.0.1:${servers[0]!.port}` });
  const client = await proxy.client();
  for (const key of [OF_FIRST, OF_SECOND, OF_THIRD]) await client.must("SET", key, key);
  return {
    servers,
    client,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      for (const server of servers) server[Symbol.dispose]();
    },
  };
}

test("an error of one node stands in the place of each of its keys", async () => {
  await using tried = await bench();
  const { servers, client } = tried;
  servers[1]!.script = ([name]) => (name === "GET" ? "-ERR out of order\r\n" : undefined);
  const [first, second, third, again] = (await client.must(
    "MGET",
    ...[OF_FIRST, OF_SECOND, OF_THIRD, OF_SECOND],
  )) as unknown[];
  expect([first, third]).toEqual([OF_FIRST, OF_THIRD]);
  expect(String(second)).toContain("ERR out of order");
  expect(String(again)).toContain("ERR out of order");
  // What the other nodes have is cached, and shown beside the error again.
  expect(((await client.must("MGET", OF_FIRST, OF_SECOND)) as unknown[])[0]).toBe(OF_FIRST);
});

test("an error of all keys is the request's", async () => {
  await using tried = await bench();
  const { servers, client } = tried;
  servers[1]!.script = ([name]) => (name === "GET" ? "-ERR out of order\r\n" : undefined);
  expect(String(await client.ask("MGET", OF_SECOND, OF_SECOND))).toContain("ERR out of order");
});
