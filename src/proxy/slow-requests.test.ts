/** GLASS.SLOWLOG: requests that took long, and where their time went. */
import { describe, expect, test } from "bun:test";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import type { RespClient } from "../../test/support/resp-client.ts";
import { clientOfEach, startThreads } from "../../test/support/threads.ts";
import { ManualClock } from "../lib/clock.ts";
import { slowRequestsReport } from "./slow-report.ts";

interface Told {
  readonly id: number;
  readonly endedAt: number;
  readonly micros: number;
  readonly args: string[];
  readonly address: string;
  readonly name: string;
  readonly result: string;
  readonly waits: Record<string, number>;
}

async function slowlog(client: RespClient, count = "-1"): Promise<Told[]> {
  const entries = (await client.must("GLASS.SLOWLOG", "GET", count)) as unknown as unknown[][];
  return entries.map((entry) => {
    expect(entry.length).toBe(8);
    const [id, endedAt, micros, args, address, name, result, flat] = entry as [
      ...[number, number, number, string[], string, string, string],
      (string | number)[],
    ];
    const waits: Record<string, number> = {};
    for (let at = 0; at < flat.length; at += 2) waits[flat[at] as string] = flat[at + 1] as number;
    return { id, endedAt, micros, args, address, name, result, waits };
  });
}

/** The proxy's clock stands still unless the test lets it go on. */
async function scene(options: { readonly slowerThanMs?: number } = {}) {
  const clock = new ManualClock();
  const origin = new FakeOrigin();
  const local = await LocalProxy.ready({ origin: origin.port, clock, ...options });
  return {
    ...{ clock, origin, local, client: await local.client() },
    async [Symbol.asyncDispose]() {
      await local[Symbol.asyncDispose]();
      origin[Symbol.dispose]();
    },
  };
}

describe("a slow request", () => {
  test("that missed tells how long the origin took, and the reads that waited with it", async () => {
    await using at = await scene();
    const { clock, origin, local, client } = at;
    const other = await local.client();
    await client.must("CLIENT", "SETNAME", "reader");
    origin.values.set("a", "1");
    origin.holdFrom("GET");
    const reply = client.ask("GET", "a");
    await origin.received(1, "GET");
    clock.advance(30);
    const joined = other.ask("GET", "a");
    while (local.proxy.stats.coalesced < 1) await new Promise(setImmediate);
    clock.advance(50);
    origin.releaseAll();
    await Promise.all([reply, joined]);
    const told = (await slowlog(client)).toSorted((one, two) => one.micros - two.micros);
    expect(told).toEqual([
      {
        ...{ id: 1, endedAt: 1_700_000_000, micros: 50_000, args: ["GET", "a"] },
        ...{ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), name: "" },
        ...{ result: "coalesced", waits: { "other-read": 50_000 } },
      },
      {
        ...{ id: 0, endedAt: 1_700_000_000, micros: 80_000, args: ["GET", "a"] },
        ...{ address: expect.stringMatching(/^127\.0\.0\.1:\d+$/), name: "reader" },
        ...{ result: "miss", waits: { origin: 80_000 } },
      },
    ]);
  });

  test("that was forwarded tells its arguments as Redis does, without passwords", async () => {
    await using at = await scene();
    const { clock, origin, client } = at;
    const slowly = async (...command: string[]) => {
      origin.holdFrom(command[0]!);
      const reply = client.ask(...command);
      await origin.received(1, command[0]!);
      clock.advance(10);
      origin.releaseAll();
      await reply;
    };
    await slowly("SET", "k", "x".repeat(200));
    await slowly("DEL", ...Array.from({ length: 40 }, (_, i) => `k${i}`));
    await slowly("MIGRATE", "host", "1", "k", "0", "10", "AUTH", "secret");
    await slowly("DECR", "k");
    const told = await slowlog(client);
    expect(told.map(({ args }) => args)).toEqual([
      ["DECR", "k"],
      ["MIGRATE", "host", "1", "k", "0", "10", "AUTH", "(redacted)"],
      ["DEL", ...Array.from({ length: 30 }, (_, i) => `k${i}`), "... (10 more arguments)"],
      ["SET", "k", `${"x".repeat(128)}... (72 more bytes)`],
    ]);
    expect(told[0]).toMatchObject({ micros: 10_000, result: "forwarded", waits: { origin: 10_000 } });
  });

  test("that is faster than the threshold is not kept, and none is when it is off", async () => {
    await using at = await scene();
    const { clock, origin, client } = at;
    const after = async (ms: number) => {
      origin.holdFrom("INCR");
      const before = origin.count("INCR");
      const reply = client.ask("INCR", "n");
      await origin.received(before + 1, "INCR");
      clock.advance(ms);
      origin.releaseAll();
      await reply;
      return client.must("GLASS.SLOWLOG", "LEN");
    };
    expect(await after(9)).toBe(0);
    expect(await after(10)).toBe(1);
    await client.must("CONFIG", "SET", "slowlog-slower-than", "off");
    expect(await client.must("CONFIG", "GET", "slowlog-slower-than")).toEqual(["slowlog-slower-than", "off"]);
    expect(await after(1000)).toBe(1);
    await client.must("CONFIG", "SET", "slowlog-slower-than", "9ms");
    expect(await after(9)).toBe(2);
    expect(await client.must("GLASS.SLOWLOG", "RESET")).toBe("OK");
    expect(await after(9)).toBe(1);
    expect((await slowlog(client))[0]!.id).toBe(2);
  });

  test("that the origin never answered is an error", async () => {
    await using at = await scene({ slowerThanMs: 0 });
    const { origin, client } = at;
    origin.holdFrom("INCR");
    const reply = client.ask("INCR", "n");
    await origin.received(1, "INCR");
    origin.dropAll();
    await reply;
    expect(await slowlog(client)).toMatchObject([{ args: ["INCR", "n"], result: "error" }]);
  });

  test("of the text protocol, of MGET and in a transaction are kept, too", async () => {
    await using at = await scene({ slowerThanMs: 0 });
    const { local, client } = at;
    const text = await local.textClient();
    await text.ask("PUT a=1");
    await text.ask("GET a");
    await client.must("MGET", "a", "b");
    await client.must("MULTI");
    const kept = (await slowlog(await local.client())).map(({ args, result }) => [...args, result].join(" "));
    expect(kept.reverse()).toEqual(["PUT a 1 forwarded", "GET a miss", "MGET a b miss", "MULTI forwarded"]);
  });
});

