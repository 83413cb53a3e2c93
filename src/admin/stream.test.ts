import { describe, expect, test } from "bun:test";
import { until } from "../../test/support/until.ts";
import { HOT_BY } from "../instruments/view.ts";
import { AdminFixture, basic } from "./admin-fixture.ts";
import { EventReader, type ReceivedEvent } from "./event-reader-fixture.ts";
import type { JsonObject } from "./merge-patch.ts";

async function open(
  admin: AdminFixture,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader> {
  const response = await admin.get("/api/stream", headers);
  expect([response.status, response.headers.get("content-type")]).toEqual([
    200,
    "text/event-stream; charset=utf-8",
  ]);
  return new EventReader(response);
}

function sections(event: ReceivedEvent | undefined): JsonObject {
  return event?.data["sections"] as JsonObject;
}

describe("a stream", () => {
  test("begins with a snapshot of everything", async () => {
    await using admin = new AdminFixture();
    const { view, clock } = admin;
    const reader = await open(admin);
    const snapshot = await reader.next();
    expect(snapshot).toMatchObject({ name: "snapshot", id: 1 });
    expect(snapshot!.data).toMatchObject({ number: 1, atMs: clock.wallMs(), service: "proxy" });
    const told = sections(snapshot);
    expect(Object.keys(told).sort()).toEqual([
      "channels",
      "counters",
      "families",
      "health",
      "hot",
      "settings",
      "slow",
      "watch",
      "whatIf",
    ]);
    expect(told["counters"]).toMatchObject({
      'glasscache_requests_total{family="string",result="hit"}': 120,
      'glasscache_request_duration_seconds{result="hit"}': { count: 10, sum: 0.25, buckets: { "0.001": 6 } },
      glasscache_entries: 24,
    });
    expect(told["health"]).toEqual({ ...view.report });
    expect(told["hot"]).toEqual(
      JSON.parse(JSON.stringify(Object.fromEntries(HOT_BY.map((by) => [by, view.hotKeys(by, 20)])))),
    );
    expect(told["whatIf"]).toEqual(JSON.parse(JSON.stringify(view.simulated)));
    expect(told["settings"]).toEqual({ policy: { value: "s3-fifo", changeable: true } });
  });

  test("goes on with what has changed: counters at once, the rest each second", async () => {
    await using admin = new AdminFixture();
    const { view } = admin;
    const reader = await open(admin);
    await reader.next();
    view.count("glasscache_channel_losses_total", 1);
    view.report = { alive: true, ready: false, problems: ["x"] };
    admin.advance(250);
    const first = await reader.next();
    expect(first).toMatchObject({ name: "delta", id: 2, data: { number: 2, atMs: admin.clock.wallMs() } });
    expect(sections(first)).toEqual({ counters: { glasscache_channel_losses_total: 1 } });
    admin.advance(500);
    view.simulated = undefined;
    view.told = [];
    admin.advance(250);
    const second = await reader.next();
    expect([second!.name, second!.id]).toEqual(["delta", 3]);
    expect(sections(second)).toMatchObject({
      counters: { glasscache_channel_losses_total: null, glasscache_entries: null },
      health: { ready: false, problems: ["x"] },
      whatIf: null,
    });
    expect(Object.keys(sections(second))).toEqual(["counters", "health", "whatIf"]);
    expect(sections(second)["health"]).not.toHaveProperty("alive");
  });

  test("begins anew for a client that comes back", async () => {
    await using admin = new AdminFixture();
    const first = await open(admin);
    await first.next();
    admin.view.count("a_total", 1);
    admin.advance(250);
    expect(await first.next()).toMatchObject({ name: "delta", id: 2 });
    await first.stop();
    await until(() => admin.server.streamCount === 0);
    admin.view.count("a_total", 2);
    const again = await open(admin, { "last-event-id": "2" });
    const snapshot = await again.next();
    expect(snapshot).toMatchObject({ name: "snapshot", id: 3 });
    expect(sections(snapshot)["counters"]).toMatchObject({ a_total: 2 });
  });

  test("has a heartbeat every five seconds while nothing changes", async () => {
    await using admin = new AdminFixture();
    const reader = await open(admin);
    await reader.next();
    admin.advance(4_999);
    admin.view.count("a_total", 1);
    admin.advance(1);
    // The change comes at the same time, and the heartbeat only when the client is ready again.
    expect((await reader.next())!.name).toBe("delta");
    admin.advance(5_000);
    expect(await reader.next()).toEqual({ name: "", id: -1, data: {} });
  });

  test("ends when the port is closed", async () => {
    const admin = new AdminFixture();
    const reader = await open(admin);
    await reader.next();
    const ended = reader.next().catch(() => undefined);
    await admin.server.close();
    expect(await ended).toBeUndefined();
    expect([admin.server.streamCount, admin.timers.count]).toEqual([0, 0]);
  });

  test("ends with the session of its client", async () => {
    await using admin = new AdminFixture({ password: "x" });
    const opened = await admin.send("POST", "/login", { password: "x" });
    const cookie = { cookie: opened.headers.get("set-cookie")!.split(";")[0]! };
    const byCookie = await open(admin, cookie);
    const byPassword = await open(admin, basic("x"));
    await Promise.all([byCookie.next(), byPassword.next()]);
    await admin.send("POST", "/logout", {}, cookie);
    admin.advance(1_000);
    expect(await byCookie.next()).toBeUndefined();
    expect(admin.server.streamCount).toBe(1);
    await byPassword.stop();
  });

  test("goes on where a part of the instruments fails", async () => {
    const errors: string[] = [];
    const log = {
      info: () => undefined,
      warn: () => undefined,
      error: (_: unknown, text?: string) => errors.push(text!),
    };
    await using admin = new AdminFixture({ log });
    const reader = await open(admin);
    const before = sections(await reader.next());
    admin.view.whatIf = () => {
      throw new Error("broken");
    };
    admin.view.report = { alive: false, ready: false, problems: [] };
    admin.advance(3_000);
    expect(sections(await reader.next())).toEqual({ health: { alive: false, ready: false } });
    expect(errors).toEqual(["the stream's section whatIf failed"]);
    expect(before["whatIf"]).toBeDefined();
  });
});

describe("all streams", () => {
  test("are told the same, which is asked for once; and nothing is asked for without one", async () => {
    await using admin = new AdminFixture();
    const { view } = admin;
    admin.advance(10_000);
    expect([view.calls.length, admin.timers.count]).toEqual([0, 0]);
    const readers = [await open(admin), await open(admin), await open(admin)];
    for (const reader of readers) await reader.next();
    view.calls.length = 0;
    view.count("a_total", 1);
    admin.advance(250);
    expect(view.calls).toEqual(["metrics"]);
    admin.advance(750);
    expect(view.calls.filter((call) => call === "metrics")).toHaveLength(4);
    expect(view.calls.filter((call) => call === "whatIf")).toHaveLength(1);
    const deltas = await Promise.all(readers.map((reader) => reader.next()));
    expect(deltas[0]).toMatchObject({ name: "delta", id: 2 });
    expect(deltas).toEqual([deltas[0], deltas[0], deltas[0]]);
    for (const reader of readers) await reader.stop();
    await until(() => admin.server.streamCount === 0);
    expect(admin.timers.count).toBe(0);
    view.calls.length = 0;
    admin.advance(10_000);
    expect(view.calls).toEqual([]);
  });

  test("are at most 64: of a thousand, the others are refused in a sentence", async () => {
    await using admin = new AdminFixture();
    const stop = new AbortController();
    const responses = await Promise.all(
      Array.from({ length: 1_000 }, () => fetch(`${admin.url}/api/stream`, { signal: stop.signal })),
    );
    const refused = responses.filter(({ status }) => status === 503);
    expect([refused.length, admin.server.streamCount]).toEqual([936, 64]);
    expect(refused[0]!.headers.get("retry-after")).toBe("10");
    expect(await refused[0]!.json()).toEqual({
      error: "64 streams are open, which is the limit; close a page or try later",
    });
    expect((await admin.get("/health")).status).toBe(200);
    stop.abort();
    await until(() => admin.server.streamCount === 0);
    expect((await admin.get("/api/stream")).status).toBe(200);
  }, 30_000);
});

describe("a client that does not read", () => {
  const FILLING = 400_000;

  /** Opens a stream on a bare socket that reads nothing until it is told to. */
  async function openStalled(
    admin: AdminFixture,
  ): Promise<{ readonly socket: Bun.Socket; readonly text: () => string; isClosed: () => boolean }> {
    const chunks: string[] = [];
    let isClosed = false;
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: admin.server.port,
      socket: {
        data: (_, data) => {
          chunks.push(data.toString("latin1"));
        },
        close: () => {
          isClosed = true;
        },
      },
    });
    socket.pause();
    socket.write("GET /api/stream HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await until(() => admin.server.streamCount === 1);
    return { socket, text: () => chunks.join(""), isClosed: () => isClosed };
  }

  /** Lets the big setting change and time pass. @returns how many states there have been */
  async function change(admin: AdminFixture, times: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      admin.view.values.set("big", String(i).padStart(FILLING, "x"));
      admin.advance(1_000);
      // The runtime passes on what it was given.
      await Bun.sleep(1);
    }
  }

  test("has a new snapshot, not a queue, when it reads again", async () => {
    await using admin = new AdminFixture();
    const { socket, text } = await openStalled(admin);
    await change(admin, 100);
    socket.resume();
    await until(() => text().includes('99"'));
    // Some events had left for the system's buffers; of those that came later, only the last is told, as a snapshot.
    const events = [...text().matchAll(/^event: (\w+)\nid: (\d+)$/gm)].map(([, name, id]) => [
      name,
      Number(id),
    ]);
    const last = events.at(-1)!;
    const beforeLast = events.at(-2)!;
    expect(last).toEqual(["snapshot", 101]);
    expect(beforeLast[1]).toBeLessThan(60);
    expect(events.length).toBeLessThan(60);
    const gaps = events
      .slice(1)
      .filter(([name, id], i) => name === "delta" && id !== Number(events[i]![1]) + 1);
    expect(gaps).toEqual([]);
    socket.terminate();
  }, 30_000);

  test("is cut, and takes no memory until then", async () => {
    await using admin = new AdminFixture({ limits: { idleTimeoutS: 1 } });
    const { socket } = await openStalled(admin);
    await change(admin, 100);
    const before = process.memoryUsage().rss;
    await change(admin, 400);
    Bun.gc(true);
    // 400 states of 400 kB, had they been kept.
    expect(process.memoryUsage().rss - before).toBeLessThan(80_000_000);
    await until(() => admin.server.streamCount === 0);
    socket.terminate();
  }, 60_000);
});
