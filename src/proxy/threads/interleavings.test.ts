/** Interleavings of two threads' connections, one by one. Each test fails if its rule is removed. */
import { describe, expect, test } from "bun:test";
import { FakeOrigin, type OriginConnection } from "../../../test/support/fake-origin.ts";
import type { RespClient } from "../../../test/support/resp-client.ts";
import { clientOfEach, infoField, startThreads, type Threads } from "../../../test/support/threads.ts";
import { until } from "../../../test/support/until.ts";

interface Scene extends AsyncDisposable {
  readonly origin: FakeOrigin;
  readonly threads: Threads;
  /** A client of each of the two threads, and more. */
  readonly clients: RespClient[];
  readonly others: RespClient[];
  /** The channel of each thread, at the origin. */
  readonly channels: OriginConnection[];
}

async function open(): Promise<Scene> {
  const origin = new FakeOrigin();
  const threads = await startThreads(origin, {
    threads: 2,
    // Only the test's requests travel over the channels.
    heartbeatMs: 3_600_000,
    heartbeatTimeoutMs: 3_600_000,
  });
  const clients = await clientOfEach(threads.supervisor);
  const others = await clientOfEach(threads.supervisor);
  const channels: OriginConnection[] = [];
  for (const [index, client] of clients.entries()) {
    await client.must("SET", `whose:${index}`, "");
    const sent = origin.commands.find(({ command }) => command[1] === `whose:${index}`);
    channels.push(sent!.connection);
  }
  return {
    ...{ origin, threads, clients, others, channels },
    async [Symbol.asyncDispose]() {
      for (const client of [...clients, ...others]) client.close();
      await threads[Symbol.asyncDispose]();
      origin[Symbol.dispose]();
    },
  };
}

describe("a write that is acknowledged", () => {
  test("has removed the value that another thread fetched between its sending and its execution", async () => {
    await using scene = await open();
    const { origin, clients, others, channels } = scene;
    origin.values.set("k", "old");
    // The write is on its way; the cache has already dropped the key.
    channels[0]!.isSilent = true;
    const write = clients[0]!.must("SET", "k", "new");
    await until(async () => infoField(await others[0]!.must("INFO", "origin"), "forwarded_requests") === "3");
    expect(await clients[1]!.must("GET", "k")).toBe("old");
    expect(await clients[1]!.must("GET", "k")).toBe("old");
    expect(origin.count("GET", "k")).toBe(1);
    // The invalidation reaches the other thread late.
    channels[1]!.hold();
    channels[0]!.isSilent = false;
    channels[0]!.received(new Uint8Array(0));
    expect(await write).toBe("OK");
    expect(await others[0]!.must("GET", "k")).toBe("new");
    channels[1]!.release();
  });

  test("and a large reply that is passed on, which may be newer than the cache", async () => {
    await using scene = await open();
    const { origin, clients, others, channels } = scene;
    origin.values.set("k", "old");
    const newer = "n".repeat(300_000);
    origin.script = ([name]) => (name === "GETRANGE" ? `$${newer.length}\r\n${newer}\r\n` : undefined);
    expect(await clients[1]!.must("GET", "k")).toBe("old");
    channels[1]!.hold();
    // A client writes at the origin. The thread that fetched the key learns of it late.
    origin.values.set("k", newer);
    channels[1]!.invalidate("k");
    expect(await clients[0]!.must("GETRANGE", "k", "0", "-1")).toBe(newer);
    origin.script = undefined;
    expect(await others[0]!.must("GET", "k")).toBe(newer);
    channels[1]!.release();
  });
});

describe("a thread that dies", () => {
  test("takes its entries along: no thread receives their invalidations any more", async () => {
    await using scene = await open();
    const { origin, threads, clients } = scene;
    origin.values.set("k", "old");
    expect(await clients[0]!.must("GET", "k")).toBe("old");
    expect(await clients[1]!.must("GET", "k")).toBe("old");
    expect(origin.count("GET", "k")).toBe(1);
    await threads.supervisor.killThread(0);
    await until(async () => threads.supervisor.restarts === 1);
    origin.values.set("k", "new");
    expect(await clients[1]!.must("GET", "k")).toBe("new");
  });
});

describe("the answer that a key does not exist", () => {
  test("is not taken from another thread if the key was written since", async () => {
    await using scene = await open();
    const { origin, clients, others, channels } = scene;
    // The first thread asks, and the origin has answered that the key does not exist: the answer is on its way.
    channels[0]!.hold();
    const first = clients[0]!.must("GET", "k");
    await origin.received(1, "GET", "k");
    // The second thread waits for that answer.
    const second = clients[1]!.must("GET", "k");
    await until(async () => infoField(await others[1]!.must("INFO", "cache"), "coalesced_misses") === "1");
    // The key is written, and acknowledged, through the second thread.
    expect(await others[1]!.must("SET", "k", "v")).toBe("OK");
    channels[0]!.release();
    expect(await first).toBeNull();
    expect(await second).toBe("v");
  });

  test("is taken from another thread if nothing has happened since", async () => {
    await using scene = await open();
    const { origin, clients, others, channels } = scene;
    channels[0]!.hold();
    const first = clients[0]!.must("GET", "k");
    await origin.received(1, "GET", "k");
    const second = clients[1]!.must("GET", "k");
    await until(async () => infoField(await others[1]!.must("INFO", "cache"), "coalesced_misses") === "1");
    channels[0]!.release();
    expect(await Promise.all([first, second])).toEqual([null, null]);
    expect(origin.count("GET", "k")).toBe(1);
  });
});