test("a slow batch of hits is kept as such, with no request of its own", async () => {
  await using at = await scene({ slowerThanMs: 0 });
  const { origin, client } = at;
  origin.values.set("a", "1");
  await client.must("GET", "a");
  await client.must("GLASS.SLOWLOG", "RESET");
  for (let i = 0; i < 16; i++) await client.must("GET", "a");
  const told = await slowlog(client);
  expect(told.length).toBeGreaterThan(0);
  expect(told.length).toBeLessThan(16);
  expect(told[0]).toMatchObject({
    args: ["(a batch with 1 requests answered from the cache)"],
    ...{ result: "hit", address: "" },
  });
});

test("as many are kept as was set, and a wrong count is an error", async () => {
  await using at = await scene({ slowerThanMs: 0 });
  const { local, client } = at;
  await client.must("CONFIG", "SET", "slowlog-entries", "3");
  for (let i = 0; i < 5; i++) await client.must("SET", `k${i}`, "v");
  expect((await slowlog(client)).map(({ args }) => args[1])).toEqual(["k4", "k3", "k2"]);
  expect((await slowlog(client, "1")).map(({ args }) => args[1])).toEqual(["k4"]);
  expect(await client.must("GLASS.SLOWLOG", "LEN")).toBe(3);
  const wrong = { message: "ERR count should be greater than or equal to -1" };
  expect(await client.ask("GLASS.SLOWLOG", "GET", "-2")).toMatchObject(wrong);
  expect(await client.ask("GLASS.SLOWLOG", "GET", "x")).toMatchObject(wrong);
  expect(await client.ask("CONFIG", "SET", "slowlog-entries", "1025")).toMatchObject({
    message: expect.stringContaining("the most is 1024"),
  });
  expect(await client.must("GLASS.SLOWLOG", "HELP")).toContain("    Forget all requests.");
  const report = slowRequestsReport(local.proxy.threads, 100);
  expect(report).toMatchObject({ slowerThanMs: 0, limit: 3 });
  expect(report.requests.map(({ arguments: [, key] }) => key)).toEqual([
    ...[{ text: "k4" }, { text: "k3" }, { text: "k2" }],
  ]);
});

test("each thread tells the slow requests of all", async () => {
  using origin = new FakeOrigin();
  await using threads = await startThreads(origin, { threads: 2, slowerThanMs: 0 });
  const clients = await clientOfEach(threads.supervisor);
  for (const client of clients) await client.must("GLASS.SLOWLOG", "RESET");
  for (const [index, client] of clients.entries()) await client.must("SET", `of:${index}`, "v");
  for (const client of clients) {
    expect((await slowlog(client)).map(({ args }) => args[1])).toEqual(["of:1", "of:0"]);
  }
  await clients[0]!.must("GLASS.SLOWLOG", "RESET");
  expect(await clients[1]!.must("GLASS.SLOWLOG", "LEN")).toBe(0);
  for (const client of clients) client.close();
});
