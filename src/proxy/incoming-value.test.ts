/** Large values on their way from the origin, and what each reader gets of a value that stops in the middle. */
import { describe, expect, test } from "bun:test";
import { bulk, FakeOrigin, type OriginConnection } from "../../test/support/fake-origin.ts";
import { LocalProxy, type LocalProxyOptions } from "../../test/support/local-proxy.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { clientOfEach, infoField, startThreads } from "../../test/support/threads.ts";
import { until } from "../../test/support/until.ts";
import { ManualClock } from "../lib/clock.ts";
import { DEFAULT_LIMITS } from "../net/limits.ts";

const MEGABYTE = 1024 ** 2;
const LENGTH = 600_000;

/** Returns a text that differs everywhere between versions. */
function textOf(version: number, length = LENGTH): string {
  const pattern = Array.from({ length: 9973 }, (_, i) => String.fromCharCode(97 + ((i * 7 + version) % 26)));
  return pattern
    .join("")
    .repeat(Math.ceil(length / 9973))
    .slice(0, length);
}

/** Opens a proxy whose origin stops in the middle of its first reply to `name key`. */
class Bench implements AsyncDisposable {
  readonly origin = new FakeOrigin();
  local!: LocalProxy;
  readonly value: string;
  #stopped: OriginConnection | undefined;

  private constructor(length: number) {
    this.value = textOf(1, length);
  }

