/** The proxy's figures: documented, complete, never going back. */
import { describe, expect, test } from "bun:test";
import { undocumented } from "../../test/support/documented-metrics.ts";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { clientOfEach, infoField, startThreads } from "../../test/support/threads.ts";
import { until } from "../../test/support/until.ts";
import { Histogram } from "../instruments/histogram.ts";
import type { Metric } from "../instruments/view.ts";
import { publishCounters } from "./counters.ts";
import { proxyMetrics } from "./metrics.ts";
import { RequestMeter } from "./request-meter.ts";
import { ROUTES } from "./routes.ts";

function metricsOf({ proxy }: LocalProxy): Metric[] {
  publishCounters(proxy, 0);
  const { threads, cache, nowMs } = proxy;
  return proxyMetrics({ threads, store: cache.store, nowMs });
}

/** The samples of a metric, by their labels' values. */
function samples(metrics: readonly Metric[], name: string): Record<string, number> {
  const found = metrics.find((metric) => metric.name === name)?.samples ?? [];
  const entries = found.map(({ labels, value }) => [Object.values(labels).join(" "), value] as const);
  return Object.fromEntries(entries.filter(([, value]) => value > 0));
}

const requests = (metrics: readonly Metric[]) => samples(metrics, "glasscache_requests_total");

