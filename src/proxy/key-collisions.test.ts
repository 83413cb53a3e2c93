import { expect, test } from "bun:test";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { LocalServer } from "../../test/support/local-server.ts";
import { murmurCollisions } from "../lib/murmur-collisions-fixture.ts";
import { chainsOf } from "../store/chain-length-fixture.ts";

const KEYS = 36_000;
const KEYS_A_REQUEST = 1000;

test("keys chosen to collide are spread over the buckets of the proxy's index", async () => {
  await using origin = new LocalServer();
  await using local = await LocalProxy.ready({ origin: origin.port, memoryBytes: 16 * 1024 ** 2 });
  const client = await local.client();
  const keys = murmurCollisions(KEYS);
  for (let from = 0; from < KEYS; from += KEYS_A_REQUEST) {
    const some = keys.slice(from, from + KEYS_A_REQUEST);
    await client.must("MSET", ...some.flatMap((key) => [key, "value"]));
    await client.must("MGET", ...some);
  }
  const { store } = local.proxy.cache;
  // A few fills of one request may refuse each other.
  const { entries } = store.stats();
  expect(entries).toBeGreaterThan(KEYS * 0.99);
  const { longest, hashes } = chainsOf(store);
  expect(longest).toBeLessThan(24);
  expect(hashes).toBeGreaterThanOrEqual(entries - 5);
});
