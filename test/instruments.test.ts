/** A proxy with its instruments: what they tell over HTTP and over Redis's protocol, and what happens when they die. */
import { describe, expect, test } from "bun:test";
import { InstrumentsThread } from "../src/admin/instruments-thread.ts";
import type { AdminSettings } from "../src/admin/thread-messages.ts";
import type {
  BiographyReport,
  ChannelsReport,
  ClientsReport,
  HealthReport,
  HistoryReport,
  Metric,
  QueuesReport,
  SlowRequestsReport,
  WhatIfReport,
} from "../src/instruments/view.ts";
import { systemClock } from "../src/lib/clock.ts";
import { silentLog } from "../src/lib/log.ts";
import { startProxy } from "../src/proxy/start.ts";
import { Supervisor } from "../src/proxy/threads/supervisor.ts";
import { undocumented } from "./support/documented-metrics.ts";
import { FakeOrigin } from "./support/fake-origin.ts";
import { RespClient } from "./support/resp-client.ts";
import { until } from "./support/until.ts";

interface Bench extends AsyncDisposable {
  readonly origin: FakeOrigin;
  readonly thread: InstrumentsThread;
  client(): Promise<RespClient>;
  get<T>(path: string): Promise<T>;
}

/** Asks again and again, until there is an answer. */
async function awaitAnswer<T>(ask: () => Promise<T | undefined>): Promise<T> {
  let answer: T | undefined;
  await until(async () => {
    answer = await ask();
    return answer !== undefined;
  }, "the instruments tell what was asked");
  return answer!;
}

const WORKER = new URL("../src/cli/instruments-worker.ts", import.meta.url);

/** @param threads 1: a proxy without threads of its own */
async function bench(
  threads: number,
  {
    admin = {},
    maxEntries,
    metricsFamilies = 0,
  }: {
    readonly admin?: Partial<AdminSettings>;
    readonly maxEntries?: number;
    readonly metricsFamilies?: number;
  } = {},
): Promise<Bench> {
  const origin = new FakeOrigin();
  const options = {
    ...{ host: "127.0.0.1", port: 0, origin: `127.0.0.1:${origin.port}`, memoryBytes: 2 ** 22 },
    ...{ maxEntries, instruments: true },
  };
  const proxy = await (threads === 1 ? startProxy(options) : Supervisor.open({ ...options, threads }));
  const thread = await InstrumentsThread.start({
    observed: proxy,
    settings: { policies: ["lru"], budget: 0.5, originCost: 1, memoryCost: undefined, metricsFamilies },
    admin: { host: "127.0.0.1", port: 0, openMetrics: false, adminHosts: [], ...admin },
    log: silentLog,
    worker: WORKER,
    clock: systemClock,
  });
  return {
    ...{ origin, thread },
    client: () => RespClient.connect({ port: proxy.port }),
    get: async (path) => (await fetch(`http://127.0.0.1:${thread.port}${path}`)).json() as never,
    async [Symbol.asyncDispose]() {
      await proxy.close();
      await thread.close();
      origin[Symbol.dispose]();
    },
  };
}