  static async open({
    length = LENGTH,
    stopAt = 400_000,
    name = "GET",
    ...options
  }: Partial<LocalProxyOptions> & { length?: number; stopAt?: number; name?: string } = {}): Promise<Bench> {
    const bench = new Bench(length);
    const { origin, value } = bench;
    origin.values.set("k", value);
    origin.script = (command, connection) => {
      if (bench.#stopped !== undefined || command[0] !== name || command[1] !== "k") return undefined;
      bench.#stopped = connection;
      if (connection.tracks) connection.trackedKeys.add("k");
      const frame = bulk(value);
      connection.send(frame.slice(0, stopAt));
      connection.hold();
      return frame.slice(stopAt);
    };
    bench.local = await LocalProxy.ready({ origin: origin.port, memoryBytes: 8 * MEGABYTE, ...options });
    return bench;
  }

  /** The connection that has stopped in the middle of the value. */
  get stopped(): OriginConnection {
    return this.#stopped!;
  }

  /** Connects a client that has asked for the value and has received its beginning. */
  async reader(
    request = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n",
  ): Promise<{ received(): Promise<string>; close(): void }> {
    const client = await this.local.byteClient();
    client.send(request);
    await client.bytes(300_000);
    return {
      received: async () => {
        const text = await client.bytes(bulk(this.value).length);
        client.close();
        return text;
      },
      close: () => client.close(),
    };
  }

  /** Waits until this many misses have been counted. */
  async misses(count: number): Promise<void> {
    while (this.local.proxy.stats.misses < count) await new Promise(setImmediate);
  }

  /** Checks whether the value is cached now, and that nothing else is left. */
  async isKept(): Promise<boolean> {
    this.local.closeClients();
    const { cache, registry } = this.local.proxy;
    while (registry.openCount > 0) await new Promise(setImmediate);
    expect(cache.flightCount).toBe(0);
    cache.store.check();
    const { entries, usedBytes } = cache.store.stats();
    expect(usedBytes > 0).toBe(entries > 0);
    return entries > 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.local[Symbol.asyncDispose]();
    this.origin[Symbol.dispose]();
  }
}

describe("a large value that is arriving", () => {
  test("is handed on as it arrives, and cached when it is complete", async () => {
    await using bench = await Bench.open();
    const reader = await bench.reader();
    expect(bench.local.proxy.stats.fills).toBe(0);
    bench.stopped.release();
    expect(await reader.received()).toBe(bulk(bench.value));
    expect(bench.local.proxy.stats).toMatchObject({ misses: 1, fills: 1, hits: 0 });
    const client = await bench.local.client();
    expect(await client.ask("GET", "k")).toBe(bench.value);
    expect(bench.local.proxy.stats.hits).toBe(1);
    expect(await bench.isKept()).toBe(true);
  });

  test("reaches all readers at their own speed, even those that join in the middle", async () => {
    await using bench = await Bench.open({ length: 3 * MEGABYTE });
    const [reader, leaver] = [await bench.reader(), await bench.reader()];
    const slow = await bench.local.byteClient();
    slow.pause();
    slow.send("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n");
    const late = await bench.local.client();
    const lateReply = late.ask("GET", "k");
    await bench.misses(4);
    leaver.close();
    bench.stopped.release();
    expect(await reader.received()).toBe(bulk(bench.value));
    expect(await lateReply).toBe(bench.value);
    slow.resume();
    const expected = `${bulk(bench.value)}+PONG\r\n`;
    expect(await slow.bytes(expected.length)).toBe(expected);
    expect(bench.origin.count("GET", "k")).toBe(1);
    expect(bench.local.proxy.stats).toMatchObject({ misses: 4, coalesced: 3, fills: 1 });
    expect(await bench.isKept()).toBe(true);
  });

  test("is still read, but not stored, when the key is written", async () => {
    await using bench = await Bench.open();
    const reader = await bench.reader();
    const [writer, late] = await bench.local.clients(2);
    const written = writer!.ask("SET", "k", "new");
    await bench.origin.received(1, "SET", "k");
    const lateReply = late!.ask("GET", "k");
    await bench.misses(2);
    bench.stopped.release();
    expect(await reader.received()).toBe(bulk(bench.value));
    expect(await written).toBe("OK");
    expect(await lateReply).toBe("new");
    expect(bench.origin.count("GET", "k")).toBe(2);
    expect(await late!.ask("GET", "k")).toBe("new");
    bench.local.proxy.cache.store.check();
  });

  test("is not stored when the key, or everything, is invalidated right behind it", async () => {
    for (const all of [false, true]) {
      await using bench = await Bench.open();
      const reader = await bench.reader();
      if (all) bench.local.proxy.cache.invalidateAll("flush");
      else bench.stopped.send(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n", 1);
      bench.stopped.release();
      expect(await reader.received()).toBe(bulk(bench.value));
      while (!all && bench.local.proxy.cache.invalidationCount === 0) await new Promise(setImmediate);
      expect(await bench.isKept()).toBe(false);
    }
  });

  test("cuts its readers off when the cache is emptied, and the next reader gets it", async () => {
    await using bench = await Bench.open();
    const reader = await bench.reader();
    bench.local.proxy.cache.store.clear();
    bench.stopped.release();
    expect((await reader.received()).length).toBeLessThan(bulk(bench.value).length);
    const client = await bench.local.client();
    expect(await client.ask("GET", "k")).toBe(bench.value);
    expect(await bench.isKept()).toBe(true);
  });

  test("cuts its readers off when its connection breaks, and the next reader gets it", async () => {
    await using bench = await Bench.open({ random: { next: () => 0 } });
    const [reader, other] = [await bench.reader(), await bench.reader()];
    const client = await bench.local.client();
    const behind = client.ask("GET", "other");
    await bench.misses(3);
    const said = bench.local.messages.length;
    bench.stopped.drop();
    for (const { received } of [reader, other]) {
      expect((await received()).length).toBeLessThan(bulk(bench.value).length);
    }
    expect(String(await behind)).toContain("ORIGINDOWN");
    await bench.local.logged(/connected to origin/, said);
    expect(await client.ask("GET", "k")).toBe(bench.value);
    expect(bench.local.proxy.stats).toMatchObject({ originErrors: 3, fills: 1 });
    expect(await bench.isKept()).toBe(true);
  });

  test("with a wrong end cuts its readers off", async () => {
    await using bench = await Bench.open({ random: { next: () => 0 } });
    const reader = await bench.reader();
    bench.stopped.heldFrames[0] = bench.stopped.heldFrames[0]!.replace("\r\n", "+OK\r\n");
    bench.stopped.release();
    expect((await reader.received()).length).toBeLessThan(bulk(bench.value).length);
    await bench.local.logged(/sent a malformed reply: reply with a wrong length/);
    expect(await bench.isKept()).toBe(false);
  });

  test("without room in the cache reaches its readers, and is fetched again later", async () => {
    await using bench = await Bench.open({ length: 2 * MEGABYTE, memoryBytes: MEGABYTE });
    const clients = await bench.local.clients(2);
    const replies = clients.map((client) => client.ask("GET", "k"));
    await bench.misses(2);
    const late = await bench.local.client();
    while (bench.local.proxy.cache.flightCount > 0) await new Promise(setImmediate);
    const lateReply = late.ask("GET", "k");
    await bench.misses(3);
    bench.stopped.release();
    expect(await Promise.all([...replies, lateReply])).toEqual([bench.value, bench.value, bench.value]);
    expect(bench.origin.count("GET", "k")).toBe(2);
    expect(bench.local.proxy.stats).toMatchObject({ coalesced: 1, fills: 0 });
    expect(await bench.isKept()).toBe(false);
  });

  test("without room in the cache cuts off a client that does not read, at the limit", async () => {
    const limits = { ...DEFAULT_LIMITS, replyBytes: 6 * MEGABYTE };
    const length = 24 * MEGABYTE;
    await using bench = await Bench.open({ length, memoryBytes: MEGABYTE, limits, originTimeoutMs: 60_000 });
    const slow = await bench.local.byteClient();
    slow.pause();
    slow.send("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    await bench.misses(1);
    const client = await bench.local.client();
    const reply = client.ask("GET", "k");
    await bench.misses(2);
    bench.stopped.release();
    expect(((await reply) as string).length).toBe(length);
    expect(bench.local.proxy.registry.outputLimitCount).toBe(1);
    slow.resume();
    await slow.closed;
    expect(slow.text.length).toBeLessThan(length);
  });

  test("that has expired before a read joins is fetched again", async () => {
    const clock = new ManualClock();
    const bench = await Bench.open({ clock, originTimeoutMs: 60_000 });
    await using _ = bench;
    bench.origin.remainingMs.set("k", 50);
    const reader = await bench.reader();
    clock.advance(50);
    bench.origin.values.set("k", "new");
    const late = await bench.local.client();
    const lateReply = late.ask("GET", "k");
    await bench.origin.received(2, "GET", "k");
    bench.stopped.release();
    expect(await reader.received()).toBe(bulk(bench.value));
    expect(await lateReply).toBe("new");
  });

  test("keeps its place among pipelined replies, and names its source", async () => {
    await using bench = await Bench.open();
    bench.origin.values.set("small", "x");
    const client = await bench.local.frameClient();
    client.send(
      ["HELLO", "3"],
      ["GLASS.SOURCE", "ON"],
      ["GET", "small"],
      ["GET", "k"],
      ["GET", "small"],
      ["PING"],
    );
    await bench.origin.received(2, "GET");
    bench.stopped.release();
    const replies = (await client.received(6)).slice(2);
    const source = (name: string) => `${bulk("source")}${bulk(name)}`;
    expect(replies[0]).toContain(source("miss"));
    expect(replies[1]).toContain(source("miss"));
    expect(replies[1]!.endsWith(`\r\n${bulk(bench.value)}`)).toBe(true);
    expect(replies[2]).toEndWith(bulk("x"));
    expect(replies[3]).toBe("+PONG\r\n");
  });

  test("is not sent to a client that wants no reply", async () => {
    await using bench = await Bench.open();
    const client = await bench.local.byteClient();
    client.send(
      "*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$4\r\nSKIP\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nPING\r\n",
    );
    expect(await client.bytes(7)).toBe("+PONG\r\n");
    bench.stopped.release();
    const other = await bench.local.client();
    expect(await other.ask("GET", "k")).toBe(bench.value);
    expect(client.text).toBe("+PONG\r\n");
    expect(await bench.isKept()).toBe(true);
  });

  test("is answered in the text protocol, too", async () => {
    await using bench = await Bench.open();
    const client = await bench.local.textClient();
    const replies = [client.ask("GET k"), client.ask("GET none")];
    await bench.origin.received(1, "GET", "none");
    bench.stopped.release();
    expect(await replies[0]).toBe(`{Backend Server} : ${bench.value}`);
    expect(await replies[1]).toBe("{Backend Server} : No such key found");
    expect(await client.ask("GET k")).toBe(`{Proxy Server} : ${bench.value}`);
  });
});

describe("MGET with large values", () => {
  test("answers them in order, fetched and cached", async () => {
    await using bench = await Bench.open();
    const other = textOf(2, 300_000);
    bench.origin.values.set("other", other);
    bench.origin.values.set("small", "x");
    const client = await bench.local.client();
    const reply = client.ask("MGET", "k", "small", "none", "other", "k");
    await bench.origin.received(4, "GET");
    bench.stopped.release();
    const expected = [bench.value, "x", null, other, bench.value];
    expect(await reply).toEqual(expected);
    const [again, ping] = [client.ask("MGET", "k", "small", "none", "other", "k"), client.ask("PING")];
    expect(await again).toEqual(expected);
    expect(await ping).toBe("PONG");
    const cached = [client.ask("MGET", "k", "other", "small"), client.ask("PING")];
    expect(await Promise.all(cached)).toEqual([[bench.value, other, "x"], "PONG"]);
    expect(bench.origin.count("GET", "k")).toBe(1);
    expect(await bench.isKept()).toBe(true);
  });

  test("answers with an error if one of them breaks off, since nothing has been sent", async () => {
    await using bench = await Bench.open({ random: { next: () => 0 } });
    const client = await bench.local.client();
    const reply = client.ask("MGET", "k", "other");
    await bench.origin.received(1, "GET", "other");
    while (bench.local.proxy.cache.store.stats().fills < 0) await new Promise(setImmediate);
    bench.stopped.drop();
    expect(String(await reply)).toContain("ORIGINDOWN");
    expect(await client.ask("PING")).toBe("PONG");
    expect(await bench.isKept()).toBe(false);
  });
});

describe("a large reply that is passed on", () => {
  for (const [lane, name, request] of [
    ["the main connection", "GETRANGE", "*4\r\n$8\r\nGETRANGE\r\n$1\r\nk\r\n$1\r\n0\r\n$2\r\n-1\r\n"],
    ["a side connection", "DUMP", "*2\r\n$4\r\nDUMP\r\n$1\r\nk\r\n"],
  ] as const) {
    test(`from ${lane} is handed on as it arrives`, async () => {
      await using bench = await Bench.open({ name });
      const reader = await bench.reader(request);
      bench.stopped.release();
      expect(await reader.received()).toBe(bulk(bench.value));
    });

    test(`from ${lane} cuts the client off if it breaks off`, async () => {
      await using bench = await Bench.open({ name, random: { next: () => 0 } });
      const reader = await bench.reader(request);
      bench.stopped.drop();
      expect((await reader.received()).length).toBeLessThan(bulk(bench.value).length);
      expect(bench.local.proxy.stats.originErrors).toBe(1);
    });
  }
});

test("threads that miss the same large value at once make one request of the origin", async () => {
  using origin = new FakeOrigin();
  await using threads = await startThreads(origin, { threads: 3, memoryBytes: 64 * MEGABYTE });
  const clients = await clientOfEach(threads.supervisor);
  const value = textOf(1);
  origin.values.set("k", value);
  origin.holdFrom("GET", "k");
  const replies = clients.map((client) => client.ask("GET", "k"));
  const watcher = await RespClient.connect({ port: threads.supervisor.port });
  await until(async () => infoField(await watcher.must("INFO", "cache"), "cache_misses") === "3");
  origin.releaseAll();
  expect(await Promise.all(replies)).toEqual([value, value, value]);
  expect(origin.count("GET", "k")).toBe(1);
  for (const client of [watcher, ...clients]) client.close();
});
