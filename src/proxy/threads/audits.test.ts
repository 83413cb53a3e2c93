/** Audits of one thread's hits on entries that another thread has fetched, whose invalidations arrive there. */
import { describe, expect, test } from "bun:test";
import { FakeOrigin, type OriginConnection } from "../../../test/support/fake-origin.ts";
import type { RespClient } from "../../../test/support/resp-client.ts";
import { clientOfEach, infoField, startThreads, type Threads } from "../../../test/support/threads.ts";
import { until } from "../../../test/support/until.ts";
import { BROKEN_PROMISE } from "../broken-promise-log.ts";

interface Scene extends AsyncDisposable {
  readonly origin: FakeOrigin;
  readonly threads: Threads;
  /** A client of each of the two threads. */
  readonly clients: RespClient[];
  /** The channel of each thread, at the origin. */
  readonly channels: OriginConnection[];
  /** Returns how audits have ended: right, undecided, skipped, broken. */
  audits(): Promise<number[]>;
}

async function open(origin: FakeOrigin): Promise<Scene> {
  const threads = await startThreads(origin, {
    ...{ threads: 2, auditShare: 1, ttlMs: 60_000 },
    // Only the test's requests travel over the channels.
    ...{ heartbeatMs: 3_600_000, heartbeatTimeoutMs: 3_600_000 },
  });
  const clients = await clientOfEach(threads.supervisor);
  const channels: OriginConnection[] = [];
  for (const [index, client] of clients.entries()) {
    await client.must("SET", `whose:${index}`, "");
    const sent = origin.commands.find(({ command }) => command[1] === `whose:${index}`);
    channels.push(sent!.connection);
  }
  return {
    ...{ origin, threads, clients, channels },
    async audits() {
      const info = await clients[0]!.must("INFO", "cache");
      return ["right", "undecided", "skipped", "broken"].map((result) =>
        Number(infoField(info, `audits_${result}`)),
      );
    },
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await threads[Symbol.asyncDispose]();
      origin[Symbol.dispose]();
    },
  };
}

/** The second thread fetches `k`; the first one, whose hits are audited, finds it in the cache. */
async function fetchBySecond({ origin, clients }: Scene): Promise<void> {
  origin.values.set("k", "old");
  expect(await clients[1]!.must("GET", "k")).toBe("old");
  expect(origin.count("GET", "k")).toBe(1);
}

async function ended({ audits }: Scene, count: number): Promise<number[]> {
  await until(async () => (await audits()).reduce((sum, each) => sum + each) >= count);
  return audits();
}

describe("a hit of one thread on another's entry", () => {
  test("is right while nothing has changed", async () => {
    await using scene = await open(new FakeOrigin());
    await fetchBySecond(scene);
    expect(await scene.clients[0]!.must("GET", "k")).toBe("old");
    expect(await ended(scene, 1)).toEqual([1, 0, 0, 0]);
    expect(scene.origin.commands.filter(({ command }) => command[1] === "k").at(-1)!.connection).toBe(
      scene.channels[0]!,
    );
  });

  test("waits for an invalidation on its way to that thread", async () => {
    await using scene = await open(new FakeOrigin());
    await fetchBySecond(scene);
    const { origin, clients, channels } = scene;
    channels[1]!.hold();
    origin.values.set("k", "new");
    channels[1]!.invalidate("k");
    const pings = origin.count("PING");
    expect(await clients[0]!.must("GET", "k")).toBe("old");
    // The fence has reached both threads, and the first one has passed it.
    await origin.received(pings + 2, "PING");
    await clients[0]!.must("EXISTS", "k");
    expect(await scene.audits()).toEqual([0, 0, 0, 0]);
    channels[1]!.release();
    expect(await ended(scene, 1)).toEqual([0, 1, 0, 0]);
    expect(await clients[0]!.must("GET", "k")).toBe("new");
  });

  test("is a broken promise if that thread's invalidation is swallowed", async () => {
    await using scene = await open(new FakeOrigin());
    await fetchBySecond(scene);
    const { origin, threads, clients } = scene;
    origin.invalidates = false;
    origin.values.set("k", "new");
    expect(await clients[0]!.must("GET", "k")).toBe("old");
    await until(() => threads.messages.some((message) => message.startsWith(BROKEN_PROMISE)));
    expect(threads.messages.find((message) => message.startsWith(BROKEN_PROMISE))).toContain('"k"');
    expect(await ended(scene, 1)).toEqual([0, 0, 0, 1]);
    for (const client of clients) expect(await client.must("GET", "k")).toBe("new");
  });

  test("has no verdict if that thread dies, or loses its connection", async () => {
    await using scene = await open(new FakeOrigin());
    const { origin, threads, clients, channels } = scene;
    origin.invalidates = false;
    await fetchBySecond(scene);
    channels[1]!.hold();
    origin.values.set("k", "new");
    const pings = origin.count("PING");
    expect(await clients[0]!.must("GET", "k")).toBe("old");
    await origin.received(pings + 2, "PING");
    await threads.supervisor.killThread(1);
    expect(await ended(scene, 1)).toEqual([0, 1, 0, 0]);
    expect(await clients[0]!.must("GET", "k")).toBe("new");
    expect(threads.messages.filter((message) => message.startsWith(BROKEN_PROMISE))).toEqual([]);
  });

  test("has no verdict if the origin sends that thread no invalidations", async () => {
    let refusals = 1;
    const origin = new FakeOrigin({
      script: ([name, sub]) =>
        name === "CLIENT" && sub?.toUpperCase() === "TRACKING" && refusals-- > 0 ? "-ERR no\r\n" : undefined,
    });
    await using scene = await open(origin);
    origin.values.set("k", "old");
    const { clients, channels } = scene;
    const untracked = channels.findIndex(({ tracks }) => !tracks);
    expect(untracked).toBeGreaterThanOrEqual(0);
    expect(await clients[untracked]!.must("GET", "k")).toBe("old");
    origin.values.set("k", "new");
    expect(await clients[1 - untracked]!.must("GET", "k")).toBe("old");
    expect(await ended(scene, 1)).toEqual([0, 1, 0, 0]);
  });
});