describe.each([1, 2])("a proxy of %d threads with instruments", (threads) => {
  test("tells requests, what-if, hot keys, families and a key's story", async () => {
    await using running = await bench(threads);
    const { origin, get } = running;
    const client = await running.client();
    origin.values.set("user:1:cart", "apples");
    await client.must("GLASS.WATCH", "user:1:cart");
    for (let i = 0; i < 300; i++) await client.must("GET", "user:1:cart");
    const whatIf = await awaitAnswer(async () => {
      const told = await get<WhatIfReport>("/api/what-if");
      return told.requests === 300 ? told : undefined;
    });
    expect(whatIf.present).toMatchObject({ policy: "s3-fifo", unit: "bytes" });
    expect(whatIf.curves.map(({ policy }) => policy)).toEqual(["s3-fifo", "lru"]);
    expect(whatIf.present.missRatio).toBeCloseTo(1 / 300, 10);
    const story = await awaitAnswer(async () => {
      const told = await get<BiographyReport>("/api/keys/user:1:cart");
      return told.events.some(({ what }) => what === "hit") ? told : undefined;
    });
    expect(story.isWatched).toBe(true);
    expect(story.present).toMatchObject({ reads: 299, policy: "s3-fifo" });
    expect(story.events.map(({ what }) => what).slice(0, 3)).toEqual(["miss", "filled", "hit"]);
    const shards = (await get<QueuesReport>("/api/queues")).shards;
    const shown = await Promise.all(
      Array.from({ length: shards }, (_, shard) => get<QueuesReport>(`/api/queues?shard=${shard}`)),
    );
    const members = shown.flatMap(({ queues }) =>
      queues.flatMap(({ name, members }) =>
        members.map(({ key, rank, entry }) => [name, key, rank, entry?.reads]),
      ),
    );
    expect(members).toEqual([["small", { text: "user:1:cart" }, 1, 299]]);
    const explained = await client.must("GLASS.EXPLAIN", "user:1:cart");
    expect(JSON.stringify(explained)).toContain("filled");
    expect(JSON.stringify(await client.must("GLASS.FAMILIES"))).toContain("user:*:cart");
    expect(JSON.stringify(await client.must("GLASS.HOTKEYS", "misses", "5"))).toContain("user:1:cart");
    expect(JSON.stringify(await client.must("GLASS.WHATIF"))).toContain("lru");
    client.close();
  });

  test("marks the history at a client's and at the admin port's request", async () => {
    await using running = await bench(threads);
    const client = await running.client();
    expect(await client.must("GLASS.MARK", "deployment", "1234")).toBe("OK");
    expect(String(await client.ask("GLASS.MARK", "x".repeat(201)))).toContain("200 are the most");
    const { marks } = await running.get<HistoryReport>("/api/history");
    expect(marks.map(({ text }) => text)).toEqual(["deployment 1234"]);
    client.close();
  });

  test("serves documented metrics, and counts of all threads", async () => {
    await using running = await bench(threads);
    const client = await running.client();
    running.origin.values.set("a", "1");
    for (let i = 0; i < 10; i++) await client.must("GET", "a");
    const text = await awaitAnswer(async () => {
      const response = await fetch(`http://127.0.0.1:${running.thread.port}/metrics`);
      const told = await response.text();
      return told.includes('glasscache_requests_total{family="string",result="hit"} 9') ? told : undefined;
    });
    const names = new Set(text.match(/^glasscache_[a-z_]+(?=[{ ])/gm));
    expect(names.has("glasscache_whatif_miss_ratio")).toBe(true);
    expect(names.has("glasscache_key_family_hit_ratio")).toBe(false);
    const { metrics } = await running.get<{ metrics: Parameters<typeof undocumented>[0] }>("/api/counters");
    expect(undocumented(metrics)).toEqual([]);
    client.close();
  });

  test("tells the clients of all threads by name", async () => {
    await using running = await bench(threads);
    const clients: RespClient[] = [];
    for (let i = 0; i < 6; i++) clients.push(await running.client());
    for (const client of clients.slice(0, 4)) await client.must("CLIENT", "SETNAME", "shop");
    for (const client of clients.slice(0, 4)) await client.must("PING");
    const told = await running.get<ClientsReport>("/api/clients");
    expect([told.threads, told.answered]).toEqual([threads, threads]);
    const of = (name: string) => told.clients.find((each) => (each.name ?? each.address) === name);
    expect(of("shop")).toMatchObject({ connections: 4, requests: 8 });
    expect(of("127.0.0.1")).toMatchObject({ connections: 2, requests: 0 });
    expect(of("shop")!.requestsPerSecond).toBeGreaterThan(0);
    const first = await running.get<ClientsReport>("/api/clients?count=1");
    expect(first.clients).toEqual([told.clients[0]!]);
    expect(first.others).toMatchObject({ groups: 1, connections: told.clients[1]!.connections });
    for (const client of clients) client.close();
  });

  test("changes what it measures, in all threads, and nothing else", async () => {
    await using running = await bench(threads);
    const client = await running.client();
    const post = async (name: string, value: string) => {
      const response = await fetch(`http://127.0.0.1:${running.thread.port}/api/settings`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ name, value }),
      });
      return [response.status, JSON.stringify(await response.json())];
    };
    expect(await post("audit", "50%")).toEqual([
      200,
      expect.stringContaining('{"name":"audit","value":"50%","changeable":true}'),
    ]);
    expect(await post("slowlog-slower-than", "OFF")).toEqual([200, expect.stringContaining('"value":"off"')]);
    expect(await client.must("CONFIG", "GET", "audit", "slowlog-slower-than")).toEqual([
      ...["audit", "50%", "slowlog-slower-than", "off"],
    ]);
    const { slowerThanMs } = await running.get<SlowRequestsReport>("/api/slow-requests");
    expect(slowerThanMs).toBeNull();
    expect(await post("audit", "101%")).toEqual([400, expect.stringContaining("the most is 100%")]);
    expect(await post("audit", "much")).toEqual([400, expect.stringContaining("is not a percentage")]);
    expect(await post("ttl", "1s")).toEqual([400, expect.stringContaining("policy, audit, slowlog")]);
    const { marks } = await running.get<HistoryReport>("/api/history");
    expect(marks.map(({ text }) => text)).toEqual(["audit 0% → 50%", "slowlog-slower-than 10ms → off"]);
    client.close();
  });

  test("tells slow requests, also over HTTP", async () => {
    await using running = await bench(threads);
    const client = await running.client();
    await client.must("CONFIG", "SET", "slowlog-slower-than", "0");
    await client.must("SET", "a", "1");
    const told = await running.get<SlowRequestsReport>("/api/slow-requests");
    expect(told).toMatchObject({ slowerThanMs: 0, limit: 128 });
    expect(told.requests[0]).toMatchObject({
      arguments: [{ text: "SET" }, { text: "a" }, { text: "1" }],
      result: "forwarded",
    });
    client.close();
  });

  test("tells families of keys in /metrics, as many as was asked for", async () => {
    await using running = await bench(threads, { metricsFamilies: 1 });
    const client = await running.client();
    for (const key of ["user:1:cart", "user:2:cart", "page:7"]) await client.must("GET", key);
    const { metrics } = await awaitAnswer(async () => {
      const told = await running.get<{ metrics: Metric[] }>("/api/counters");
      const rates = told.metrics.find(({ name }) => name === "glasscache_key_family_requests_per_second");
      // All three reads have been seen.
      return rates?.samples.filter(({ value }) => value > 0).length === 2 ? told : undefined;
    });
    const families = metrics.filter(({ name }) => name.startsWith("glasscache_key_family_"));
    expect(families.length).toBe(3);
    for (const { samples } of families) {
      expect(samples.map(({ labels }) => labels["key_family"]!)).toEqual(["user:*:cart", "(others)"]);
    }
    expect(undocumented(metrics)).toEqual([]);
    client.close();
  });

  test("tells how long ago each channel was proven", async () => {
    await using running = await bench(threads);
    const told = await awaitAnswer(async () => {
      const report = await running.get<ChannelsReport>("/api/channels");
      return report.channels.every(({ isUp, silenceMs }) => isUp && silenceMs !== undefined)
        ? report
        : undefined;
    });
    expect(told.channels.map(({ thread }) => thread)).toEqual([...Array(threads).keys()]);
    expect(told.boundMs).toBeGreaterThan(0);
    for (const { silenceMs, losses } of told.channels) {
      expect(silenceMs).toBeLessThanOrEqual(told.boundMs);
      expect(losses).toBe(0);
    }
    // An origin that is gone: its channels are lost, and no proof is left.
    running.origin[Symbol.dispose]();
    const lost = await awaitAnswer(async () => {
      const report = await running.get<ChannelsReport>("/api/channels");
      return report.channels.every(({ isUp }) => !isUp) ? report : undefined;
    });
    expect(lost.channels.map((channel) => channel.losses)).toEqual(told.channels.map(() => 1));
  });

  test("tells in /health of an old value whose invalidation never came", async () => {
    await using running = await bench(threads);
    const { origin } = running;
    const client = await running.client();
    origin.values.set("a", "old");
    await client.must("CONFIG", "SET", "audit", "100%");
    expect(await client.must("GET", "a")).toBe("old");
    const health = async () => {
      const headers = { accept: "application/json" };
      const response = await fetch(`http://127.0.0.1:${running.thread.port}/health`, { headers });
      return (await response.json()) as HealthReport;
    };
    expect((await health()).problems.filter((problem) => problem.includes("audits"))).toEqual([]);
    origin.invalidates = false;
    origin.values.set("a", "new");
    expect(await client.must("GET", "a")).toBe("old");
    const { alive, problems } = await awaitAnswer(async () => {
      const told = await health();
      return told.problems.some((problem) => problem.includes("audits")) ? told : undefined;
    });
    expect(alive).toBe(true);
    expect(problems.join()).toContain("served 1 old value whose invalidation never came");
    client.close();
  });

  test("goes on serving when the thread of its instruments dies, and starts it again on the same port", async () => {
    await using running = await bench(threads);
    const client = await running.client();
    running.origin.values.set("a", "1");
    expect(await client.must("GET", "a")).toBe("1");
    const { port } = running.thread;
    await running.thread.kill();
    for (let i = 0; i < 1000; i++) expect(await client.must("GET", "a")).toBe("1");
    const health = await awaitAnswer(async () => {
      const response = await fetch(`http://127.0.0.1:${port}/health`, {
        headers: { accept: "application/json" },
      }).catch(() => undefined);
      return response === undefined ? undefined : ((await response.json()) as HealthReport);
    });
    expect(running.thread.restarts).toBe(1);
    expect(health.alive).toBe(true);
    expect(JSON.stringify(health.problems)).toContain("started again");
    // The new thread is told of what happens from now on.
    for (let i = 0; i < 200; i++) await client.must("GET", "a");
    await until(async () => (await running.get<WhatIfReport>("/api/what-if")).requests >= 200);
    client.close();
  });
});