describe("the figures of a proxy", () => {
  test("are those that are documented", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    await client.must("SET", "key", "11");
    await client.must("GET", "key");
    const metrics = metricsOf(local);
    expect(undocumented(metrics)).toEqual([]);
    expect(metrics.filter(({ samples }) => samples.length === 0).map(({ name }) => name)).toEqual([]);
    expect(metrics.length).toBeGreaterThan(20);
    expect(samples(metrics, "glasscache_connections")).toEqual({ "": 1 });
    const memory = samples(metrics, "glasscache_memory_bytes");
    const limit = samples(metrics, "glasscache_memory_limit_bytes")[""]!;
    expect(Object.values(memory).reduce((sum, bytes) => sum + bytes, 0)).toBe(limit);
    expect([memory["keys"], memory["values"]]).toEqual([3, 2]);
    for (const { help } of metrics) expect(help).toMatch(/\.$/);
  });

  test("add up to the requests that clients made, in RESP and in text", async () => {
    using origin = new FakeOrigin({
      script: ([name]) => (name === "SCAN" ? "*2\r\n$1\r\n0\r\n*0\r\n" : undefined),
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client({ version: 3 });
    const text = await local.textClient();
    const before = local.proxy.registry.requestCount;
    expect(before).toBe(1);
    let asked = before;
    const ask = async (...command: string[]): Promise<void> => {
      asked++;
      await client.ask(...command);
    };
    const say = async (line: string): Promise<void> => {
      asked++;
      await text.ask(line);
    };
    await ask("SET", "a", "1");
    await ask("GET", "a");
    await ask("GET", "a");
    await ask("MGET", "a", "b");
    await ask("GLASS.GET", "a");
    await ask("GLASS.GET", "nobody");
    await ask("GLASS.EXPLAIN", "a");
    await ask("PING");
    await ask("PING", "too", "many");
    await ask("EXISTS", "a");
    await ask("GET", "a", "b");
    await ask("NOSUCHCOMMAND");
    await ask("WAIT", "1", "1");
    await ask("MULTI");
    await ask("GET", "a");
    await ask("EXEC");
    await ask("INFO");
    await say("PUT t=1");
    await say("GET t");
    await say("GET t");
    await say("GET nobody");
    await say("DELETE t");
    await say("DUMP");
    await say("PUT nothing");
    const metrics = metricsOf(local);
    expect(requests(metrics)).toEqual({
      "string hit": 1,
      "string miss": 2,
      "string forwarded": 3,
      "glasscache hit": 1,
      "glasscache miss": 1,
      "glasscache local": 1,
      "connection local": 2,
      "connection error": 1,
      "generic forwarded": 1,
      "generic error": 1,
      "transactions forwarded": 2,
      "server local": 1,
      "other forwarded": 1,
      "text hit": 1,
      "text miss": 2,
      "text forwarded": 3,
      "text error": 1,
    });
    const sum = Object.values(requests(metrics)).reduce((total, value) => total + value, 0);
    expect(sum).toBe(asked);
    expect(local.proxy.registry.requestCount).toBe(asked);
    expect(samples(metrics, "glasscache_keys_read_total")).toEqual({ hit: 4, miss: 5 });
    expect(samples(metrics, "glasscache_fills_total")).toEqual({ kept: 2 });
  });

  test("a pipeline that repeats a miss has one miss, and the others wait for it", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    origin.values.set("a", "1");
    const [one, other] = await local.clients(2);
    origin.holdFrom("GET", "a");
    const replies = [one!.ask("GET", "a"), one!.ask("GET", "a"), other!.ask("MGET", "a", "a")];
    await until(() => local.proxy.stats.misses === 4);
    expect(requests(metricsOf(local))).toEqual({});
    origin.releaseAll();
    await Promise.all(replies);
    const metrics = metricsOf(local);
    expect(requests(metrics)).toEqual({ "string miss": 1, "string coalesced": 2 });
    const durations = samples(metrics, "glasscache_request_duration_seconds");
    expect(durations).toEqual({ miss: 1, coalesced: 2 });
    expect(samples(metrics, "glasscache_origin_requests_total")).toEqual({ ok: 1 });
  });

  test("an origin that does not answer makes errors, one that refuses does not", async () => {
    using origin = new FakeOrigin({
      script: ([name, key]) => (name === "GET" && key === "wrong" ? "-WRONGTYPE no string\r\n" : undefined),
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    await client.ask("GET", "wrong");
    await client.ask("GET", "fine");
    origin.goDown();
    await local.logged(/connecting again/);
    await client.ask("GET", "fine");
    await client.ask("MGET", "fine", "other");
    await client.ask("SET", "k", "1");
    await client.ask("HGETALL", "h");
    const metrics = metricsOf(local);
    expect(requests(metrics)).toEqual({ "string miss": 2, "string error": 3, "hash error": 1 });
    expect(samples(metrics, "glasscache_origin_requests_total")).toEqual({ ok: 1, error: 1 });
    expect(samples(metrics, "glasscache_channel_losses_total")).toEqual({ "": 1 });
    expect(samples(metrics, "glasscache_channel_up")).toEqual({});
    // A channel that could not be opened again was lost, too.
    expect(samples(metrics, "glasscache_invalidations_total")["channel"]!).toBeGreaterThan(0);
  });

  test("tell of invalidations by their source, and of the entries that they removed", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    for (const key of ["a", "b", "c"]) {
      origin.values.set(key, "1");
      await client.must("GET", key);
    }
    await client.must("SET", "a", "2");
    origin.main.invalidate(["b"]);
    // The origin names the key that was written, too.
    await until(() => local.proxy.cache.invalidations.push === 2);
    origin.main.invalidate(null);
    await until(() => local.proxy.cache.invalidations.flush === 1);
    const metrics = metricsOf(local);
    expect(samples(metrics, "glasscache_invalidations_total")).toEqual({ write: 1, push: 2, flush: 1 });
    expect(samples(metrics, "glasscache_evictions_total")).toEqual({ invalidated: 2, flush: 1 });
    // What was flushed does not count again, and is not counted when it is removed.
    for (const key of ["d", "e"]) {
      origin.values.set(key, "1");
      await client.must("GET", key);
    }
    local.proxy.cache.store.sweep(local.proxy.nowMs(), 1000);
    origin.main.drop();
    await until(() => local.proxy.cache.invalidations.channel === 1);
    expect(samples(metricsOf(local), "glasscache_evictions_total")).toEqual({
      ...{ invalidated: 2, flush: 1, channel: 2 },
    });
  });

  test("a value too large for the cache is told apart from one that was discarded", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port, memoryBytes: 1024 * 1024 });
    const client = await local.client();
    origin.values.set("large", "x".repeat(2 * 1024 * 1024));
    await client.must("GET", "large");
    expect(samples(metricsOf(local), "glasscache_fills_total")).toEqual({ too_large: 1 });
  });

  test("hits save what misses take at the origin", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("a", "1");
    await client.must("GET", "a");
    for (let i = 0; i < 400; i++) await client.must("GET", "a");
    const metrics = metricsOf(local);
    const trip = metrics.find(({ name }) => name === "glasscache_origin_request_duration_seconds")!;
    const saved = samples(metrics, "glasscache_origin_seconds_saved_total")[""]!;
    expect(trip.samples[0]!.value).toBe(1);
    expect(saved).toBeCloseTo(400 * trip.samples[0]!.histogram!.sum, 6);
    const hits = metrics
      .find(({ name }) => name === "glasscache_request_duration_seconds")!
      .samples.find(({ labels }) => labels["result"] === "hit")!;
    // One batch in eight is timed and counts eight times.
    expect(hits.value % 8).toBe(0);
    expect(hits.value).toBeGreaterThan(100);
    expect(hits.value).toBeLessThan(1600);
  });

  test("time misses from their request to their answer, and the origin without what the proxy does", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.holdFrom("GET", "slow");
    const begunMs = local.proxy.stats.requests.exactMs();
    const reply = client.ask("GET", "slow");
    await origin.received(1, "GET", "slow");
    // By then the proxy has had the request for a while.
    const askedMs = local.proxy.stats.requests.exactMs();
    await until(() => local.proxy.stats.requests.exactMs() - askedMs > 30);
    origin.releaseAll();
    await reply;
    const mostMs = local.proxy.stats.requests.exactMs() - begunMs;
    const sums = new Map(
      metricsOf(local).flatMap(({ name, samples: all }) =>
        all.flatMap(({ labels, histogram }) =>
          histogram === undefined ? [] : [[`${name} ${labels["result"] ?? ""}`, histogram.sum] as const],
        ),
      ),
    );
    const missMs = sums.get("glasscache_request_duration_seconds miss")! * 1000;
    expect(missMs).toBeGreaterThan(25);
    expect(missMs).toBeLessThanOrEqual(mostMs);
    // The first of the two replies was not held.
    expect(sums.get("glasscache_origin_request_duration_seconds ")! * 1000).toBeLessThan(missMs);
  });

  test("a command that blocks is counted when it ends, and not timed", async () => {
    using origin = new FakeOrigin({
      script: ([name]) => (name === "BLPOP" ? "*-1\r\n" : undefined),
    });
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    await client.ask("BLPOP", "list", "1");
    const metrics = metricsOf(local);
    expect(requests(metrics)).toEqual({ "list forwarded": 1 });
    expect(samples(metrics, "glasscache_origin_requests_total")).toEqual({ ok: 1 });
    for (const name of ["request", "origin_request"]) {
      expect(samples(metrics, `glasscache_${name}_duration_seconds`)).toEqual({});
    }
  });

  test("CONFIG RESETSTAT starts INFO anew, and no counter goes back", async () => {
    using origin = new FakeOrigin();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const client = await local.client();
    origin.values.set("a", "1");
    for (let i = 0; i < 5; i++) await client.must("GET", "a");
    const before = metricsOf(local);
    await client.must("CONFIG", "RESETSTAT");
    const info = await client.must("INFO", "cache", "proxy");
    expect(infoField(info, "cache_hits")).toBe("0");
    expect(infoField(info, "cache_misses")).toBe("0");
    expect(infoField(info, "proxy_connections_received")).toBe("0");
    await client.must("GET", "a");
    expect(infoField(await client.must("INFO", "cache"), "cache_hits")).toBe("1");
    const after = metricsOf(local);
    for (const { name, kind, samples: earlier } of before) {
      if (kind === "gauge") continue;
      const later = after.find((metric) => metric.name === name)!;
      for (const { labels, value } of earlier) {
        const same = later.samples.find(
          (sample) => JSON.stringify(sample.labels) === JSON.stringify(labels),
        )!;
        expect([name, same.value]).toEqual([name, Math.max(value, same.value)]);
      }
    }
    expect(samples(after, "glasscache_keys_read_total")).toEqual({ hit: 5, miss: 1 });
  });
});

