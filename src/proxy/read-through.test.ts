import { expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { until } from "../../test/support/until.ts";
import type { Waiter } from "../coherence/waiter.ts";
import { latin1 } from "../lib/bytes.ts";
import { keyIn } from "../store/key-fixture.ts";

/** A read for which no client waits, and what it is told. */
class QuietRead implements Waiter {
  readonly told: string[] = [];
  readonly done = Promise.withResolvers<void>();

  found(bytes: Uint8Array, start: number, end: number): void {
    this.told.push(latin1(bytes, start, end));
    this.done.resolve();
  }

  without({ kind }: { readonly kind: string }): void {
    this.told.push(kind);
    this.done.resolve();
  }

  arriving(): void {}
  arrived(): void {}
}

/** Fetches a key for the cache alone. */
function warm({ proxy }: LocalProxy, name: string, waiter: Waiter): boolean {
  const meter = { missed() {}, failed() {} };
  return proxy.readThrough.warm(keyIn(proxy.cache.store, name), waiter, meter, proxy.nowMs());
}

test("a key that is fetched for the cache alone is there when a client asks, and counts as no read", async () => {
  await using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const client = await local.client();
  await client.must("SET", "key", "value");
  const read = new QuietRead();
  expect(warm(local, "key", read)).toBe(true);
  await read.done.promise;
  expect(read.told).toEqual(["value"]);
  const { stats } = local.proxy;
  expect([stats.hits, stats.misses]).toEqual([0, 0]);
  expect(await client.must("GET", "key")).toBe("value");
  expect([stats.hits, stats.misses, origin.count("GET", "key")]).toEqual([1, 0, 1]);
});

test("a key that is cached, or on its way to a client, is not fetched for the cache", async () => {
  await using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const client = await local.client();
  await client.must("SET", "cached", "1");
  await client.must("GET", "cached");
  origin.holdFrom("GET", "coming");
  const coming = client.ask("GET", "coming");
  await origin.received(1, "GET", "coming");
  const read = new QuietRead();
  expect([warm(local, "cached", read), warm(local, "coming", read)]).toEqual([false, false]);
  origin.releaseAll();
  expect(await coming).toBeNull();
  expect([read.told, origin.count("GET", "cached"), origin.count("GET", "coming")]).toEqual([[], 1, 1]);
});

test("a client's read joins one for the cache alone", async () => {
  await using origin = new FakeOrigin();
  await using local = await LocalProxy.ready({ origin: origin.port });
  const client = await local.client();
  origin.holdFrom("GET", "key");
  const read = new QuietRead();
  expect(warm(local, "key", read)).toBe(true);
  await origin.received(1, "GET", "key");
  const joined = client.ask("GET", "key");
  await until(() => local.proxy.stats.coalesced === 1, "the client's read has joined");
  origin.releaseAll();
  expect([await joined, read.told, origin.count("GET", "key")]).toEqual([null, ["missing"], 1]);
});