test("hits of every command that is answered from the cache are timed", () => {
  const none = { miss: new Histogram(), coalesced: new Histogram(), forwarded: new Histogram() };
  for (const { name, kind, number } of ROUTES) {
    if (kind !== "cached") continue;
    const meter = new RequestMeter(none, () => 0);
    meter.command = number!;
    meter.hit();
    expect([name, meter.timedCount]).toEqual([name, 1]);
  }
});

test("with several threads, CONFIG RESETSTAT starts the counts of all of them anew, also of those that died", async () => {
  using origin = new FakeOrigin();
  await using threads = await startThreads(origin, { threads: 2 });
  const clients = await clientOfEach(threads.supervisor);
  for (const client of clients) for (let i = 0; i < 3; i++) await client.must("GET", "nobody");
  const misses = async () => Number(infoField(await clients[0]!.must("INFO", "cache"), "cache_misses"));
  await until(async () => (await misses()) === 6);
  await clients[0]!.must("CONFIG", "RESETSTAT");
  expect(await misses()).toBe(0);
  await clients[1]!.must("GET", "nobody");
  await until(async () => (await misses()) === 1);
  await threads.supervisor.killThread(1);
  await until(() => threads.supervisor.restarts === 1);
  expect(await misses()).toBe(1);
  for (const client of clients) client.close();
});
